"""Batch files: every line answered exactly once, whatever happens in between."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from openai.types.chat import ChatCompletion

from joyflash.engine.engine import Engine
from joyflash.engine.request import SamplingParams
from joyflash.errors import ConstraintError, DataError, EngineError
from joyflash.server.batch import BatchReport, run_batch
from joyflash.server.batch_lines import BatchOutput, read_batch
from joyflash.server.openai_chat import OpenAIChat
from tests.server.fakes import scripted_engine

ROOT = Path(__file__).resolve().parents[2]
DEFAULTS = {"max_tokens": 50, "temperature": 0}


def echo(prompt: str) -> str:
    return f"I heard {prompt.rpartition('<|User|>')[2].partition('<|')[0]}"


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(row + "\n" if isinstance(row, str) else json.dumps(row) + "\n" for row in rows))
    return path


def answers(path: Path) -> dict[str, Any]:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert all(list(row) == ["id", "custom_id", "response", "error"] for row in rows)
    twice = [name for name, count in Counter(row["custom_id"] for row in rows).items() if count > 1]
    assert not twice
    return {row["custom_id"]: row for row in rows}


def run(source: Path, out: Path, **settings: Any) -> BatchReport:
    lines = read_batch(source, DEFAULTS)
    return run_batch(lambda: scripted_engine(echo, slots=4)[0], lines, out, concurrency=8, **settings)


def text(row: dict[str, Any]) -> str:
    body = row["response"]["body"]
    return ChatCompletion.model_validate(body).choices[0].message.content or ""


def test_openai_format_and_plain_rows(tmp_path: Path) -> None:
    message = {"role": "user", "content": "one"}
    body = {"model": "any", "messages": [message]}
    source = write(
        tmp_path / "in.jsonl",
        [
            {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": body},
            {"prompt": "two", "max_completion_tokens": 40},
            "",
            {
                "custom_id": "c",
                "messages": [message, {"role": "assistant", "content": "x"}, {**message, "content": "3"}],
            },
        ],
    )
    told: list[tuple[int, int]] = []
    report = run(source, tmp_path / "out.jsonl", on_progress=lambda done, total: told.append((done, total)))
    rows = answers(tmp_path / "out.jsonl")
    assert {name: text(row) for name, row in rows.items()} == {
        "a": "I heard one", "line-2": "I heard two", "c": "I heard 3",
    }  # fmt: skip
    assert all(row["response"]["status_code"] == 200 and row["error"] is None for row in rows.values())
    assert (report.answered, report.failed, report.skipped) == (3, 0, 0) and report.tokens > 6
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_text_file_has_one_prompt_a_line(tmp_path: Path) -> None:
    source = write(tmp_path / "in.txt", ["one", '{"prompt": "two"}', "  ", "drei"])
    run(source, tmp_path / "out.jsonl")
    rows = answers(tmp_path / "out.jsonl")
    assert [text(rows[f"line-{n}"]) for n in (1, 2, 4)] == ["I heard one", 'I heard {"prompt": "two"}', "I heard drei"]


def test_bad_lines_are_named_and_the_others_answered(tmp_path: Path) -> None:
    body = {"messages": [{"role": "user", "content": "x"}]}
    rows = [
        {"prompt": "good"},
        "{broken",
        "[1]",
        {"custom_id": "twin", "prompt": "x"},
        {"custom_id": "twin", "prompt": "y"},
        {"custom_id": 5, "prompt": "x"},
        {"custom_id": "url", "url": "/v1/embeddings", "body": body},
        {"custom_id": "extra", "body": body, "temperature": 1},
        {"custom_id": "typo", "prompt": "x", "max_token": 5},
        {"custom_id": "long", "prompt": "x " * 5000},
        {"custom_id": "stream", "prompt": "x", "stream": True},
        {"custom_id": "empty"},
    ]
    source = write(tmp_path / "in.jsonl", rows)
    report = run(source, tmp_path / "out.jsonl")
    faults = dict(report.faults)
    assert (report.answered, report.failed) == (2, 10) and sorted(faults) == [2, 3, *range(5, 13)]
    assert "not valid JSON" in faults[2] and "line 4's too" in faults[5] and "max_token" in faults[9]
    found = answers(tmp_path / "out.jsonl")
    assert len(found) == len(rows) and text(found["twin"]) == "I heard x"
    assert found["line-2"]["response"] is None and found["line-2"]["error"]["message"].startswith("line 2: not valid")
    assert found["typo"]["response"]["status_code"] == 400
    assert found["typo"]["response"]["body"]["error"]["param"] == "max_token"
    again = run(source, tmp_path / "out.jsonl")
    assert (again.answered, again.failed, again.skipped, again.skipped_failed) == (0, 0, 12, 10)


def test_resuming_keeps_answers_and_mends_a_cut_line(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [{"prompt": f"p{n}"} for n in range(6)])
    out = tmp_path / "out.jsonl"
    run(source, out)
    whole = out.read_bytes()
    ends = [place + 1 for place, byte in enumerate(whole) if byte == 10]
    for cut in (0, 5, ends[0], ends[2] - 1, ends[2] + 7, ends[5] - 1, ends[5]):
        out.write_bytes(whole[:cut])
        kept = sum(end <= cut for end in ends)
        report = run(source, out)
        assert (report.skipped, report.answered) == (kept, 6 - kept)
        assert out.read_bytes().startswith(whole[: ([0, *ends])[kept]])
        assert {text(row) for row in answers(out).values()} == {f"I heard p{n}" for n in range(6)}


def test_nothing_left_needs_no_model(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [{"prompt": "p"}])
    run(source, tmp_path / "out.jsonl")
    report = run_batch(
        lambda: pytest.fail("loaded"), read_batch(source, DEFAULTS), tmp_path / "out.jsonl", concurrency=1
    )
    assert report.skipped == 1


def test_a_custom_id_like_a_line_number(tmp_path: Path) -> None:
    rows = [{"custom_id": "line-2", "prompt": "a"}, {"prompt": "b"}, {"custom_id": "line-2", "prompt": "c"}]
    source = write(tmp_path / "in.jsonl", rows)
    report = run(source, tmp_path / "out.jsonl")
    assert (report.answered, report.failed) == (1, 2) and len(answers(tmp_path / "out.jsonl")) == 3
    assert run(source, tmp_path / "out.jsonl").skipped == 3


def test_a_failing_engine_is_one_error_and_keeps_what_is_answered(tmp_path: Path) -> None:
    def breaks(prompt: str) -> str:
        if "p5" in prompt:
            raise RuntimeError("broken")
        return echo(prompt)

    source = write(tmp_path / "in.jsonl", [{"prompt": f"p{n}"} for n in range(6)])
    with pytest.raises(EngineError):
        lines = read_batch(source, DEFAULTS)
        run_batch(lambda: scripted_engine(breaks, slots=1)[0], lines, tmp_path / "out.jsonl", concurrency=2)
    kept = len(answers(tmp_path / "out.jsonl"))
    assert 0 < kept < 6
    report = run(source, tmp_path / "out.jsonl")
    assert (report.skipped, report.answered) == (kept, 6 - kept)


def test_a_line_that_breaks_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare, complete = OpenAIChat.prepare, OpenAIChat.complete

    def breaks(chat: OpenAIChat, body: dict[str, Any]) -> Any:
        if "p1" in str(body):
            raise OverflowError("too large")
        return prepare(chat, body)

    async def tangles(chat: OpenAIChat, job: Any, deltas: Any) -> Any:
        answer = await complete(chat, job, deltas)
        if "p4" in str(answer):
            raise ConstraintError("the schema became too complex")
        return answer

    monkeypatch.setattr(OpenAIChat, "prepare", breaks)
    monkeypatch.setattr(OpenAIChat, "complete", tangles)
    source = write(tmp_path / "in.jsonl", [{"prompt": f"p{n}"} for n in range(6)])
    report = run(source, tmp_path / "out.jsonl")
    assert (report.answered, report.failed) == (4, 2)
    status = {name: row["response"]["status_code"] for name, row in answers(tmp_path / "out.jsonl").items()}
    assert [status[f"line-{n}"] for n in range(1, 7)] == [200, 500, 200, 200, 400, 200]
    assert "too large" not in (tmp_path / "out.jsonl").read_text()
    assert run(source, tmp_path / "out.jsonl").skipped == 6


def test_a_line_of_too_many_parts_is_bad_where_memory_is_shared(tmp_path: Path) -> None:
    lists = '{"custom_id": "a", "body": {"messages": [' + ",".join(["[]"] * 250_000) + "]}}"
    source = write(tmp_path / "in.jsonl", [lists])
    (found,) = read_batch(source, {}, bare=False, longest=1 << 20)
    assert found.request is None and "opening brackets" in found.fault
    assert read_batch(source, {}, bare=False)[0].fault == ""


def test_an_output_of_something_else_is_refused(tmp_path: Path) -> None:
    source, out = write(tmp_path / "in.jsonl", [{"prompt": "p"}]), tmp_path / "out.jsonl"
    run(source, out)
    before = out.read_bytes()
    with pytest.raises(DataError, match="another question"):
        run(write(tmp_path / "other.jsonl", [{"prompt": "q"}]), out)
    with BatchOutput(out), pytest.raises(DataError, match="Another run"):
        run(source, out)
    assert out.read_bytes() == before
    foreign = write(tmp_path / "foreign.jsonl", [{"prompt": "p"}])
    with pytest.raises(DataError, match="line 1 is no answer"):
        run(source, foreign)
    assert json.loads(foreign.read_text()) == {"prompt": "p"}
    for line in ("a prompt", '{"prompt": "p"}', '{"id": "x"}'):  # and no end of line: nothing that a kill cut short
        foreign.write_text(line)
        with pytest.raises(DataError, match="line 1 is no answer"):
            run(source, foreign)
        assert foreign.read_text() == line
    with pytest.raises(DataError, match="does not exist"):
        read_batch(tmp_path / "nowhere.jsonl", {})


def test_command_survives_being_killed(tmp_path: Path) -> None:
    """nano answers 60 prompts; the first two runs are killed with SIGKILL after some answers."""
    prompts = [f"which one is bigger, {n}.5 or {n}.12?" for n in range(60)]
    source = write(
        tmp_path / "in.jsonl", [{"custom_id": f"q{n}", "prompt": prompt} for n, prompt in enumerate(prompts)]
    )
    out = tmp_path / "out.jsonl"
    command = [sys.executable, "-c", "from joyflash.cli import main; main()", "generate", str(source), "-o", str(out)]
    command += ["--temperature", "0", "--max-tokens", "24", "--concurrency", "4"]
    for wanted in (5, 25):
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and (not out.exists() or out.read_bytes().count(b"\n") < wanted):
            assert process.poll() is None, process.communicate()
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    left = out.read_bytes().count(b"\n")
    assert 25 <= left < 60
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{60 - left} answered, 0 bad, {left} done before" in done.stdout.replace("\n", " ")
    rows = answers(out)
    assert set(rows) == {f"q{n}" for n in range(60)}
    engine = Engine.from_pretrained("nano")
    chats = [[{"role": "user", "content": prompt}] for prompt in prompts]
    expected = engine.generate(chats, SamplingParams(temperature=0, max_tokens=24))
    assert [text(rows[f"q{n}"]).strip() for n in range(60)] == [output.text.strip() for output in expected]
