"""What a request's body must be: of the right type, one JSON object of sane size and depth, in real Unicode."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from joyflash.server.errors import ApiError
from joyflash.text.schemas import MAX_DEPTH, is_deeper, strict_json

MAX_BRACKETS = 250_000
"""Opening ones in a body: an empty list is 2 bytes on the wire and 64 in memory."""


def check_content_type(request: Request) -> None:
    """Raise an ApiError, 415, for another content type than JSON's."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        shown = f"'{content_type[:80]}'" if content_type else "missing"
        message = f"The content type must be application/json; it is {shown}."
        raise ApiError(415, message, code="unsupported_media_type")


def parse_json_object(body: bytes) -> dict[str, Any]:
    """Decode bytes that must be one JSON object.

    Raises:
        ApiError: 400 when they are not JSON, not UTF-8, nested too deeply, of too many parts, or not an object.
    """
    if body.count(b"[") + body.count(b"{") > MAX_BRACKETS:
        message = f"The body has more than {MAX_BRACKETS:,} opening brackets; send less at once."
        raise ApiError(400, message, code="invalid_json")
    try:
        value = strict_json(body)
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
    if is_deeper(value, MAX_DEPTH):
        raise ApiError(400, f"The body is nested more than {MAX_DEPTH} levels deep.", code="invalid_json")
    return value
