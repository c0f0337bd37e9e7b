"""A minimal client of an OpenAI-compatible server, with typed errors and retries while it is busy."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from joyflash.errors import ConfigError, ModelNotFoundError, RequestError, ServerUnreachableError
from joyflash.extras import require
from joyflash.loopback import is_on_this_machine

_BUSY = (429, 500, 502, 503, 504, 529)
_ATTEMPTS = 4


class RefusedError(RequestError):
    """The server refused one request, e.g. because its prompt is too long; other requests may succeed."""


class ChatClient:
    """Asks one model of one server; safe to use from several threads.

    Args:
        base_url: up to and including ``/v1``.
        model: name that the server lists.
        api_key: sent as a bearer token, if given.
        timeout: seconds to wait for one answer.
        pause: seconds before the first repetition of a failed request; doubles with each.
    """

    def __init__(
        self, base_url: str, model: str, *, api_key: str | None = None, timeout: float = 300.0, pause: float = 0.5
    ):
        self.base_url, self.model, self._pause = base_url.rstrip("/"), model, pause
        self._httpx = require("httpx", extra="eval")
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        limits = self._httpx.Limits(max_connections=None)
        through_proxy = not is_on_this_machine(self.base_url)
        try:
            self._http = self._httpx.Client(headers=headers, timeout=timeout, limits=limits, trust_env=through_proxy)
        except (ImportError, ValueError) as error:
            raise ConfigError(f"The proxy that the environment names cannot be used: {error}") from error

    def check(self) -> None:
        """Raise unless the server answers and lists the model."""
        body = self._request("GET", "/models", None)
        names = [entry.get("id") for entry in body.get("data", ()) if isinstance(entry, dict)]
        if self.model not in names:
            raise ModelNotFoundError(
                f"The server at {self.base_url} has no model '{self.model}'; it lists: {', '.join(map(str, names))}.",
                param="model",
            )

    def chat(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]], options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], int]:
        """One chat completion.

        Args:
            options: further fields of the request body, e.g. ``temperature`` and ``seed``.

        Returns:
            the assistant's message and the number of tokens it took.
        """
        body: dict[str, Any] = {"model": self.model, "messages": list(messages), **options}
        if tools:
            body["tools"] = list(tools)
        reply = self._request("POST", "/chat/completions", body)
        try:
            message = reply["choices"][0]["message"]
            return dict(message), int((reply.get("usage") or {}).get("completion_tokens") or 0)
        except (KeyError, IndexError, TypeError) as error:
            raise ServerUnreachableError(
                f"The server at {self.base_url} answered without 'choices[0].message': is it OpenAI-compatible?"
            ) from error

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        url, reason = self.base_url + path, ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                time.sleep(self._pause * 2 ** (attempt - 1))
            try:
                response = self._http.request(method, url, json=body)
            except (self._httpx.InvalidURL, self._httpx.UnsupportedProtocol) as error:
                raise ServerUnreachableError(f"'{self.base_url}' is not a base URL: {error}.") from error
            except (self._httpx.ReadTimeout, self._httpx.WriteTimeout) as error:
                raise ServerUnreachableError(
                    f"The server at {self.base_url} took too long over one request. Ask with a longer timeout, "
                    "fewer max_tokens or fewer requests at a time."
                ) from error
            except self._httpx.TransportError as error:
                reason = f"{type(error).__name__}: {error}"
                continue
            if response.status_code in _BUSY:
                reason = f"HTTP {response.status_code}"
                continue
            return self._read(response, path)
        if reason == "HTTP 500":
            raise RefusedError(f"The server at {self.base_url} failed on a request ({reason}, {_ATTEMPTS} times).")
        raise ServerUnreachableError(
            f"The server at {self.base_url} does not answer ({reason}, {_ATTEMPTS} attempts). Is it running? "
            "Start one with: joyflash serve"
        )

    def _read(self, response: Any, path: str) -> dict[str, Any]:
        try:
            body = response.json()
        except ValueError as error:
            raise ServerUnreachableError(
                f"{self.base_url}{path} answered HTTP {response.status_code} without JSON: does the URL end in /v1?"
            ) from error
        if response.status_code < 400 and isinstance(body, dict):
            return body
        error = body.get("error") if isinstance(body, dict) else None
        detail = error.get("message") if isinstance(error, dict) else body
        text = f"The server at {self.base_url} refused a request (HTTP {response.status_code}): {detail}"
        if response.status_code in (401, 403, 404):
            raise RequestError(text)
        raise RefusedError(text)
