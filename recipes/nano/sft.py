"""The bundled model, stage 2: conversations, mostly tool use; loss on what the assistant says."""

from joyflash.train.recipe import Recipe

recipe = Recipe(
    stage="sft",
    tokens=9_500_000,
    text={"en_wiki": 1.5, "en_wikinews": 1.5, "zh_wiki": 1.5, "zh_lctt": 1.5},
    skills={
        "copying_en": 5,
        "copying_zh": 5,
        "call_en": 14,
        "call_zh": 14,
        "call_many_en": 3,
        "call_many_zh": 3,
        "calc_en": 4,
        "calc_zh": 4,
        "answer_en": 6,
        "answer_zh": 6,
        "no_tool_en": 4,
        "no_tool_zh": 4,
        "compare_en": 5,
        "compare_zh": 5,
        "talk_en": 4,
        "talk_zh": 4,
        "arithmetic_en": 1,
        "arithmetic_zh": 1,
    },
    muon_lr=2e-3,
    adamw_lr=2e-3,
    decay=0.58,
    mtp_from=0.75,
    balance_rate=2e-3,
)
