"""The bundled model after DPO: pairs from environments in which it errs; on two CPU cores.

Make the pairs first: joyflash pairs recipes/nano/rl.py --model nano --out pairs.jsonl. Rates are those of a model of
this size; the report's 1e-6 is for the 48B model.
"""

from joyflash.train.dpo_recipe import DPORecipe

recipe = DPORecipe(
    steps=60,
    pairs_per_step=32,
    row_tokens=2048,
    muon_lr=1e-4,
    adamw_lr=3e-5,
    heldout=0.1,
    validate_every=20,
)
