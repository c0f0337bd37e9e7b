"""Conversations and tools in a real browser: the list, files, storage, the calculator, tools of the reader's own."""

from __future__ import annotations

import json

import pytest

from joyflash.agent.calculator import calculate
from tests.server.web.fake_upstream import HOLD, call

OWN = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}}]


def echo(body):
    return [f"You said: {body['messages'][-1]['content']}"]


def titles(page):
    return page.texts("#list .title")


def test_the_list_opens_finds_renames_and_deletes_with_a_way_back(web):
    page, _, _ = web(echo)
    page.open()
    for text in ("Apples", "Bananas and kiwis", "Cherries"):
        page.press("ALT", "n")
        page.send(text)
    assert titles(page) == ["Cherries", "Bananas and kiwis", "Apples"]
    page.click("#list li:nth-child(3) .title")
    assert page.answer() == "You said: Apples"
    page.type("#search", "KIWI")
    assert titles(page) == ["Bananas and kiwis"]
    page.one("#search").clear()
    page.run("document.querySelector('#search').dispatchEvent(new Event('input'))")
    page.run("document.querySelector('#list .title').focus()")
    page.press("F2")
    page.press("CONTROL", "a")
    page.type("#list input", "Fruit\ue007")
    assert titles(page)[0] == "Fruit"
    page.press("DELETE")
    assert titles(page) == ["Bananas and kiwis", "Apples"]
    page.click("#toast button")
    page.wait(lambda: titles(page) == ["Fruit", "Bananas and kiwis", "Apples"])
    page.open()
    assert titles(page) == ["Fruit", "Bananas and kiwis", "Apples"]
    page.click("#list .title")
    page.driver.back()
    page.wait(lambda: not page.all(".message") or page.answer() != "You said: Cherries")


def test_conversations_go_on_while_another_is_shown(web):
    page, fake, _ = web(
        lambda body: ["slow, ", HOLD, "done"] if body["messages"][-1]["content"] == "slow" else ["quick"]
    )
    page.open().send("slow", wait=False)
    page.wait(lambda: page.all(".assistant .text") and page.answer() == "slow,")
    page.press("ALT", "n")
    page.send("fast")
    assert page.answer() == "quick"
    fake.gate.set()
    page.click("#list li:nth-child(2) .title")
    page.wait(lambda: page.answer() == "slow, done")


def test_export_and_import_bring_everything_back_and_refuse_other_files(web, tmp_path):
    page, _, _ = web(echo)
    page.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    page.open().send("keep me")
    page.click(".assistant .again")
    page.wait(lambda: page.text(".assistant .versions") == "2/2")
    page.click("#export-all")
    file = tmp_path / "joyflash-conversations.json"
    page.wait(file.exists)
    saved = json.loads(page.wait(lambda: file.read_text(encoding="utf-8")))
    assert saved["format"] == "joyflash-conversations" and len(saved["conversations"]) == 1

    other, _, _ = web(echo)
    other.open().one("#import-file").send_keys(str(file))
    other.wait(lambda: titles(other) == ["keep me"])
    other.click("#list .title")
    assert other.text(".assistant .versions") == "2/2"
    other.one("#import-file").send_keys(str(file))
    other.wait(lambda: titles(other) == ["keep me", "keep me"])

    circle = {
        "id": "x",
        "messages": {i: {"id": i, "parent": p, "role": "user", "content": ""} for i, p in ("ab", "ba")},
    }
    for bad in (
        "no json",
        "[]",
        json.dumps({**saved, "conversations": [circle]}),
        json.dumps({**saved, "conversations": [7]}),
    ):
        file.write_text(bad)
        other.run("document.querySelector('#toast').hidden = true")
        other.one("#import-file").send_keys(str(file))
        other.wait(lambda: "no joyflash conversations" in other.text("#toast"))
        assert len(titles(other)) == 2


def test_full_storage_is_said_and_the_page_goes_on(web):
    page, _, _ = web(echo)
    page.open()
    page.run("""for (let n = 2 ** 22; n > 8; n >>= 1) try { localStorage.setItem('fill' + n, 'x'.repeat(n)) } catch {}
        for (let i = 0; i < 99; i++) { try { localStorage.setItem('f' + i, 'xxxx') } catch {} }""")
    page.send("too much")
    assert page.answer() == "You said: too much"
    assert "storage is full" in page.text("#toast")


def test_damaged_storage_breaks_nothing(web):
    page, _, _ = web(echo)
    page.open()
    page.run("""localStorage.setItem('joyflash.settings', '{"temperature": 5, "thinking": "x"');
        localStorage.setItem('joyflash.chat.a', '{');
        localStorage.setItem('joyflash.chat.b', '{"id":"b","messages":{"m":{}}}');""")
    page.open().send("still here")
    assert page.answer() == "You said: still here" and len(titles(page)) == 1
    assert page.errors() == []


def test_two_tabs_see_each_other(web):
    page, _, _ = web(echo)
    page.open().send("from one")
    first = page.driver.current_window_handle
    page.driver.switch_to.new_window("tab")
    page.open().send("from two")
    page.driver.close()
    page.driver.switch_to.window(first)
    page.wait(lambda: titles(page) == ["from two", "from one"])


def calculator_script(body):
    last = body["messages"][-1]
    if last["role"] == "tool":
        return [f"It is {last['content']}."]
    return [
        "Let me compute. ",
        call(0, "calculator", ""),
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"expression": "2 ** 70"}'}}]},
    ]


def test_the_calculator_runs_in_the_page_and_the_model_goes_on(web):
    page, fake, _ = web(calculator_script)
    page.open()
    page.click("#calculate")
    page.send("2 to the 70?")
    assert page.texts(".call code") == ["calculator"]
    assert page.texts(".call pre") == ['{"expression": "2 ** 70"}', "1180591620717411303424"]
    assert page.answer() == "It is 1180591620717411303424."
    assert [tool["function"]["name"] for tool in fake.bodies[0]["tools"]] == ["calculator"]
    assert fake.bodies[1]["messages"][1]["tool_calls"][0]["function"] == {
        "name": "calculator",
        "arguments": '{"expression": "2 ** 70"}',
    }
    assert fake.bodies[1]["messages"][2] == {
        "role": "tool",
        "tool_call_id": "call_0",
        "content": "1180591620717411303424",
    }
    assert len(page.all(".assistant .again")) == 1


def test_a_result_follows_its_call_also_when_another_version_is_shown(web):
    def script(body):
        asked = [message["content"] for message in body["messages"] if message["role"] == "user"]
        steps = calculator_script(body)
        return ["No sum."] if asked == ["Hello"] else [HOLD, *steps] if len(body["messages"]) == 1 else steps

    page, fake, _ = web(script)
    page.open()
    page.click("#calculate")
    page.send("Hello")
    page.click(".user button[aria-label=Edit]")
    page.one(".edit textarea").clear()
    page.type(".edit textarea", "2 to the 70?\ue007")
    page.wait(lambda: len(fake.bodies) == 2)
    page.click(".user .versions button")
    assert page.texts(".user .text") == ["Hello"]
    fake.gate.set()
    page.wait_until_idle()
    assert [message["role"] for message in fake.bodies[2]["messages"]] == ["user", "assistant", "tool"]
    assert page.answer() == "It is 1180591620717411303424."


def own_script(body):
    results = [message["content"] for message in body["messages"] if message["role"] == "tool"]
    return (
        [" and ".join(results)]
        if results
        else [
            call(0, "get_weather", '{"city": "Rome"}'),
            call(1, "get_weather", '{"city": "Oslo"}'),
            call(2, "nothing", "{}"),
        ]
    )


def test_results_of_own_tools_are_written_by_the_reader_also_after_a_reload(web):
    page, fake, _ = web(own_script)
    page.open()
    page.press("ALT", "s")
    page.type("#set-ownTools", "[{")
    assert "no valid JSON" in page.text("#note-ownTools")
    page.press("ESCAPE")
    page.type("#input", "x\ue007")
    assert "no valid JSON" in page.text("#toast") and not fake.bodies
    page.press("ALT", "s")
    page.run(
        "const f = document.querySelector('#set-ownTools');f.value = arguments[0]; f.dispatchEvent(new Event('input'))",
        json.dumps(OWN),
    )
    assert page.text("#note-ownTools") == "1 tool ready."
    page.press("ESCAPE")
    page.one("#input").clear()
    page.send("Weather?")
    assert fake.bodies[0]["tools"] == OWN
    assert "there is no tool 'nothing'" in page.texts(".call")[2]
    page.type(".call:nth-child(2) textarea", "cold\ue007")
    page.driver.refresh()
    page.wait(lambda: len(page.all(".call textarea")) == 1)
    page.type(".call textarea", "sunny\ue007")
    page.wait(lambda: len(fake.bodies) == 2 and not page.all("#send.stop"))
    assert page.answer() == "sunny and cold and Error: there is no tool 'nothing'"


def test_calls_that_nobody_answered_are_not_sent(web):
    page, fake, _ = web(own_script)
    page.open()
    page.run("localStorage.setItem('joyflash.settings', JSON.stringify({ ownTools: arguments[0] }))", json.dumps(OWN))
    page.open().send("Weather?")
    page.send("Never mind")
    assert fake.bodies[1]["messages"] == [
        {"role": "user", "content": "Weather?"},
        {"role": "user", "content": "Never mind"},
    ]


def test_a_call_without_end_is_stopped(web):
    page, fake, _ = web(lambda body: [call(0, "calculator", '{"expression": "1"}', f"c{len(fake.bodies)}")])
    page.open()
    page.click("#calculate")
    page.send("loop")
    assert len(fake.bodies) == 12
    assert "Stopped after 12 rounds" in page.texts(".assistant .foot")[-1]


EXPRESSIONS = [
    "1+1",
    "-2**2",
    "2**-1",
    "2**3**2",
    "(1+2)*3",
    "7//2",
    "-7//2",
    "-7%3",
    "7%-3",
    "7/2",
    "6/3",
    ".5+1e3",
    "1--1",
    "+-+3",
    "0**0",
    "123456789123456789*987654321987654321",
    "10**40-1",
    "2.5//1",
    "5.5%2",
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_calculator_agrees_with_the_agents(blank, expression):
    value = calculate(expression)
    got = blank.module("calculator.js", "m.calculate(a[0])", expression)
    assert (int(got) if isinstance(value, int) else float(got)) == value


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("1/0", "zero"),
        ("1%0", "zero"),
        ("0**-1", "zero"),
        ("", "early"),
        ("1+", "early"),
        ("(1", "bracket"),
        ("1)", "unexpected"),
        ("1 2", "unexpected"),
        ("alert(1)", "not understood"),
        ("9**9**9", "too large"),
        ("1e999", "large"),
        ("(" * 150, "nested"),
        ("1" * 2000, "longer"),
        ("(-8)**0.5", "real"),
        ("constructor", "not understood"),
        ("1e308*10", "large"),
    ],
)
def test_what_the_calculator_refuses(blank, expression, why):
    assert why in blank.module("calculator.js", "m.calculate(a[0])", expression)
