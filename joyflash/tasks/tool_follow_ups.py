"""What users say after the answer to a call, where the reply must carry what the call has returned."""

from __future__ import annotations

import json
import random
import re

from joyflash.tasks.grammar import slots_of
from joyflash.tasks.tool_lists import only_does
from joyflash.tasks.tool_messages import says, user
from joyflash.tasks.tool_requests import Clause
from joyflash.tasks.tool_results import STATUSES, Outcome
from joyflash.tasks.tool_use import ToolPhrases
from joyflash.tasks.tool_values import draw
from joyflash.tasks.tool_wording import Slots
from joyflash.tasks.words import Split, number

_UNSAID_SHARE, _MORE_SHARE = 0.4, 0.3
_KINDS = {"again": 40, "field": 25, "right": 12, "sure": 6, "source": 6, "pass_on": 8, "sentence": 5}
_LONGEST = 40
_SENTENCE = re.compile(r"[\s。，：；！？]")


def follow_ups(
    wanted: list[Clause], found: Outcome, rng: random.Random, split: Split, phrases: ToolPhrases
) -> list[dict]:
    """The answer to the calls of ``wanted``, which came to ``found``, and one or two later questions about it.

    What is said before the first question is the answer or, at times, only that the calls were made; an error is always
    told.
    """
    said = found.failed or rng.random() >= _UNSAID_SHARE
    messages = [says(found.answer if said else phrases.grammar.expand("looked_up", rng))]
    for _ in range(1 + (rng.random() < _MORE_SHARE)):
        messages += _follow_up(wanted, found, rng, split, phrases, said=said)
        said = True
    return messages


def _follow_up(
    wanted: list[Clause], found: Outcome, rng: random.Random, split: Split, phrases: ToolPhrases, *, said: bool
) -> list[dict]:
    kind = "again" if found.failed else rng.choices(list(_KINDS), weights=list(_KINDS.values()))[0]
    expand, slots = phrases.grammar.expand, Slots()
    fields = _fields(found.contents[0]) if len(found.contents) == 1 else {}
    single = next(iter(fields.values())) if len(fields) == 1 else ""
    if kind == "field" and len(fields) > 1:
        name, value = rng.choice(list(fields.items()))
        asked = expand("ask_field", rng, field=slots.hold(name))
        reply = expand("answer_field", rng, field=name, value=value)
    elif kind in ("field", "right") and single not in ("", *STATUSES) and single in found.answer:
        asked, reply = _confirmed(single, slots, rng, split, phrases)
    elif kind == "pass_on":
        person = draw("person", rng, split, phrases).spoken
        asked = expand("pass_on", rng, person=slots.hold(person))
        reply = expand("passed_on", rng, person=person, answer=found.answer)
    elif kind == "sentence":
        asked, reply = expand("ask_sentence", rng), found.answer
    elif kind in ("sure", "source") and said:
        asked, reply = expand(f"ask_{kind}", rng), expand(f"answer_{kind}", rng, answer=found.answer)
    elif found.failed:
        asked, reply = expand("ask_back", rng), found.answer
    else:
        asked = _asked_again(wanted, slots, rng, phrases)
        reply = expand("answer_back", rng, answer=found.answer) if said else found.answer
    return [user(slots.restore(phrases.finish(rng, asked))), says(reply)]


def _asked_again(wanted: list[Clause], slots: Slots, rng: random.Random, phrases: ToolPhrases) -> str:
    """The result once more: in the words of the request, by what it is, or as *it*.

    Not in words that ask for something to be done: those would ask for it again.
    """
    source = wanted[0].tool.source
    held = {slot: slots.hold(value) for slot, value in wanted[0].values.items()}
    texts = source.questions if source is not None and not only_does(source) else ()
    questions = [text for text in texts if slots_of(text) <= held.keys()]
    if len(wanted) == 1 and questions and rng.random() < 0.4:
        question = phrases.grammar.fill(rng.choice(questions), rng, **held)
        return phrases.grammar.expand("ask_back_about", rng, question=question)
    if len(wanted) == 1 and wanted[0].tool.style == "noun" and rng.random() < 0.4:
        return phrases.grammar.expand("ask_back_noun", rng, noun=slots.hold(wanted[0].tool.topic))
    return phrases.grammar.expand("ask_back", rng)


def _confirmed(value: str, slots: Slots, rng: random.Random, split: Split, phrases: ToolPhrases) -> tuple[str, str]:
    """Whether it was ``value``, or another one."""
    other = str(number(rng, split)) if value[:1].isdigit() else draw("word", rng, split, phrases).spoken
    if other == value or rng.random() < 0.5:
        asked = phrases.grammar.expand("ask_right", rng, value=slots.hold(value))
        return asked, phrases.grammar.expand("answer_right", rng, value=value)
    asked = phrases.grammar.expand("ask_right", rng, value=slots.hold(other))
    return asked, phrases.grammar.expand("answer_wrong", rng, value=value, wrong=other)


def _fields(content: str) -> dict[str, str]:
    """Single values of a result by the names of its fields, read as words; a result that is one value has the name ''.

    Nothing of a result that is a sentence.
    """
    try:
        data = json.loads(content)
    except ValueError:
        parts = [part.split(": ", 1) for part in content.split("; ")]
        if all(len(part) == 2 and " " not in part[0] for part in parts):
            return {name.replace("_", " "): value for name, value in parts}
        return {} if _SENTENCE.search(content) or len(content) > _LONGEST else {"": content}
    if not isinstance(data, dict):
        return {} if isinstance(data, list) else {"": content}
    plain = {name: value for name, value in data.items() if isinstance(value, str | int | float)}
    return {
        name.replace("_", " "): value if isinstance(value, str) else json.dumps(value) for name, value in plain.items()
    }
