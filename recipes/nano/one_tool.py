"""The bundled model, stage 6: calls where only one tool is listed, and copies of everything in the vocabulary.

Two hours on two CPU cores, from the mean 1 : 2 (``joyflash merge``) of the fourth stage and the end of the fifth's run,
before its MTP layer was retrained. What ships is the mean 1 : 2 of the fifth stage and this run's end (docs/LOG.md).
"""

from joyflash.train.recipe import load_recipe

_before = load_recipe("recipes/nano/settle.py")

recipe = load_recipe(
    "recipes/nano/settle.py",
    {
        "skills": {
            **_before.skills,
            "no_tool_en": 34,
            "no_tool_zh": 26,
            "compare_zh": 15,
            **dict.fromkeys(("call_many_en", "call_many_zh"), 24),
            **dict.fromkeys(("copying_en", "copying_zh"), 20),
            **dict.fromkeys(("talk_en", "talk_zh"), 12),
        },
        "text": {name: 1.3 * weight for name, weight in _before.text.items()},
        "tokens": 23_756_800,
        "adamw_lr": 1.2e-3,
        "seed": 6,
    },
)
