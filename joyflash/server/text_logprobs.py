"""Log-probabilities of the tokens that a caller reads as text, in OpenAI's shape."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from joyflash.engine.request import TokenLogprob
from joyflash.server.choices import CallPiece, Piece, ReasoningPiece, TextPiece
from joyflash.server.completion_logprobs import LOWEST_LOGPROB
from joyflash.text.marks import CALL_END, FUNCTION_END
from joyflash.text.tokenizer import Tokenizer


class TextLogprobs:
    """Gives each piece of one choice's text its tokens.

    Tokens come before the text they add to is certain, and those of thoughts, of calls, of marks and of stop strings
    never become text. Which tokens a piece is made of is told by their bytes: the joined ones of all pieces are the
    text, but for a token of which only a part is text, which is given whole.

    Args:
        tokenizer: spells tokens.
        wanted: False gives nothing.
    """

    def __init__(self, tokenizer: Tokenizer, wanted: bool):
        self._tokenizer = tokenizer
        self._wanted = wanted
        self._waiting: list[tuple[TokenLogprob, bytes]] = []
        self._calls = 0  # since the last text

    def note(self, entries: Iterable[TokenLogprob]) -> None:
        """Take those of one delta; then ``take`` them for the pieces that the delta completed, in order."""
        if self._wanted:
            self._waiting += [(entry, self._tokenizer.token_bytes(entry.token_id)) for entry in entries]

    def take(self, piece: Piece) -> list[dict[str, Any]]:
        """Those of one piece: none of a call. Tokens before the piece's are dropped, later ones wait."""
        self._calls += isinstance(piece, CallPiece)
        if not self._waiting or not isinstance(piece, TextPiece | ReasoningPiece):
            return []
        text, joined = piece.text.encode(), b"".join(spelled for _, spelled in self._waiting)
        start = joined.find(text, _behind_calls(joined, self._calls))
        self._calls = 0
        # Not found: bytes that were no text have been replaced in it.
        start, end = (start, start + len(text)) if start >= 0 else (0, len(joined))
        taken, waiting, place = [], [], 0
        for entry, spelled in self._waiting:
            if place >= end:
                waiting.append((entry, spelled))
            elif place + len(spelled) > start:
                taken.append(entry)
            place += len(spelled)
        self._waiting = waiting
        return [self._shown(entry) for entry in taken] if isinstance(piece, TextPiece) else []

    def _shown(self, entry: TokenLogprob) -> dict[str, Any]:
        top = [self._token(token_id, logprob) for token_id, logprob in entry.top]
        return {**self._token(entry.token_id, entry.logprob), "top_logprobs": top}

    def _token(self, token_id: int, logprob: float) -> dict[str, Any]:
        spelled = self._tokenizer.token_bytes(token_id)
        value = max(logprob, LOWEST_LOGPROB)
        return {"token": spelled.decode("utf-8", "replace"), "logprob": value, "bytes": list(spelled)}


def _behind_calls(spelled: bytes, count: int) -> int:
    """The place behind the first ``count`` calls, their block's end included."""
    place = 0
    for _ in range(count):
        place = spelled.find(FUNCTION_END.encode(), place) + len(FUNCTION_END)
    rest = spelled[place:].lstrip()
    return len(spelled) - len(rest.removeprefix(CALL_END.encode())) if count else 0
