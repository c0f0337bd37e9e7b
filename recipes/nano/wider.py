"""The bundled model, stage 8: two heads and two active experts more, and a mean of checkpoints.

Some 75 minutes on two CPU cores, from the sixth stage as it was shipped, after
``joyflash grow nano runs/grown --heads 6 --experts-per-token 4``. At 16 K tokens a step the end of a run carries the
noise of its last steps; the mean of its last fourteen checkpoints (``merge``) does not (docs/LOG.md). The MTP layer is
left alone. Not shipped by itself; ``longer.py`` goes on from here.
"""

from joyflash.train.recipe import load_recipe

_before = load_recipe("recipes/nano/follow_up.py")

recipe = load_recipe(
    "recipes/nano/follow_up.py",
    {
        "tokens": 13_107_200,
        "skills": {
            **_before.skills,
            "compare_en": 12,
            "compare_zh": 18,
            "calc_en": 5,
            "calc_zh": 5,
        },
        "emphasis": {"<|end_of_thought|>": 3.0, "<function=": 2.0, "<tool_call>…</tool_call>": 2.0},
        "muon_lr": 8e-4,
        "adamw_lr": 4e-4,
        "decay": 0.4,
        "final_lr": 0.1,
        "merge": 14,
        "validate_every": 30,
        "checkpoints_kept": 14,
        "skill_samples": 4,
        "validation_rows": 2,
        "seed": 8,
    },
)
