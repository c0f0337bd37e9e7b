"""The bundled model, stage 1: 31 % text, and all skills from the start; two minutes on one H100."""

from joyflash.train.recipe import Recipe

TEXT = {
    "en_wiki": 4,
    "en_wikinews": 3,
    "en_wordnet": 1,
    "zh_wiki": 5,
    "zh_lctt": 2,
    "zh_d2l": 0.2,
    "code_python": 0.6,
    "math_gsm8k_train": 0.6,
}
CHAT = {"dolly_hhrlhf_small_en": 0.8, "self_instruct_human_en": 0.3, "kdconv_zh_devtest": 0.8}
SKILLS = {
    "session": 13,
    "choose": 13,
    "call": 13,
    "call_many": 2,
    "calc": 4,
    "answer": 5,
    "no_tool": 8,
    "compare": 9,
    "talk": 7,
    "copying": 2,
    "arithmetic": 2,
    "match": 6,
    "match_words": 6,
    "compare_given": 6,
}

recipe = Recipe(
    stage="pretrain",
    width=256,
    tokens=34_471_936,
    rows_per_step=16,
    text={name: 6 * weight for name, weight in TEXT.items()},
    chat=CHAT,
    dialogues={"toolcall_sgd_en_train": 16, "toolcall_crosswoz_zh": 6},
    skills={f"{skill}_{language}": weight for skill, weight in SKILLS.items() for language in ("en", "zh")},
    emphasis={"<function=": 4.0, "<|end_of_thought|>": 2.0},
    muon_lr=7e-3,
    adamw_lr=5e-3,
    warmup=0.1,
    decay=0.0,
    mtp_from=0.0,
    mtp_weight=0.15,
    balance_rate=2e-3,
    validate_every=1000,
    validation_rows=6,
    skill_samples=24,
)
