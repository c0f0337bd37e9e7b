"""Towards the next bundled model, after ``choose.py``: all skills again, while the rate falls to nothing."""

from joyflash.train.recipe import load_recipe

_before = load_recipe("recipes/nano/choose.py")

recipe = load_recipe(
    "recipes/nano/choose.py",
    {
        "tokens": 9_011_200,
        "skills": {**_before.skills, "match_words_en": 5, "match_words_zh": 5, "match_en": 12, "match_zh": 12},
        "muon_lr": 5e-3,
        "adamw_lr": 5e-3,
        "decay": 0.96,
        "mtp_from": 0.88,
        "mtp_weight": 0.1,
        "validate_every": 250,
    },
)
