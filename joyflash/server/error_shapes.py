"""Which vendor a caller speaks, and an error in that vendor's shape: the one place where a path decides a shape."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import Scope

from joyflash.server.anthropic_fields import THREADS_UNSUPPORTED
from joyflash.server.errors import ApiError

ANTHROPIC_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}


def speaks_anthropic(scope: Scope) -> bool:
    """Whether the answer has Anthropic's shape: its own paths, and `/v1/models` with `anthropic-version`."""
    path = scope["path"]
    if path == "/v1/messages" or path.startswith("/v1/messages/"):
        return True
    lists_models = path == "/v1/models" or path.startswith("/v1/models/")
    return lists_models and "anthropic-version" in Headers(scope=scope)


def error_body(error: ApiError, scope: Scope) -> dict[str, Any]:
    """The body that tells a caller of `scope` about `error`."""
    if not speaks_anthropic(scope):
        return error.body()
    kind = ANTHROPIC_TYPES.get(anthropic_status(error), "invalid_request_error")
    inner: dict[str, Any] = {"type": kind, "message": str(error)}
    if error.code == THREADS_UNSUPPORTED:
        inner["details"] = {"error_code": error.code, "unsupported": ["thread"]}
    return {"type": "error", "error": inner, "request_id": scope.get("request_id")}


def error_response(error: ApiError, scope: Scope) -> JSONResponse:
    """The whole HTTP response that tells a caller of `scope` about `error`."""
    status = anthropic_status(error) if speaks_anthropic(scope) else error.status
    return JSONResponse(error_body(error, scope), status_code=status, headers=error.headers)


def anthropic_status(error: ApiError) -> int:
    """Anthropic says 529, overloaded, where others say 503."""
    return 529 if error.status == 503 else error.status
