"""Checking messages, calls and tool definitions."""

from __future__ import annotations

import pytest

from joyflash.errors import RequestError, ToolSchemaError
from joyflash.text.messages import Message, ToolCall, ToolDefinition, first_stray_result

CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1, "b": "二"}'}}


def tool(**function):
    return {"type": "function", "function": {"name": "add", **function}}


def test_a_message_survives_the_way_there_and_back():
    rows = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "u", "name": "Ann"},
        {"role": "assistant", "content": "", "tool_calls": [CALL], "reasoning_content": "why"},
        {"role": "tool", "content": "3", "tool_call_id": "c1"},
    ]
    for row in rows:
        assert Message.from_dict(row).to_dict() == row


def test_content_may_be_parts_or_null_and_developer_means_system():
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert Message.from_dict({"role": "developer", "content": parts}) == Message("system", "ab")
    assert Message.from_dict({"role": "assistant", "content": None}).content == ""


@pytest.mark.parametrize(
    ("row", "param"),
    [
        ("text", "m[2]"),
        ({"content": "x"}, "m[2].role"),
        ({"role": "robot", "content": "x"}, "m[2].role"),
        ({"role": ["user"], "content": "x"}, "m[2].role"),
        ({"role": "user"}, "m[2].content"),
        ({"role": "user", "content": 3}, "m[2].content"),
        ({"role": "user", "content": [{"type": "image_url"}]}, "m[2].content[0]"),
        ({"role": "user", "content": "x", "tool_calls": [CALL]}, "m[2].tool_calls"),
        ({"role": "assistant", "tool_calls": "x"}, "m[2].tool_calls"),
        ({"role": "assistant", "tool_calls": [3]}, "m[2].tool_calls[0]"),
        ({"role": "assistant", "tool_calls": [{"id": "a"}]}, "m[2].tool_calls[0].function"),
        ({"role": "assistant", "tool_calls": [{"function": {"name": 3}}]}, "m[2].tool_calls[0].function.name"),
        (
            {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": {}}}]},
            "m[2].tool_calls[0].function.arguments",
        ),
        ({"role": "tool", "content": "x", "tool_call_id": 3}, "m[2].tool_call_id"),
    ],
)
def test_a_wrong_message_names_the_field_at_fault(row, param):
    with pytest.raises(RequestError) as caught:
        Message.from_dict(row, "m[2]")
    assert caught.value.param == param
    assert param in str(caught.value)


@pytest.mark.parametrize("text", ["{bad", "[1]", "3", '{"a": NaN}', "[" * 100_000])
def test_arguments_in_history_that_are_no_json_object_are_kept_as_text(text):
    call = ToolCall.from_dict({"id": "a", "function": {"name": "f", "arguments": text}})
    assert call.arguments == {"arguments": text}
    assert call.to_dict()["function"]["arguments"] == text


def test_arguments_with_a_lone_surrogate_still_make_json_that_utf8_can_carry():
    call = ToolCall.from_dict({"id": "a", "function": {"name": "f", "arguments": '{"a": "\\ud800"}'}})
    assert call.arguments_json.encode() == b'{"a": "\\ud800"}'


def test_a_tool_without_parameters_takes_none():
    assert ToolDefinition.from_dict(tool()).parameters == {"type": "object", "properties": {}}
    definition = tool(description="d", parameters={"type": "object", "properties": {"名": {"type": "string"}}})
    assert ToolDefinition.from_dict(definition).to_dict() == definition


@pytest.mark.parametrize(
    ("row", "param"),
    [
        (3, "t.type"),
        ({"type": "other"}, "t.type"),
        ({"type": "function"}, "t.function"),
        (tool(name="a b"), "t.function.name"),
        (tool(name="a>b"), "t.function.name"),
        (tool(name=""), "t.function.name"),
        (tool(description=3), "t.function.description"),
        (tool(parameters=[]), "t.function.parameters"),
        (tool(parameters={"type": "string"}), "t.function.parameters.type"),
        (tool(parameters={"properties": []}), "t.function.parameters.properties"),
        (tool(parameters={"properties": {"a>": {}}}), "t.function.parameters"),
        (tool(parameters={"properties": {"a": 3}}), "t.function.parameters.properties.a"),
        (tool(parameters={"properties": {"a": {"type": "text"}}}), "t.function.parameters.properties.a.type"),
        (tool(parameters={"properties": {"a": {"type": [{}]}}}), "t.function.parameters.properties.a.type"),
        (tool(parameters={"properties": {"a": {"enum": "x"}}}), "t.function.parameters.properties.a.enum"),
        (tool(parameters={"properties": {"a": {"anyOf": [3]}}}), "t.function.parameters.properties.a.anyOf[0]"),
        (tool(parameters={"properties": {"a": {"items": 3}}}), "t.function.parameters.properties.a.items"),
        (tool(parameters={"required": [3]}), "t.function.parameters.required"),
        (tool(parameters={"required": "a"}), "t.function.parameters.required"),
    ],
)
def test_a_wrong_tool_names_the_part_at_fault(row, param):
    with pytest.raises(ToolSchemaError) as caught:
        ToolDefinition.from_dict(row, "t")
    assert caught.value.param == param


def test_a_schema_without_end_is_refused():
    schema: dict = {}
    for _ in range(2000):
        schema = {"type": "object", "properties": {"a": schema}}
    with pytest.raises(ToolSchemaError, match="levels deep"):
        ToolDefinition.from_dict(tool(parameters=schema))


def test_arguments_of_too_many_levels_stay_text():
    """What walks through them calls itself: a history with 600 brackets ended in a RecursionError."""
    deep = {"arguments": '{"a": ' + "[" * 600 + "]" * 600 + "}", "name": "add"}
    found = ToolCall.from_dict({"id": "c1", "function": deep})
    assert found.raw_arguments == deep["arguments"] == found.arguments["arguments"]
    level = {"arguments": '{"a": ' + "[" * 63 + "]" * 63 + "}", "name": "add"}
    assert ToolCall.from_dict({"id": "c1", "function": level}).raw_arguments is None


def test_a_result_that_answers_no_call_is_found():
    call = Message("assistant", tool_calls=(ToolCall("a", "f", {}),))
    known, unknown = (Message("tool", "x", tool_call_id=name) for name in "ab")
    assert first_stray_result([call, known, known]) is None and first_stray_result([]) is None
    assert first_stray_result([call, known, unknown]) == 2
    assert first_stray_result([known, call]) == first_stray_result([Message("tool", "x")]) == 0


def test_parameters_that_the_root_refers_to_are_put_in_its_place():
    """As zod-to-json-schema and Pydantic write them: a call could have been written without any argument only."""
    z = {"type": "object", "properties": {"z": {"type": "string"}}, "required": ["z"]}
    for parameters in (
        {"$ref": "#/definitions/A", "definitions": {"A": z}},
        {"allOf": [{"$ref": "#/$defs/A"}, {"type": "object"}], "$defs": {"A": z}},
        {"type": "object", "allOf": [z]},
    ):
        found = ToolDefinition.from_dict(tool(parameters=parameters)).parameters
        assert {name: found[name] for name in z} == z


@pytest.mark.parametrize(
    ("parameters", "taken"),
    [
        ({"type": "object", "additionalProperties": {"type": "string"}}, False),
        ({"anyOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]}, False),
        ({"$ref": "#/$defs/A", "$defs": {"A": {"properties": {"a<b": {}}}}}, False),
        ({"type": "object", "properties": {}, "additionalProperties": False}, True),
        ({"type": "object", "additionalProperties": True}, True),
        ({"type": "object", "required": ["a"], "additionalProperties": {"type": "string"}}, True),
        ({"properties": {"a": {}, "b": {}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, True),
    ],
)
def test_parameters_that_no_call_could_name_are_refused(parameters, taken):
    if taken:
        assert ToolDefinition.from_dict(tool(parameters=parameters)).name == "add"
        return
    with pytest.raises(ToolSchemaError, match="parameter"):
        ToolDefinition.from_dict(tool(parameters=parameters))
