# ruff: noqa: E501 (wordings read best one idea a line)
"""Long-context retrieval: facts of a kind scattered through a long text, and a question about one, several or the last.

Every name and value is invented, and all facts look alike: nothing but reading finds the right one.
"""

from __future__ import annotations

import random

from joyflash.rl.environments.protocol import SingleTurn, Task
from joyflash.tasks.words import Split, pseudo_word

_FILLER = {
    "en": "The path was dry that day.|Nobody spoke for a while.|A cart went by with hay.|The lamp had been lit early.|"
    "It rained again before noon.|They counted the boxes twice.|Somebody had left a window open.|The bell rang late.",
    "zh": "那天路很干。|好一会儿没有人说话。|一辆装干草的车经过。|灯很早就点上了。|中午前又下雨了。|他们把箱子数了两遍。|"
    "有人忘了关窗。|钟响得晚了。",
}
_FACT = {"en": "The code of {name} is {code}.", "zh": "{name}的代码是{code}。"}
_CHANGE = {"en": "The code of {name} was changed to {code}.", "zh": "{name}的代码改成了{code}。"}
_ONE = {"en": "What is the code of {name} now? Answer with the code.", "zh": "{name}现在的代码是什么？只回答代码。"}
_TWO = {
    "en": "What are the codes of {first} and {second}, in this order? Answer with the two codes.",
    "zh": "{first}和{second}的代码依次是什么？只回答两个代码。",
}
_HEAD = {"en": "Read the following text.\n\n", "zh": "阅读下面的文字。\n\n"}


class Retrieval:
    """Find codes in a text.

    Args:
        words: length of the text, about, in words or Chinese characters.
        facts: codes in it.
    """

    def __init__(self, words: int = 600, facts: int = 6) -> None:
        self._words, self._facts = words, max(facts, 2)

    def propose(self, rng: random.Random, language: str, split: Split) -> Task:
        """See Environment."""
        names = []
        while len(names) < self._facts:
            name = pseudo_word(rng, split).capitalize()
            if name not in names:
                names.append(name)
        codes = {name: str(rng.randint(1000, 9999)) for name in names}
        lines = [_FACT[language].format(name=name, code=codes[name]) for name in names]
        asked = rng.choice(("one", "changed", "two"))
        if asked == "changed":
            codes[names[0]] = str(rng.randint(1000, 9999))
        text = self._scatter(rng, language, lines)
        if asked == "changed":
            at = text.index(lines[0]) + 1
            place = rng.randint(at, len(text))
            text.insert(place, _CHANGE[language].format(name=names[0], code=codes[names[0]]))
        question = (
            _TWO[language].format(first=names[0], second=names[1])
            if asked == "two"
            else _ONE[language].format(name=names[0])
        )
        gap = " " if language == "en" else ""
        content = _HEAD[language] + gap.join(text) + "\n\n" + question
        answers = [codes[name] for name in names[: 2 if asked == "two" else 1]]
        return Task(" ".join(names), ({"role": "user", "content": content},), facts={"answers": answers})

    def start(self, task: Task) -> SingleTurn:
        """See Environment."""
        return SingleTurn(lambda text: float(numbers_of(text) == task.facts["answers"]))

    def _scatter(self, rng: random.Random, language: str, lines: list[str]) -> list[str]:
        filler = _FILLER[language].split("|")
        size = sum(len(line.split()) if language == "en" else len(line) for line in filler) / len(filler)
        text = [rng.choice(filler) for _ in range(max(0, int(self._words / size) - len(lines)))]
        for line in lines:
            text.insert(rng.randint(0, len(text)), line)
        return text


def numbers_of(text: str) -> list[str]:
    """The four-digit numbers of a short text; a long one that lists many codes is no answer."""
    found: list[str] = []
    if len(text) > 400:
        return found
    digits = ""
    for character in text + " ":
        if character.isascii() and character.isdigit():
            digits += character
        else:
            if len(digits) == 4:
                found.append(digits)
            digits = ""
    return found
