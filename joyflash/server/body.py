"""Reading a request's body: the right type, not too long, one JSON object of sane depth in real Unicode."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from joyflash.server.errors import ApiError

MAX_DEPTH = 64
DISCARD_BYTES = 64 * 1024 * 1024


async def read_json_object(request: Request, max_bytes: int) -> dict[str, Any]:
    """Read the body of a POST as one JSON object.

    Raises:
        ApiError: 415 for another content type, 413 for more than `max_bytes`, 400 for what is not a JSON object.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        shown = f"'{content_type[:80]}'" if content_type else "missing"
        message = f"The content type must be application/json; it is {shown}."
        raise ApiError(415, message, code="unsupported_media_type")
    return parse_json_object(await _read_bytes(request, max_bytes))


async def _read_bytes(request: Request, max_bytes: int) -> bytes:
    """The body's bytes. What is too long is read on for a while and dropped: a caller still writing cannot read."""
    body = bytearray()
    length = 0
    async for piece in request.stream():
        length += len(piece)
        if length <= max_bytes:
            body += piece
        elif length > max_bytes + DISCARD_BYTES:
            break
    if length > max_bytes:
        message = f"The body is longer than the {max_bytes:,} bytes that this server takes."
        raise ApiError(413, message, code="request_too_large", headers={"Connection": "close"})
    return bytes(body)


def parse_json_object(body: bytes) -> dict[str, Any]:
    """Decode bytes that must be one JSON object.

    Raises:
        ApiError: 400 when they are not JSON, not UTF-8, nested too deeply, or not an object.
    """
    try:
        value = json.loads(body, parse_constant=_refuse_constant)
        if b"\\u" in body:
            json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair cannot be encoded
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ApiError(400, f"The body is not valid JSON at {place}: {error.msg}.", code="invalid_json") from None
    except UnicodeError:
        raise ApiError(400, "The body is not valid Unicode in UTF-8.", code="invalid_json") from None
    except ValueError as error:
        raise ApiError(400, f"The body is not valid JSON: {error}.", code="invalid_json") from None
    except RecursionError:
        raise ApiError(400, "The body is nested too deeply.", code="invalid_json") from None
    if not isinstance(value, dict):
        raise ApiError(400, 'The body must be a JSON object, such as {"model": …}.', code="invalid_json")
    _check_depth(value)
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


def _check_depth(value: dict[str, Any]) -> None:
    """Refuse nesting that the recursive readers of tool schemas could not walk."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise ApiError(400, f"The body is nested more than {MAX_DEPTH} levels deep.", code="invalid_json")
