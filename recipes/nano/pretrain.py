"""The bundled model, stage 1: English, Chinese and code for the language, and the skills from the start."""

from joyflash.train.recipe import Recipe

recipe = Recipe(
    stage="pretrain",
    width=256,
    tokens=1_638_400,
    text={
        "en_wiki": 4,
        "en_wikinews": 4,
        "en_wordnet": 1,
        "en_docs_permissive": 0.5,
        "zh_wiki": 5,
        "zh_lctt": 4,
        "zh_d2l": 0.5,
        "code_python": 1,
        "math_gsm8k_train": 1,
    },
    skills={
        "call_en": 6,
        "call_zh": 6,
        "call_many_en": 1,
        "call_many_zh": 1,
        "calc_en": 2,
        "calc_zh": 2,
        "answer_en": 1,
        "answer_zh": 1,
        "no_tool_en": 0.5,
        "no_tool_zh": 0.5,
        "compare_en": 1.5,
        "compare_zh": 1.5,
        "talk_en": 1,
        "talk_zh": 1,
    },
    warmup=0.035,
    decay=0.0,
    mtp_weight=0.0,
    balance_rate=3e-3,
)
