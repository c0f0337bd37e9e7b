"""The chain, third stage: preference pairs of the second stage's own attempts. See recipes/small/pretrain.py."""

from joyflash.train.dpo_recipe import DPORecipe

recipe = DPORecipe(
    steps=40,
    pairs_per_step=24,
    row_tokens=2048,
    muon_lr=3e-4,
    adamw_lr=1e-4,
    heldout=0.1,
    validate_every=20,
)
