"""The bundled model, stage 5: the fourth stage's skills at a lower rate; Chinese requests beside English tools.

Two hours on two CPU cores, from the mean 1 : 2 (``joyflash merge``) of the third stage and the end of the fourth's run.
The fifth stage is the mean 1 : 2 of the fourth one and the end of this run (docs/LOG.md).
"""

from joyflash.train.recipe import load_recipe

_before = load_recipe("recipes/nano/phrasing.py")

recipe = load_recipe(
    "recipes/nano/phrasing.py",
    {
        "tokens": 26_214_400,
        "skills": {**_before.skills, "no_tool_en": 30, "call_many_en": 14, "call_many_zh": 14, "compare_zh": 13},
        "muon_lr": 1.2e-3,
        "adamw_lr": 9e-4,
        "decay": 0.98,
        "validate_every": 150,
        "skill_samples": 16,
        "seed": 5,
    },
)
