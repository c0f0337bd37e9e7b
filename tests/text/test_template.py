"""The bundled and the built-in chat template, other checkpoints' templates, and control look-alikes."""

from __future__ import annotations

import json
import shutil
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joyflash.errors import RequestError, TemplateError
from joyflash.text.bpe_training import train_bpe
from joyflash.text.messages import Message, ToolCall, ToolDefinition
from joyflash.text.template import ChatTemplate, default_template_text
from joyflash.text.tokenizer import Tokenizer
from tests.text.test_tokenizer import CONTROL

BOS, EOS = "<|begin_of_sentence|>", "<|end_of_sentence|>"
SYSTEM = "You are nano, a small joyflash model."
TEXTS = st.lists(st.one_of(st.text(max_size=6), st.sampled_from([*CONTROL, "\U00100000"])), max_size=4).map("".join)
CITY = {"type": "string", "description": "Its name."}
UNIT = {"type": "string", "enum": ["C", "F"]}
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": CITY, "unit": UNIT, "days": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
            "required": ["city"],
        },
    },
}
LONG_CHAT = [
    {"role": "user", "content": "Weather in 北京 and Oslo?"},
    {
        "role": "assistant",
        "content": "Let me see.",
        "reasoning_content": "Two calls.",
        "tool_calls": [
            {
                "id": "a",
                "type": "function",
                "function": {"name": "get_weather", "arguments": '{"city": "北京", "days": 2}'},
            },
            {"id": "b", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Oslo"}'}},
        ],
    },
    {"role": "tool", "tool_call_id": "a", "content": '{"t": 30}'},
    {"role": "tool", "tool_call_id": "b", "content": "cold"},
    {"role": "assistant", "content": "Hot and cold."},
    {"role": "user", "content": "Thanks"},
    {"role": "assistant", "content": "Bye.", "reasoning_content": "Polite."},
]


@st.composite
def conversations(draw):
    """A few turns of any text, with and without reasoning, calls and results."""
    messages = [Message("system", draw(TEXTS))] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 3))):
        messages.append(Message("user", draw(TEXTS)))
        calls = tuple(ToolCall(f"c{i}", "f", {draw(TEXTS): draw(TEXTS)}) for i in range(draw(st.integers(0, 2))))
        reasoning = draw(st.none() | TEXTS)
        messages.append(Message("assistant", draw(TEXTS), reasoning, calls))
        if calls:
            messages += [Message("tool", draw(TEXTS), tool_call_id=call.id) for call in calls]
            messages.append(Message("assistant", draw(TEXTS)))
    return messages


def test_the_whole_form(template):
    assert template.render_text(LONG_CHAT[:5], [WEATHER]) == (
        f"{BOS}{SYSTEM}\n\n<tools>\nWeather of a city.\n<function=get_weather>\n"
        "Its name. (string, required)\n<parameter=city>\n(string, one of: C|F)\n<parameter=unit>\n"
        "(integer|null)\n<parameter=days>\n</function>\n</tools>"
        "<|User|>Weather in 北京 and Oslo?<|Assistant|><|begin_of_thought|>Two calls.<|end_of_thought|>Let me see.\n"
        "<tool_call>\n<function=get_weather>\n<parameter=city>\n北京\n</parameter>\n<parameter=days>\n2\n</parameter>\n"
        "</function>\n</tool_call>\n<tool_call>\n<function=get_weather>\n<parameter=city>\nOslo\n</parameter>\n"
        f"</function>\n</tool_call>{EOS}<|User|><tool_response>\n"
        '{"t": 30}\n</tool_response>\n<tool_response>\ncold\n</tool_response>'
        f"<|Assistant|><|end_of_thought|>Hot and cold.{EOS}<|Assistant|><|end_of_thought|>"
    )


def test_system_text_thinking_and_the_generation_prompt(template):
    user = {"role": "user", "content": "hi"}
    assert template.render_text([user]) == f"{BOS}{SYSTEM}<|User|>hi<|Assistant|><|end_of_thought|>"
    assert template.render_text([user], enable_thinking=True).endswith("<|Assistant|><|begin_of_thought|>")
    assert template.render_text([user], add_generation_prompt=False).endswith("<|User|>hi")
    leading = [{"role": "system", "content": "A"}, {"role": "developer", "content": "B"}, user]
    assert template.render_text(leading, add_generation_prompt=False) == f"{BOS}A\n\nB<|User|>hi"
    assert template.render_text([{"role": "system", "content": ""}, user]).startswith(f"{BOS}<|User|>")


def test_reasoning_stays_only_after_the_last_question(template):
    text = template.render_text(LONG_CHAT)
    assert "Two calls." not in text and "<|begin_of_thought|>Polite.<|end_of_thought|>Bye." in text
    ids, _ = template.render_training(LONG_CHAT)
    assert "Two calls." in template._tokenizer.decode(ids)


def test_the_ids_are_the_texts_ids_with_control_tokens_as_such(template, tokenizer):
    ids = template.render(LONG_CHAT, [WEATHER])
    assert ids == tokenizer.encode_with_control(template.render_text(LONG_CHAT, [WEATHER]))
    assert ids.count(tokenizer.bos_id) == 1


def test_the_text_is_that_of_transformers(template, nano_folder):
    transformers = pytest.importorskip("transformers")
    theirs = transformers.AutoTokenizer.from_pretrained(nano_folder)
    chat = json.loads(json.dumps(LONG_CHAT))
    for call in chat[1]["tool_calls"]:
        call["function"]["arguments"] = json.loads(call["function"]["arguments"])
    for count in (1, 2, 4, 5, 7):
        for tools in (None, [WEATHER]):
            for thinking in (False, True):
                expected = theirs.apply_chat_template(
                    chat[:count], tools=tools, tokenize=False, add_generation_prompt=True, enable_thinking=thinking
                )
                assert template.render_text(LONG_CHAT[:count], tools or (), enable_thinking=thinking) == expected
    encoded = theirs.apply_chat_template(chat, tools=[WEATHER], add_generation_prompt=True, return_dict=True)
    assert encoded["input_ids"] == template.render(LONG_CHAT, [WEATHER])


@given(conversations(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_control_look_alikes_never_become_control_tokens(template, tokenizer, messages, thinking):
    """The same conversation with every text emptied has the same control tokens, and all text is still there."""
    tools = [ToolDefinition("f", "".join(CONTROL))]
    ids = template.render(messages, tools, enable_thinking=thinking)
    blank = [
        Message(
            message.role,
            "x" if message.content else "",
            message.reasoning_content and "x",
            tuple(ToolCall(call.id, "f", {"a": ""} if call.arguments else {}) for call in message.tool_calls),
        )
        for message in messages
    ]
    bare = template.render(blank, [ToolDefinition("f", "x")], enable_thinking=thinking)
    control = set(tokenizer.control_tokens.values())
    assert [i for i in ids if i in control] == [i for i in bare if i in control]
    text = tokenizer.decode(ids, skip_control=False)
    assert text == template.render_text(messages, tools, enable_thinking=thinking)
    assert "".join(CONTROL) in text and all(message.content in text for message in messages)


@given(conversations())
@settings(max_examples=150, deadline=None)
def test_training_ids_begin_with_every_prompt_and_weigh_what_the_assistant_writes(template, tokenizer, messages):
    tools = [ToolDefinition("f", "d")]
    ids, weights = template.render_training(messages, tools)
    assert len(ids) == len(weights)
    done = 0
    for i, message in enumerate(messages):
        if message.role != "assistant":
            continue
        asked = [Message(m.role, m.content, None, m.tool_calls, m.tool_call_id) for m in messages[:i]]
        if all(m.reasoning_content in (None, "") for m in messages[:i]):
            prompt = template.render(asked, tools, enable_thinking=bool(message.reasoning_content))
            assert ids[: len(prompt)] == prompt
        start = next(at for at in range(done, len(ids)) if weights[at])
        end = next(at for at in range(start, len(ids)) if ids[at] == tokenizer.eos_id) + 1
        assert weights[done:start] == [0.0] * (start - done) and weights[start:end] == [1.0] * (end - start)
        assert ids[start - 1] in (tokenizer.control_id("<|begin_of_thought|>"), tokenizer.control_id(CONTROL[6]))
        thought = f"{message.reasoning_content}<|end_of_thought|>" if message.reasoning_content else ""
        assert tokenizer.decode(ids[start:end]).startswith(thought + message.content)
        done = end
    assert not any(weights[done:])


def test_an_assistant_turn_of_weight_zero_is_context_only(template, tokenizer):
    messages = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "first", "weight": 0},
        {"role": "user", "content": "b"},
        {"role": "assistant", "content": "second"},
    ]
    for form in (messages, [Message.from_dict(message) for message in messages]):
        ids, weights = template.render_training(form)
        learned = [token for token, weight in zip(ids, weights, strict=True) if weight]
        assert tokenizer.decode(learned) == "second"
    with pytest.raises(RequestError, match="from 0 to 1"):
        Message.from_dict({"role": "assistant", "content": "x", "weight": 2})


def test_ten_thousand_conversations_take_less_than_a_minute(template):
    typed = [Message.from_dict(row) for row in LONG_CHAT[:5]]
    tools = [ToolDefinition.from_dict(WEATHER)]
    start = time.process_time()
    for _ in range(50):
        template.render_training(typed, tools)
    assert (time.process_time() - start) / 50 * 10_000 < 60


def test_the_built_in_template_serves_a_folder_that_brings_none(tmp_path, nano_folder, tokenizer):
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(nano_folder / name, tmp_path)
    built_in = ChatTemplate.from_pretrained(tmp_path, tokenizer)
    assert built_in.source == default_template_text()
    text = built_in.render_text([{"role": "user", "content": "hi"}], [WEATHER])
    assert text.startswith(
        f"{BOS}You are JoyAI , a large language model trained by JD（京东）that can interact with a computer to solve "
        f"tasks. Answer as concisely as possible.\n\n<tools>\n{json.dumps(WEATHER)}\n</tools><|User|>hi<|Assistant|>"
    )
    ids, weights = built_in.render_training(LONG_CHAT, [WEATHER])
    assert tokenizer.decode([i for i, weight in zip(ids, weights, strict=True) if weight]).endswith(
        "Hot and cold.Polite.<|end_of_thought|>Bye."
    )


def test_the_built_in_template_is_not_used_with_a_tokenizer_of_other_tokens(tmp_path):
    (tmp_path / "tokenizer.json").write_text(train_bpe(["some text"] * 3, 260, ["<s>", "</s>"]))
    other = Tokenizer.from_pretrained(tmp_path)
    with pytest.raises(TemplateError, match="no chat template"):
        ChatTemplate.from_pretrained(tmp_path, other)


CHATML = (
    "{% for m in messages %}\n  {%- if m.role == 'assistant' %}\n[{{ m.role }}]{% generation %}{{ m.content }}~"
    "{% endgeneration %}\n  {%- else %}\n[{{ m.role }}]{{ m.content | trim }}~\n  {%- endif %}\n"
    "{%- if loop.last %}{% break %}{% endif %}{% endfor %}"
    "{%- if add_generation_prompt %}[assistant]{% endif %}{{ tools | tojson(indent=1) if tools }}"
)


def test_a_checkpoints_own_template_is_used_from_either_file(tmp_path, nano_folder, tokenizer):
    config = json.loads((nano_folder / "tokenizer_config.json").read_text())
    messages = [{"role": "user", "content": " <b>&你 "}, {"role": "assistant", "content": "ok "}]
    for value in (CHATML, [{"name": "other", "template": "x"}, {"name": "default", "template": CHATML}]):
        (tmp_path / "tokenizer_config.json").write_text(json.dumps({**config, "chat_template": value}))
        own = ChatTemplate.from_pretrained(tmp_path, tokenizer)
        assert own.render_text(messages) == "[user]<b>&你~[assistant]ok ~[assistant]"
        ids, weights = own.render_training(messages)
        assert tokenizer.decode([i for i, weight in zip(ids, weights, strict=True) if weight]) == "ok ~"
    (tmp_path / "chat_template.jinja").write_text("from the file")
    assert ChatTemplate.from_pretrained(tmp_path, tokenizer).render_text(messages) == "from the file"


def test_failures_are_typed(tokenizer):
    with pytest.raises(TemplateError, match="line 2"):
        ChatTemplate("a\n{% if %}", tokenizer)
    user = [{"role": "user", "content": "x"}]
    with pytest.raises(RequestError, match="must alternate"):
        ChatTemplate("{{ raise_exception('roles must alternate') }}", tokenizer).render(user)
    with pytest.raises(TemplateError, match="ZeroDivision"):
        ChatTemplate("{{ 1 / 0 }}", tokenizer).render(user)
    with pytest.raises(RequestError) as caught:
        ChatTemplate("", tokenizer).render([*user, {"role": "robot", "content": "x"}])
    assert caught.value.param == "messages[1].role"


@pytest.mark.parametrize("attack", ["''.__class__.__mro__", "messages.append(1)", "cycler.__init__.__globals__.os"])
def test_a_template_cannot_leave_its_sandbox(tokenizer, attack):
    hostile = ChatTemplate("{{ " + attack + ".x }}", tokenizer)
    with pytest.raises(TemplateError, match="SecurityError"):
        hostile.render([{"role": "user", "content": "x"}])


def test_a_template_that_rewrites_the_past_cannot_train(tokenizer):
    forgetful = ChatTemplate("{{ messages | length }}{% for m in messages %}{{ m.content }}{% endfor %}", tokenizer)
    with pytest.raises(TemplateError, match="cannot be used for training"):
        forgetful.render_training([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}])


def test_history_with_broken_arguments_still_renders(template):
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{broken"}}
    text = template.render_text([{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [call]}])
    assert "<parameter=arguments>\n{broken\n</parameter>" in text


def test_results_come_in_the_order_of_their_calls(template):
    """The template shows no ids: what came back first was taken for the first call's result."""
    swapped = [*LONG_CHAT[:2], LONG_CHAT[3], LONG_CHAT[2], *LONG_CHAT[4:]]
    assert template.render(swapped) == template.render(LONG_CHAT)
    assert template.render_training(swapped) == template.render_training(LONG_CHAT)
    stray = {"role": "tool", "tool_call_id": "nobody's", "content": "last"}
    text = template.render_text([*LONG_CHAT[:2], stray, LONG_CHAT[3], LONG_CHAT[2]])
    assert text.index('{"t": 30}') < text.index("cold") < text.index("last")


def test_whether_a_prompt_opens_a_thought_is_read_from_the_prompt(template, tokenizer, nano_folder):
    """Not every template reads the switch, and users may write the marks."""
    user = [{"role": "user", "content": "Say <|begin_of_thought|>"}]
    thinks, answers = (template.render(user, enable_thinking=on) for on in (True, False))
    assert template.opens_thought(thinks) and not template.opens_thought(answers)
    assert not template.opens_thought(template.render(user, add_generation_prompt=False))
    deaf = ChatTemplate("{% for m in messages %}{{ m.content }}{% endfor %}<|Assistant|><|end_of_thought|>", tokenizer)
    assert not deaf.opens_thought(deaf.render(user, enable_thinking=True))
    definition = json.loads((nano_folder / "tokenizer.json").read_text("utf-8"))
    kept = [token for token in definition["added_tokens"] if "thought" not in token["content"]]
    without = Tokenizer({**definition, "added_tokens": kept}, {})
    spelled = ChatTemplate("{{ messages[0].content }}<|begin_of_thought|>\n", without)
    assert spelled.opens_thought(spelled.render(user))
    assert not spelled.opens_thought(ChatTemplate("{{ messages[0].content }}!", without).render(user))


def test_a_weight_may_be_null(template):
    rows = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y", "weight": None}]
    assert template.render_training(rows) == template.render_training([rows[0], {**rows[1], "weight": 1}])


def test_a_thousand_control_tokens_do_not_slow_down_a_text_of_brackets(tokenizer, nano_folder):
    """One alternative each was tried at every ``<``: 8 MB of them took more than a minute."""
    definition = json.loads((nano_folder / "tokenizer.json").read_text("utf-8"))
    model = definition["added_tokens"][-1]
    definition["added_tokens"] += [
        {**model, "id": tokenizer.vocab_size + i, "content": f"<|place_holder_{i}|>"} for i in range(1200)
    ]
    many = ChatTemplate("{{ messages[0].content }}", Tokenizer(definition, {}))
    few = ChatTemplate("{{ messages[0].content }}", tokenizer)

    def seconds(template):
        start = time.thread_time()
        assert len(template.render_text([{"role": "user", "content": "<" * 200_000}])) == 200_000
        return time.thread_time() - start

    assert min(seconds(many) for _ in range(3)) < 5 * min(seconds(few) for _ in range(3)) + 0.05
    user = [{"role": "user", "content": "<|place_holder_12|><|place_holder_120|>x<|place_holder_"}]
    assert not set(many.render(user)) & set(range(tokenizer.vocab_size, tokenizer.vocab_size + 1200))
    written = ChatTemplate("<|place_holder_120|><|place_holder_12|>", Tokenizer(definition, {})).render(user)
    assert written == [tokenizer.vocab_size + 120, tokenizer.vocab_size + 12]


def test_parameters_are_shown_with_what_they_refer_to(template):
    """Pydantic writes every enumeration as a reference, and optional ones as alternatives."""
    unit = {"type": "string", "enum": ["C", "F"], "description": "Its unit."}
    properties = {
        "a": {"$ref": "#/$defs/Unit"},
        "b": {"anyOf": [{"$ref": "#/$defs/Unit"}, {"type": "null"}], "description": "Perhaps."},
        "c": {"const": 3},
        "d": {"enum": [True]},
        "e": {"oneOf": [{"type": "integer"}, {"const": "all"}]},
        "f": {"allOf": [{"$ref": "#/$defs/Unit"}]},
        "g": {"$ref": "#/$defs/Loop"},
        "h": {"$ref": "#/$defs/Missing"},
    }
    definitions = {"Unit": unit, "Loop": {"$ref": "#/$defs/Loop"}}
    parameters = {"type": "object", "properties": properties, "$defs": definitions}
    tool = {"type": "function", "function": {"name": "f", "parameters": parameters}}
    text = template.render_text([{"role": "user", "content": "hi"}], [tool])
    shown = [line for line in text.splitlines() if line.endswith(")")]
    assert shown == [
        "Its unit. (string, one of: C|F)",
        "Perhaps. (string|null, one of: C|F)",
        "(number, one of: 3)",
        "(boolean, one of: true)",
        "(integer|string, one of: all)",
        "(string, one of: C|F)",
        "(any)",
        "(any)",
    ]
