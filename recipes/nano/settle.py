"""The bundled model, stage 5, after ``choose.py``: all skills again, while the rate falls to nothing."""

from joyflash.train.recipe import load_recipe

_before = load_recipe("recipes/nano/choose.py")
_less = {"match_words": 4, "match": 12, "compare_given": 3}

recipe = load_recipe(
    "recipes/nano/choose.py",
    {
        "tokens": 13_926_400,
        "skills": {
            **_before.skills,
            **{f"{skill}_{language}": weight for skill, weight in _less.items() for language in ("en", "zh")},
        },
        "muon_lr": 5e-3,
        "adamw_lr": 5e-3,
        "decay": 0.96,
        "mtp_from": 0.75,
        "mtp_weight": 0.1,
        "validate_every": 250,
    },
)
