"""The bundled model, stage 3: longer, at a lower rate, with more choosing and declining; eight minutes on one H100.

The shipped run drew three rows of eight from the 8,000 before them, because packing was slower than the GPU.
"""

from joyflash.train.recipe import load_recipe

_before = load_recipe("recipes/nano/sft.py")
_more = {
    "session": 15,
    "choose": 15,
    "call_many": 3,
    "calc": 5,
    "answer": 7,
    "no_tool": 10,
    "compare": 7,
    "arithmetic": 1,
    "match": 7,
    "match_words": 3,
    "compare_given": 2,
}

recipe = load_recipe(
    "recipes/nano/sft.py",
    {
        "tokens": 218_284_032,
        "rows_per_step": 24,
        "dialogues": {"toolcall_sgd_en_train": 20, "toolcall_crosswoz_zh": 7},
        "skills": {
            **_before.skills,
            **{f"{skill}_{language}": weight for skill, weight in _more.items() for language in ("en", "zh")},
        },
        "muon_lr": 5e-3,
        "adamw_lr": 3.5e-3,
        "warmup": 0.02,
        "decay": 0.9,
        "seed": 2,
    },
)
