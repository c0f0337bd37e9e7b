"""The runner against a small server: right and wrong models, resuming, refusals, and a server that is not there."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from joyflash.errors import ConfigError, DataError, ModelNotFoundError, RequestError, ServerUnreachableError
from joyflash.evaluation import SUITES, run_suite
from joyflash.evaluation.client import ChatClient
from joyflash.evaluation.report import as_markdown, as_text

ORACLE = {item.messages[0]["content"]: item for suite in ("smoke", "examples") for item in SUITES[suite](0)}


def oracle(body):
    """A model that knows the answers to everything but talk."""
    expect = ORACLE[body["messages"][0]["content"]].expect
    if expect["type"] == "two_step" and body.get("tools"):
        return {"calls": [("my_calculator", {"expression": e}) for e in expect["results"]]}
    if expect["type"] == "two_step":
        return {"content": "Results: " + ", ".join(m["content"] for m in body["messages"] if m["role"] == "tool")}
    if expect["type"] == "calls":
        return {"calls": [(c["name"], c["arguments"]) for c in expect["calls"]]}
    if expect["type"] == "contains":
        return {"content": " and ".join(expect["strings"])}
    if "winner" in expect:
        return {"content": expect["sides"][expect["winner"]][0]}
    if "verdict" in expect:
        return {"content": "yes" if expect["verdict"] else "no"}
    return {"content": "hello"}


class Handler(BaseHTTPRequestHandler):
    def log_message(self, format, *args):
        pass

    def do_GET(self):
        self.reply(200, {"object": "list", "data": [{"id": "nano"}]})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.bodies.append(body)
            number = len(self.server.bodies)
        status, answer = self.server.script(number, body)
        if status != 200:
            return self.reply(status, {"error": {"message": answer}})
        calls = [
            {"id": f"c{i}", "type": "function", "function": {"name": n, "arguments": json.dumps(a)}}
            for i, (n, a) in enumerate(answer.get("calls", ()))
        ]
        message = {"role": "assistant", "content": answer.get("content")} | ({"tool_calls": calls} if calls else {})
        return self.reply(200, {"choices": [{"message": message}], "usage": {"completion_tokens": 7}})

    def reply(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.lock, server.bodies = threading.Lock(), []
    server.script = lambda number, body: (200, oracle(body))
    server.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def rows_of(server, output, **options):
    rows = run_suite(options.pop("suite", "smoke"), base_url=server.url, model="nano", output=output, **options)
    return {(row.task, row.language): row for row in rows}


def test_an_oracle_gets_full_marks_and_a_report(server, tmp_path):
    seen = []
    rows = rows_of(server, tmp_path, limit=120, on_progress=lambda done, total: seen.append((done, total)), plot=True)
    for (task, _), row in rows.items():
        if task != "talk":
            assert row.score == 1.0, task
        assert row.low <= row.score <= row.high and row.tokens in (7.0, pytest.approx(10.5, abs=3.5))
    assert {language for _, language in rows} == {"en", "zh"}
    assert rows["call or not, balanced", "en"].chance == rows["compare", "zh"].chance == 0.5
    assert rows["tool_call", "en"].n == sum(rows[f"tool_call, {names} names", "en"].n for names in ("real", "pseudo"))
    assert seen[-1] == (120, 120)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["run"]["answers"] == 120 and len(report["rows"]) == len(rows)
    assert "| tool_call, pseudo names | zh |" in (tmp_path / "report.md").read_text()
    assert len((tmp_path / "results.jsonl").read_text().splitlines()) == 120
    assert (tmp_path / "accuracy_vs_tokens.png").stat().st_size > 1000
    assert as_text(list(rows.values())) + "\n" == (tmp_path / "report.txt").read_text()
    assert as_markdown(list(rows.values()), report["run"]).count("\n") == len(rows) + 4


def test_a_model_that_only_talks_is_right_only_where_no_call_is_wanted(server, tmp_path):
    server.script = lambda number, body: (200, {"content": "qqq"})
    rows = rows_of(server, tmp_path, suite="heldout", limit=112)
    assert rows["call_or_not", "en"].score == 1.0
    assert 0.3 < rows["call or not, balanced", "en"].score < 0.7
    assert all(rows[task, "zh"].score == 0.0 for task in ("compare", "tool_call", "tool_answer"))


def test_a_killed_run_goes_on(server, tmp_path):
    server.script = lambda number, body: (200, oracle(body)) if number <= 12 else (401, "gone")
    with pytest.raises(RequestError, match="HTTP 401"):
        rows_of(server, tmp_path, suite="heldout", limit=40, concurrency=1)
    with (tmp_path / "answers.jsonl").open("a") as file:
        file.write('{"key": "half a li')
    server.script = lambda number, body: (200, oracle(body))
    server.bodies.clear()
    rows_of(server, tmp_path, suite="heldout", limit=40)
    assert len(server.bodies) == 40 - 12
    server.bodies.clear()
    rows_of(server, tmp_path, suite="heldout", limit=40)
    assert not server.bodies
    rows_of(server, tmp_path, suite="heldout", limit=20, seeds=(0, 1))
    assert {body["seed"] for body in server.bodies} == {1}
    asked = len(server.bodies)
    assert json.loads((tmp_path / "report.json").read_text())["run"]["answers_kept_from_before"] == 40 - asked
    server.bodies.clear()
    rows_of(server, tmp_path, suite="heldout", limit=4, fresh=True)
    assert len(server.bodies) == 4


def test_sampling_reaches_the_server(server, tmp_path):
    rows_of(
        server, tmp_path, suite="examples", temperature=1.0, top_p=0.9, max_tokens=64, extra={"min_p": 0.1}, seeds=(5,)
    )
    body = server.bodies[0]
    assert [body[k] for k in ("temperature", "top_p", "max_tokens", "min_p", "seed")] == [1.0, 0.9, 64, 0.1, 5]


def test_two_step_example_asks_again_without_tools(server, tmp_path):
    assert rows_of(server, tmp_path, suite="paraphrases", concurrency=1)["example", "en"].score == 1.0
    second = [body for body in server.bodies if any(m["role"] == "tool" for m in body["messages"])]
    assert len(second) == 10 and not any("tools" in body for body in second)
    assert [m["role"] for m in second[0]["messages"]] == ["user", "assistant", "tool"]


def test_refused_requests_score_zero_and_are_asked_again(server, tmp_path):
    server.script = lambda number, body: (400, "prompt too long")
    rows = rows_of(server, tmp_path, suite="examples")
    assert rows["example", "en"].score == 0.0 and rows["example", "en"].refused == 2
    server.script = lambda number, body: (200, oracle(body))
    assert rows_of(server, tmp_path, suite="examples")["example", "en"].score == 1.0


def test_a_busy_server_is_asked_again(server):
    server.script = lambda number, body: (200, {"content": "hi"}) if number == 3 else (503, "busy")
    message, tokens = ChatClient(server.url, "nano", pause=0.01).chat([{"role": "user", "content": "hi"}], (), {})
    assert (message["content"], tokens, len(server.bodies)) == ("hi", 7, 3)


def test_no_proxy_stands_between_programs_of_one_machine(server, monkeypatch):
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("ALL_PROXY", "gopher://127.0.0.1:9")
    ChatClient(server.url, "nano").check()
    with pytest.raises(ConfigError, match="proxy"):
        ChatClient("http://example.org/v1", "nano")


@pytest.mark.parametrize("limit", [40, 112, 280])
def test_a_part_of_a_suite_holds_both_kinds_of_names(server, tmp_path, limit):
    rows = rows_of(server, tmp_path, suite="heldout", limit=limit)
    real, pseudo = (
        sum(row.n for (task, _), row in rows.items() if task == f"tool_call, {kind} names")
        for kind in ("real", "pseudo")
    )
    assert min(real, pseudo) > 0.25 * (real + pseudo) > 0


def test_errors_are_typed(server, tmp_path):
    with pytest.raises(ConfigError, match="no suite 'card'"):
        run_suite("card", base_url=server.url, model="nano", output=tmp_path)
    with pytest.raises(ConfigError, match="at least one seed"):
        run_suite("smoke", base_url=server.url, model="nano", output=tmp_path, seeds=())
    with pytest.raises(ModelNotFoundError, match="no model 'big'; it lists: nano"):
        run_suite("smoke", base_url=server.url, model="big", output=tmp_path)
    for url in ("http://127.0.0.1:9/v1", "nonsense"):
        with pytest.raises(ServerUnreachableError):
            ChatClient(url, "nano", pause=0.01).check()
    (tmp_path / "answers.jsonl").write_text("{}\n")
    with pytest.raises(DataError, match="Line 1 of"):
        rows_of(server, tmp_path, suite="examples")
