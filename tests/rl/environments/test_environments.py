"""Every environment: deterministic tasks, a split that holds, full pay for right answers, none for hostile ones."""

from __future__ import annotations

import json
import random

import pytest

from joyflash.errors import ConfigError
from joyflash.rl.environments import ENVIRONMENTS, make_environment
from joyflash.rl.environments.instruction_checks import CHECKS
from joyflash.rl.environments.instructions import says_something
from joyflash.rl.environments.protocol import Call, Reply, Task, Turn, checked, make_task
from joyflash.sandbox import isolation
from tests.rl.environments.solvers import calls, code_answer

SANDBOX = isolation().complete
NEEDS_SANDBOX = ("code", "tool_reasoning")
NO_SANDBOX = pytest.mark.skipif(not SANDBOX, reason="no isolation here")
NAMES = [
    pytest.param(name, marks=NO_SANDBOX if name in NEEDS_SANDBOX else ())
    for name in ENVIRONMENTS
    if name != "problem_file"
]
HOSTILE = [
    "",
    " \n\t",
    "0",
    "1 2 3 4 5 6 7 8 9 10 yes no < > = equal",
    "yes. no. Yes, they are equal and not equal.",
    "\x00\ufffd\u202e",
    "<tool_call>" * 500,
    "\\boxed{" * 2000,
    "```python\nwhile True: pass\n```",
    "```python\nimport os; os._exit(0)\n```",
    "```python\nimport sys\nprint('x' * 10**9)\n```",
    "a" * 200_000,
    "9^{9^{9^{9}}}",
]


def tasks(name, language="en", split="train", count=4):
    environment = make_environment(name)
    return environment, [
        make_task(environment, name=name, language=language, split=split, seed=3, index=i) for i in range(count)
    ]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_tasks_are_plain_data_determined_by_seed_and_index_and_never_in_both_splits(name, language):
    _, first = tasks(name, language, count=12)
    _, again = tasks(name, language, count=12)
    assert [json.dumps(t.to_dict()) for t in first] == [json.dumps(t.to_dict()) for t in again]
    _, heldout = tasks(name, language, "heldout", count=12)
    assert not {t.key for t in first} & {t.key for t in heldout}
    assert len({t.key for t in first}) > 4
    chinese = any("\u4e00" <= c <= "\u9fff" for t in first for m in t.messages for c in m["content"])
    assert chinese or language == "en" or name == "arithmetic"


@pytest.mark.parametrize("name", NAMES)
def test_hostile_answers_earn_nothing_and_break_nothing(name):
    environment, made = tasks(name, count=1 if name in NEEDS_SANDBOX else 4)
    if name in NEEDS_SANDBOX:
        environment = make_environment(name, {"seconds": 0.3})
    for task in made:
        for text in HOSTILE:
            episode, turn = environment.start(task), Turn(({},))
            for _ in range(8):  # multi-turn environments answer a few times
                turn = checked(episode.step(Reply(text)))
                if turn.reward is not None:
                    break
            if name == "instructions" and says_something(text):
                continue  # any words may keep a constraint
            if name == "tool_requests" and not task.facts["calls"] and text.strip():
                continue  # where nothing is to be called, words are right
            assert turn.reward == 0 or _by_luck(name, text)


def _by_luck(name, text):
    """Yes, no and small numbers are right now and then; "True" in a program says yes."""
    return text in HOSTILE[2:5] or (name == "comparison" and "True" in text)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_right_answers_to_arithmetic_word_problems_and_retrieval(language):
    for name in ("arithmetic", "word_problems", "retrieval"):
        environment, made = tasks(name, language, count=20)
        for task in made:
            wanted = task.facts.get("answer") or " ".join(task.facts["answers"])
            answer = f"I found {wanted}" if name == "retrieval" else rf"\boxed{{{wanted}}}"
            assert environment.start(task).step(Reply(answer)).reward == 1
            assert environment.start(task).step(Reply("\\boxed{77777}")).reward == 0
            assert environment.start(task).step(Reply(wanted, cut_off=True)).reward == 0


def test_copying_the_question_is_no_answer():
    environment = make_environment("word_problems", {"kinds": ["roots", "expand"]})
    for index in range(20):
        task = make_task(environment, name="w", language="en", split="train", seed=0, index=index)
        asked = task.key.split("$")[1]
        assert environment.start(task).step(Reply(rf"\boxed{{{asked}}}")).reward == 0
        assert environment.start(task).step(Reply(rf"\boxed{{{task.facts['answer']}}}")).reward == 1


@pytest.mark.parametrize(
    ("kind", "asked", "answer", "right", "wrong"),
    [
        (
            "expand",
            "(x + 2)(x - 3)",
            "x^2 - x - 6",
            [r"\boxed{x^2-x-6}", "答案是 x^2 - x - 6"],
            ["答案是（x+2）（x-3）", r"\boxed{{x+2}{x-3}}", r"\boxed{[x+2][x-3]}", r"\boxed{x(x-1)-6}"],
        ),
        (
            "roots",
            r"\sqrt{72}",
            r"6\sqrt{2}",
            [r"\boxed{6\sqrt{2}}", r"The answer is 6\sqrt2"],
            [r"\boxed{\sqrt{4\cdot18}}", r"\boxed{\sqrt{72}}", r"\boxed{72^{1/2}}", r"\boxed{3\sqrt{8}}"],
        ),
        ("roots", r"\sqrt{36}", "6", [r"\boxed{6}", "The answer is 6 metres"], [r"\boxed{\sqrt{36}}"]),
    ],
)
def test_an_exercise_that_is_not_worked_out_is_no_answer(kind, asked, answer, right, wrong):
    environment = make_environment("word_problems", {"kinds": [kind]})
    task = Task(asked, ({"role": "user", "content": asked},), facts={"answer": answer, "kind": kind})
    for text in right:
        assert environment.start(task).step(Reply(text)).reward == 1, text
    for text in wrong:
        assert environment.start(task).step(Reply(text)).reward == 0, text


def test_a_call_that_cannot_be_read_is_no_refusal():
    environment = make_environment("tool_requests", {"skill": "no_tool"})
    task = Task("x", ({"role": "user", "content": "x"},), facts={"calls": []})
    for text, reward in [("No tool for that.", 1), ("没有合适的工具", 1), (".", 0), ("<tool_call><function=", 0)]:
        assert environment.start(task).step(Reply(text)).reward == reward, text


def test_comparison_pays_for_its_own_worked_answer():
    from joyflash.tasks.compare import comparison

    environment = make_environment("comparison")
    for index in range(20):
        item = comparison(random.Random(index), "en", "train")
        task = make_task(environment, name="c", language="en", split="train", seed=0, index=index)
        task.facts.update(expected=item.expected, numbers=[] if item.story else list(item.numbers))
        assert environment.start(task).step(Reply(f"{item.steps} {item.conclusion}")).reward == 1
        again = make_task(environment, name="c", language="en", split="train", seed=0, index=index)
        assert environment.start(again).step(_read(again.reply)).reward == 1


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("skill", ["call", "call_many", "calc", "choose", "no_tool", "session"])
def test_tool_requests_pay_for_the_expected_calls_and_for_words_where_none_is(skill, language):
    environment = make_environment("tool_requests", {"skill": skill})
    called = spoken = 0
    for index in range(40):
        task = make_task(environment, name="t", language=language, split="train", seed=0, index=index)
        assert task.messages[-1] == {"role": "user", "content": task.key} and task.tools
        assert environment.start(task).step(_read(task.reply)).reward == 1
        wanted = task.facts["calls"]
        listed = {tool["function"]["name"] for tool in task.tools}
        right = calls(*((call["name"], call["arguments"]) for call in wanted))
        assert {call["name"] for call in wanted} <= listed
        if not wanted:
            spoken += 1
            assert environment.start(task).step(Reply("No tool here does that.")).reward == 1
            assert environment.start(task).step(calls((min(listed), {}))).reward == 0
            talking = Reply("I look that up.", calls=(Call(min(listed), "{}"),))
            assert environment.start(task).step(talking).reward == 0
            continue
        called += 1
        name, arguments = wanted[0]["name"], wanted[0]["arguments"]
        others = [(call["name"], call["arguments"]) for call in wanted[1:]]
        assert environment.start(task).step(right).reward == 1
        assert environment.start(task).step(Reply("", calls=right.calls[::-1])).reward == 1
        assert environment.start(task).step(Reply("", calls=right.calls, cut_off=True)).reward == 0
        wrongs = [{**arguments, "more": 1}]
        for left_out in arguments:
            wrongs += [{**arguments, left_out: None}, {k: v for k, v in arguments.items() if k != left_out}]
        for wrong in wrongs:
            assert environment.start(task).step(calls((name, wrong), *others)).reward == 0
        assert environment.start(task).step(calls((name + "_", arguments), *others)).reward == 0
        assert environment.start(task).step(calls(*others, (name, arguments), (name, arguments))).reward == 0
        assert environment.start(task).step(Reply("", calls=(Call(name, "{"), *right.calls[1:]))).reward == 0
        assert environment.start(task).step(Reply("I will.")).reward == 0
    least = {"call": (30, 0), "call_many": (30, 0), "calc": (30, 0), "choose": (30, 0), "no_tool": (0, 40)}
    assert (called >= least.get(skill, (10, 5))[0]) and spoken >= least.get(skill, (10, 5))[1]


def _read(message):
    """An assistant's message as a reply."""
    made = [call["function"] for call in message.get("tool_calls") or ()]
    return Reply(message["content"] or "", calls=tuple(Call(call["name"], call["arguments"]) for call in made))


@NO_SANDBOX
def test_code_is_run_and_compared_outside_the_sandbox():
    environment, made = tasks("code", count=40)
    seen = {}
    for task in made:
        seen.setdefault(task.facts["name"], task)
    assert len(seen) >= 8
    for task in seen.values():
        assert environment.start(task).step(Reply(code_answer(task))).reward == 1, task.facts["name"]
    task = made[0]
    name = task.facts["name"]
    for cheat in (
        f"def {name}(x): return None",
        f"import sys\nprint({task.facts['mark']!r} + '[]')\nraise SystemExit(0)",
        f"class Any:\n    def __eq__(self, other): return True\ndef {name}(x): return Any()",
        f"def {name}(x):\n    import json; json.dumps = lambda v: '[]'\n    return 1",
    ):
        assert environment.start(task).step(Reply(f"```python\n{cheat}\n```")).reward == 0


@NO_SANDBOX
def test_tool_reasoning_feeds_results_and_errors_back_and_counts_calls():
    environment = make_environment("tool_reasoning", {"calls": 2})
    task = make_task(environment, name="t", language="en", split="train", seed=0, index=0)
    episode = environment.start(task)
    turn = episode.step(calls(("python", {"code": "1/0"}), ("python", {"code": f"print({task.facts['answer']})"})))
    assert "ZeroDivisionError" in turn.messages[0]["content"]
    assert turn.messages[1] == {"role": "tool", "content": task.facts["answer"]}
    assert "no more than 2 calls" in episode.step(calls(("python", {"code": "print(1)"}))).messages[0]["content"]
    assert episode.step(Reply(f"The answer is {task.facts['answer']}.")).reward == 1


@pytest.mark.parametrize("name", ["retail", "airline", "telecom"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_business_pays_for_the_right_end_state_only(name, language):
    environment = make_environment(name)
    acted = refused = 0
    for index in range(30):
        rng = random.Random(f"{name}{index}")
        database = environment.database(rng, language)
        scenario = environment.scenario(rng, language, database)
        task = environment.propose(random.Random(f"{name}{index}"), language, "train")
        key = next(v for v in _ids(database) if v in scenario.request + "".join(scenario.lines))
        argument = {"retail": "order_id", "airline": "booking_id", "telecom": "number"}[name]
        look = [(tool, {argument: key}) for tool in scenario.look_up]
        told = Reply("Done: " + " ".join(scenario.say))
        right = [calls(*scenario.actions)] if scenario.actions else []
        assert _play(environment, task, [calls(*look), *right, told]) == 1
        assert _play(environment, task, [told]) == 0  # talk alone
        if scenario.actions:
            acted += 1
            assert _play(environment, task, [calls(*look), told]) == 0
            if scenario.say:
                assert _play(environment, task, [calls(*look), calls(*scenario.actions), Reply("Done.")]) == 0
        else:
            refused += 1
    assert acted > 3 and refused > 3


def _ids(database):
    return [key for table in database.values() for key in table]


def _play(environment, task, replies):
    episode = environment.start(task)
    for reply in [*replies, *[replies[-1]] * 4]:
        turn = checked(episode.step(reply))
        if turn.reward is not None:
            return turn.reward
    raise AssertionError("the episode does not end")


def test_a_customer_answers_and_wrong_calls_are_texts():
    environment = make_environment("retail")
    for index in range(50):
        task = make_task(environment, name="retail", language="en", split="train", seed=0, index=index)
        if task.facts["lines"]:
            break
    episode = environment.start(task)
    assert episode.step(Reply("What is the number?")).messages == ({"role": "user", "content": task.facts["lines"][0]},)
    turn = episode.step(calls(("get_order", {"order_id": "nope"}), ("fly", {}), ("get_order", {"x": 1})))
    assert all(message["content"].startswith("Error") for message in turn.messages)


GOOD = {
    "at_least_words": "one two three four five six " * 8,
    "sentences": "It is so. It was so.",
    "keyword": "river river river",
    "paragraphs": "One.\n\nTwo.\n\nThree.",
    "bullets": "* a b\n* c d\n* e f",
    "json": '```json\n{"answer": "all is well"}\n```',
    "title": "<<My title>> and text",
    "quoted": '"all of it is quoted"',
}


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_every_constraint_holds_for_some_text_and_not_for_another(name):
    check = CHECKS[name]
    drawn = check.draw(random.Random(1), "en")
    wanted = {"n": 2 if name == "sentences" else 3, "word": "river", "key": "answer"}
    drawn |= {key: value for key, value in wanted.items() if key in drawn}
    texts = [*GOOD.values(), "plain words in one line", "LOUD WORDS", "Mixed, Words", str(drawn.get("text", "")) + " x",
             "x " + str(drawn.get("text", ""))]  # fmt: skip
    verdicts = {check.holds(text, drawn) for text in texts}
    assert verdicts == {True, False}
    assert name not in GOOD or check.holds(GOOD[name], drawn)


def test_texts_that_say_nothing_follow_no_instruction():
    environment = make_environment("instructions")
    for index in range(10):
        task = make_task(environment, name="i", language="en", split="train", seed=0, index=index)
        for text in ("", "ok", "no " * 300, "." * 500):
            assert environment.start(task).step(Reply(text)).reward == 0


def test_problems_from_a_file(tmp_path):
    path = tmp_path / "problems.jsonl"
    rows = [
        {"question": "2+3?", "answer": "Add them: 2+3=5\n#### 5"},
        {"problem": "Half?", "solution": r"It is \boxed{\frac{1}{2}}."},
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    environment = make_environment("problem_file", {"path": str(path)})
    answers = {}
    for seed in range(20):
        task = environment.propose(random.Random(seed), "en", "train")
        answers[task.key] = task.facts["answer"]
        assert environment.start(task).step(Reply(f"#### {task.facts['answer']}")).reward == 1
    assert answers == {"2+3?": "5", "Half?": r"\frac{1}{2}"}
    path.write_text(json.dumps({"question": "x"}))
    with pytest.raises(ConfigError, match="line 1"):
        make_environment("problem_file", {"path": str(path)})


def test_a_problem_may_hold_line_breaks_that_json_leaves_as_they_are(tmp_path):
    path, question = tmp_path / "problems.jsonl", "Two\u2028and\x85three?"
    path.write_text(json.dumps({"question": question, "answer": "5"}, ensure_ascii=False), encoding="utf-8")
    environment = make_environment("problem_file", {"path": str(path)})
    assert environment.propose(random.Random(0), "en", "train").key == question


def test_unknown_environments_and_options_are_named():
    with pytest.raises(ConfigError, match="arithmetic"):
        make_environment("arithmetics")
    with pytest.raises(ConfigError, match="nonsense"):
        make_environment("arithmetic", {"nonsense": 1})
    with pytest.raises(ConfigError, match="no file"):
        make_environment("nowhere.py:Thing")
    with pytest.raises(ConfigError, match="skill is 'talk'; it must be one of call, "):
        make_environment("tool_requests", {"skill": "talk"})
    with pytest.raises(ConfigError, match="no pattern"):
        make_environment("word_problems", {"kinds": ["riddles"]})
