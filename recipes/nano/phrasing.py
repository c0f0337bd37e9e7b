"""The bundled model, stage 4: requests told as whole messages and values of several words; on two CPU cores."""

from joyflash.train.recipe import load_recipe

_before = load_recipe("recipes/nano/polish.py")
_more = {"session": 14, "choose": 16, "call": 16, "call_many": 5, "answer": 7, "no_tool": 9, "compare": 6, "talk": 6}

recipe = load_recipe(
    "recipes/nano/polish.py",
    {
        "tokens": 4_751_360,
        "rows_per_step": 8,
        "skills": {
            **_before.skills,
            **{f"{skill}_{language}": weight for skill, weight in _more.items() for language in ("en", "zh")},
        },
        "dialogues": {"toolcall_sgd_en_train": 8, "toolcall_crosswoz_zh": 3},
        "muon_lr": 2.5e-3,
        "adamw_lr": 2e-3,
        "warmup": 0.04,
        "decay": 0.9,
        "validate_every": 50,
        "validation_rows": 4,
        "skill_samples": 24,
        "seed": 3,
    },
)
