"""FiberPO from the bundled model, which ships without it: sums, comparisons, a shop, constraints; two languages.

Rates are those of a model of this size; the report's 1e-6 is for the 48B model.
"""

from joyflash.rl.environments.host import Domain
from joyflash.rl.recipe import RLRecipe

recipe = RLRecipe(
    domains=(
        Domain("sums_en", "arithmetic", "en", prompts=400),
        Domain("sums_zh", "arithmetic", "zh", prompts=400),
        Domain("numbers_en", "comparison", "en", prompts=400),
        Domain("numbers_zh", "comparison", "zh", prompts=400),
        Domain("shop_en", "retail", "en", prompts=100, options={"calls": 6}),
        Domain("rules_en", "instructions", "en", prompts=200, options={"most": 2}),
    ),
    objective="fiberpo",
    batches=100,
    groups=16,
    samples=8,
    minibatches=4,
    reply_tokens=96,
    max_context=1536,
    muon_lr=1e-4,
    adamw_lr=3e-5,
    profile=10,
    heldout=32,
    validate_every=10,
)
