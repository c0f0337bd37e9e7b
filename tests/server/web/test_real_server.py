"""The page before the real server: `joyflash serve --model nano`, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.web.browser import Page

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def nano(driver) -> Iterator[str]:
    """The address of a server of the bundled model."""
    command = [sys.executable, "-c", "from joyflash.cli import main; main()", "serve", "--model", "nano", "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert server.stdout is not None
        lines: list[str] = []
        for line in server.stdout:
            lines.append(line)
            if "chat at " in line:
                yield line.split("chat at ")[1].split("/ ,")[0]
                break
        else:
            raise AssertionError("the server ended: " + "".join(lines))
    finally:
        driver.get("about:blank")
        server.terminate()
        server.wait(20)


def test_nano_answers_thinks_and_calls_the_calculator(driver, nano):
    page = Page(driver, nano)
    page.emulate()
    page.errors()
    page.open()
    assert page.text("#model") == "nano"
    page.press("ALT", "s")
    page.one("#set-temperature").clear()
    page.type("#set-temperature", "0")
    page.press("ESCAPE")
    page.send("Which one is bigger, 9.11 or 9.9?")
    assert "9.9" in page.answer()
    meta = page.text(".assistant .meta")
    assert "tokens/s" in meta and "MTP" in meta
    page.shot("nano")
    page.press("ALT", "n")
    page.click("#calculate")
    page.send("What is 17 * 23?")
    page.shot("nano-calculator")
    if page.all(
        ".call"
    ):  # whether the small model calls is its own matter; that a call comes to a result is the page's
        assert "391" in page.text(".call")
    page.press("ALT", "n")
    page.click("#calculate")
    page.click("#think")
    page.send("Which one is bigger, 2.5 or 2.45?")
    page.shot("nano-thinking")
    assert page.text(".thought summary").startswith("Thought")
    assert page.errors() == []


def test_a_conversation_that_is_too_long_is_named(driver, nano):
    page = Page(driver, nano)
    page.open()
    page.press("ALT", "n")
    page.run(
        "const i = document.querySelector('#input'); i.value = 'long '.repeat(12000);"
        "i.dispatchEvent(new Event('input'))"
    )
    page.press("ALT", "i")
    page.press("ENTER")
    page.wait_until_idle()
    page.wait(lambda: "too long for the model" in page.text(".error"))


def test_headers_of_the_page(nano):
    import httpx

    page = httpx.get(nano + "/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self';" in policy and "unsafe" not in policy
    assert page.headers["cache-control"] == "no-cache"
    script = httpx.get(nano + "/static/chat.js")
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    again = httpx.get(nano + "/static/chat.js", headers={"If-None-Match": script.headers["etag"]})
    assert again.status_code == 304 and again.headers["cache-control"] == "no-cache"
    assert "script-src" not in httpx.get(nano + "/health").headers["content-security-policy"]
