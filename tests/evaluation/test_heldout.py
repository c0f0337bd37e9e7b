"""The held-out suite: size, balance, valid expectations, held-out values, reproducibility."""

import json
import re
from collections import Counter

import jsonschema
import pytest

from joyflash.errors import ConfigError
from joyflash.evaluation.scenarios import read_json, read_rows
from joyflash.evaluation.scoring import Answer, carries, decision_is_right, score
from joyflash.evaluation.slots import SLOT
from joyflash.evaluation.tasks import LANGUAGES, SUITE_SIZE, example_suite, heldout_suite
from joyflash.tasks.words import is_heldout

SUITES = {(language, seed): heldout_suite(language, seed) for language in LANGUAGES for seed in (0, 1)}


@pytest.fixture(params=SUITES, ids=str)
def suite(request):
    return SUITES[request.param]


def strings_of(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for entry in value.values() if isinstance(value, dict) else value:
            yield from strings_of(entry)


def test_size_and_balance(suite):
    assert Counter(item.kind for item in suite) == SUITE_SIZE and len(suite) == 560
    assert len({item.id for item in suite}) == 560
    decisions = Counter(item.expect["type"] for item in suite if item.counts_for_decision)
    assert decisions == {"calls": 100, "decision": 100}
    calls = [item for item in suite if item.kind == "tool_call"]
    assert Counter(item.names for item in calls) == {"real": 100, "pseudo": 100}
    assert 0.15 <= sum(len(item.expect["calls"]) > 1 for item in calls) / 200 <= 0.25
    assert {len(item.tools) for item in calls} == {1, 2, 3, 4, 5}
    answers = [item for item in suite if item.kind == "tool_answer"]
    assert sum(not item.tools for item in answers) == 50
    compare = [item for item in suite if item.kind == "compare"]
    first = sum(item.expect.get("winner") == "a" or item.expect.get("verdict") is True for item in compare)
    assert 35 <= first <= 65


def test_phrasings_are_many():
    for language in LANGUAGES:
        least = {"compare": 80, "tool_call": 120, "tool_answer": 60, "call_or_not": 60, "talk": 60}
        for kind, count in least.items():
            rows = read_rows(f"{kind}_{language}.jsonl")
            assert len({row["user"] for row in rows}) == len(rows) >= count
    assert Counter(row["example"] for row in read_rows("examples_paraphrases.jsonl")) == {"compare": 10, "tool": 10}


def test_no_slot_is_left(suite):
    for item in suite:
        for text in strings_of([list(item.messages), item.expect]):
            assert not SLOT.search(text), item.id


def test_calls_fit_their_schemas_and_values_are_in_the_request(suite):
    for item in suite:
        if item.kind != "tool_call":
            continue
        schemas = {t["function"]["name"]: t["function"]["parameters"] for t in item.tools}
        assert len(schemas) == len(item.tools)
        request = item.messages[-1]["content"]
        for call in item.expect["calls"]:
            assert jsonschema.Draft202012Validator(schemas[call["name"]]).is_valid(call["arguments"]), item.id
            for text in strings_of(call["arguments"]):
                assert text in request, (item.id, text)
            numbers = [v for v in json.loads(json.dumps(call["arguments"])).values() if type(v) in (int, float)]
            assert all(carries(request, str(number)) for number in numbers), item.id


def test_tool_answers_are_in_the_results_only(suite):
    for item in suite:
        if item.kind == "tool_answer":
            results = "\n".join(m["content"] for m in item.messages if m["role"] == "tool")
            asked = "\n".join(m["content"] for m in item.messages if m["role"] == "user")
            for wanted in item.expect["strings"]:
                assert carries(results, wanted) and not carries(asked, wanted), item.id


def test_histories_pair_calls_with_results(suite):
    for item in suite:
        calls = [call["id"] for m in item.messages for call in m.get("tool_calls", ())]
        assert calls == [m["tool_call_id"] for m in item.messages if m["role"] == "tool"]


def test_identifiers_and_numbers_are_held_out(suite):
    for item in suite:
        for tool in item.tools:
            function = tool["function"]
            assert is_heldout(function["name"])
            assert all(is_heldout(name) for name in function["parameters"]["properties"])
        if item.kind == "compare":
            assert all(is_heldout(alias) for side in item.expect["sides"].values() for alias in side)


def test_values_are_held_out(suite):
    free = {"letter", "sev"}
    rows = {row["id"]: row for row in read_rows(f"tool_call_{suite[0].language}.jsonl")}
    for item in suite:
        if item.kind != "tool_call":
            continue
        for got, call in zip(item.expect["calls"], rows[item.id.split("/")[0]]["calls"], strict=True):
            for value, template in zip(got["arguments"].values(), call["args"].values(), strict=True):
                slot = SLOT.fullmatch(template) if isinstance(template, str) else None
                if slot and slot.group(1) not in free:
                    assert is_heldout(str(value)), (item.id, value)


def test_half_of_the_comparisons_are_traps(suite):
    def is_trap(item):
        short, long = sorted((sides[0] for sides in item.expect["sides"].values()), key=len)
        return len(short) < len(long) and float(short) > float(long)

    assert sum(is_trap(item) for item in suite if item.kind == "compare") >= 40


def test_equal_seeds_give_equal_suites_and_others_do_not():
    assert heldout_suite("en", 0) == SUITES["en", 0]
    assert SUITES["en", 0] != SUITES["en", 1]
    with pytest.raises(ConfigError, match="language 'fr'"):
        heldout_suite("fr")


def test_expected_answers_score_one_and_others_zero(suite):
    for item in suite:
        expect = item.expect
        wrong = Answer("qqq")
        if expect["type"] == "calls":
            right = Answer("", [{**c, "arguments": json.dumps(c["arguments"])} for c in reversed(expect["calls"])])
            assert decision_is_right(item, right) and not decision_is_right(item, wrong)
        elif expect["type"] == "contains":
            right = Answer("→ " + " & ".join(expect["strings"]) + ".")
        elif expect["type"] == "comparison" and "winner" in expect:
            right = Answer(expect["sides"][expect["winner"]][-1])
            wrong = Answer(expect["sides"]["b" if expect["winner"] == "a" else "a"][-1])
        elif expect["type"] == "comparison":
            right, wrong = (
                Answer("Yes." if expect["verdict"] else "不对"),
                Answer("No." if expect["verdict"] else "是的"),
            )
        elif expect["type"] == "decision":
            right, wrong = (
                Answer("Sorry, none of my tools can do that."),
                Answer("", [{"name": "f", "arguments": "{}"}]),
            )
            assert decision_is_right(item, right) and not decision_is_right(item, wrong)
        else:
            continue
        assert score(item, right) == 1.0, item.id
        assert score(item, wrong) == 0.0, item.id


def test_talk_patterns_compile_and_refuse_nonsense():
    for language in LANGUAGES:
        for row in read_rows(f"talk_{language}.jsonl"):
            assert not any(re.search(p, "qqq zzz", re.IGNORECASE) for p in row["patterns"])


def test_word_lists_refer_only_to_lists_that_exist():
    for language in LANGUAGES:
        grammar = read_json(f"values_{language}.json")
        references = {name for entries in grammar.values() for e in entries for name in re.findall(r"<(\w+)>", e)}
        assert references <= grammar.keys()


def test_examples():
    assert len(example_suite("examples_paraphrases.jsonl")) == 20
    original = example_suite("examples_original.jsonl")
    assert [item.expect["type"] for item in original] == ["comparison", "two_step"]
    assert [t["function"]["name"] for t in original[1].tools] == ["my_calculator", "rewrite"]
    phrases = {row["user"] for f in ("original", "paraphrases") for row in read_rows(f"examples_{f}.jsonl")}
    assert len(phrases) == 22
