"""Markdown in a real browser: what it becomes, that nobody's text becomes HTML, and that it is fast."""

from __future__ import annotations

import pytest

from tests.server.web.fake_upstream import HOLD

SHOW = """{ const e = document.createElement('div'); const v = new m.MarkdownView(e, () => ({ copy: 'c' }));
            for (const text of a) v.show(text); return e.innerHTML; }"""
CASES = [
    (
        "a **b** *c* __d__ _e_ ~~f~~",
        "<p>a <strong>b</strong> <em>c</em> <strong>d</strong> <em>e</em> <del>f</del></p>",
    ),
    ("***both*** and **a *b* c**", "<p><strong><em>both</em></strong> and <strong>a <em>b</em> c</strong></p>"),
    ("snake_case_name 2*3*4 = 24, 2 * 3 * 4", "<p>snake_case_name 2*3*4 = 24, 2 * 3 * 4</p>"),
    ("**重点。**然后", "<p><strong>重点。</strong>然后</p>"),
    ("**open and `a*b` and ``c`d``", "<p>**open and <code>a*b</code> and <code>c`d</code></p>"),
    (r"\*no\* `\*`", r"<p>*no* <code>\*</code></p>"),
    ("one\ntwo\n\nthree", "<p>one<br>two</p><p>three</p>"),
    ("# A\n### B #", "<h3>A</h3><h5>B</h5>"),
    ("a\n\n---\n> q\n> > r", "<p>a</p><hr><blockquote><p>q</p><blockquote><p>r</p></blockquote></blockquote>"),
    ("- a\n- b\n  - c\n\nd", "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul><p>d</p>"),
    ("3. a\n4. b\n  * c", '<ol start="3"><li>a</li><li>b<ul><li>c</li></ul></li></ol>'),
    ("1. a\n\n2. b", "<ol><li><p>a</p></li><li><p>b</p></li></ol>"),
    (
        "- [x] a\n- [ ] b",
        '<ul><li class="task"><input type="checkbox" disabled="" checked=""> a</li>'
        '<li class="task"><input type="checkbox" disabled=""> b</li></ul>',
    ),
    ("Text:\n- a", "<p>Text:</p><ul><li>a</li></ul>"),
    (
        "| a | b |\n|:-:|--:|\n| 1 \\| 2 | **3** |\n| x |",
        '<div class="table" tabindex="0"><table><thead><tr><th class="center">a</th>'
        '<th class="right">b</th></tr></thead><tbody><tr><td class="center">1 | 2</td>'
        '<td class="right"><strong>3</strong></td></tr>'
        '<tr><td class="center">x</td><td class="right"></td></tr></tbody></table></div>',
    ),
    ("a | b\nno table", "<p>a | b<br>no table</p>"),
    ("<b>x</b> &amp; <br> <!-- c -->", "<p>&lt;b&gt;x&lt;/b&gt; &amp;amp; <br> &lt;!-- c --&gt;</p>"),
]


def rendered(page, *texts):
    return page.module("markdown.js", f"(() => {SHOW})()", *texts)


@pytest.mark.parametrize(("text", "html"), CASES)
def test_what_markdown_becomes(blank, text, html):
    assert rendered(blank, text) == html


def test_code_blocks_have_a_copy_button_and_keep_their_text(blank):
    html = rendered(blank, "~~~js x\na < b && **c**\n\n```\n~~~\nend")
    assert "<span>js</span>" in html and "<button" in html
    assert '<pre tabindex="0"><code>a &lt; b &amp;&amp; **c**\n\n```</code></pre></div><p>end</p>' in html
    assert "<code>open\n**x**</code>" in rendered(blank, "```\nopen\n**x**")


@pytest.mark.parametrize("text", ["\n\n".join(text for text, _ in CASES), "```py\nx = 1\n```\n- a\n- b\n\n```\ny"])
def test_a_text_that_grows_ends_as_if_it_had_come_at_once(blank, text):
    growing = [text[:end] for end in range(0, len(text) + 1, 3)] + [text]
    assert rendered(blank, *growing) == rendered(blank, text)


def test_finished_blocks_stay_the_same_elements(blank):
    same = """{ const e = document.createElement('div'); const v = new m.MarkdownView(e, () => ({}));
        v.show('one\\n\\n```\\na'); const first = e.children[0], code = e.children[1];
        v.show('one\\n\\n```\\nab\\n```\\n\\ntwo');
        return [first === e.children[0], code === e.children[1], e.children.length]; }"""
    assert blank.module("markdown.js", f"(() => {same})()") == [True, True, 3]


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ('[a](https://x.org/y?z=(1) "t") <https://b.org>', ["https://x.org/y?z=(1)", "https://b.org/"]),
        (
            "see https://x.org/a_b_c, and (http://y.org/). 见 https://z.org/路。",
            ["https://x.org/a_b_c", "http://y.org/", "https://z.org/%E8%B7%AF"],
        ),
        ("[**m**](mailto:a@b.c) ![i](https://x.org/i.png)", ["mailto:a@b.c", "https://x.org/i.png"]),
        ("[a](javascript:alert(1)) [b](JaVaScRiPt:x) [c](data:text/html,x) [d](vbscript:x) [e](/here) [f](#h)", []),
        (
            "[a](java\tscript:alert(1)) [b](&#106;avascript:x) [c](\x01javascript:x) <javascript:x> [d](file:///etc/passwd)",
            [],
        ),
        ("[a [b](https://x.org)](javascript:x)", ["https://x.org/"]),
    ],
)
def test_only_safe_links_are_links(blank, text, links):
    find = """(() => { const e = document.createElement('div'); new m.MarkdownView(e, () => ({})).show(a[0]);
        return [...e.querySelectorAll('a')].map((x) => [x.href, x.rel, x.target, x.protocol]); })()"""
    found = blank.module("markdown.js", find, text)
    assert [href for href, *_ in found] == links
    for _, rel, target, protocol in found:
        assert rel == "noopener noreferrer" and target == "_blank" and protocol in ("http:", "https:", "mailto:")


ATTACKS = """<script>window.hit = 1</script> <img src=x onerror="window.hit = 2"> <svg onload=window.hit=3>
[x](javascript:window.hit=4) <a href="javascript:window.hit=5">y</a> <iframe srcdoc="<script>parent.hit=6</script>">
`<script>window.hit=7</script>` **<b onclick=window.hit=8>z</b>**

```html"><script>window.hit=9</script>
</code></pre><script>window.hit=10</script>
```

| <script>window.hit=11</script> | ![a](javascript:window.hit=12) |
|---|---|
| </td><script>window.hit=13</script> | "><img src=x onerror=window.hit=14> |"""


def test_no_text_of_model_or_reader_ever_runs(web):
    calls = {
        "tool_calls": [
            {"index": 0, "id": "c", "function": {"name": "<img src=x onerror=window.hit=15>", "arguments": ATTACKS}}
        ]
    }
    page, fake, _ = web(
        lambda body: [{"reasoning_content": ATTACKS}, ATTACKS, *([calls] if len(fake.bodies) == 1 else [])]
    )
    fake.models.append('"><img src=x onerror=window.hit=16>')
    page.open()
    page.run(
        "const i = document.querySelector('#input'); i.value = arguments[0]; i.dispatchEvent(new Event('input'))",
        ATTACKS,
    )
    page.press("ENTER")
    page.wait(lambda: len(fake.bodies) == 2 and not page.all("#send.stop"))
    page.run(
        "for (const d of document.querySelectorAll('details')) d.open = true;"
        "for (const e of document.querySelectorAll('#messages *, #list *')) if (!e.matches('button')) e.click?.();"
    )
    assert page.run("return window.hit") is None
    made = page.run("return [...document.querySelectorAll('#messages *, #list *')].map((e) => e.localName)")
    assert not {"script", "img", "iframe"} & set(made)
    assert page.run("return [...document.querySelectorAll('#messages a')].length") == 0
    assert page.run("return document.querySelectorAll('body [onclick], body [onerror], body [onload]').length") == 0
    assert page.texts(".user .text")[0] == ATTACKS.strip()
    assert '<img src=x onerror="window.hit = 2">' in page.answer()
    assert "<svg onload=window.hit=3>" in page.text(".thought > div")
    page.open(page.run("return location.hash"))
    assert page.run("return window.hit") is None


@pytest.mark.parametrize(
    "text",
    [
        "**a " * 20_000,
        "[a](" * 20_000,
        "`" * 30_000 + "a",
        "> " * 20_000,
        "*a _b " * 10_000,
        "[" * 30_000,
        "- " * 20_000,
        "``a`" * 15_000,
        "|" * 20_000 + "\n" + "|-" * 10_000,
        "https://a.b/" * 8_000,
        "\n".join("  " * n + "- a" for n in range(400)),
    ],
    ids=lambda text: text[:8].strip() + "…",
)
def test_hostile_markdown_takes_no_long_time(blank, text):
    time = """(() => { const begun = performance.now();
        new m.MarkdownView(document.createElement('div'), () => ({})).show(a[0]);
        return performance.now() - begun; })()"""
    taken = blank.module("markdown.js", time, text)
    assert isinstance(taken, int | float), taken
    assert taken < 1500


def test_a_code_block_is_copied(web):
    page, fake, _ = web(lambda body: ["```py\nprint(1)\n```\n", HOLD, "the end"])
    page.open().send("code", wait=False)
    page.wait(lambda: page.all(".code-head button"))
    page.driver.execute_cdp_cmd(
        "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    )
    page.click(".code-head button")
    page.wait(lambda: page.one(".code-head button").get_attribute("aria-label") == "Copied")
    copied = page.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
    assert copied == "print(1)"
    fake.gate.set()
    page.wait_until_idle()
