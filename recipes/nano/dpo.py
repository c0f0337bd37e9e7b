"""The bundled model after DPO, on pairs of sums in which it errs; on two CPU cores. Ten times the rates do harm.

The pairs come from another command, those for validation from problems that are held out (--split heldout):
joyflash pairs arithmetic --options '{"largest": 60}' --per-prompt 3 --prompts 160 --reply-tokens 48 --out pairs.jsonl
Rates are those of a model of this size; the report's 1e-6 is for the 48B model.
"""

from joyflash.train.dpo_recipe import DPORecipe

recipe = DPORecipe(
    steps=24,
    pairs_per_step=16,
    row_tokens=2048,
    muon_lr=1e-4,
    adamw_lr=3e-5,
    heldout=0.1,
    validate_every=12,
)
