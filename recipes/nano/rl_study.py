"""Three domains in which the bundled model is right now and then, for benchmarks/rl_study.py; a run takes minutes.

Every batch of rollouts is used twice, in three steps each time: off-policy on purpose.
"""

from joyflash.rl.environments.host import Domain
from joyflash.rl.recipe import RLRecipe

recipe = RLRecipe(
    domains=(
        Domain("sums", "arithmetic", options={"largest": 60}, prompts=64),
        Domain("rules_en", "instructions", "en", prompts=64, options={"most": 1}),
        Domain("rules_zh", "instructions", "zh", prompts=64, options={"most": 1}),
    ),
    batches=8,
    groups=12,
    samples=8,
    minibatches=3,
    epochs=2,
    reply_tokens=64,
    max_context=512,
    muon_lr=1e-3,
    adamw_lr=3e-4,
    profile=3,
    heldout=48,
    validate_every=2,
)
