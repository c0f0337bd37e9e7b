"""Towards the next bundled model: a short run at a high rate in which comparing forms, of requests and of numbers.

It ran with a chat template that spells descriptions before names. At 3e-3 and below the circuit does not form; at 1e-2
it does within 40 steps, and everything else suffers (docs/LOG.md).
"""

from joyflash.train.recipe import Recipe

recipe = Recipe(
    stage="sft",
    tokens=737_280,
    text={"en_wiki": 0.6, "en_wikinews": 0.8, "en_wordnet": 0.4, "zh_wiki": 0.8, "zh_lctt": 0.6},
    chat={"dolly_hhrlhf_small_en": 0.4, "self_instruct_human_en": 0.2, "kdconv_zh_devtest": 0.4},
    dialogues={"toolcall_sgd_en_train": 5, "toolcall_crosswoz_zh": 3},
    skills={
        "match_words_en": 55,
        "match_words_zh": 55,
        "match_en": 30,
        "match_zh": 30,
        "session_en": 13,
        "session_zh": 13,
        "choose_en": 11,
        "choose_zh": 11,
        "call_en": 6,
        "call_zh": 6,
        "call_many_en": 1.5,
        "call_many_zh": 1.5,
        "calc_en": 3,
        "calc_zh": 3,
        "answer_en": 3,
        "answer_zh": 3,
        "no_tool_en": 4,
        "no_tool_zh": 4,
        "compare_en": 7,
        "compare_zh": 7,
        "talk_en": 3.5,
        "talk_zh": 3.5,
        "copying_en": 0.7,
        "copying_zh": 0.7,
        "arithmetic_en": 0.5,
        "arithmetic_zh": 0.5,
    },
    emphasis={"<function=": 6.0, "<|end_of_thought|>": 2.0},
    muon_lr=1e-2,
    adamw_lr=1e-2,
    warmup=0.008,
    decay=0.0,
    mtp_from=1.0,
    mtp_weight=0.0,
    balance_rate=2e-3,
    validate_every=90,
    skill_samples=24,
    seed=4,
)
