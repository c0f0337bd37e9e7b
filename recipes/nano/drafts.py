"""The bundled model's MTP layer alone, taught to draft three tokens in a row; the rest stays as it is."""

from joyflash.train.recipe import load_recipe

recipe = load_recipe(
    "recipes/nano/polish.py",
    {
        "tokens": 2_457_600,
        "rows_per_step": 6,
        "train_only": r"^mtp\.",
        "mtp_depth": 3,
        "mtp_weight": 1.0,
        "balance_rate": 0.0,
        "muon_lr": 5e-3,
        "adamw_lr": 2e-3,
        "warmup": 0.05,
        "decay": 0.9,
        "validate_every": 50,
        "validation_rows": 1,
        "skill_samples": 4,
        "seed": 4,
    },
)
