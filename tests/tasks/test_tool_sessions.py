"""Conversations of several rounds over one list of tools: valid turns, right calls, right declines, clean split."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from dataclasses import replace
from itertools import islice, pairwise

import jsonschema
import pytest

from joyflash.tasks import generate, tool_samples, tool_sessions
from joyflash.tasks.tool_build import Tool, real_tool
from joyflash.tasks.tool_lists import distinct, talk_beside
from joyflash.tasks.tool_use import load_phrases, parse_tools
from joyflash.tasks.words import is_heldout
from tests.tasks.test_tool_use import LANGUAGES, calls_of, leaves, meant, said_by_user, samples

KINDS = ("session", "choose")


def turns_of(sample: dict) -> str:
    """One letter for each message: s(ystem), u(ser), c(all), t(ool), a(nswer)."""
    return "".join("c" if message.get("tool_calls") else message["role"][0] for message in sample["messages"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_generation_is_deterministic_and_resumes_at_any_index(language: str) -> None:
    first = samples(40, language, kinds=KINDS)
    assert first == samples(40, language, kinds=KINDS)
    assert first[30:] == samples(10, language, kinds=KINDS, start=30)
    assert first != samples(40, language, kinds=KINDS, seed=8)
    assert {sample["kind"] for sample in first} == set(KINDS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("split", ["train", "heldout"])
def test_calls_fit_their_schema_the_request_and_the_split(language: str, split) -> None:
    given = meant(language)
    for sample in samples(150 if split == "train" else 12, language, split, kinds=KINDS):
        schemas = {tool["function"]["name"]: tool["function"]["parameters"] for tool in sample["tools"]}
        assert len(schemas) == len(sample["tools"])
        names = [*schemas, *(name for schema in schemas.values() for name in schema["properties"])]
        said: list[str] = []
        for asked, made in zip(sample["messages"], sample["messages"][1:], strict=False):
            said += [asked["content"]] if asked["role"] == "user" else []
            for call in (item["function"] for item in made.get("tool_calls", ())):
                arguments = json.loads(call["arguments"])
                assert set(arguments) <= set(schemas[call["name"]]["properties"])
                assert jsonschema.Draft202012Validator(schemas[call["name"]]).is_valid(arguments)
                for leaf in leaves(arguments):
                    if not isinstance(leaf, bool):
                        assert any(str(leaf) in text for text in said) or str(leaf) in given
                        assert is_heldout(str(leaf)) == (split == "heldout")
        assert all(is_heldout(name) == (split == "heldout") for name in names)
        assert not any("\ue000" <= letter <= "\uf8ff" for letter in said_by_user(sample))


@pytest.mark.parametrize("language", LANGUAGES)
def test_turns_alternate_and_results_answer_their_calls(language: str) -> None:
    systems = ends = 0
    for sample in samples(200, language, kinds=KINDS):
        turns = turns_of(sample)
        assert re.fullmatch("s?(ua|uct+a)*(ua|uct+a|uc)", turns)
        assert all(message["role"] == "assistant" or message["content"].strip() for message in sample["messages"])
        assert all(message["content"] or message.get("tool_calls") for message in sample["messages"])
        made = [call["id"] for message in sample["messages"] for call in message.get("tool_calls", ())]
        answered = [message["tool_call_id"] for message in sample["messages"] if message["role"] == "tool"]
        last = sample["messages"][-1].get("tool_calls", ())
        assert len(set(made)) == len(made)
        assert answered == made[: len(made) - len(last)]
        rounds, tools = turns.count("u"), len(sample["tools"])
        assert (2 <= rounds <= 20 and 1 <= tools <= 5) if sample["kind"] == "session" else 3 <= rounds <= 8
        systems, ends = systems + turns.startswith("s"), ends + turns.endswith("c")
    assert 8 < systems < 36
    assert 55 < ends < 115


@pytest.mark.parametrize("language", LANGUAGES)
def test_rounds_differ_and_calls_go_to_several_tools(language: str) -> None:
    sessions = samples(150, language, kinds=("session",))
    several = sum(len({call["name"] for call in calls_of(sample)}) > 1 for sample in sessions)
    turns = [turns_of(sample) for sample in sessions]
    plain, called = (sum(len(re.findall(kind, text)) for text in turns) for kind in ("ua", "uc"))
    assert several > 0.5 * len(sessions)  # 63 to 66 % of 1,800 a language; 0.55 was within the spread of 150
    assert 0.3 < plain / (plain + called) < 0.5
    assert sum("ctt" in text for text in turns) > 8
    for sample in samples(40, language, kinds=("choose",)):
        assert len({call["name"] for call in calls_of(sample)}) > 1 or len(sample["tools"]) == 1
        assert "ua" not in turns_of(sample)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_few_words_mean_the_call_before_with_another_value(language: str) -> None:
    again = 0
    for sample in samples(200, language, kinds=("session",)):
        made = [message["tool_calls"] for message in sample["messages"] if message.get("tool_calls")]
        for (before, *more), (after, *others) in pairwise(made):
            first, second = (json.loads(call["function"]["arguments"]) for call in (before, after))
            same = before["function"]["name"] == after["function"]["name"] and first.keys() == second.keys()
            changed = [name for name in second if not same or first[name] != second[name]]
            again += not more and not others and same and len(first) > 1 and len(changed) == 1
    assert again > 8


@pytest.mark.parametrize("language", LANGUAGES)
def test_declines_only_what_no_listed_tool_does(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted: list[Tool] = []
    listed: list[list[Tool]] = []
    decline, to_sample = tool_sessions.decline, tool_sessions.to_sample

    def recorded_decline(absent: Tool, *rest) -> str:
        wanted.append(absent)
        return decline(absent, *rest)

    def recorded_sample(messages: list[dict], tools: list[Tool], *rest) -> dict:
        listed.append(tools)
        return to_sample(messages, tools, *rest)

    monkeypatch.setattr(tool_sessions, "decline", recorded_decline)
    monkeypatch.setattr(tool_sessions, "to_sample", recorded_sample)
    total = 0
    for _ in islice(generate(3, mixture={("session", language): 1.0}), 200):
        tools = listed[-1]
        kinds = {id(tool.source) for tool in tools if tool.source is not None}
        assert not any(tool.source is not None and tool.source.wide for tool in tools)
        assert all(distinct(tool, [other for other in tools if other is not tool]) for tool in tools)
        for absent in wanted:
            assert id(absent.source) not in kinds
            assert absent.name not in {tool.name for tool in tools}
            assert distinct(absent, tools)
            calculates = any(tool.style == "calc" for tool in (absent, *tools))
            assert not calculates or not any(
                parameter.required and parameter.kind.startswith(("integer", "number", "price", "expression"))
                for tool in ([absent] if absent.style != "calc" else tools)
                for parameter in tool.parameters
            )
        total += len(wanted)
        wanted.clear()
    assert total > 60


@pytest.mark.parametrize("language", LANGUAGES)
def test_most_listed_tools_of_a_session_are_real(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[Tool] = []
    monkeypatch.setattr(tool_sessions, "to_sample", lambda messages, tools, *rest: listed.extend(tools) or {})
    rng = random.Random(5)
    for _ in range(150):
        tool_sessions.sample_session(rng, language, "train")
    assert 0.6 < sum(tool.source is not None for tool in listed) / len(listed) < 0.75
    listed.clear()
    for _ in range(100):
        tool_sessions.sample_choose(rng, language, "train")
    assert all(tool.source is not None for tool in listed)
    assert sum(len(tool.parameters) < 2 for tool in listed) > 0.5 * len(listed)


_BOTH = """
tool jokes: random_joke
about: tells a joke
order: tell a joke
ask: what is a funny joke
gives: joke = title

tool money: create_invoice
about: creates an invoice
order: create an invoice
gives: invoice_id = digits
"""


def test_talk_beside_tools_is_answered_by_none_but_may_be_close_to_one_that_only_acts() -> None:
    said = ("hi", "what's a good joke?", "what is an invoice?", "what do bees make?")
    phrases = replace(load_phrases("en"), talk=tuple((text, "...") for text in said))
    rng = random.Random(0)
    tools = [real_tool(kind, rng, "train", phrases, optional=0) for kind in parse_tools(_BOTH)]
    counts = Counter(talk_beside(tools, rng, phrases)[0] for _ in range(300))
    assert set(counts) == {"hi", "what is an invoice?", "what do bees make?"}
    assert 0.55 < counts["what is an invoice?"] / 300 < 0.75
    alone = Counter(talk_beside(tools[:1], rng, phrases)[0] for _ in range(300))
    assert max(alone.values()) < 150


def test_talk_is_often_on_the_very_subject_of_a_listed_tool_but_of_no_other() -> None:
    lines = "\ntalk: who wrote the first invoice? => Merchants did.\ntalk: bees sting => Ouch."
    kinds = parse_tools("\n\n".join(block + lines for block in _BOTH.split("\n\n")[:1]) + "\n\n" + _BOTH)
    phrases = replace(load_phrases("en"), talk=(("hi", "hello"),))
    rng = random.Random(1)
    with_talk, _, rival = (real_tool(kind, rng, "train", phrases, optional=0) for kind in kinds)
    assert with_talk.source is not None and with_talk.source.talk == (
        ("who wrote the first invoice?", "Merchants did."),
        ("bees sting", "Ouch."),
    )
    alone = Counter(talk_beside([with_talk], rng, phrases)[0] for _ in range(300))
    assert set(alone) == {"hi", "who wrote the first invoice?", "bees sting"}
    assert 0.3 < alone["hi"] / 300 < 0.5
    beside = Counter(talk_beside([with_talk, rival], rng, phrases)[0] for _ in range(300))
    assert beside["who wrote the first invoice?"] == 0 < beside["bees sting"]


def test_talk_beside_chinese_tools_shares_no_telling_pair_of_characters() -> None:
    phrases = replace(load_phrases("zh"), talk=(("你好", "你好！"), ("讲个笑话", "..."), ("蜜蜂酿什么？", "蜂蜜。")))
    rng = random.Random(0)
    kind = parse_tools("tool jokes: xiaohua\nabout: 讲一个笑话\norder: 来一个笑话\ngives: joke = title")[0]
    tools = [real_tool(kind, rng, "train", phrases, optional=0)]
    assert {talk_beside(tools, rng, phrases)[0] for _ in range(100)} == {"你好", "蜜蜂酿什么？"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_talk_is_written_in_pairs_that_can_be_said(language: str) -> None:
    phrases = load_phrases(language)
    rng = random.Random(0)
    said = [text for text, _ in phrases.talk]
    assert len(set(said)) == len(said) > 500
    for text, answer in phrases.talk:
        for side in (text, answer):
            shown = phrases.grammar.fill(side, rng).strip()
            assert shown and " => " not in shown and not re.search("[][|<>{}]", shown), side


@pytest.mark.parametrize("language", LANGUAGES)
def test_beside_talk_no_listed_tool_could_answer_anything(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    beside: list[list[Tool]] = []
    monkeypatch.setattr(
        tool_samples, "talk_beside", lambda tools, *rest: beside.append(list(tools)) or ("<pleased>", "<welcome>")
    )
    rng = random.Random(3)
    for _ in range(600):
        tool_samples.sample_no_tool(rng, language, "train")
    assert 0.43 < len(beside) / 600 < 0.57
    assert {len(tools) for tools in beside} >= {2, 3, 4, 5}
    assert not any(tool.source is not None and tool.source.wide for tools in beside for tool in tools)
