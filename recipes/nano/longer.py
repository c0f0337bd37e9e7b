"""The bundled model, stage 9: the eighth stage's mixture for longer, with more comparisons and refusals.

Some 95 minutes on two CPU cores, from the mean 1 : 1 : 1 (``joyflash merge``) of the eighth stage, the sixth as it was
shipped and the end of the seventh, all in the larger shape. What ships is the mean 1 : 1 : 1 of this run's merged end,
its start and the sixth stage once more (docs/LOG.md), with the MTP layer retrained (``drafts.py``).
"""

from joyflash.train.recipe import load_recipe

_before = load_recipe("recipes/nano/wider.py")

recipe = load_recipe(
    "recipes/nano/wider.py",
    {
        "tokens": 16_187_392,
        "text": {name: 0.85 * weight for name, weight in _before.text.items()},
        "skills": {
            **_before.skills,
            "compare_en": 14,
            "compare_zh": 26,
            "calc_en": 7,
            "calc_zh": 7,
            "no_tool_en": 40,
            "no_tool_zh": 32,
            "talk_en": 14,
            "talk_zh": 13,
        },
        "validate_every": 38,
        "checkpoints_kept": 18,
        "skill_samples": 2,
        "validation_rows": 1,
        "seed": 18,
    },
)
