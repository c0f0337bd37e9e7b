"""Errors in OpenAI's shape: `{"error": {"message", "type", "param", "code"}}`, and which status each one gets."""

from __future__ import annotations

import logging
from typing import Any

from starlette.exceptions import HTTPException

from joyflash.errors import (
    ConstraintError,
    ContextLengthError,
    EngineBusyError,
    EngineClosedError,
    JoyflashError,
    ModelNotFoundError,
    RequestError,
)

LOG = logging.getLogger(__name__)
ERROR_TYPES = {401: "authentication_error", 429: "rate_limit_error", 500: "server_error", 503: "server_error"}


class ApiError(JoyflashError):
    """A refusal with an HTTP status.

    Args:
        status: HTTP status code.
        message: what is wrong and what to do.
        param: the field at fault, or None.
        code: a short machine-readable reason, or None.
        headers: further response headers, e.g. `Retry-After`.
    """

    def __init__(
        self,
        status: int,
        message: str,
        param: str | None = None,
        code: str | None = None,
        headers: dict[str, str] | None = None,
    ):
        super().__init__(message)
        self.status = status
        self.param = param
        self.code = code
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        """The response body in OpenAI's shape."""
        kind = ERROR_TYPES.get(self.status, "invalid_request_error")
        return {"error": {"message": str(self), "type": kind, "param": self.param, "code": self.code}}


def as_api_error(error: BaseException, request_id: str) -> ApiError:
    """Translate any exception; what is not the caller's fault is logged and tells the caller nothing but the id."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, ModelNotFoundError):
        return ApiError(404, str(error), error.param or "model", error.code or "model_not_found")
    if isinstance(error, ContextLengthError):
        return ApiError(400, str(error), error.param or "messages", error.code or "context_length_exceeded")
    if isinstance(error, RequestError):
        return ApiError(400, str(error), error.param, error.code)
    if isinstance(error, ConstraintError):
        return ApiError(400, str(error), code="unsupported_schema")
    if isinstance(error, EngineBusyError):
        return ApiError(429, str(error), code="rate_limit_exceeded", headers={"Retry-After": "1"})
    if isinstance(error, EngineClosedError):
        return ApiError(503, str(error), code="unavailable", headers={"Retry-After": "10"})
    if isinstance(error, HTTPException):
        return _http_error(error)
    LOG.error("request %s failed", request_id, exc_info=error)
    return ApiError(500, f"The server failed on this request. Its log names the reason under {request_id}.")


def _http_error(error: HTTPException) -> ApiError:
    """Routing errors of the web framework, said in words."""
    headers = dict(error.headers or {})
    if error.status_code == 404:
        return ApiError(404, "There is nothing at this path. GET /v1/models lists the models.", code="unknown_url")
    if error.status_code == 405:
        allowed = headers.get("Allow") or headers.get("allow") or "another method"
        message = f"This path does not take this method; use {allowed}."
        return ApiError(405, message, code="method_not_allowed", headers=headers)
    return ApiError(error.status_code, str(error.detail), headers=headers)
