"""The forms of public chat sets: the same conversation in each gives the same tokens and the same loss weights."""

from __future__ import annotations

import json
from typing import Any

import pytest

from joyflash.data.chat_formats import to_messages
from joyflash.data.conversations import Conversation, parse_conversation, render_conversation
from joyflash.errors import DataError, JoyflashError
from joyflash.model.loading import model_folder
from joyflash.text.template import ChatTemplate
from joyflash.text.tokenizer import Tokenizer

FUNCTION = {
    "name": "get_weather",
    "description": "Weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
TOOL = {"type": "function", "function": FUNCTION}
CALL = {"name": "get_weather", "arguments": {"city": "Köln"}}
OPENAI = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Weather in Köln?"},
        {
            "role": "assistant",
            "content": "I look.",
            "reasoning_content": "A tool knows.",
            "tool_calls": [{"id": "a", "type": "function", "function": {**CALL, "arguments": '{"city": "Köln"}'}}],
        },
        {"role": "tool", "tool_call_id": "a", "content": '{"sky": "grey"}'},
        {"role": "assistant", "content": "Grey."},
    ],
    "tools": [TOOL],
}


def _sharegpt(call_turns: list[dict[str, Any]], result: str, tools: Any, roles=("human", "gpt")) -> dict[str, Any]:
    user, assistant = roles
    turns = [
        {"from": user, "value": "Weather in Köln?"},
        *call_turns,
        {"from": "observation" if user == "human" else "tool", "value": result},
        {"from": assistant, "value": "Grey."},
    ]
    return {"conversations": turns, "system": "Be brief.", "tools": tools}


RESULT = '{"sky": "grey"}'
SAME = {
    "separate call turn": _sharegpt(
        [
            {"from": "gpt", "value": "<think>\nA tool knows.\n</think>\n\nI look."},
            {"from": "function_call", "value": json.dumps(CALL)},
        ],
        RESULT,
        json.dumps([FUNCTION]),
    ),
    "hermes": _sharegpt(
        [
            {
                "from": "gpt",
                "value": f"<think>A tool knows.</think>I look.\n<tool_call>\n{json.dumps(CALL)}\n</tool_call>",
            }
        ],
        f"<tool_response>\n{RESULT}\n</tool_response>",
        [TOOL],
    ),
    "our own calls": _sharegpt(
        [
            {
                "from": "assistant",
                "value": "<think>A tool knows.</think>I look.\n<tool_call>\n<function=get_weather>\n<parameter=city>\n"
                "Köln\n</parameter>\n</function>\n</tool_call>",
            }
        ],
        RESULT,
        [TOOL],
        ("user", "assistant"),
    ),
    "openai's former calls": {
        "messages": [
            *OPENAI["messages"][:2],
            {
                "role": "assistant",
                "content": "I look.",
                "thinking": "A tool knows.",
                "function_call": {**CALL, "arguments": json.dumps(CALL["arguments"])},
            },
            {"role": "function", "name": "get_weather", "content": RESULT},
            OPENAI["messages"][-1],
        ],
        "functions": [FUNCTION],
    },
    "system field": {**OPENAI, "messages": OPENAI["messages"][1:], "system": "Be brief."},
    "thought in the content": {
        **OPENAI,
        "messages": [
            {**message, "reasoning_content": None, "content": f"<think>\nA tool knows.\n</think>\n{message['content']}"}
            if message.get("tool_calls")
            else message
            for message in OPENAI["messages"]
        ],
    },
}


@pytest.fixture(scope="module", name="tokenizer")
def _tokenizer() -> Tokenizer:
    return Tokenizer.from_pretrained(model_folder("nano"))


@pytest.fixture(scope="module", name="template")
def _template(tokenizer) -> ChatTemplate:
    return ChatTemplate.from_pretrained(model_folder("nano"), tokenizer)


def test_only_what_the_assistant_writes_carries_loss(template, tokenizer):
    sample = render_conversation(parse_conversation(OPENAI), template)
    learned = tokenizer.decode(sample.ids_n[sample.weights_n > 0].tolist(), skip_control=False)
    eos = tokenizer.eos_token
    assert learned == (
        "A tool knows.<|end_of_thought|>I look.\n<tool_call>\n<function=get_weather>\n<parameter=city>\nKöln\n"
        f"</parameter>\n</function>\n</tool_call>{eos}Grey.{eos}"
    )
    context = tokenizer.decode(sample.ids_n[sample.weights_n == 0].tolist(), skip_control=False)
    assert RESULT in context and "Weather of a city" in context and context.endswith("<|end_of_thought|>")


@pytest.mark.parametrize("name", SAME)
def test_every_form_gives_the_same_tokens_and_weights(name: str, template):
    wanted = render_conversation(parse_conversation(OPENAI), template)
    found = render_conversation(parse_conversation(SAME[name]), template)
    assert found.ids_n.tolist() == wanted.ids_n.tolist()
    assert found.weights_n.tolist() == wanted.weights_n.tolist()


def test_alpaca_rows_become_turns():
    row = {
        "instruction": "Add.",
        "input": "1 and 2",
        "output": "<think>1 + 2</think>\n3",
        "system": "Count.",
        "history": [["Hi", "Hello"]],
        "domain": "maths",
        "kind": "sums",
    }
    conversation = parse_conversation(row)
    said = [(message.role, message.content, message.reasoning_content) for message in conversation.messages]
    assert said == [
        ("system", "Count.", None),
        ("user", "Hi", None),
        ("assistant", "Hello", None),
        ("user", "Add.\n1 and 2", None),
        ("assistant", "3", "1 + 2"),
    ]
    assert (conversation.domain, conversation.kind, conversation.thinking) == ("maths", "sums", True)
    bare = parse_conversation({"instruction": "Add.", "input": "", "output": "3"})
    assert [message.content for message in bare.messages] == ["Add.", "3"] and not bare.thinking


def test_calls_at_once_are_one_turn_and_their_results_find_them():
    two = [CALL, {"name": "get_weather", "arguments": json.dumps({"city": "Ulm"})}]
    turns = [
        {"from": "human", "value": "Both?"},
        {"from": "function_call", "value": json.dumps(two[0])},
        {"from": "function_call", "value": json.dumps(two[1])},
        {"from": "tool", "value": "<tool_response>\n1\n</tool_response>\n<tool_response>\n2\n</tool_response>"},
        {"from": "gpt", "value": "1 and 2", "weight": 0},
    ]
    messages = parse_conversation({"conversations": turns, "tools": [TOOL]}).messages
    assert [message.role for message in messages] == ["user", "assistant", "tool", "tool", "assistant"]
    assert [call.arguments["city"] for call in messages[1].tool_calls] == ["Köln", "Ulm"]
    assert [message.tool_call_id for message in messages[2:4]] == [call.id for call in messages[1].tool_calls]
    assert [message.weight for message in messages] == [1, 1, 1, 1, 0]


def test_an_empty_thought_is_none():
    row = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "<think>\n\n</think>\n\nb"}]}
    answer = parse_conversation(row).messages[1]
    assert (answer.content, answer.reasoning_content) == ("b", None)


USER, ANSWER = {"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"conversations": "a"}, "'conversations' must be a list"),
        ({"conversations": [{"from": "alien", "value": "a"}, ANSWER]}, r"conversations\[0\]\.from is 'alien'"),
        ({"conversations": [{"from": "human", "value": 3}, ANSWER]}, r"conversations\[0\]\.value must be text"),
        ({"conversations": [USER, {"from": "function_call", "value": "{"}]}, r"\[1\]: a function call is not valid"),
        ({"conversations": [USER, {"from": "function_call", "value": "[]"}]}, "with 'name' and 'arguments'"),
        ({"conversations": [USER, {"from": "gpt", "value": 'x <tool_call>\n{"name": "f"'}]}, "is not closed"),
        ({"conversations": [USER, {"from": "gpt", "value": "<think>x"}]}, "does not close"),
        ({"conversations": [{"from": "system", "value": "s"}, USER, ANSWER], "system": "t"}, "and a system turn"),
        ({"conversations": [USER, ANSWER], "tools": "{not json"}, "tools: the list is not valid JSON"),
        ({"conversations": [USER, ANSWER], "tools": "3"}, "'tools' must be a list"),
        ({"conversations": [USER, {"from": "observation", "value": "3"}, ANSWER]}, "answers no call"),
        (
            {
                "conversations": [
                    USER,
                    {**ANSWER, "weight": 0},
                    {"from": "function_call", "value": '{"name": "f", "arguments": {}}'},
                ]
            },
            "weights differ",
        ),
        ({"instruction": "", "output": "b"}, "'instruction' is missing"),
        ({"instruction": "a", "output": ["b"]}, "'output' must be text"),
        ({"instruction": "a", "output": ""}, "is empty"),
        ({"instruction": "a", "output": "b", "history": [["a"]]}, "'history' must be"),
        ({"instruction": "a", "output": "b", "system": 3}, "'system' must be text"),
        ({"messages": OPENAI["messages"], "system": "Be long."}, "field and a system message"),
        ({"text": "a"}, "'messages' must be a list of objects"),
    ],
)
def test_what_is_wrong_is_named(row: dict[str, Any], message: str):
    with pytest.raises(JoyflashError, match=message):
        parse_conversation(row)


def test_a_form_that_was_asked_for_is_the_only_one_taken():
    with pytest.raises(DataError, match="'conversations' must be a list"):
        to_messages(OPENAI, "sharegpt")
    with pytest.raises(DataError, match="no chat format 'csv'"):
        to_messages(OPENAI, "csv")
    assert isinstance(parse_conversation(OPENAI, form="messages"), Conversation)
