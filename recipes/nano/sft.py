"""The bundled model, stage 2: conversations, mostly tool use, and 8 % text; six minutes on one H100."""

from joyflash.train.recipe import load_recipe

_before = load_recipe("recipes/nano/pretrain.py")
_less = {"copying": 0.7, "arithmetic": 0.7, "match": 4, "match_words": 2, "compare_given": 3}

recipe = load_recipe(
    "recipes/nano/pretrain.py",
    {
        "stage": "sft",
        "width": None,
        "tokens": 93_093_888,
        "text": {name: weight / 6 for name, weight in _before.text.items()},
        "skills": {
            **_before.skills,
            **{f"{skill}_{language}": weight for skill, weight in _less.items() for language in ("en", "zh")},
        },
        "warmup": 0.035,
        "decay": 0.8,
        "balance_rate": 1e-3,
        "seed": 1,
    },
)
