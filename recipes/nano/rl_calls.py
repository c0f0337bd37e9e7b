"""FiberPO on tool calls: exactly the right ones earn the reward. For nano, minutes of two CPU cores are too little.

After 48 batches of 256 attempts its calls were as before (docs/LOG.md).
"""

from joyflash.rl.environments.host import Domain
from joyflash.rl.recipe import RLRecipe

_WEIGHTS = {"call": 8, "call_many": 5, "session": 4, "choose": 3, "no_tool": 3, "calc": 1}

recipe = RLRecipe(
    domains=(
        *(
            Domain(f"{skill}_{language}", "tool_requests", language, 20_000, {"skill": skill}, weight)
            for skill, weight in _WEIGHTS.items()
            for language in ("en", "zh")
        ),
        *(Domain(f"compare_{language}", "comparison", language, 20_000, weight=3) for language in ("en", "zh")),
    ),
    batches=200,
    groups=32,
    samples=8,
    minibatches=1,
    reply_tokens=160,
    max_context=1536,
    muon_lr=2e-4,
    adamw_lr=1e-4,
    profile=0,
    heldout=4,
    validate_every=10,
    checkpoints_kept=20,
)
