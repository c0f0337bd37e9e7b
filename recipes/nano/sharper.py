"""The bundled model, stage 11: the tenth stage's mixture under the loss of dynamic fine-tuning, with less text.

Some 85 minutes on two CPU cores, from the mean 1 : 3 of the tenth stage and what the ninth shipped. The model's
likeliest calls were right more often than those that it drew (docs/LOG.md): this loss makes it surer of what it already
ranks first. It calls too readily then, since what else a reply may begin with has many forms, each of a small
probability; ``benchmarks/call_threshold.py`` puts that right. What ships is that of the mean 1 : 3 of this run and its
start, with the MTP layer retrained (``drafts.py``).
"""

from joyflash.train.recipe import load_recipe

_before = load_recipe("recipes/nano/refusals.py")

recipe = load_recipe(
    "recipes/nano/refusals.py",
    {
        "tokens": 14_745_600,
        "text": {name: 0.6 * weight for name, weight in _before.text.items()},
        "loss": "dft",
        "validate_every": 30,
        "checkpoints_kept": 30,
        "seed": 20,
    },
)
