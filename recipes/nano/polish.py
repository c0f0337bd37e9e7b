"""The bundled model, stage 3: a short run at a low rate with more comparisons and calculations."""

from joyflash.train.recipe import Recipe

recipe = Recipe(
    stage="sft",
    tokens=1_228_800,
    text={"en_wiki": 1, "zh_wiki": 1},
    dialogues={"toolcall_sgd_en_train": 2, "toolcall_crosswoz_zh": 1},
    skills={
        "compare_en": 16,
        "compare_zh": 14,
        "calc_en": 8,
        "calc_zh": 8,
        "session_en": 9,
        "session_zh": 9,
        "call_en": 8,
        "call_zh": 8,
        "no_tool_en": 4,
        "no_tool_zh": 4,
        "answer_en": 3,
        "answer_zh": 3,
        "talk_en": 2,
        "talk_zh": 2,
    },
    muon_lr=7e-4,
    adamw_lr=7e-4,
    warmup=0.04,
    decay=0.96,
    mtp_from=1.0,
    mtp_weight=0.0,
    balance_rate=1e-3,
    validate_every=1000,
    skill_samples=12,
    validation_rows=6,
    seed=1,
)
