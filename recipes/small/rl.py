"""The chain, fourth stage: FiberPO on comparisons and sums in two languages. See recipes/small/pretrain.py."""

from joyflash.rl.environments.host import Domain
from joyflash.rl.recipe import RLRecipe

recipe = RLRecipe(
    domains=tuple(
        Domain(f"{name}_{language}", environment, language, prompts=400)
        for name, environment in (("numbers", "comparison"), ("sums", "arithmetic"))
        for language in ("en", "zh")
    ),
    batches=16,
    groups=16,
    samples=8,
    minibatches=4,
    reply_tokens=96,
    max_context=512,
    muon_lr=3e-4,
    adamw_lr=1e-4,
    profile=4,
    heldout=32,
    validate_every=4,
)
