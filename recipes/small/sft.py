"""The chain, second stage: conversations about numbers in two languages. See recipes/small/pretrain.py."""

from joyflash.train.recipe import Recipe

SKILLS = {"compare": 10, "compare_given": 5, "arithmetic": 8, "talk": 3, "copying": 3}

recipe = Recipe(
    stage="sft",
    tokens=8_388_608,
    rows_per_step=4,
    text={"en_wiki": 1, "zh_wiki": 1},
    skills={f"{skill}_{language}": weight for skill, weight in SKILLS.items() for language in ("en", "zh")},
    emphasis={"<|end_of_thought|>": 2.0},
    muon_lr=8e-3,
    adamw_lr=6e-3,
    warmup=0.03,
    decay=0.7,
    balance_rate=1e-3,
    validate_every=256,
    validation_rows=4,
    skill_samples=24,
    seed=1,
)
