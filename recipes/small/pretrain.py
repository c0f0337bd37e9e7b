"""The whole chain at a size that took an hour on one CPU core: a base model, on text alone.

joyflash pretrain recipes/small/pretrain.py --out runs/base
joyflash sft recipes/small/sft.py --start runs/base/model --out runs/sft
joyflash pairs recipes/small/rl.py --model runs/sft/model --prompts 150 --per-prompt 2 --out runs/pairs.jsonl
joyflash dpo recipes/small/dpo.py --start runs/sft/model --data runs/pairs.jsonl --out runs/dpo
joyflash rl recipes/small/rl.py --start runs/dpo/model --out runs/rl
python benchmarks/stages.py recipes/small/rl.py base=runs/base/model sft=runs/sft/model dpo=runs/dpo/model …
"""

from joyflash.train.recipe import Recipe

recipe = Recipe(
    stage="pretrain",
    width=128,
    tokens=4_194_304,
    rows_per_step=4,
    text={
        "en_wiki": 4,
        "en_wikinews": 3,
        "zh_wiki": 5,
        "zh_lctt": 2,
        "code_python": 1,
        "math_gsm8k_train": 1,
    },
    muon_lr=8e-3,
    adamw_lr=6e-3,
    warmup=0.05,
    decay=0.2,
    final_lr=0.3,
    validate_every=128,
    validation_rows=4,
)
