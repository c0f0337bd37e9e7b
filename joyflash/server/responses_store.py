"""Responses kept in memory, so that a conversation can go on from one: bounded, and the oldest make room."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from joyflash.server.errors import ApiError
from joyflash.text.messages import Message


@dataclass(frozen=True)
class StoredResponse:
    """One response.

    Attributes:
        body: as the caller got it.
        conversation: all messages up to its end, without the instructions.
        input_items: what was sent with it.
    """

    body: dict[str, Any]
    conversation: tuple[Message, ...]
    input_items: tuple[dict[str, Any], ...]


class ResponseStore:
    """The newest responses, by id; safe to use from several threads, as requests are prepared in them.

    Ids are random and long, so that knowing one is the right to read it.

    Args:
        max_responses, max_bytes: bounds on all of them together; texts are counted as JSON.
    """

    def __init__(self, max_responses: int, max_bytes: int):
        self._max_responses = max_responses
        self._max_bytes = max_bytes
        self._kept: OrderedDict[str, tuple[StoredResponse, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def put(self, stored: StoredResponse) -> None:
        """Keep a response; one that is longer than all the room there is is not kept."""
        turns = [message.to_dict() for message in stored.conversation]
        size = len(json.dumps([stored.body, turns, stored.input_items]))
        if size > self._max_bytes:
            return
        with self._lock:
            self._kept[stored.body["id"]] = stored, size
            self._bytes += size
            while len(self._kept) > self._max_responses or self._bytes > self._max_bytes:
                _, (_, gone) = self._kept.popitem(last=False)
                self._bytes -= gone

    def get(self, response_id: str, param: str | None = None) -> StoredResponse:
        """A kept response; it counts as new again.

        Raises:
            ApiError: 404, there is none of that id (any more); ``param`` is the field that named it.
        """
        with self._lock:
            found = self._kept.get(response_id)
            if found is not None:
                self._kept.move_to_end(response_id)
                return found[0]
        raise _absent(response_id, param)

    def delete(self, response_id: str) -> None:
        """Forget a response; ApiError 404 when there is none of that id."""
        with self._lock:
            found = self._kept.pop(response_id, None)
            if found is not None:
                self._bytes -= found[1]
                return
        raise _absent(response_id)


def _absent(response_id: str, param: str | None = None) -> ApiError:
    message = (
        f"There is no response '{response_id[:80]}': it was not stored, was deleted, or has made room for newer ones."
    )
    return ApiError(404, message, param, "response_not_found")
