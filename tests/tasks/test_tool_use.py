"""Tool-use conversations: right calls, clean split, variety, determinism."""

from __future__ import annotations

import dataclasses
import json
import random
import re
from collections import Counter
from itertools import islice

import jsonschema
import pytest

from joyflash.tasks import generate
from joyflash.tasks.tool_build import invented_tool, real_tool
from joyflash.tasks.tool_english import english_tools
from joyflash.tasks.tool_framing import request
from joyflash.tasks.tool_requests import clause, clauses_of_list
from joyflash.tasks.tool_use import load_phrases, parse_tools
from joyflash.tasks.tool_values import options_of, reads_like_a_list
from joyflash.tasks.tool_wording import Slots
from joyflash.tasks.words import is_heldout

KINDS = ("call", "call_many", "answer", "no_tool", "calc")
LANGUAGES = ("en", "zh")


def samples(count: int, language: str, split="train", kinds=KINDS, seed: int = 7, start: int = 0) -> list[dict]:
    mixture = {(kind, language): 1.0 for kind in kinds}
    return list(islice(generate(seed, split, mixture=mixture, start=start), count))


def calls_of(sample: dict) -> list[dict]:
    return [call["function"] for message in sample["messages"] for call in message.get("tool_calls", ())]


def said_by_user(sample: dict) -> str:
    return "\n".join(message["content"] for message in sample["messages"] if message["role"] == "user")


def leaves(arguments: dict) -> list:
    found = []
    for value in arguments.values():
        found += value if isinstance(value, list) else leaves(value) if isinstance(value, dict) else [value]
    return found


def meant(language: str) -> set[str]:
    """Values that a request may mean without spelling them."""
    tools = (*load_phrases(language).tools, *(english_tools().tools if language == "zh" else ()))
    given = {str(value) for tool in tools for saying in tool.says + tool.twice for _, value in saying.given}
    return given | {
        option for tool in tools for argument in tool.arguments for option in options_of(argument.kind)
        if "=" in argument.kind
    }  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_generation_is_deterministic_and_resumes_at_any_index(language: str) -> None:
    first = samples(60, language)
    assert first == samples(60, language)
    assert first[40:] == samples(20, language, start=40)
    assert first != samples(60, language, seed=8)
    assert {sample["kind"] for sample in first} == set(KINDS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("split", ["train", "heldout"])
def test_calls_fit_their_schema_the_request_and_the_split(language: str, split) -> None:
    given = meant(language)
    for sample in samples(1500, language, split):
        schemas = {tool["function"]["name"]: tool["function"]["parameters"] for tool in sample["tools"]}
        assert len(schemas) == len(sample["tools"])
        user = said_by_user(sample)
        found = "\n".join(message["content"] for message in sample["messages"] if message["role"] == "tool")
        assert not any("\ue000" <= letter <= "\uf8ff" for letter in user)
        names = [*schemas, *(name for schema in schemas.values() for name in schema["properties"])]
        for call in calls_of(sample):
            arguments = json.loads(call["arguments"])
            names += [call["name"], *arguments]
            if schemas:
                assert jsonschema.Draft202012Validator(schemas[call["name"]]).is_valid(arguments)
                assert set(arguments) <= set(schemas[call["name"]]["properties"])
            for leaf in leaves(arguments):
                if not isinstance(leaf, bool):
                    assert str(leaf) in user or str(leaf) in given or str(leaf) in found
                    assert is_heldout(str(leaf)) == (split == "heldout")
        for name in names:
            assert is_heldout(name) == (split == "heldout")


@pytest.mark.parametrize("language", LANGUAGES)
def test_kinds_have_the_promised_shape(language: str) -> None:
    bare = many = 0
    for sample in samples(600, language):
        roles = [message["role"] for message in sample["messages"]]
        last = sample["messages"][-1]
        assert roles[-1] == "assistant"
        if sample["kind"] == "no_tool":
            assert sample["tools"] and not calls_of(sample) and last["content"]
        if sample["kind"] in ("call", "call_many"):
            assert last["tool_calls"]
            many += sample["kind"] == "call_many" and len(last["tool_calls"]) > 1
        if sample["kind"] == "answer":
            bare += not sample["tools"]
            ids = [call["id"] for message in sample["messages"] for call in message.get("tool_calls", ())]
            assert [m["tool_call_id"] for m in sample["messages"] if m["role"] == "tool"] == ids
            assert last["content"]
    assert 30 < bare < 90
    assert many > 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_examples_of_the_repository_are_never_trained_on(language: str) -> None:
    forbidden = ("my_calculator", "rewrite", "use my functions to compute")
    numbers = re.compile(r"(?<![\d.])9\.(11|9)(?!\d)")
    for sample in samples(4000, language, seed=11):
        text = json.dumps(sample, ensure_ascii=False).lower()
        assert not any(phrase in text for phrase in forbidden)
        assert len(set(numbers.findall(text))) < 2


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["call", "call_many", "calc", "answer", "session", "choose", "no_tool"])
def test_the_number_of_listed_tools_does_not_tell_whether_to_call(kind: str, language: str) -> None:
    """Once a single listed tool always meant a refusal, and nano refused whatever its user's only tool could do."""
    sizes = Counter(len(sample["tools"]) for sample in samples(200, language, kinds=(kind,)) if sample["tools"])
    listed = sizes.total()
    assert 0.03 * listed < sizes[1] < 0.6 * listed
    assert min(sizes[size] for size in (2, 3, 4, 5)) > 0.03 * listed


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_result_may_be_needed_by_a_second_call_or_asked_for_again(language: str) -> None:
    chained = back = 0
    for sample in samples(600, language, kinds=("answer",)):
        turns = "".join(m["role"][0] if not m.get("tool_calls") else "c" for m in sample["messages"])
        if turns.endswith("uctcta"):
            second = sample["messages"][-3]["tool_calls"][0]["function"]["arguments"]
            found = sample["messages"][-4]["content"]
            assert any(
                str(leaf) in found and str(leaf) not in said_by_user(sample) for leaf in leaves(json.loads(second))
            )
            chained += 1
        if turns.endswith("taua"):
            back += 1
    assert chained > 20
    assert back > 60


@pytest.mark.parametrize("language", LANGUAGES)
def test_tools_come_without_parameters_with_lists_of_one_and_with_long_descriptions(language: str) -> None:
    bare = described = ones = lists = 0
    for sample in samples(1200, language):
        for tool in sample["tools"]:
            bare += not tool["function"]["parameters"]["properties"]
            described += len(tool["function"]["description"]) > (90 if language == "en" else 30)
        for call in calls_of(sample):
            for value in json.loads(call["arguments"]).values():
                lists += isinstance(value, list)
                ones += isinstance(value, list) and len(value) == 1
    assert bare > 30 and described > 100
    assert 0.08 * lists < ones < 0.4 * lists


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_switch_is_set_as_the_request_says(language: str) -> None:
    phrases, rng = load_phrases(language), random.Random(5)
    told: Counter[bool] = Counter()
    for _ in range(4500):
        tool, slots = real_tool(rng.choice(phrases.tools), rng, "train", phrases), Slots()
        switch = next((p for p in tool.parameters if p.slot == "switch"), None)
        if switch is None:
            continue
        wanted = clause(tool, rng, "train", phrases, slots)
        if switch.name not in wanted.arguments:
            assert not switch.required
            continue
        state = wanted.arguments[switch.name]
        yes, no = switch.say.split(" // ")
        said = {phrases.grammar.fill(yes if state else no, rng).rstrip(".") for _ in range(60)}
        assert any(words.lower() in wanted.text.lower() for words in said), (wanted.text, said)
        told[state] += 1
    assert told[True] > 80 and told[False] > 80


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_list_of_values_may_share_the_other_arguments(language: str) -> None:
    phrases, rng, given = load_phrases(language), random.Random(6), meant(language)
    shared = 0
    for _ in range(600):
        tool, slots = real_tool(rng.choice(phrases.tools), rng, "train", phrases, optional=0.0), Slots()
        wanted = clauses_of_list(tool, 2, rng, "train", phrases, slots)
        if wanted is None:
            continue
        first, second = (call.arguments for call in wanted)
        text = request(wanted, rng, "train", phrases, slots)
        differing = [name for name in first if first[name] != second[name]]
        assert first.keys() == second.keys() and differing
        assert {p.name for p in tool.parameters if p.required} <= set(first)
        said = [value for call in (first, second) for value in leaves(call) if not isinstance(value, bool)]
        assert all(str(value).lower() in text.lower() or str(value) in given for value in said)
        shared += len(first) > len(differing)
    assert shared > 20


@pytest.mark.parametrize("language", LANGUAGES)
def test_whole_messages_follow_one_another(language: str) -> None:
    phrases, rng, both = load_phrases(language), random.Random(7), 0
    for _ in range(400):
        slots, tools = Slots(), [real_tool(rng.choice(phrases.tools), rng, "train", phrases) for _ in range(2)]
        wanted = [clause(tool, rng, "train", phrases, slots) for tool in tools]
        text = request(wanted, rng, "train", phrases, slots)
        both += all(item.form == "say" for item in wanted)
        for item in wanted:
            held = [letter for letter in item.text if "\ue000" <= letter <= "\uf8ff"]
            assert all(slots.restore(letter) in text for letter in held)
    assert both > 20


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_value_that_reads_like_several_is_quoted(language: str) -> None:
    """Unquoted, "bread and honey" is two values for a tool that takes one: two calls."""
    phrases, rng, seen = load_phrases(language), random.Random(9), 0
    for _ in range(3000):
        tool, slots = real_tool(rng.choice(phrases.tools), rng, "train", phrases), Slots()
        wanted = clause(tool, rng, "train", phrases, slots)
        text = slots.restore(wanted.text)
        for parameter in tool.parameters:
            value = wanted.arguments.get(parameter.name)
            if parameter.kind in ("text", "task") or "enum" in parameter.schema or not isinstance(value, str):
                continue
            if reads_like_a_list(value) and value in text:
                assert any(quotes.format(value) in text for quotes in ('"{}"', "'{}'", "“{}”", "`{}`")), text
                seen += 1
    assert seen > 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_that_count_stand_before_two_requests_only(language: str) -> None:
    phrases, rng = load_phrases(language), random.Random(8)
    counts = re.compile(r"two things|^1\. |\. second,|second:|第二[，件]|两件事", re.IGNORECASE)
    seen: Counter[int] = Counter()
    for index in range(1500):
        slots, count = Slots(), 2 + index % 2
        tools = [invented_tool(rng, "train", phrases) for _ in range(count)]
        wanted = [clause(tool, rng, "train", phrases, slots) for tool in tools]
        words = [word for tool in tools for word in (tool.topic, tool.name) if counts.search(word)]
        seen[count] += not words and counts.search(request(wanted, rng, "train", phrases, slots)) is not None
    assert seen[2] > 60 and seen[3] < 5


def test_no_frame_asks_to_tell_oneself() -> None:
    for language, clumsy in (
        ("en", r"\b(?:I|we) (?:need|want|have) to (?:tell|give|show) me\b"),
        ("zh", "我[想要](?:告诉我|给我)"),
    ):
        texts = [said_by_user(sample) for sample in samples(3000, language, kinds=("call",))]
        assert not [text for text in texts if re.search(clumsy, text, re.IGNORECASE)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_requests_are_phrased_in_thousands_of_ways(language: str) -> None:
    skeletons: Counter[str] = Counter()
    for sample in samples(5000, language, kinds=("call", "call_many")):
        text = said_by_user(sample)
        values = [str(leaf) for call in calls_of(sample) for leaf in leaves(json.loads(call["arguments"]))]
        for value in sorted(values, key=len, reverse=True):
            text = text.replace(value, "_")
        skeletons[text] += 1
    assert len(skeletons) >= 0.95 * 5000


def test_real_tools_are_many_and_each_has_requests() -> None:
    tools = load_phrases("en").tools
    assert len(tools) >= 500
    assert sum(len(tool.talk) for tool in tools) >= 2 * len(tools)
    assert all(len(tool.orders + tool.questions + tool.notes + tool.says) >= 4 for tool in tools)


def test_tool_blocks_with_mistakes_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="get_x"):
        parse_tools("tool d: get_x\nabout: X.\ncity = city ; city ; the city\norder: look")
    with pytest.raises(ValueError, match="'talk' line"):
        parse_tools("tool d: get_x\nabout: X.\norder: look\ntalk: what is x?")
    with pytest.raises(ValueError, match="tool DOMAIN"):
        parse_tools("about: X.")
    with pytest.raises(ValueError, match="there are no tool phrases"):
        load_phrases("xx")
    (tool,) = parse_tools("tool d: get_x\nabout: X.\nq = intger:1-3 ; q ; how many\norder: look up {q}")
    with pytest.raises(ValueError, match="tool get_x: 'intger:1-3' is no kind"):
        dataclasses.replace(load_phrases("en"), tools=(tool,))


def test_generate_refuses_a_wrong_mixture() -> None:
    with pytest.raises(ValueError, match="no_such_skill"):
        next(generate(0, mixture={("no_such_skill", "en"): 1.0}))
    with pytest.raises(ValueError, match="positive weight"):
        next(generate(0, mixture={}))


LAMP = """tool home: dim dim_light
about: Dims a lamp.
room = word ; room ; the room
level = integer:1-100 ; level ; per cent
warm? = flag ; warm ; warm light ; warm // cold
order: dim {room} to {level}
say level=50, warm=true: Half light in {room}, and cosy please.
say: {room} is far too bright, {level} is plenty."""


def test_a_saying_means_what_it_spells_and_what_it_is_given() -> None:
    (tool,) = parse_tools(LAMP)
    cosy, bright = tool.says
    assert dict(cosy.given) == {"level": 50, "warm": True} and cosy.slots == {"room"}
    assert bright.given == () and bright.slots == {"room", "level"}
    phrases, rng = load_phrases("en"), random.Random(3)
    seen = set()
    for _ in range(200):
        target, slots = real_tool(tool, rng, "train", phrases), Slots()
        wanted = clause(target, rng, "train", phrases, slots)
        text = slots.restore(wanted.text)
        by_slot = {p.slot: wanted.arguments[p.name] for p in target.parameters if p.name in wanted.arguments}
        if wanted.form != "say":
            continue
        assert request([wanted], rng, "train", phrases, slots)
        by_slot.pop("switch", None)  # goes with any tool and is told behind the saying
        if "Half" not in text:
            assert set(by_slot) == {"room", "level"} and str(by_slot["level"]) in text
            seen.add("bright")
        else:
            assert by_slot["level"] == 50 and by_slot["warm"] is True
            seen.add("cosy")
        assert str(by_slot["room"]) in text
    assert "bright" in seen and ("cosy" in seen or is_heldout("50"))


def test_a_message_for_two_calls_means_both_with_what_they_share() -> None:
    lines = (
        "twice level=50, level2=90: Half light in {room}, nearly all of it in {room2}.",
        "twice: Both {room} and {room2} to {level}.",
    )
    (tool,) = parse_tools("\n".join((LAMP, *lines)))
    phrases, rng = load_phrases("en"), random.Random(5)
    seen = Counter()
    for _ in range(200):
        target, slots = real_tool(tool, rng, "train", phrases), Slots()
        wanted = clauses_of_list(target, 2, rng, "train", phrases, slots)
        if not wanted or len(target.parameters) > 3:  # with a switch that any tool may have
            continue
        text = request(wanted, rng, "train", phrases, slots)
        slot_of = {p.name: p.slot for p in target.parameters}
        first, second = ({slot_of[name]: value for name, value in each.arguments.items()} for each in wanted)
        assert first["room"] != second["room"] and text.index(first["room"]) <= text.rindex(second["room"])
        if "Half" in text:
            assert (first["level"], second["level"]) == (50, 90)
        elif text.startswith("Both"):
            assert first["level"] == second["level"] and str(first["level"]) in text
        seen["Half" if "Half" in text else "Both" if "Both" in text else "list"] += 1
    assert seen["Both"] > 20 and seen["list"] > 10
    assert seen["Half"] > 20 or is_heldout("50") or is_heldout("90")


@pytest.mark.parametrize(
    "line",
    [
        "say: Half light in {room}.",  # level is missing
        "say level=50, level=60: Half light in {room}.",
        "say level=half: Half light in {room}.",
        "say level=50, warm=maybe: Half light in {room}.",
        "say level=50, mood=calm: Half light in {room}.",
        "say level=50: {level} in {room}.",
        "say: {room} and {room2} to {level}",  # only one call
        "twice: {room} to {level}",  # nothing differs
        "twice: {room} and {room2}",  # level is missing
        "twice level=50: {room}, {room2} and {room3}",
        "twice level=50, level2=half: {room} and {room2}",
        "twice level=50: {room} and {room2} in {mood} and {mood2}",
    ],
)
def test_a_saying_that_leaves_a_parameter_open_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="tool dim"):
        parse_tools(f"{LAMP}\n{line}")
