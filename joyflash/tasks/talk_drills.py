# ruff: noqa: E501 (tables of phrases read best one idea a line)
"""Small drills whose words are mostly invented: repeat after me, letters, counting, calendar, yes and no, recall of what was told.

Each drill takes ``(rng, split)`` and returns the texts of its turns, user first.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from joyflash.tasks.chars_zh import SURNAMES, random_characters
from joyflash.tasks.words import NOUNS, Split, fits, pseudo_word

Drill = Callable[[random.Random, Split], list[str]]

_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DIGITS_ZH = "零一二三四五六七八九十"
_NUMBERS_EN = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]
_SERIES_EN = {
    "days of the week": _DAYS,
    "months": _MONTHS,
    "letters of the alphabet": list("abcdefghij"),
    "numbers": [str(i) for i in range(1, 13)],
    "seasons": ["spring", "summer", "autumn", "winter"],
    "even numbers": [str(i) for i in range(2, 25, 2)],
    "odd numbers": [str(i) for i in range(1, 24, 2)],
    "planets": ["Mercury", "Venus", "Earth", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune"],
    "colours of the rainbow": ["red", "orange", "yellow", "green", "blue", "indigo", "violet"],
}
_SERIES_ZH = {
    "星期": [f"星期{c}" for c in "一二三四五六日"],
    "月份": [f"{c}月" for c in ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")],
    "数字": list("一二三四五六七八九十"),
    "季节": ["春天", "夏天", "秋天", "冬天"],
    "英文字母": list("ABCDEFGHIJ"),
    "生肖": list("鼠牛虎兔龙蛇马羊猴鸡狗猪"),
    "行星": ["水星", "金星", "地球", "火星", "木星", "土星", "天王星", "海王星"],
    "偶数": [str(i) for i in range(2, 25, 2)],
    "奇数": [str(i) for i in range(1, 24, 2)],
}


def invented_word(rng: random.Random, language: str, split: Split) -> str:
    """A word nobody knows: Latin letters, or for Chinese two to four random characters (a quarter stays Latin)."""
    if language == "en" or rng.random() < 0.25:
        return pseudo_word(rng, split)
    return characters(rng, split, rng.choice((2, 2, 3, 4)))


def invented_name(rng: random.Random, language: str, split: Split) -> str:
    """A capitalised invented name, or a Chinese surname with one or two random characters."""
    if language == "en":
        return pseudo_word(rng, split).capitalize()
    while True:
        name = rng.choice(SURNAMES) + random_characters(rng, rng.choice((1, 2, 2)))
        if fits(name, split):
            return name


def characters(rng: random.Random, split: Split, count: int) -> str:
    """``count`` random Chinese characters that belong together to ``split``."""
    while True:
        text = random_characters(rng, count)
        if fits(text, split):
            return text


def _words_en(rng: random.Random, split: Split, low: int, high: int) -> str:
    pool = [rng.choice(NOUNS) if rng.random() < 0.4 else pseudo_word(rng, split) for _ in range(rng.randint(low, high))]
    return " ".join(pool)


def _repeat_en(rng: random.Random, split: Split) -> list[str]:
    text = _words_en(rng, split, 1, 4)
    ask = rng.choice(
        (
            "Repeat after me: {}",
            "Say {}.",
            'Say "{}".',
            "Please repeat: {}",
            "Copy this: {}",
            "Write {}",
            'Repeat "{}"',
            "Say exactly: {}",
            "Echo {}",
            "repeat {}",
            "Can you say {}?",
            "Please write: {}",
            "Type this for me: {}",
            "Just answer with: {}",
            "Now you say: {}",
            "Reply with {}",
            "Output: {}",
            "copy: {}",
        )
    )
    return [ask.format(text), text]


def _repeat_zh(rng: random.Random, split: Split) -> list[str]:
    text = characters(rng, split, rng.randint(2, 6)) if rng.random() < 0.8 else pseudo_word(rng, split)
    ask = rng.choice(
        (
            "跟我说：{}",
            "请重复：{}",
            "请说“{}”",
            "照抄：{}",
            "写下{}",
            "复述：{}",
            "重复一遍{}",
            "你说{}",
            "请回答：{}",
            "只说{}",
            "抄写：{}",
            "请写：{}",
            "跟着我读：{}",
            "原样输出：{}",
        )
    )
    return [ask.format(text), text]


def _first_letter(rng: random.Random, split: Split) -> list[str]:
    word = _words_en(rng, split, 1, 1)
    end = rng.random() < 0.4
    which = "last" if end else "first"
    ask = rng.choice(
        (
            f"What is the {which} letter of {word}?",
            f"Which letter does {word} {'end' if end else 'start'} with?",
            f"{which} letter of {word}?",
            f"Tell me the {which} letter of the word {word}.",
            f"{word} {'ends' if end else 'begins'} with which letter?",
            f'Give me the {which} letter of "{word}".',
        )
    )
    return [ask, f"The {which} letter of {word} is {word[-1 if end else 0]}."]


def _spell(rng: random.Random, split: Split) -> list[str]:
    word = _words_en(rng, split, 1, 1)[:6]
    letters = "-".join(word)
    if rng.random() < 0.5:
        return [
            rng.choice(
                (
                    f"Spell {word}.",
                    f"How do you spell {word}?",
                    f"Please spell the word {word}",
                    f"spell: {word}",
                    f"Can you spell {word} for me?",
                )
            ),
            f"{letters}.",
        ]
    ask = rng.choice(
        (
            f"How many letters does {word} have?",
            f"How long is the word {word}?",
            f"Count the letters of {word}.",
            f"How many letters are in {word}?",
            f"letters in {word}?",
        )
    )
    number = _NUMBERS_EN[len(word)]
    return [ask, f"{letters}: {number} letter{'s' if len(word) > 1 else ''}."]


def _length_zh(rng: random.Random, split: Split) -> list[str]:
    text = characters(rng, split, rng.randint(2, 6))
    if rng.random() < 0.5:
        place = rng.choice((0, len(text) - 1))
        name = "第一个" if place == 0 else "最后一个"
        return [
            rng.choice((f"“{text}”的{name}字是什么？", f"{text}{name}字是哪个？", f"说出“{text}”的{name}字。")),
            f"“{text}”的{name}字是{text[place]}。",
        ]
    ask = rng.choice(
        (f"“{text}”有几个字？", f"{text}是几个字？", f"数一数“{text}”有多少个字。", f"“{text}”一共几个字？")
    )
    return [ask, f"{'、'.join(text)}，一共{_DIGITS_ZH[len(text)] if len(text) != 2 else '两'}个字。"]


def _count_en(rng: random.Random, split: Split) -> list[str]:
    low = rng.randint(1, 60)
    high = low + rng.randint(2, 8)
    numbers = [str(i) for i in range(low, high + 1)]
    start, end = (low, high) if rng.random() < 0.75 else (high, low)
    numbers = numbers if start == low else numbers[::-1]
    ask = rng.choice(
        (
            f"Count from {start} to {end}.",
            f"Please count from {start} to {end}",
            f"count {start} to {end}",
            f"Can you count from {start} to {end}?",
            f"Write the numbers from {start} to {end}.",
            f"Say the numbers {start} to {end}.",
        )
    )
    return [ask, ", ".join(numbers) + "."]


def _count_zh(rng: random.Random, split: Split) -> list[str]:
    low = rng.randint(1, 60)
    high = low + rng.randint(2, 8)
    start, end, step = (low, high, 1) if rng.random() < 0.75 else (high, low, -1)
    ask = rng.choice(
        (
            f"从{start}数到{end}。",
            f"请从{start}数到{end}",
            f"帮我从{start}数到{end}",
            f"写出{start}到{end}的数字。",
            f"{start}到{end}数一遍。",
            f"能从{start}数到{end}吗？",
        )
    )
    return [ask, "，".join(str(i) for i in range(start, end + step, step)) + "。"]


def _next_en(rng: random.Random, split: Split) -> list[str]:
    row, word = (_DAYS, "day") if rng.random() < 0.5 else (_MONTHS, "month")
    at, after = rng.randrange(len(row)), rng.random() < 0.6
    side, answer = ("after", row[(at + 1) % len(row)]) if after else ("before", row[at - 1])
    ask = rng.choice(
        (
            f"What {word} comes {side} {row[at]}?",
            f"Which {word} is {side} {row[at]}?",
            f"What is {side} {row[at]}?",
            f"{word} {side} {row[at]}?",
            f"Tell me the {word} {side} {row[at]}.",
            f"Which {word} do we have {side} {row[at]}?",
        )
    )
    return [ask, f"{answer} comes {side} {row[at]}."]


def _next_zh(rng: random.Random, split: Split) -> list[str]:
    row = _SERIES_ZH["星期"] if rng.random() < 0.5 else _SERIES_ZH["月份"]
    at, after = rng.randrange(len(row)), rng.random() < 0.6
    side, answer = ("后面", row[(at + 1) % len(row)]) if after else ("前面", row[at - 1])
    ask = rng.choice(
        (
            f"{row[at]}{side}是什么？",
            f"{row[at]}的{side}是哪个？",
            f"{row[at]}{side}一个是什么？",
            f"{row[at]}{side}是几？",
            f"请问{row[at]}{side}是什么？",
        )
    )
    return [ask, f"{row[at]}{side}是{answer}。"]


def _number_next(rng: random.Random, split: Split) -> list[str]:
    number, after = rng.randint(1, 999), rng.random() < 0.6
    side, answer = ("after", number + 1) if after else ("before", number - 1)
    return [
        rng.choice(
            (
                f"What number comes {side} {number}?",
                f"Which number is right {side} {number}?",
                f"number {side} {number}?",
                f"Say the number {side} {number}.",
            )
        ),
        f"{answer} comes {side} {number}.",
    ]


def _list_en(rng: random.Random, split: Split) -> list[str]:
    name = rng.choice(list(_SERIES_EN))
    k = rng.randint(2, min(6, len(_SERIES_EN[name])))
    count = rng.choice((str(k), _NUMBERS_EN[k]))
    ask = rng.choice(
        (
            f"List the first {count} {name}.",
            f"What are the first {count} {name}?",
            f"Name the first {count} {name}",
            f"first {count} {name}?",
            f"Give me the first {count} {name}, please.",
            f"Write the first {count} {name}.",
            f"Tell me the first {count} {name}.",
        )
    )
    return [ask, ", ".join(_SERIES_EN[name][:k]) + "."]


def _list_zh(rng: random.Random, split: Split) -> list[str]:
    name = rng.choice(list(_SERIES_ZH))
    k = rng.randint(2, min(6, len(_SERIES_ZH[name])))
    count = rng.choice((str(k), "两" if k == 2 else _DIGITS_ZH[k]))
    ask = rng.choice(
        (
            f"列出前{count}个{name}。",
            f"前{count}个{name}是什么？",
            f"说出前{count}个{name}",
            f"请写出前{count}个{name}。",
            f"告诉我前{count}个{name}",
            f"{name}的前{count}个是哪些？",
        )
    )
    return [ask, "、".join(_SERIES_ZH[name][:k]) + "。"]


_TOLD_EN = (("name", "My name is {}.|I am {}.|I'm {}.|Call me {}.|Hi, I'm {}.|People call me {}.|Hello, my name is {}", "What is my name?|Who am I?|Do you know my name?|Say my name.|What's my name?|How am I called?|Tell me my name.", "Your name is {}."),
            ("city", "I live in {}.|My home is in {}.|I moved to {}.|I come from {}.", "Where do I live?|Which city is my home?|Where am I from?|Do you know where I live?", "You live in {}."),
            ("dog", "My dog is called {}.|I have a dog named {}.|My dog's name is {}.", "What is my dog called?|What is the name of my dog?|Do you know my dog's name?|My dog's name?", "Your dog is called {}."),
            ("cat", "My cat is called {}.|I have a cat named {}.|My cat's name is {}.", "What is my cat called?|What is the name of my cat?|Do you know my cat's name?", "Your cat is called {}."),
            ("friend", "My friend is called {}.|My best friend is {}.|I have a friend named {}.", "What is my friend called?|Who is my friend?|What's my friend's name?", "Your friend is called {}."),
            ("boss", "My boss is called {}.|I work for {}.", "Who is my boss?|What is my boss called?", "Your boss is called {}."),
            ("word", "Remember this word: {}.|The secret word is {}.|Keep this word: {}.|Our code word is {}.", "What was the word?|Which word did I give you?|Tell me the word.|What is the secret word?|Say the word again.", "The word is {}."))  # fmt: skip
_TOLD_ZH = (("name", "我叫{}。|我的名字是{}。|你好，我是{}。|叫我{}吧。|大家叫我{}。", "我叫什么名字？|我是谁？|你知道我的名字吗？|还记得我叫什么吗？|说说我的名字。", "你叫{}。"),
            ("city", "我住在{}。|我家在{}。|我是{}人。|我搬到了{}。", "我住在哪里？|我家在哪儿？|你知道我住哪吗？", "你住在{}。"),
            ("dog", "我的狗叫{}。|我有一只狗，名叫{}。", "我的狗叫什么？|我的狗叫什么名字？|还记得我的狗的名字吗？", "你的狗叫{}。"),
            ("cat", "我的猫叫{}。|我有一只猫，名叫{}。", "我的猫叫什么？|我的猫叫什么名字？|还记得我的猫的名字吗？", "你的猫叫{}。"),
            ("friend", "我的朋友叫{}。|我最好的朋友是{}。", "我的朋友叫什么？|我的朋友是谁？", "你的朋友叫{}。"),
            ("word", "记住这个词：{}。|暗号是{}。|请记住“{}”。|密语是{}。", "刚才的词是什么？|暗号是什么？|我让你记住什么？|请说出那个词。", "是{}。"))  # fmt: skip


def _recall(rng: random.Random, split: Split, language: str) -> list[str]:
    kind, tells, asks, answer = rng.choice(_TOLD_EN if language == "en" else _TOLD_ZH)
    value = invented_name(rng, language, split) if kind != "word" else invented_word(rng, language, split)
    if kind in ("city", "dog", "cat") and language == "zh":
        value = characters(rng, split, rng.choice((2, 2, 3)))
    tell, ask = rng.choice(tells.split("|")).format(value), rng.choice(asks.split("|"))
    # Half of the time told and asked in one message, otherwise with a turn in between.
    if rng.random() < 0.35:
        return [f"{tell}{' ' if language == 'en' else ''}{ask}", answer.format(value)]
    if kind == "name":
        reply = f"Nice to meet you, {value}!" if language == "en" else f"很高兴认识你，{value}！"
    else:
        reply = "I will remember that." if language == "en" else "好的，我记住了。"
    return [tell, reply, ask, answer.format(value)]


def _recall_en(rng: random.Random, split: Split) -> list[str]:
    return _recall(rng, split, "en")


def _recall_zh(rng: random.Random, split: Split) -> list[str]:
    return _recall(rng, split, "zh")


DRILLS: dict[str, tuple[Drill, ...]] = {
    "en": (
        _repeat_en,
        _repeat_en,
        _first_letter,
        _spell,
        _count_en,
        _next_en,
        _number_next,
        _list_en,
        _recall_en,
        _recall_en,
        _recall_en,
    ),
    "zh": (_repeat_zh, _repeat_zh, _length_zh, _count_zh, _next_zh, _list_zh, _recall_zh, _recall_zh, _recall_zh),
}
