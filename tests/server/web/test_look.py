"""How the page looks: one picture of each state, written to the folder that JOYFLASH_SCREENSHOTS names."""

from __future__ import annotations

import os

import pytest

from tests.server.web.browser import SHOTS
from tests.server.web.fake_upstream import HOLD, Refusal, call, usage

RICH = """Yes. Here is how, in **three** steps:

1. Read the file with `open`.
2. Count its words:
   - split at spaces
   - ignore *case*
3. Print the ten most common.

```python
from collections import Counter

def common(path: str, count: int = 10) -> list[tuple[str, int]]:
    with open(path, encoding="utf-8") as file:
        return Counter(file.read().lower().split()).most_common(count)
```

| Word | Times | Share |
|:-----|------:|------:|
| the  | 1,204 | 6.1 % |
| of   |   688 | 3.5 % |

> Small files only: the whole text is in memory.

More in the [documentation](https://docs.python.org/3/library/collections.html).
"""
CHINESE = """好的，分三步：

1. **读取**文件
2. 用 `split` 切分单词
3. 打印最常见的十个

```python
print(Counter(text.split()).most_common(10))
```
"""


def rich(body):
    last = body["messages"][-1]
    if last["role"] == "tool":
        return [usage(4), f"The product is **{last['content']}**.", usage(40, drafted=36, accepted=29)]
    if "product" in last["content"]:
        return [usage(1), "Let me compute that exactly.\n", usage(12, drafted=9, accepted=7),
                call(0, "calculator", '{"expression": "123456789 * 987654321"}')]  # fmt: skip
    if "weather" in last["content"]:
        return [call(0, "get_weather", '{"city": "Rome"}')]
    if "Which" in last["content"]:
        thought = "Compare 9.11 and 9.9. The whole parts are equal. Of the first decimals, 1 < 9.\nSo 9.9 is bigger."
        return [usage(1), {"reasoning_content": thought}, usage(38, thought=38), "**9.9** is bigger than 9.11.",
                usage(52, thought=38, drafted=40, accepted=33)]  # fmt: skip
    if "fail" in last["content"]:
        return Refusal(400, "This conversation has 9,120 tokens, the model's context 8,192.", "context_length_exceeded")
    if "slow" in last["content"]:
        return [usage(1), "The answer is being writ", usage(9, drafted=6, accepted=5), HOLD, "ten."]
    text = CHINESE if "词" in last["content"] else RICH
    half = len(text) // 2
    return [
        usage(1),
        text[:half],
        usage(120, drafted=100, accepted=81),
        text[half:],
        usage(231, drafted=190, accepted=152),
    ]


def fill(page):
    page.open()
    for question in ("What is the product of 123456789 and 987654321?", "Can you count the words of a file in Python?"):
        page.press("ALT", "n")
        page.send(question)


LOOKS = [
    ("desktop", {}),
    ("desktop-dark", {"dark": True}),
    ("phone", {"width": 360, "height": 740}),
    ("phone-dark", {"width": 360, "height": 740, "dark": True}),
]


@pytest.mark.parametrize(("name", "look"), LOOKS if os.environ.get(SHOTS) else LOOKS[1:3])
def test_every_state_has_a_picture_and_no_sideways_scrolling(web, name, look):
    page, fake, _ = web(rich, **look)
    page.open()
    page.shot(f"{name}-welcome")
    page.click("#calculate")
    fill(page)
    page.shot(f"{name}-markdown")
    page.run("document.querySelector('#scroll').scrollTop = 0")
    page.shot(f"{name}-markdown-top")
    page.press("ALT", "n")
    page.send("What is the product of 123456789 and 987654321?")
    page.shot(f"{name}-tool-call")
    page.press("ALT", "n")
    page.click("#think")
    page.send("Which one is bigger, 9.11 or 9.9?")
    page.click(".thought summary")
    page.click(".assistant .again")
    page.wait(lambda: page.text(".assistant .versions") == "2/2")
    page.click(".thought summary")
    page.shot(f"{name}-thinking")
    page.send("Now fail")
    page.shot(f"{name}-error")
    page.press("ALT", "n")
    page.send("slow", wait=False)
    page.wait(lambda: page.all(".assistant .text") and page.answer())
    page.shot(f"{name}-streaming")
    fake.gate.set()
    page.wait_until_idle()
    page.press("ALT", "s")
    page.click("#set-example")
    page.shot(f"{name}-settings")
    page.press("ESCAPE")
    page.press("ALT", "n")
    page.send("What is the weather?")
    page.shot(f"{name}-own-tool")
    page.press("ALT", "k")
    page.wait(lambda: page.run("return document.querySelector('#sidebar').getBoundingClientRect().left") == 0)
    page.shot(f"{name}-list")
    page.press("ESCAPE")
    page.press("CONTROL", "/")
    page.shot(f"{name}-keys")
    page.press("ESCAPE")
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    assert page.errors() == []


@pytest.mark.parametrize("width", [360, 1280])
def test_chinese_has_a_picture(web, width):
    page, _, _ = web(rich, width=width, height=780, language="zh-CN")
    page.open()
    page.shot(f"chinese-{width}-welcome")
    page.click("#think")
    page.send("怎样统计单词的次数？")
    page.shot(f"chinese-{width}")
    page.press("ALT", "s")
    page.shot(f"chinese-{width}-settings")
    page.press("ESCAPE")
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    assert not page.run("return /undefined|NaN|\\[object/.test(document.body.innerText)")


CONTRAST = """
const channel = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
  if (c.length < 4 || c[3] === 1) return c; } return [255, 255, 255]; };
const poor = [];
for (const e of document.querySelectorAll('body *')) {
  const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  if (!own || !e.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
  if (e.closest(':disabled, .offscreen, .skip')) continue;
  const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) poor.push(`${e.localName}.${e.className} ${e.textContent.slice(0, 20)} ${ratio.toFixed(2)}`);
}
return poor;
"""


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_from_its_ground(web, dark):
    """WCAG AA: a contrast of at least 4.5 for all text."""
    page, _, _ = web(rich, dark=dark)
    page.open()
    page.click("#calculate")
    page.send("What is the product?")
    page.send("Count words")
    page.send("fail")
    assert page.run(CONTRAST) == []
    page.press("ALT", "s")
    assert page.run(CONTRAST) == []
    page.press("ESCAPE")


def test_everything_that_can_be_used_has_a_name(web):
    page, _, _ = web(rich)
    fill(page)
    nameless = page.run("""return [...document.querySelectorAll('button, input, textarea, select, a')]
        .filter((e) => !e.hidden && !e.closest('[hidden]') && e.type !== 'file')
        .filter((e) => !(e.getAttribute('aria-label') || e.innerText || e.textContent.trim() || e.labels?.length))
        .map((e) => e.outerHTML.slice(0, 90))""")
    assert nameless == []
