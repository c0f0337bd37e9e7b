"""The OpenAPI document of this server, made from the same tables that check the requests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

from joyflash.server import anthropic_fields, responses_fields
from joyflash.server.batch_routes import BATCH_FIELDS
from joyflash.server.chat_fields import CHAT_FIELDS, Field
from joyflash.server.completion_fields import COMPLETION_FIELDS
from joyflash.server.openai_messages import MESSAGE_FIELDS
from joyflash.server.tokenizing import DETOKENIZE_FIELDS, TOKENIZE_FIELDS

REFUSALS = {
    400: "A field is wrong; the error names it.",
    401: "The key is missing or wrong.",
    404: "The model, or what the request names, is not here.",
    408: "The body came too slowly.",
    409: "It is over.",
    413: "The body is too long.",
    415: "The body is of another content type.",
    429: "Too much is running or waiting; Retry-After says when to come again.",
    500: "The server failed.",
    503: "The server is shutting down or full, or its engine has failed.",
    529: "The server is shutting down (Anthropic's word for it).",
}
_MESSAGES = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "properties": {field.name: field.check.schema for field in MESSAGE_FIELDS},
        "required": ["role", "content"],
        "additionalProperties": False,
    },
}
_TURNS = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "properties": {
            "role": {"enum": ["user", "assistant", "system"]},
            "content": {"anyOf": [{"type": "string"}, {"type": "array", "items": anthropic_fields.TEXT_BLOCK.schema}]},
        },
        "required": ["role", "content"],
        "additionalProperties": False,
    },
}
_ITEMS = {
    "type": "array",
    "items": {
        "anyOf": [
            responses_fields.FUNCTION_CALL.schema,
            responses_fields.FUNCTION_CALL_OUTPUT.schema,
            responses_fields.REASONING.schema,
            {
                "type": "object",
                "properties": {
                    "role": responses_fields.MESSAGE["role"].schema,
                    "content": {
                        "anyOf": [{"type": "string"}, {"type": "array", "items": responses_fields.INPUT_TEXT.schema}]
                    },
                },
                "required": ["role", "content"],
                "additionalProperties": False,
            },
        ]
    },
}
_FUNCTION = {
    "type": "object",
    "properties": {
        "type": {"enum": ["function"]},
        "function": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "pattern": "^[a-z_]{1,20}$"},
                "description": {"type": "string"},
                "parameters": {"type": "object"},
            },
            "required": ["name"],
            "additionalProperties": False,
        },
    },
    "required": ["type", "function"],
    "additionalProperties": False,
}
CHAT = {"messages": _MESSAGES, "tools": {"type": "array", "items": _FUNCTION}}
TURNS = {"messages": _TURNS, "tools": {"type": "array", "items": anthropic_fields.TOOL.schema}}
INPUT = {
    "input": {"anyOf": [{"type": "string"}, _ITEMS]},
    "tools": {"type": "array", "items": responses_fields.TOOL.schema},
}
PAGE = ("after", "limit", "order")


def openapi_document() -> dict[str, Any]:
    """The whole document."""
    posts: dict[str, dict[str, Any]] = {
        "/v1/chat/completions": _body(CHAT_FIELDS, CHAT),
        "/v1/completions": _body(COMPLETION_FIELDS),
        "/v1/responses": _body(responses_fields.RESPONSE_FIELDS, INPUT),
        "/v1/responses/input_tokens": _body(responses_fields.COUNT_FIELDS, INPUT),
        "/v1/messages": _body(anthropic_fields.MESSAGE_FIELDS, TURNS),
        "/v1/messages/count_tokens": _body(anthropic_fields.COUNT_FIELDS, TURNS),
        "/v1/batches": _body(BATCH_FIELDS),
        "/tokenize": _body(TOKENIZE_FIELDS, CHAT),
        "/detokenize": _body(DETOKENIZE_FIELDS),
        "/v1/files": _form(),
    }
    paths: dict[str, dict[str, Any]] = {path: {"post": _operation(path, "post", body)} for path, body in posts.items()}
    gets: dict[str, Sequence[str]] = {
        "/health": (),
        "/ready": (),
        "/metrics": (),
        "/v1/models": (),
        "/v1/models/{name}": (),
        "/v1/responses/{response_id}": ("include", "stream"),
        "/v1/responses/{response_id}/input_items": (*PAGE, "include"),
        "/v1/files": (*PAGE, "purpose"),
        "/v1/files/{file_id}": (),
        "/v1/files/{file_id}/content": (),
        "/v1/batches": PAGE,
        "/v1/batches/{batch_id}": (),
    }
    for path, query in gets.items():
        paths.setdefault(path, {})["get"] = _operation(path, "get", None, query)
    for path in ("/v1/responses/{response_id}", "/v1/files/{file_id}"):
        paths[path]["delete"] = _operation(path, "delete", None)
    paths["/v1/batches/{batch_id}/cancel"] = {"post": _operation("/v1/batches/{batch_id}/cancel", "post", None)}
    keys = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "joyflash", "version": version("joyflash")},
        "paths": paths,
        "components": {"securitySchemes": keys},
    }


def _operation(path: str, method: str, body: dict[str, Any] | None, query: Sequence[str] = ()) -> dict[str, Any]:
    """One operation: its parameters, body and every status that it may answer with."""
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    parameters += [{"name": name, "in": "query", "schema": {"type": "string"}} for name in query]
    responses = {"200": {"description": "The answer."}}
    responses |= {str(status): {"description": words} for status, words in REFUSALS.items()}
    operation: dict[str, Any] = {
        "operationId": f"{method}{path.replace('/', '_').replace('{', '').replace('}', '')}",
        "parameters": parameters,
        "responses": responses,
    }
    if path.startswith(("/v1", "/tokenize", "/detokenize")):
        operation["security"] = [{}, {"bearer": []}, {"key": []}]
    if body is not None:
        operation["requestBody"] = body
    return operation


def _body(fields: Iterable[Field], known: dict[str, Any] | None = None) -> dict[str, Any]:
    """A JSON body; ``known`` replaces what a table cannot say of a field."""
    properties, required = {}, []
    for field in fields:
        schema = (known or {}).get(field.name, field.check.schema)
        properties[field.name] = {**schema, "description": field.effect}
        if field.required:
            required.append(field.name)
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _form() -> dict[str, Any]:
    """The form of an upload."""
    properties = {"file": {"type": "string", "format": "binary"}, "purpose": {"enum": ["batch"]}}
    schema = {"type": "object", "properties": properties, "required": ["file", "purpose"]}
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
