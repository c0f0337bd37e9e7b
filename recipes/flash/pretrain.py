"""The report's four pretraining stages at the size of one dial; see what derives: joyflash pretrain THIS --show.

``--width 2048`` is the released 48B model on 20.7 T tokens, the default a laptop's share of it.
"""

from collections.abc import Mapping

from joyflash.train.curriculum import Curriculum, Mix

GENERAL = {"en_wiki": 4, "en_wikinews": 3, "en_wordnet": 1, "zh_wiki": 5, "zh_lctt": 2, "zh_d2l": 0.2}
CODE_MATH = {"code_python": 3, "math_gsm8k_train": 1}
SYNTHETIC = {
    f"{skill}_{language}": weight
    for skill, weight in {"call": 3, "compare": 2, "arithmetic": 2, "talk": 2, "copying": 1, "session": 2}.items()
    for language in ("en", "zh")
}


def shares(**parts: tuple[float, Mapping[str, float]]) -> dict[str, float]:
    """Weights of several groups, each scaled to its share of the whole."""
    return {
        name: share * weight / sum(group.values()) for share, group in parts.values() for name, weight in group.items()
    }


recipe = Curriculum(
    width=256,
    foundational=Mix(text=shares(general=(0.9, GENERAL), code_math=(0.1, CODE_MATH))),
    code_math=Mix(text=shares(general=(0.5, GENERAL), code_math=(0.5, CODE_MATH))),
    mid_training=Mix(
        text=shares(general=(0.2, GENERAL), code_math=(0.18, CODE_MATH)), skills=shares(synthetic=(0.62, SYNTHETIC))
    ),
    long_context=Mix(
        text=shares(general=(0.6, GENERAL), code_math=(0.2, CODE_MATH)), skills=shares(synthetic=(0.2, SYNTHETIC))
    ),
)
