"""Words, identifiers and numbers, split for good between training and held-out evaluation.

A text belongs to the held-out side when a checksum of its lower-cased letters ends in 0, so the two sides never meet,
whatever the seed. Most words are invented: a model that sees each name once can only learn to copy it.
"""

from __future__ import annotations

import random
import zlib
from functools import cache
from importlib.resources import files
from typing import Literal

Split = Literal["train", "heldout"]

_ONSETS = (
    "b bl br c ch cl cr d dr f fl fr g gl gr h j k kl kr l m n p pl pr qu r s sc sh sk sl sm sn sp st str t th tr "
    "v w y z zh"
)
_VOWELS = "a a a e e e i i i o o o u u ai ea ee ei ia io oa oo ou ue y"
_CODAS = "- - - - b ck d f g k l ll lt m mp n nd ng nk nt p r rd rk rm rn rt s sh sk ss st t th v x z"
_VERBS = (
    "get set add make find list show read load save send move copy open close start stop run check count sort "
    "merge split parse build fetch update delete remove create query lookup search compute convert format filter "
    "group rank score tag label scan match trim pack unpack encode decode encrypt hash sign verify validate test "
    "measure estimate plan book order cancel pay refund ship track print draw render resize crop rotate translate "
    "summarize classify extract import export upload download sync archive restore schedule notify assign approve "
    "reject register lock unlock mute"
)
_NOUNS = (
    "account address agenda agent alarm album alert amount angle animal answer app area article asset atom author "
    "badge bag balance bank basket battery beam bed bench bike bill bird block board boat body bond bonus book "
    "border bottle bowl box branch brand bread brick bridge brush bucket budget buffer bug bus cabin cable cache "
    "cake calendar call camera camp candle car card cargo cart case cash catalog cell chain chair channel chapter "
    "chart chat chip circle city class client clinic clock cloth cloud club coach coat code coin color column "
    "comet company concert contact contract cookie copy corner cost course court cover crate crew crop crowd cube "
    "cup curve customer cycle data date deal debt deck delay demand depth desk device diagram diet digest dish "
    "disk distance doc dog domain door dose draft drawer dress drink driver drone duty edge effect email energy "
    "engine entry error event exam exit expense fabric factor farm fault feature fee feed fence ferry field "
    "figure file film fine fire fish flag fleet flight floor flow flower folder food forest fork form frame "
    "freight fruit fuel fund game garage garden gas gate gear genre gift glass goal grade grain graph grid guest "
    "guide habit hall hammer harbor header heat height hill hook hotel hour house icon idea image income index "
    "insect inventory invoice iron island issue item jacket job joint journal jury key kit kitchen knife label "
    "ladder lake lamp language laptop layer leaf league lease ledger lens lesson letter level license light limit "
    "line link lion liquid load loan lobby location lock log loop lot lunch machine magnet mail map margin market "
    "mask mass match meal medal meeting member memo menu message metal meter mile mineral mirror mission mode "
    "model module moon motor mountain movie museum music nail name needle nest network node noise note novel "
    "nurse oasis object ocean offer office oil onion option orbit order organ outlet owner package page paint "
    "palace panel paper parcel park parser part party path patient pattern payment peak pen permit phone photo "
    "piano pipe pixel plan planet plant plate player playlist pocket poem point policy pool port post pot price "
    "printer prize profile project proof pump quantity queue quiz quota quote rack radio rail rain range rate "
    "ratio receipt recipe record refund region rent report request reservation ring risk river road robot rock "
    "roof room rope route rule salary sale salt sample sand scale scene school score screen season seat sector "
    "seed segment sensor server session shape share sheet shelf shell shift ship shirt shoe shop signal silk site "
    "size skill sky slot snow soap song sound source space speaker speed spice sport spot square stage stamp star "
    "station status stock stone store storm story stream street student style subject sugar suite summary supply "
    "survey switch symbol table tank target task tax team text theme thread ticket tide tile time token tool "
    "topic torch tour tower toy track trade trail train tree trend trip truck unit user valley value vault "
    "vehicle vendor venue verse vessel video view village visa visit voice volume voucher wage wallet wave "
    "weather weight wheel window wing wire word worker zone"
)
_PINYIN = (
    "chaxun tianqi huilv fanyi jisuan dizhi chengshi riqi shijian mingcheng jiage dingdan kuaidi wenjian xiaoxi yonghu "
    "zhanghao mima shuliang danwei neirong biaoti leixing zhuangtai bianhao dianhua youxiang gupiao yinyue dianying"
)
_ADJECTIVES = (
    "new old fast slow big small red blue green raw full main next last smart quick daily local remote open "
    "hidden total"
)

_FUNCTION = (
    "about after again all also am an and any are as at back be because been before both but by can could did do does "
    "done down each for from get give go got had has have he her here him his how if in into is it its just let like "
    "make me more most much must my no none not now of off on once one only or other our out over own please same say "
    "see set shall she should so some such take tell than that the their them then there these they this those through "
    "to too two under until up us use very want was we well were what when where which while who whom whose why will "
    "with without would yes you your"
)

EXAMPLE_NUMBERS = (9.11, 9.9)
"""The numbers of the shipped example question: ``number`` draws neither, and no comparison has both."""
_FUNCTION_WORDS = frozenset(_FUNCTION.split())
"""Not to be drawn as values: a request must show where a value ends."""
ONSETS, VOWELS, CODAS = tuple(_ONSETS.split()), tuple(_VOWELS.split()), tuple(_CODAS.replace("-", "").split(" "))
VERBS, NOUNS, PINYIN, ADJECTIVES = (tuple(text.split()) for text in (_VERBS, _NOUNS, _PINYIN, _ADJECTIVES))
_PIECES_SHARE = 0.2
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def is_heldout(text: str) -> bool:
    """Whether a word, identifier or value belongs to the held-out tenth (crc32 of the lower-cased text, modulo 10)."""
    return zlib.crc32(text.lower().encode()) % 10 == 0


def fits(text: str, split: Split) -> bool:
    """Whether ``text`` may occur in a sample of ``split``."""
    return is_heldout(text) == (split == "heldout")


def pseudo_word(rng: random.Random, split: Split, *, longest: int = 9) -> str:
    """An invented lower-case word of 4 to ``longest`` letters; every fourth is a string of random letters."""
    while True:
        if rng.random() < 0.25:
            word = "".join(rng.choices(_LETTERS, k=4 + int(rng.random() * (longest - 3))))
        else:
            word = ""
            for _ in range(2 if rng.random() < 0.6 else 3):
                word += _pick(rng, ONSETS) + _pick(rng, VOWELS) + (_pick(rng, CODAS) if rng.random() < 0.6 else "")
        if 4 <= len(word) <= longest and fits(word, split):
            return word


def any_word(rng: random.Random, split: Split, *, invented: float = 0.4, language: str = "en") -> str:
    """A word or name that a text may hold: a share of them invented, the others frequent in the language or pieces.

    Only words that are whole tokens teach to copy these, and only pieces reach every token: of the 8,000 that a small
    vocabulary has, a fifth is in no frequent word.
    """
    roll = rng.random()
    if roll < invented:
        return pseudo_word(rng, split)
    if roll > 1 - _PIECES_SHARE:
        while (word := piece_word(rng, split, language)).lower() in _FUNCTION_WORDS:
            pass
        return word
    words = frequent_words(language)[rng.random() < 0.35]
    while not fits(found := _pick(rng, words), split):
        pass
    return found


def piece_word(rng: random.Random, split: Split, language: str) -> str:
    """One or two letter groups, or two to four Chinese characters; all entries of nano's vocabulary are as likely."""
    letters, characters = pieces()
    while True:
        if language == "zh":
            word = "".join(rng.choices(characters, k=rng.choice((2, 2, 3, 4))))
        else:
            word = "".join(_pick(rng, letters) for _ in range(1 if rng.random() < 0.7 else 2))
        if fits(word, split):
            return word


@cache
def pieces() -> tuple[tuple[str, ...], str]:
    """The letter groups and the Chinese characters that are entries of nano's vocabulary."""
    letters, characters = _data("pieces.txt")
    return tuple(letters.split()), "".join(characters.split())


@cache
def frequent_words(language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Frequent words and names of ``language``, most frequent first."""
    words, names = _data(f"words_{language}.txt")
    return tuple(words.split()), tuple(names.split())


def _data(file: str) -> list[str]:
    """The two parts of a file of this package, without its first line."""
    return (files("joyflash.tasks") / file).read_text("utf-8").partition("\n")[2].split("\n\n")


def identifier(rng: random.Random, split: Split, language: str, *, invented: float = 2 / 3) -> str:
    """A function or parameter name: snake_case, camelCase, kebab-case, one word, or with digits.

    Args:
        rng: source of randomness.
        split: the side of the split that the whole name (and each invented word in it) belongs to.
        language: "zh" adds romanised Chinese words to the real ones.
        invented: share of names made of invented words.
    """
    while True:
        count = 1 if rng.random() < 0.6 else 2 if rng.random() < 0.85 else 3
        if rng.random() < invented:
            words = [pseudo_word(rng, split, longest=9 if count == 1 else 6) for _ in range(min(count, 2))]
            if rng.random() < 0.15:
                words.insert(int(rng.random() * 2), _pick(rng, VERBS if rng.random() < 0.5 else NOUNS))
        elif language == "zh" and rng.random() < 0.2:
            words = [_pick(rng, PINYIN) for _ in range(min(count, 2))]
        else:
            words = _real_words(rng, count)
        name = join_words(rng, words)
        if fits(name, split):
            return name


def join_words(rng: random.Random, words: list[str]) -> str:
    """Words as one identifier in a random style, sometimes with a number at its end."""
    style = rng.random()
    if style < 0.6:
        name = "_".join(words)
    elif style < 0.85:
        name = words[0] + "".join(word.capitalize() for word in words[1:])
    elif style < 0.9:
        name = "".join(word.capitalize() for word in words)
    elif style < 0.95:
        name = "-".join(words)
    else:
        name = "".join(words)
    if rng.random() < 0.1:
        name += ("_v" if rng.random() < 0.3 else "_" if rng.random() < 0.3 else "") + str(1 + int(rng.random() * 99))
    return name


def number(rng: random.Random, split: Split, *, decimals: bool = False) -> int | float:
    """A whole number from 1 to 999,999 (small ones likelier) or, with ``decimals``, one with 1 to 3 decimal places."""
    while True:
        value: int | float = 1 + int(10 ** (rng.random() * (2 + 4 * (rng.random() < 0.35))) - 0.5)
        if decimals:
            value = round(value + rng.random(), 1 + int(rng.random() * rng.random() * 3))
            if value == int(value):
                continue
        if rng.random() < 0.05:
            value = -value
        if fits(str(value), split) and value not in EXAMPLE_NUMBERS:
            return value


def _real_words(rng: random.Random, count: int) -> list[str]:
    if count == 1:
        return [_pick(rng, NOUNS if rng.random() < 0.7 else VERBS)]
    if count == 2:
        first = VERBS if rng.random() < 0.6 else NOUNS if rng.random() < 0.7 else ADJECTIVES
        return [_pick(rng, first), _pick(rng, NOUNS)]
    return [_pick(rng, VERBS), _pick(rng, ADJECTIVES if rng.random() < 0.5 else NOUNS), _pick(rng, NOUNS)]


def _pick(rng: random.Random, items: tuple[str, ...]) -> str:
    return items[int(rng.random() * len(items))]
