"""FiberPO after DPO: the domains of rl_study.py, ten times their prompts, every batch used once; minutes on a CPU."""

import dataclasses

from joyflash.rl.recipe import RLRecipe
from joyflash.train.recipe import load_recipe_of

_before = load_recipe_of(RLRecipe, "recipes/nano/rl_study.py")

recipe = dataclasses.replace(
    _before,
    domains=tuple(dataclasses.replace(domain, prompts=600) for domain in _before.domains),
    batches=16,
    epochs=1,
    muon_lr=3e-4,
    adamw_lr=9e-5,
    profile=0,
    heldout=24,
    validate_every=4,
)
