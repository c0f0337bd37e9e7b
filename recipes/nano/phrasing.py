"""The bundled model, stage 4: copying any word, several requests, talk beside tools; two hours on two CPU cores.

It starts from the third stage averaged with a shorter run of this kind, and the stage is the mean (``joyflash merge``)
of its end and the third one: calls gain, decisions and comparisons stay (docs/LOG.md).
"""

from joyflash.train.recipe import load_recipe

_before = load_recipe("recipes/nano/polish.py")
_more = {
    "session": 18,
    "choose": 12,
    "call": 22,
    "call_many": 10,
    "calc": 4,
    "answer": 8,
    "no_tool": 20,
    "compare": 9,
    "talk": 8,
    "copying": 16,
    "match": 6,
    "match_words": 2,
}

recipe = load_recipe(
    "recipes/nano/polish.py",
    {
        "tokens": 29_491_200,
        "rows_per_step": 8,
        "skills": {
            **_before.skills,
            **{f"{skill}_{language}": weight for skill, weight in _more.items() for language in ("en", "zh")},
            "no_tool_en": 24,
            "compare_zh": 11,
        },
        "dialogues": {"toolcall_sgd_en_train": 8, "toolcall_crosswoz_zh": 3},
        "muon_lr": 2e-3,
        "adamw_lr": 1.5e-3,
        "warmup": 0.02,
        "decay": 0.95,
        "mtp_from": 0.85,
        "validate_every": 100,
        "validation_rows": 4,
        "skill_samples": 24,
        "seed": 4,
    },
)
