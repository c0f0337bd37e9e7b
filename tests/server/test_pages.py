"""The web chat is served whole and from here only; docs/FIELDS.md says what the code does; the examples work."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from joyflash.server.chat_fields import CHAT_FIELDS
from joyflash.server.fields_page import fields_page
from tests.server.fakes import call
from tests.server.live import LiveServer, live_server

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "joyflash" / "server" / "static"


def test_the_fields_page_is_in_step_with_the_code() -> None:
    on_disk = (ROOT / "docs" / "FIELDS.md").read_text(encoding="utf-8")
    assert on_disk == fields_page(), "run: python -m joyflash.server.fields_page > docs/FIELDS.md"
    for field in CHAT_FIELDS:
        assert f"| `{field.name}` |" in on_disk


def test_every_field_of_the_official_client_is_known() -> None:
    from openai.types.chat import completion_create_params

    known = {field.name for field in CHAT_FIELDS}
    theirs = set(completion_create_params.CompletionCreateParamsBase.__annotations__) | {"stream"}
    assert theirs <= known


def test_every_file_of_the_web_chat_is_served(server: LiveServer) -> None:
    page = server.http.get("/")
    assert page.headers["content-type"].startswith("text/html")
    for path in set(re.findall(r'(?:src|href)="([^"#]+)"', page.text)):
        response = server.http.get(f"/{path}")
        assert response.status_code == 200, path
        assert response.headers["x-content-type-options"] == "nosniff"
    for path in STATIC.iterdir():
        assert server.http.get(f"/static/{path.name}").content == path.read_bytes()


def test_the_page_may_run_its_own_files_only_and_is_asked_for_again(server: LiveServer) -> None:
    for path, kind in (("/", "text/html"), ("/static/chat.js", "text/javascript"), ("/static/theme.css", "text/css")):
        response = server.http.get(path)
        policy = dict(part.strip().split(" ", 1) for part in response.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'" and policy["script-src"] == policy["style-src"] == "'self'"
        assert policy["connect-src"] == "'self'" and policy["require-trusted-types-for"] == "'script'"
        assert response.headers["cache-control"] == "no-cache"
        assert response.headers["content-type"] == f"{kind}; charset=utf-8"
        again = server.http.get(path, headers={"If-None-Match": response.headers["etag"]})
        assert again.status_code == (304 if path != "/" else 200)
    assert "script-src" not in server.http.get("/health").headers["content-security-policy"]
    assert "script-src" not in server.http.get("/v1/models").headers["content-security-policy"]


def test_the_web_chat_loads_nothing_from_elsewhere_and_parses_no_html() -> None:
    for path in STATIC.glob("*.js"):
        text = re.sub(r"createElementNS\(\"http://www.w3.org/2000/svg\"", "", path.read_text(encoding="utf-8"))
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", text), path
        assert not re.search(r"""["'`]https?://\w""", text), path
    for path in (*STATIC.glob("*.css"), STATIC / "index.html"):
        assert not re.search(r"https?://|@import|url\(|\bon\w+=|\bstyle=|<style", path.read_text(encoding="utf-8")), (
            path
        )
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL) == [""]


def word_keys(name: str) -> list[str]:
    """The keys of one language's table, strings left out."""
    text = re.sub(r'"[^"]*"|`[^`]*`|^//.*$', '""', (STATIC / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return re.findall(r"(?<![\w\"?] )(?<![\w\"])(\w+): ", text)


def test_both_languages_of_the_web_chat_say_the_same_things() -> None:
    english, chinese = word_keys("words_en.js"), word_keys("words_zh.js")
    assert len(english) > 90 and english == chinese
    used = set(re.findall(r'data-say[\w-]*="(\w+)"', (STATIC / "index.html").read_text(encoding="utf-8")))
    for path in STATIC.glob("*.js"):
        used |= set(re.findall(r"\bsay\.(\w+)", path.read_text(encoding="utf-8")))
    kinds = set(
        re.findall(r'(?:kind: |ServerError\(|[?:] )"([a-z]\w+)"', (STATIC / "api.js").read_text(encoding="utf-8"))
    )
    assert {"unreachable", "broken", "tooLong", "refused"} <= kinds <= set(english)
    assert used <= set(english)
    assert set(english) - used - kinds <= {"full", "noStorage", "tools", "other", "copy", "copied", "notCopied"}


def run_example(name: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "examples" / name), *options]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OPENAI_")}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def example_script(prompt: str) -> str:
    turn = prompt.rpartition("<|User|>")[2]
    if "<tool_response>\n7\n</tool_response>" in turn:
        return "6+1 is 7."
    if "6+1" in turn and "<function=my_calculator>" in prompt:
        return call("my_calculator", expression="6+1")
    return "9.9 is bigger." if "which one is bigger, 9.11 or 9.9" in turn else "What?"


def test_the_examples_work() -> None:
    with live_server(script=example_script, context=8192) as server:
        # The scripted model's context is short; the examples ask for 4,096 tokens.
        options = ("--base-url", f"{server.url}/v1", "--seed", "1", "--temperature", "1.0")
        chat = run_example("chat.py", *options)
        assert chat.stdout.strip() == "9.9 is bigger.", chat.stderr
        tool = run_example("tool_call.py", *options)
        assert tool.stdout.strip() == "6+1 is 7.", tool.stderr
        assert tool.stderr.strip() == 'call: my_calculator({"expression": "6+1"})'


@pytest.mark.parametrize("name", ["chat.py", "tool_call.py"])
def test_the_examples_say_so_when_no_server_answers(name: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        done = run_example(name, "--base-url", f"http://127.0.0.1:{closed.getsockname()[1]}/v1")
    assert done.returncode == 1
    assert done.stderr.startswith("No server answers at http://127.0.0.1:")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("6+1", "7"),
        (" (2 + 3) * -4 ", "-20"),
        ("7 / 2", "3.5"),
        ("7 // 2 % 2", "1"),
        ("1/0", "Error: division by zero"),
        *((text, "Error: ") for text in ("__import__('os')", "9**9", "a", "'x' * 9", "6+", "[1]", "")),
        *((text, "Error: ") for text in ("(" * 150, "1" * 300)),
    ],
)
def test_the_example_calculator_is_safe(expression: str, result: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    from tool_call import my_calculator

    answer = my_calculator(expression)
    assert answer == result or (result == "Error: " and answer.startswith("Error: "))
