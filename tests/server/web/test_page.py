"""Asking and answering in a real browser: streaming, stopping, again, editing, failures, reload, keyboard, phone."""

from __future__ import annotations

import pytest

from tests.server.web.fake_upstream import CUT, END, HOLD, Refusal, usage


def say(*steps):
    return lambda body: list(steps)


def echo(body):
    """Says the last question back, and how often it was asked something."""
    return [f"You said: {body['messages'][-1]['content']}"]


def test_an_answer_is_streamed_and_measured(web):
    page, fake, _ = web(say("Hello, ", HOLD, usage(2), "**wor", usage(12, drafted=8, accepted=6), "ld**!"))
    page.open().send("Hi there", wait=False)
    page.wait(lambda: page.answer() == "Hello,")
    assert page.one("#send").get_attribute("aria-label") == "Stop"
    fake.gate.set()
    page.wait_until_idle()
    assert page.answer() == "Hello, world!"
    assert page.texts(".assistant strong") == ["world"]
    meta = page.text(".assistant .meta")
    assert "12 tokens" in meta and "tokens/s" in meta and "MTP 75 %" in meta
    body = fake.bodies[0]
    assert body["messages"] == [{"role": "user", "content": "Hi there"}]
    assert body["model"] == "nano" and body["stream_options"]["continuous_usage_stats"] is True
    assert page.errors() == []


def test_stop_keeps_what_has_come_and_hangs_up(web):
    page, fake, _ = web(say("One, two", HOLD, ", three"))
    page.open().send("Count", wait=False)
    page.wait(lambda: page.answer() == "One, two")
    page.press("ESCAPE")
    page.wait_until_idle()
    assert fake.wait_for_hang_up()
    assert page.answer() == "One, two"
    assert "stopped" in page.text(".assistant .meta")
    fake.gate.set()
    page.send("Go on")
    assert fake.bodies[1]["messages"][1] == {"role": "assistant", "content": "One, two"}


def test_regenerated_and_edited_messages_are_versions_and_nothing_is_lost(web):
    page, fake, _ = web(lambda body: [f"{len(fake.bodies)}: {body['messages'][-1]['content']}"])
    page.open().send("first")
    page.click(".assistant .again")
    page.wait(lambda: page.answer() == "2: first" and not page.all("#send.stop"))
    assert page.text(".assistant .versions") == "2/2"
    page.click(".assistant .versions button")
    assert page.answer() == "1: first"
    page.send("next")
    assert fake.bodies[2]["messages"][1]["content"] == "1: first"
    page.click(".user button[aria-label=Edit]")
    field = page.one(".edit textarea")
    field.clear()
    field.send_keys("other\ue007")
    page.wait(lambda: page.answer() == "4: other" and not page.all("#send.stop"))
    assert page.texts(".user .text") == ["other"]
    assert fake.bodies[3]["messages"] == [{"role": "user", "content": "other"}]
    page.click(".user .versions button")
    assert page.texts(".user .text") == ["first", "next"]
    assert page.answer() == "3: next"


def test_a_question_edited_while_it_is_answered_is_asked_anew(web):
    page, fake, _ = web(lambda body: ["One, two", HOLD] if body["messages"][-1]["content"] == "Count" else echo(body))
    page.open().send("Count", wait=False)
    page.wait(lambda: page.answer() == "One, two")
    page.press("ARROW_UP")
    field = page.one(".edit textarea")
    field.clear()
    field.send_keys("Sing\ue007")
    page.wait(lambda: page.answer() == "You said: Sing" and not page.all("#send.stop"))
    assert fake.wait_for_hang_up()
    assert fake.bodies[1]["messages"] == [{"role": "user", "content": "Sing"}]
    page.click(".user .versions button")
    assert page.answer() == "One, two" and "stopped" in page.text(".assistant .meta")


def test_an_old_failure_is_tried_again_while_a_later_question_is_answered(web):
    answers = [Refusal(500, "oops"), ["One, two", HOLD], ["Well."]]
    page, fake, _ = web(lambda body: answers[len(fake.bodies) - 1])
    page.open().send("Hi")
    page.send("Count", wait=False)
    page.wait(lambda: page.answer() == "One, two")
    page.run("[...document.querySelectorAll('.error button')].at(-1).click()")
    page.wait(lambda: page.answer() == "Well." and not page.all("#send.stop"))
    assert fake.bodies[2]["messages"] == [{"role": "user", "content": "Hi"}]
    page.open(page.run("return '/' + location.hash"))
    page.click(".assistant .versions button")
    assert page.texts(".user .text") == ["Hi", "Count"] and page.answer() == "One, two"


def test_thoughts_are_folded(web):
    script = say({"reasoning_content": "Let me <b>think</b>."}, HOLD, usage(6, thought=5), "Done.")
    page, fake, _ = web(script)
    page.open()
    page.click("#think")
    page.send("Think", wait=False)
    page.wait(lambda: "Thinking" in page.text(".thought summary"))
    fake.gate.set()
    page.wait_until_idle()
    assert page.text(".thought summary") == "Thought · 5 tokens"
    assert not page.run("return document.querySelector('.thought').open")
    page.click(".thought summary")
    assert page.text(".thought > div") == "Let me <b>think</b>."
    assert fake.bodies[0]["chat_template_kwargs"] == {"enable_thinking": True}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Refusal(400, "'seed' is odd."), "The server refused the request: 'seed' is odd."),
        (Refusal(400, "9 > 8", "context_length_exceeded"), "too long for the model"),
        (Refusal(401, "no", "invalid_api_key"), "wants an API key"),
        (Refusal(404, "no", "model_not_found"), "does not have this model"),
        (Refusal(413, "big"), "more bytes than the server takes"),
        (Refusal(429, "full", headers={"Retry-After": "7"}), "Try again in 7 s"),
        (Refusal(500, "oops"), "The server failed: oops"),
        (Refusal(503, "bye"), "shutting down"),
        (["Half an", CUT], "broke off"),
        (["Half an", END], "broke off"),
    ],
)
def test_failures_say_what_to_do_and_can_be_tried_again(web, answer, words):
    page, fake, _ = web(lambda body: answer if len(fake.bodies) == 1 else ["Well."])
    page.open().send("Hi")
    assert words in page.text(".error")
    assert page.one(".error").get_attribute("role") == "alert"
    page.run("[...document.querySelectorAll('.error button')].at(-1).click()")
    page.wait(lambda: page.answer() == "Well." and not page.all("#send.stop"))
    assert fake.bodies[1]["messages"] == [{"role": "user", "content": "Hi"}]
    assert not page.all(".error")
    assert len(page.all(".versions")) == (1 if isinstance(answer, list) else 0)


def test_a_stopped_server_is_named(web):
    page, _, stop = web(echo)
    page.open()
    stop()
    page.send("Anyone?")
    assert "cannot be reached" in page.text(".error")


def test_the_key_is_asked_for_and_kept_in_the_tab_only(web):
    page, fake, _ = web(echo)
    fake.key = "secret-1"
    page.open()
    page.wait(lambda: "API key" in page.text("#toast"))
    page.click("#toast button")
    page.type("#set-key", "secret-1\t")
    page.wait(lambda: len(page.all("#model option")) == 2)
    page.press("ESCAPE")
    page.send("hello")
    assert page.answer() == "You said: hello"
    assert fake.keys[-1] == "Bearer secret-1"
    assert "secret" not in page.run("return JSON.stringify(localStorage)")
    page.open()
    page.wait(lambda: len(page.all("#model option")) == 2)


def test_nothing_is_lost_by_a_reload_in_the_middle(web):
    page, fake, _ = web(lambda body: ["Begun, ", HOLD, "ended."])
    page.open().send("Long story", wait=False)
    page.wait(lambda: page.answer().startswith("Begun"))
    page.type("#input", "unsent")
    page.driver.refresh()
    page.wait(lambda: page.all(".error"))
    assert page.texts(".user .text") == ["Long story"]
    assert page.answer() == "Begun,"
    assert "Interrupted" in page.text(".error")
    assert page.run("return document.querySelector('#input').value") == "unsent"
    fake.gate.set()
    page.run("[...document.querySelectorAll('.error button')].at(-1).click()")
    page.wait(lambda: page.answer() == "Begun, ended." and not page.all("#send.stop"))
    assert fake.bodies[1]["messages"] == [{"role": "user", "content": "Long story"}]


def test_settings_are_sent_checked_and_kept(web):
    page, fake, _ = web(echo)
    page.open()
    page.press("ALT", "s")
    for name, text in (
        ("temperature", "1.5"),
        ("topP", "0.9"),
        ("maxTokens", "77"),
        ("seed", "-3"),
        ("system", "Be x."),
    ):
        page.one(f"#set-{name}").clear()
        page.type(f"#set-{name}", text)
    page.press("ESCAPE")
    page.run(
        "const m = document.querySelector('#model'); m.value = 'other/model'; m.dispatchEvent(new Event('change'))"
    )
    page.open().send("a")
    body = fake.bodies[0]
    assert body["model"] == "other/model" and body["messages"][0] == {"role": "system", "content": "Be x."}
    wanted = {"temperature": 1.5, "top_p": 0.9, "max_completion_tokens": 77, "seed": -3}
    assert {name: body[name] for name in wanted} == wanted
    page.press("ALT", "s")
    page.one("#set-temperature").clear()
    page.type("#set-temperature", "9")
    assert page.text("#note-temperature") == "A number from 0 to 2."
    assert page.one("#set-temperature").get_attribute("aria-invalid") == "true"
    page.press("ESCAPE")
    page.send("b")
    assert fake.bodies[1]["temperature"] == 1.5


def test_the_keyboard_is_enough(web):
    page, fake, _ = web(echo)
    page.open()
    assert page.run("return document.activeElement.id") == "input"
    page.type("#input", "one")
    page.press("SHIFT", "ENTER")
    page.type("#input", "two")
    page.press("ENTER")
    page.wait_until_idle()
    assert fake.bodies[0]["messages"][-1]["content"] == "one\ntwo"
    page.press("ARROW_UP")
    assert page.run("return document.activeElement.closest('.edit') !== null")
    page.press("ESCAPE")
    assert page.run("return document.activeElement.id") == "input" and page.all(".user .text")
    page.press("ALT", "r")
    page.wait(lambda: len(fake.bodies) == 2 and not page.all("#send.stop"))
    page.press("ALT", "n")
    assert not page.all(".message") and page.one("#welcome").is_displayed()
    page.press("ALT", "k")
    assert page.run("return document.activeElement.id") == "search"
    page.press("ARROW_DOWN")
    page.press("ENTER")
    page.wait(lambda: page.all(".message"))
    page.press("CONTROL", "/")
    assert "Alt" in page.text("#key-list") and page.run("return document.querySelector('#keys').open")
    page.press("ESCAPE")
    assert not page.run("return document.querySelector('#keys').open")
    page.press("ALT", "i")
    page.press("TAB")
    assert page.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_a_screen_reader_hears_whole_sentences(web):
    page, fake, _ = web(say("This is one sentence. And ", HOLD, *["one. "] * 20, "a second"))
    page.open()
    page.run("""window.heard = []; const region = document.querySelector('#announcer');
        new MutationObserver(() => heard.push(region.textContent)).observe(region, { childList: true });""")
    page.send("Speak", wait=False)
    page.wait(lambda: page.answer().startswith("This"))
    fake.gate.set()
    page.wait_until_idle()
    heard = page.run("return heard")
    assert heard[0] == "The answer is being written."
    assert heard[-1].endswith("one. a second The answer is complete.") and len(heard) <= 3
    assert page.one("#messages").get_attribute("aria-live") == "off"


def test_both_languages_and_colours(web):
    page, _, _ = web(echo, language="zh-CN", dark=True)
    page.open()
    assert page.run("return document.documentElement.lang") == "zh-CN"
    assert page.text("#new-chat") == "新对话"
    dark = page.run("return getComputedStyle(document.body).backgroundColor")
    page.click("#language")
    assert page.text("#new-chat") == "New chat"
    page.press("ALT", "s")
    page.run("const t = document.querySelector('#set-theme'); t.value = 'light'; t.dispatchEvent(new Event('change'))")
    assert page.run("return getComputedStyle(document.body).backgroundColor") != dark
    page.open()
    assert page.text("#new-chat") == "New chat"
    assert page.run("return getComputedStyle(document.body).backgroundColor") != dark


def test_a_narrow_phone_shows_everything(web):
    code = (
        "```python\n" + "x = " + "1 + " * 60 + "1\n```\n\n| a | b | c |\n|---|---|---|\n| " + "wide " * 9 + "| 2 | 3 |"
    )
    page, _, _ = web(say(code + "\n\n" + "W" * 200), width=360, height=740)
    page.open().send("Wide")
    assert page.run("return document.documentElement.scrollWidth") <= 360
    assert page.run("const s = document.querySelector('#scroll'); return s.scrollWidth - s.clientWidth") == 0
    visible = "const r = document.querySelector(arguments[0]).getBoundingClientRect(); return [r.left, r.right]"
    for selector in ("#menu", "#model", "#open-settings", "#input", "#send", "#think"):
        left, right = page.run(visible, selector)
        assert left >= 0 and 0 < right <= 360, selector
    assert page.run(visible, "#sidebar")[1] <= 0
    page.click("#menu")
    page.wait(lambda: page.run(visible, "#sidebar")[0] == 0)
    page.press("ESCAPE")
    page.wait(lambda: page.run(visible, "#sidebar")[1] <= 0)
    page.click("#open-settings")
    left, right = page.run(visible, "#settings")
    assert left >= 0 and right <= 360


def test_inline_script_cannot_run_and_no_text_becomes_html(web):
    page, _, _ = web(echo)
    page.open()
    page.run("""try {
          const s = document.createElement('script'); s.append('window.ran = 1'); document.body.append(s);
        } catch {}
        try {
          const b = document.createElement('button'); b.setAttribute('onclick', 'window.ran = 2');
          document.body.append(b); b.click();
        } catch {}""")
    assert page.run("return window.ran") is None
    assert page.run("try { document.body.innerHTML = 'x'; return 'set' } catch (e) { return e.name }") == "TypeError"
    names = page.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert len(names) > 15 and all(name.startswith(page.url) for name in names)
