"""Names in tool calls, with marks as control tokens, as text, and with the bundled tokenizer."""

import random
from pathlib import Path

import pytest
import torch
from joyflash.engine.token_table import TokenTable

import joyflash
from joyflash.engine.grammar import ToolGrammar
from joyflash.errors import RequestError
from joyflash.text.messages import ToolDefinition
from joyflash.text.tokenizer import Tokenizer
from tests.engine.fakes import FakeTokenizer

NANO = Path(next(iter(joyflash.__path__))) / "assets" / "nano"


def tool(name, parameters=(), required=()):
    properties = {parameter: {"type": "string"} for parameter in parameters}
    return ToolDefinition(name, "", {"type": "object", "properties": properties, "required": list(required)})


TOOLS = [
    tool("get", ("unit",)),
    tool("get_weather", ("city", "city_code", "城市"), ("city",)),
    tool("now"),
]


@pytest.fixture(params=["marks", "text", "nano"])
def tokenizer(request):
    if request.param == "nano":
        return Tokenizer.from_pretrained(NANO)
    return FakeTokenizer(with_calls=request.param == "marks")


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


def allowed(state, token_id):
    mask = state.mask()
    return mask is None or bool(mask[token_id])


def first_refused(tokenizer, text, **options):
    """Feed ``text``; return what was accepted before the first refused token, or None if all was."""
    state = ToolGrammar(options.pop("tools", TOOLS), TokenTable(tokenizer), **options).start()
    ids = ids_of(tokenizer, text)
    for place, token_id in enumerate(ids):
        if not allowed(state, token_id):
            return tokenizer.decode(ids[:place], skip_control=False)
        state.accept(token_id)
    return None


def call(function, *parameters):
    body = "".join(f"<parameter={name}>\nvalue\n</parameter>\n" for name in parameters)
    return f"<tool_call>\n<function={function}>\n{body}</function>\n</tool_call>"


@pytest.mark.parametrize(
    "text",
    [
        "free text, with < and <function and >",
        call("get", "unit"),
        call("get"),
        call("get_weather", "city"),
        call("get_weather", "city_code", "城市", "city"),
        call("now"),
        "first " + call("now") + "\n" + call("get") + " after",
        call("now").replace("</tool_call>", call("get")[len("<tool_call>\n") :]),
        call("get", "unit").replace("value", "<b>7 > 6</b> {}\n\n"),
        "<tool_call><function=now></function></tool_call>",
    ],
)
def test_right_calls_pass(tokenizer, text):
    assert first_refused(tokenizer, text + "<|end_of_sentence|>" * (text.count("tool_call") == 0)) is None


def open_call(function, *parameters):
    """A call up to the end of its last parameter."""
    return call(function, *parameters)[: -len("</function>\n</tool_call>")]


@pytest.mark.parametrize(
    ("text", "good", "wrong"),
    [
        (call("put"), "<tool_call>\n<function=", "=p"),
        (call("got"), "<tool_call>\n<function=g", "=go"),
        (call("get_"), "<tool_call>\n<function=get_", "get_>"),
        (call("get_weather_now", "city"), "<tool_call>\n<function=get_weather", "get_weather_"),
        (call("now", "unit"), "<tool_call>\n<function=now>\n", "<parameter="),
        (call("get", "city"), "<tool_call>\n<function=get>\n<parameter=", "=c"),
        (call("get_weather", "unit"), "<tool_call>\n<function=get_weather>\n<parameter=", "=u"),
        (call("get_weather"), "<tool_call>\n<function=get_weather>\n", "</function>"),
        (call("get_weather", "城市"), open_call("get_weather", "城市"), "</function>"),
        (call("get", "unit", "unit"), open_call("get", "unit"), "</parameter>\n<parameter="),
        (
            call("get_weather", "city", "city"),
            open_call("get_weather", "city") + "<parameter=city",
            "</parameter>\n<parameter=city>",
        ),
        ("<tool_call>\n</tool_call>", "<tool_call>\n", "</tool_call>"),
        ("<tool_call>\n<function=now>\n</tool_call>", "<tool_call>\n<function=now>\n", "</tool_call>"),
    ],
)
def test_wrong_names_and_missing_parameters_are_refused_at_the_token(tokenizer, text, good, wrong):
    got = first_refused(tokenizer, text)
    assert got is not None and wrong not in got
    if tokenizer.control_tokens.keys() >= {"<function="} and isinstance(tokenizer, FakeTokenizer):
        assert got == good


def test_prefix_names_stay_apart(tokenizer):
    """After a parameter whose name begins another's, the longer one is still to be had, and only it."""
    text = "<tool_call>\n<function=get_weather>\n<parameter=city>\nx\n</parameter>\n<parameter=city_code>\n"
    assert first_refused(tokenizer, text) is None
    got = first_refused(tokenizer, text.replace("city_code", "city"))
    assert got is not None and got.endswith("city")


def test_the_end_waits_for_the_call_to_close(tokenizer):
    for text in ("<tool_call>\n", "<tool_call>\n<function=get", call("get", "unit")[:60], call("now")[:-12]):
        assert first_refused(tokenizer, text) is None
        assert first_refused(tokenizer, text + "<|end_of_sentence|>") == text
    assert first_refused(tokenizer, call("now") + "<|end_of_sentence|>") is None


def test_none_forbids_calls(tokenizer):
    assert first_refused(tokenizer, "plain < text <|end_of_sentence|>", choice="none") is None
    got = first_refused(tokenizer, "hm " + call("now"), choice="none")
    assert got is not None and "<tool_call>" not in got
    got = first_refused(tokenizer, "hm " + call("now"), tools=[])
    assert got is not None and "<tool_call>" not in got


def test_required_and_named_begin_with_a_call(tokenizer):
    for options in ({"choice": "required"}, {"name": "now"}):
        assert first_refused(tokenizer, call("now") + "<|end_of_sentence|>", **options) is None
        for text in ("hm", " ", "\n", "<|end_of_sentence|>"):
            assert first_refused(tokenizer, text, **options) == ""
    assert first_refused(tokenizer, call("get"), choice="required") is None
    got = first_refused(tokenizer, call("get"), name="now")
    assert got is not None and got.endswith("<function=")


def test_without_parallel_calls_the_text_ends_after_one(tokenizer):
    assert first_refused(tokenizer, "so: " + call("now") + "<|end_of_sentence|>", parallel=False) is None
    for more in ("\n", call("now"), "x"):
        assert first_refused(tokenizer, call("now") + more, parallel=False) == call("now")
    inner = call("now").replace("</tool_call>", call("get")[len("<tool_call>\n") :])
    got = first_refused(tokenizer, inner, parallel=False)
    assert got is not None and "<function=get" not in got


def test_a_thought_holds_no_call(tokenizer):
    done = "hm\n<|end_of_thought|>" + call("now") + "<|end_of_sentence|>"
    for options in ({"choice": "required"}, {}):
        assert first_refused(tokenizer, done, thinking=True, **options) is None
        got = first_refused(tokenizer, "hm " + call("now"), thinking=True, **options)
        assert got is not None and "<tool_call>" not in got
    got = first_refused(tokenizer, "hm<|end_of_thought|>text", thinking=True, choice="required")
    assert got is not None and "text" not in got


def test_any_spelling_of_a_name_is_allowed():
    tokenizer = FakeTokenizer()
    state = ToolGrammar(TOOLS, TokenTable(tokenizer)).start()
    for token_id in [*ids_of(tokenizer, "<tool_call>\n<function="), tokenizer.token("get")]:
        assert allowed(state, token_id)
        state.accept(token_id)
    assert {i for i in range(tokenizer.vocab_size) if state.mask()[i]} == {
        tokenizer.token(text) for text in (">", ">\n", "_", "_weather")
    }


def test_control_look_alikes_in_ordinary_tokens_are_text():
    tokenizer = FakeTokenizer()
    state = ToolGrammar(TOOLS, TokenTable(tokenizer)).start()
    for token_id in tokenizer.encode("<tool_call>\n<function=no such thing>"):
        assert allowed(state, token_id)
        state.accept(token_id)


def test_a_token_that_runs_from_a_mark_into_a_name_is_checked():
    tokenizer = FakeTokenizer(with_calls=False)
    head = [*tokenizer.encode("<tool_call>"), tokenizer.token("<function")]
    for tools, expected in ((TOOLS, True), ([tool("now")], False)):
        state = ToolGrammar(tools, TokenTable(tokenizer)).start()
        for token_id in head:
            assert allowed(state, token_id)
            state.accept(token_id)
        assert allowed(state, tokenizer.token("=g")) is expected
        assert allowed(state, tokenizer.token("="))


def test_a_token_with_a_whole_mark_inside_is_checked():
    tokenizer = FakeTokenizer(with_calls=False)
    for choice, expected in (("auto", True), ("none", False)):
        state = ToolGrammar(TOOLS, TokenTable(tokenizer), choice=choice).start()
        assert allowed(state, tokenizer.token("!<tool_call>\n")) is expected
    state = ToolGrammar(TOOLS, TokenTable(tokenizer)).start()
    state.accept(tokenizer.token("!<tool_call>\n"))
    assert not allowed(state, tokenizer.eos_id)


def test_random_text_under_the_mask_makes_only_right_calls(tokenizer):
    """Whatever is sampled, each function's name is a listed one and its parameters are its own, once each."""
    table, generator = TokenTable(tokenizer), random.Random(0)
    grammar = ToolGrammar(TOOLS, table, choice="required", parallel=False)
    finished = 0
    for _ in range(10):
        state, text, token_id = grammar.start(), b"", -1
        for _ in range(200):
            mask = state.mask()
            options = torch.nonzero(mask).flatten().tolist() if mask is not None else range(table.size)
            assert options
            likely = [i for i in options if tokenizer.token_bytes(i).startswith((b"<", b"/", b">"))]
            token_id = generator.choice(likely if likely and generator.random() < 0.5 else options)
            state.accept(token_id)
            if token_id == tokenizer.eos_id:
                break
            text += tokenizer.token_bytes(token_id)
        assert text.startswith(b"<tool_call>")
        if table.control.get("<function="):
            names = text.split(b"<function=")[1].split(b">")[0].decode()
            assert "get_weather".startswith(names) or names in {"get", "now"}
        finished += token_id == tokenizer.eos_id
    assert finished or "<function=" not in table.control


def test_wrong_choices_are_named():
    table = TokenTable(FakeTokenizer())
    for options in ({"choice": "maybe"}, {"name": "put"}):
        with pytest.raises(RequestError) as caught:
            ToolGrammar(TOOLS, table, **options)
        assert caught.value.param == "tool_choice"
    with pytest.raises(RequestError):
        ToolGrammar([], table, choice="required")
