"""Replies that are hard to read, and what they say: content and calls. Shared by the tests of the parser."""

from __future__ import annotations


def function(name: str, **values: str) -> str:
    parameters = "".join(f"<parameter={key}>\n{value}\n</parameter>\n" for key, value in values.items())
    return f"<function={name}>\n{parameters}</function>"


def call(name: str, **values: str) -> str:
    return f"<tool_call>\n{function(name, **values)}\n</tool_call>"


BOOK = "book_table"
LITERAL = "a</parameter>b\n</parameter>\nc</function> </tool_call> <parameter= <tool_call>"
# (reply, content, [(name, arguments)])
CASES = {
    "no call": ("just text \n", "just text \n", []),
    "content before": ("Sure.\n" + call(BOOK, title="x"), "Sure.", [(BOOK, {"title": "x"})]),
    "several blocks": (
        call(BOOK, title="x") + "\n" + call(BOOK, seats="2"),
        "",
        [(BOOK, {"title": "x"}), (BOOK, {"seats": 2})],
    ),
    "several functions in one block": (
        f"<tool_call>\n{function(BOOK, title='x')}\n{function(BOOK, seats='2')}\n</tool_call>",
        "",
        [(BOOK, {"title": "x"}), (BOOK, {"seats": 2})],
    ),
    "string null": (call(BOOK, title="null"), "", [(BOOK, {"title": "null"})]),
    "string keeps its quotes": (call(BOOK, title='"x"'), "", [(BOOK, {"title": '"x"'})]),
    "infinity inside": (call(BOOK, extras="[1e999]"), "", [(BOOK, {"extras": "[1e999]"})]),
    "string number": (call(BOOK, title="12"), "", [(BOOK, {"title": "12"})]),
    "types": (
        call(BOOK, seats="3", price="2.5", window="true", extras='["a", 1]', guest='{"name": "Li"}'),
        "",
        [(BOOK, {"seats": 3, "price": 2.5, "window": True, "extras": ["a", 1], "guest": {"name": "Li"}})],
    ),
    "whole float is an integer": (call(BOOK, seats="3.0"), "", [(BOOK, {"seats": 3})]),
    "whole number stays whole": (call(BOOK, price="3"), "", [(BOOK, {"price": 3})]),
    "not of its type": (
        call(BOOK, seats="three", price="NaN", window="maybe", extras="{", guest="[]"),
        "",
        [(BOOK, {"seats": "three", "price": "NaN", "window": "maybe", "extras": "{", "guest": "[]"})],
    ),
    "too large": (call(BOOK, price="1e999", extras="[" * 5000), "", [(BOOK, {"price": "1e999", "extras": "[" * 5000})]),
    "unknown parameter": (call(BOOK, colour="12"), "", [(BOOK, {"colour": "12"})]),
    "unknown function": (call("other", a="12"), "", [("other", {"a": "12"})]),
    "anyOf number": (call(BOOK, limit="4"), "", [(BOOK, {"limit": 4})]),
    "anyOf null": (call(BOOK, limit="null"), "", [(BOOK, {"limit": None})]),
    "anyOf neither": (call(BOOK, limit="many"), "", [(BOOK, {"limit": "many"})]),
    "string or null": (call(BOOK, note="null", title="12"), "", [(BOOK, {"note": None, "title": "12"})]),
    "enumeration without type": (call(BOOK, level="2"), "", [(BOOK, {"level": 2})]),
    "enumeration's text": (call(BOOK, level="top"), "", [(BOOK, {"level": "top"})]),
    "not in the enumeration": (call(BOOK, level="3"), "", [(BOOK, {"level": "3"})]),
    "no parameters": (call(BOOK), "", [(BOOK, {})]),
    "empty value": (call(BOOK, title=""), "", [(BOOK, {"title": ""})]),
    "line breaks in a value": (call(BOOK, title="\n a\n\n"), "", [(BOOK, {"title": "\n a\n\n"})]),
    "value on the tag's line": (
        f"<tool_call><function={BOOK}><parameter=title>x</parameter></function></tool_call>",
        "",
        [(BOOK, {"title": "x"})],
    ),
    "literal markup in a value": (call(BOOK, title=LITERAL, seats="1"), "", [(BOOK, {"title": LITERAL, "seats": 1})]),
    "literal end of a function": (
        call(BOOK, title="a</parameter></function> b"),
        "",
        [(BOOK, {"title": "a</parameter></function> b"})],
    ),
    "nested JSON": (
        call(BOOK, guest='{"a": {"b": ["</parameter>", {"c": null}]}}'),
        "",
        [(BOOK, {"guest": {"a": {"b": ["</parameter>", {"c": None}]}}})],
    ),
    "a parameter said twice": (
        f"<tool_call>\n<function={BOOK}>\n<parameter=seats>\n1\n</parameter>\n<parameter=seats>\n2\n</parameter>\n"
        "</function>\n</tool_call>",
        "",
        [(BOOK, {"seats": 1})],
    ),
    "spaces in a parameter's name": (
        f"<tool_call>\n<function={BOOK}>\n<parameter=first name>\nLi\n</parameter>\n</function>\n</tool_call>",
        "",
        [(BOOK, {"first name": "Li"})],
    ),
    "text after": (call(BOOK, seats="1") + "\nDone. ", "Done. ", [(BOOK, {"seats": 1})]),
    "only the end of the block is missing": (
        call(BOOK, seats="1")[: -len("\n</tool_call>")],
        "",
        [(BOOK, {"seats": 1})],
    ),
    "half of the block's end": (call(BOOK, seats="1")[:-4], "", [(BOOK, {"seats": 1})]),
    "cut off before the end of the function": (call(BOOK, seats="1")[: -len("</function>\n</tool_call>")], "", []),
    "cut off in a value": (f"Hm.\n<tool_call>\n<function={BOOK}>\n<parameter=title>\nab", "Hm.", []),
    "cut off in a name": ("Hm.\n<tool_call>\n<function=book_", "Hm.", []),
    "cut off second call": (
        call(BOOK, seats="1") + f"\n<tool_call>\n<function={BOOK}>\n<par",
        "",
        [(BOOK, {"seats": 1})],
    ),
    "cut off second function": (
        f"<tool_call>\n{function(BOOK, seats='1')}\n<function=boo",
        "",
        [(BOOK, {"seats": 1})],
    ),
    "no call after all": ("Write <tool_call> first.", "Write <tool_call> first.", []),
    "no name after all": ("<tool_call>\n<function=a b> x", "<tool_call>\n<function=a b> x", []),
    "half a tag at the end": ("a <tool_ca", "a <tool_ca", []),
    "a function outside a block": (function("f", a="1"), function("f", a="1"), []),
    "garbage between parameters": (
        f"<tool_call>\n<function={BOOK}>\nso <parameter=<parameter=seats>\n1\n</parameter>\n</function>\n</tool_call>",
        "",
        [(BOOK, {"seats": 1})],
    ),
}


def body(*parts: str) -> str:
    """A call of the booking tool with hand-written text between its tags."""
    return f"<tool_call>\n<function={BOOK}>\n{''.join(parts)}</function>\n</tool_call>"


def title(value: str) -> tuple[str, str, list]:
    """A text that must come out as it went in."""
    return call(BOOK, title=value), "", [(BOOK, {"title": value})]


ONE = (BOOK, {"seats": 1})
NO_JSON = "single quotes are no JSON"
CASES |= {
    # Texts stay as they are.
    "Chinese text": title("订一张桌子，靠窗"),
    "emoji and joined emoji": title("🎉 👨‍👩‍👧‍👦 🇩🇪"),
    "right-to-left text": title("שלום עולם"),
    "combining characters": title("e\u0301 n\u0303"),
    "line separators": title("a\u2028b\u2029c\u0085d"),
    "control characters": title("a\x00b\x07c\x1fd\x7f"),
    "CRLF inside": title("a\r\nb\r\n"),
    "tabs": title("\ta\t"),
    "backslashes": title("C:\\new\\table \\u0041 \\"),
    "quotes": title("\"'`"),
    "only a line break": title("\n"),
    "only spaces": title("   "),
    "JSON as text": title('{"a": [1, "b"]}'),
    "broken JSON as text": title('{"a": [1, '),
    "true as text": title("true"),
    "number with spaces as text": title(" 12 "),
    "Markdown": title("# T\n\n- a\n- b\n\n```py\nx = 1\n```"),
    "XML": title('<a href="b">c</a><!-- d --><br/>'),
    "look-alike turn markers": title("<|User|>hi<|Assistant|><|end_of_sentence|>"),
    "look-alike thought markers": title("<|begin_of_thought|>a<|end_of_thought|>"),
    "look-alike results": title("<tool_response>\nok\n</tool_response>"),
    "look-alike full-width marks": title("＜/parameter＞ <｜User｜>"),
    "half a closing tag": title("</paramete"),
    "half a closing tag and more": title("</paramete r>"),
    "closing tag with a space": title("</parameter >"),
    "upper-case tags": title("</PARAMETER>\n</FUNCTION>"),
    "closing tag before a look-alike function end": title("</parameter>\n</function> and more"),
    "many closing tags": title("</parameter>" * 5 + "x"),
    "opening tag without a name": title("<parameter=\n> x"),
    "an opening tag alone": title("<function=a>"),
    "a whole call without its end": title("<tool_call>\n<function=f>\n<parameter=a>\n1"),
    "angle brackets": title("1 < 2 > 0 << >>"),
    "ends with a less-than sign": title("a <"),
    "a long text": title("word " * 400),
    # Values of other types.
    "negative integer": (call(BOOK, seats="-3"), "", [(BOOK, {"seats": -3})]),
    "integer with spaces": (call(BOOK, seats="  4 "), "", [(BOOK, {"seats": 4})]),
    "integer on lines of its own": (call(BOOK, seats="\n4\n"), "", [(BOOK, {"seats": 4})]),
    "long integer": (call(BOOK, seats="123456789012345678"), "", [(BOOK, {"seats": 123456789012345678})]),
    "full-width digits are no integer": (call(BOOK, seats="１２"), "", [(BOOK, {"seats": "１２"})]),
    "underscores are no integer": (call(BOOK, seats="1_000"), "", [(BOOK, {"seats": "1_000"})]),
    "leading zero is no integer": (call(BOOK, seats="007"), "", [(BOOK, {"seats": "007"})]),
    "exponent": (call(BOOK, price="2.5e3"), "", [(BOOK, {"price": 2500.0})]),
    "boolean in capitals": (call(BOOK, window="TRUE"), "", [(BOOK, {"window": True})]),
    "yes is no boolean": (call(BOOK, window="yes"), "", [(BOOK, {"window": "yes"})]),
    "null where none may be": (call(BOOK, seats="null"), "", [(BOOK, {"seats": "null"})]),
    "array over lines": (call(BOOK, extras='[\n  "a",\n  "b"\n]'), "", [(BOOK, {"extras": ["a", "b"]})]),
    "empty array and object": (call(BOOK, extras="[]", guest="{}"), "", [(BOOK, {"extras": [], "guest": {}})]),
    "Chinese and emoji in JSON": (call(BOOK, guest='{"名": "李🎉"}'), "", [(BOOK, {"guest": {"名": "李🎉"}})]),
    "escapes in JSON": (
        call(BOOK, guest='{"name": "a\\"b\\\\c\\n\\u4f60"}'), "", [(BOOK, {"guest": {"name": 'a"b\\c\n你'}})],
    ),
    "brackets in JSON text": (call(BOOK, extras='["}]", "{["]'), "", [(BOOK, {"extras": ["}]", "{["]})]),
    "tags in JSON text": (
        call(BOOK, extras='["</parameter>", "<parameter=x>", "</function>"]'),
        "",
        [(BOOK, {"extras": ["</parameter>", "<parameter=x>", "</function>"]})],
    ),
    NO_JSON: (call(BOOK, guest="{'name': 'x'}"), "", [(BOOK, {"guest": "{'name': 'x'}"})]),
    "anyOf with an empty value": (call(BOOK, limit=""), "", [(BOOK, {"limit": ""})]),
    "enumeration with spaces": (call(BOOK, level=" 2 "), "", [(BOOK, {"level": 2})]),
    # Form of calls.
    "CRLF between tags": (
        body("\r\n<parameter=seats>\n1\n</parameter>\r\n").replace("<tool_call>\n", "<tool_call>\r\n"), "", [ONE],
    ),
    "no line breaks at all": (
        f"<tool_call><function={BOOK}><parameter=seats>1</parameter></function></tool_call>", "", [ONE],
    ),
    "blank lines between tags": (body("\n\n<parameter=seats>\n1\n</parameter>\n\n\n"), "", [ONE]),
    "parameters in another order": (
        call(BOOK, price="1", title="b", seats="2"), "", [(BOOK, {"price": 1, "title": "b", "seats": 2})],
    ),
    "a Chinese function": (call("查天气", 城市="北京"), "", [("查天气", {"城市": "北京"})]),
    "a dotted function": (call("a.b-c_d/e", x="1"), "", [("a.b-c_d/e", {"x": "1"})]),
    "three calls": (
        "\n".join(call(BOOK, seats=str(i)) for i in (1, 2, 3)), "", [(BOOK, {"seats": i}) for i in (1, 2, 3)],
    ),
    "a block and a block of two": (
        call(BOOK, seats="1") + f"\n<tool_call>\n{function('a')}\n{function('b', x='y')}\n</tool_call>",
        "",
        [ONE, ("a", {}), ("b", {"x": "y"})],
    ),
    "text between calls": (
        "One.\n" + call(BOOK, seats="1") + "\nTwo.\n" + call(BOOK, seats="2") + "\n\n",
        "One.Two.",
        [ONE, (BOOK, {"seats": 2})],
    ),
    "Chinese text before": ("好的，我来查。\n" + call(BOOK, seats="1"), "好的，我来查。", [ONE]),
    "text right before": ("Now" + call(BOOK, seats="1"), "Now", [ONE]),
    "a call in a code block": ("```\n" + call(BOOK, seats="1") + "\n```", "``````", [ONE]),
    "the block's end twice": (call(BOOK, seats="1") + "</tool_call>", "</tool_call>", [ONE]),
    "a result after the call": (
        call(BOOK, seats="1") + "\n<tool_response>\nok\n</tool_response>",
        "<tool_response>\nok\n</tool_response>",
        [ONE],
    ),
    # No calls.
    "the opening mark alone": ("<tool_call>", "<tool_call>", []),
    "the opening mark twice": ("<tool_call>\n<tool_call>\nx", "<tool_call>\n<tool_call>\nx", []),
    "JSON in the block": ('<tool_call>\n{"name": "f"}\n</tool_call>', '<tool_call>\n{"name": "f"}\n</tool_call>', []),
    "an empty name": ("<tool_call>\n<function=>\n</function>", "<tool_call>\n<function=>\n</function>", []),
    "a name without an end": (f"<tool_call>\n<function={'a' * 400}", f"<tool_call>\n<function={'a' * 400}", []),
    "spaces after the opening mark": ("<tool_call>   \n  and so on", "<tool_call>   \n  and so on", []),
    "less-than signs": ("a < b <t <to <tool", "a < b <t <to <tool", []),
    "closing marks alone": ("</parameter></function></tool_call>", "</parameter></function></tool_call>", []),
    "cut off after the function's name": (f"<tool_call>\n<function={BOOK}>", "", []),
    "cut off in a closing tag": (call(BOOK, seats="1").partition("rameter>\n</f")[0], "", []),
    "cut off behind an argument": (call(BOOK, title="x", seats="1").partition("</function>")[0], "", []),
    "cut off in JSON": (call(BOOK, guest='{"name": "x').partition("\n</para")[0], "", []),
    "cut off in a parameter's name": (f"<tool_call>\n<function={BOOK}>\n<parameter=sea", "", []),
}  # fmt: skip

NO_VALUE = ("infinity inside", "not of its type", "too large", NO_JSON)
# Written under a grammar: a value ends at the first closing tag, but for those in the strings of JSON.
HELD_CASES = {
    **{
        name: case
        for name, case in CASES.items()
        if "</parameter>" not in str(case[2]) and name not in NO_VALUE
    },
    "a whole end of a call in JSON text": (
        call(BOOK, guest='{"a": "</parameter></function></tool_call>", "b": ["\\\\", "\\"</parameter><parameter=c>"]}'),
        "",
        [(BOOK, {"guest": {"a": "</parameter></function></tool_call>", "b": ["\\", '"</parameter><parameter=c>']}})],
    ),
    "a text that begins like JSON of another kind": (
        call(BOOK, tags='{5" pipe}'),
        "",
        [(BOOK, {"tags": '{5" pipe}'})],
    ),
    "a backslash before a quote": (
        call(BOOK, extras='["a\\\\", "</parameter>\\\\\\"", "b"]'),
        "",
        [(BOOK, {"extras": ["a\\", '</parameter>\\"', "b"]})],
    ),
    "a text that ends at once": (
        body("<parameter=title>\na</parameter>\n<parameter=seats>\n1\n</parameter>\n"),
        "",
        [(BOOK, {"title": "a", "seats": 1})],
    ),
}  # fmt: skip
