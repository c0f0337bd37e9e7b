"""The bundled model made ready for experts of 4 bits: every pass rounds them as ``joyflash quantize`` will.

Ten minutes on two CPU cores; then ``joyflash quantize RUN/model OUT --format int4``. The MTP layer is left alone.
"""

from joyflash.train.recipe import load_recipe

recipe = load_recipe(
    "recipes/nano/follow_up.py",
    {
        "tokens": 1_638_400,
        "quantize": "int4",
        "muon_lr": 2e-4,
        "adamw_lr": 1e-4,
        "decay": 0.5,
        "merge": 5,
        "checkpoints_kept": 5,
        "validate_every": 10,
        "validation_rows": 1,
        "skill_samples": 2,
        "seed": 10,
    },
)
