"""Reading which of two things an answer calls the bigger one, in English or Chinese prose.

Mentions of the two sides become single marks first, so that the rules see only the words between them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Literal

Side = Literal["a", "b"]
_MARKS = {"a": "\ue000", "b": "\ue001"}
_SIDES: dict[str, Side] = {"\ue000": "a", "\ue001": "b"}
_MARK = "[\ue000\ue001]"
_NUMBER = re.compile(r"(?<![\d.])\d+(?:\.\d+)?(?!\d|\.\d)")
_SIGNED = re.compile(rf"(?<![\d.])-?{_NUMBER.pattern}")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[。！？；;\n]+")

# Words that contain a comparing character without comparing.
_NEUTRAL = re.compile(
    r"大小|小数|多少|小时|长度|长短|高低|重量|高度|远近|轻重|深度|快慢|大概|大家|最少需要|位数[更较]?多|"
    r"(?:more|fewer|less) (?:digits?|decimals?|decimal places)",
    re.IGNORECASE,
)
_PLUS_EN = (
    r"biggest|bigger|largest|larger|greatest|greater|highest|higher|more|most|longest|longer|oldest|older|farthest|"
    r"farther|furthest|further|heavier|heaviest|deeper|deepest|taller|warmer|hotter|pricier|dearer|better|slower|"
    r"maximum|max|exceeds?|beats?|above"
)
_MINUS_EN = (
    r"(?:further|farther) (?:to the )?left|smallest|smaller|tiniest|tinier|least|lesser|less|lowest|lower|fewer|"
    r"shortest|shorter|younger|nearer|nearest|closer|closest|lightest|lighter|shallower|coldest|colder|coolest|cooler|"
    r"cheapest|cheaper|quickest|quicker|fastest|faster|minimum|min|below|(?:comes?|came) (?:first|before)"
)
_PLUS_ZH = "靠右|超过|年长|大|高|多|长|远|重|深|热|贵|慢"
_MINUS_ZH = "靠左|不到|便宜|小|低|少|短|近|轻|浅|冷|快"
_RELATION = re.compile(
    rf"(?P<minus>\b(?:{_MINUS_EN})\b|{_MINUS_ZH}|(?<={_MARK})\s*[<＜]|(?<={_MARK})\s*≤)|"
    rf"(?P<plus>\b(?:{_PLUS_EN})\b|{_PLUS_ZH}|(?<={_MARK})\s*[>＞])",
    re.IGNORECASE,
)
_NEGATION = re.compile(r"\bnot\b|n't\b|\bno\b|不|没", re.IGNORECASE)
# "the bigger one is A", "较大的数是A": what follows names the subject.
_NAMED_AFTER = re.compile(
    rf"^[^,，{_MARK[1:-1]}]{{0,24}}?(?:of {_MARK} (?:and|or) {_MARK} )?"
    rf"(?:\bis\b|\bwas\b|[:：=]|是|为)\s*(?:the\s|number\s)*(?P<subject>{_MARK})",
    re.IGNORECASE,
)
_NO = (
    "不对|不是|不正确|不成立|错误|错了|错|没有|不会|不能|否|假|"
    r"\bno\b|\bfalse\b|\bincorrect\b|\bwrong\b|\bnot (?:true|correct|right)\b"
)
_YES = r"没错|是的|正确|成立|对(?![于比])|可以|真|\byes\b|\btrue\b|\bcorrect\b|\bright\b"
_VERDICT = re.compile(rf"(?P<no>{_NO})|(?P<yes>{_YES})", re.IGNORECASE)
_OPENING_NO = r"no\b|nope|not\b|false|incorrect|wrong|不|否|错|没|假"
_OPENING_YES = r"没错|yes|yep|true|correct|right|是(?!否)|对(?![于比])|正确|会|能|真"
_OPENING_VERDICT = re.compile(
    r"^\W*(?:(?:the )?(?:answer|statement|claim)(?: is)?\W*|答案是?\W*)?"
    rf"(?:(?P<yes>{_OPENING_YES})|(?P<no>{_OPENING_NO}))",
    re.IGNORECASE,
)


def mark_sides(text: str, sides: Mapping[str, Sequence[str]]) -> str:
    """``text`` with each mention of a side (a number of equal value, or a name) replaced by that side's mark."""
    names = {name.casefold(): side for side, aliases in sides.items() for name in aliases if not _is_number(name)}
    if names:
        pattern = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
        text = re.sub(pattern, lambda match: _MARKS[names[match.group(0).casefold()]], text, flags=re.IGNORECASE)
    values = {Decimal(alias): side for side, aliases in sides.items() for alias in aliases if _is_number(alias)}

    def mark(match: re.Match[str]) -> str:
        side = values.get(Decimal(match.group(0)))
        return _MARKS[side] if side else match.group(0)

    # A hyphen before a number is a minus only where one of the numbers has one.
    return (_SIGNED if any(value < 0 for value in values) else _NUMBER).sub(mark, text)


def bigger_side(text: str, sides: Mapping[str, Sequence[str]]) -> Side | None:
    """The side that the last comparing sentence of ``text`` calls the bigger one; None where none compares."""
    for sentence in reversed(_sentences(text, sides)):
        claims = _claims(sentence)
        if claims:
            return claims[-1]
    return None


def chosen_side(text: str, sides: Mapping[str, Sequence[str]], *, ask: str) -> Side | None:
    """The side that ``text`` gives as the answer to "which is the ``ask`` (``bigger`` or ``smaller``) one?".

    The last sentence decides that compares the sides or mentions just one of them.
    """
    for sentence in reversed(_sentences(text, sides)):
        claims = _claims(sentence)
        if claims:
            return claims[-1] if ask == "bigger" else _other(claims[-1])
        mentioned = set(re.findall(_MARK, sentence))
        if len(mentioned) == 1:
            return _SIDES[mentioned.pop()]
    return None


def verdict(text: str) -> bool | None:
    """Yes or no, as the text's first word or else its last verdict word says; None where there is neither."""
    opening = _OPENING_VERDICT.match(text.strip())
    if opening:
        return opening.group("yes") is not None
    found = list(_VERDICT.finditer(text))
    return found[-1].group("yes") is not None if found else None


def _sentences(text: str, sides: Mapping[str, Sequence[str]]) -> list[str]:
    text = re.sub(r"[*`_$\\]", "", text)
    marked = _NEUTRAL.sub(" ", mark_sides(text, sides))
    return [sentence for sentence in _SENTENCE_END.split(marked) if sentence.strip()]


def _claims(sentence: str) -> list[Side]:
    """For every comparing word of a sentence, the side that it makes the bigger one."""
    claims = []
    for relation in _RELATION.finditer(sentence):
        before, after = sentence[: relation.start()], sentence[relation.end() :]
        named_after = _NAMED_AFTER.match(after)
        compared = re.search(rf"({_MARK})[^{_MARK[1:-1]}，,]*比\s*{_MARK}[^{_MARK[1:-1]}，,]*$", before)
        preceding = re.findall(_MARK, before)
        if named_after and not _RELATION.search(after[: named_after.start("subject")]):
            subject, negated = named_after.group("subject"), False
        elif compared:
            subject, negated = compared.group(1), bool(_NEGATION.search(before[compared.start() :]))
        elif preceding:
            subject = preceding[-1]
            negated = bool(_NEGATION.search(before[before.rindex(subject) :]))
        else:
            following = re.search(_MARK, after)
            if following is None:
                continue
            subject, negated = following.group(0), False
        side = _SIDES[subject]
        claims.append(side if (relation.group("plus") is not None) != negated else _other(side))
    return claims


def _other(side: Side) -> Side:
    return "b" if side == "a" else "a"


def _is_number(text: str) -> bool:
    try:
        Decimal(text)
    except InvalidOperation:
        return False
    return True
