"""Log-probabilities in the shape of OpenAI's completions: four lists, an entry a token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from joyflash.engine.request import TokenLogprob
from joyflash.text.tokenizer import Tokenizer

LOWEST_LOGPROB = -9999.0  # JSON has no minus infinity; this is what OpenAI writes


class LogprobLists:
    """Turns tokens of one choice into the lists, and counts where in its text each token begins.

    Args:
        tokenizer: spells the tokens.
    """

    def __init__(self, tokenizer: Tokenizer):
        self._tokenizer = tokenizer
        self._decoder = tokenizer.stream_decoder(skip_control=False)
        self._offset = 0

    def lists(self, entries: Sequence[TokenLogprob | int]) -> dict[str, Any]:
        """The lists of the next tokens; a bare id is a token without a log-probability, such as the very first."""
        tokens: list[str] = []
        token_logprobs: list[float | None] = []
        top_logprobs: list[dict[str, float] | None] = []
        offsets: list[int] = []
        for entry in entries:
            token_id = entry if isinstance(entry, int) else entry.token_id
            tokens.append(self._spell(token_id))
            offsets.append(self._offset)
            self._offset += len(self._decoder.push([token_id]))
            if isinstance(entry, int):
                token_logprobs.append(None)
                top_logprobs.append(None)
            else:
                token_logprobs.append(max(entry.logprob, LOWEST_LOGPROB))
                # The token itself is always among them, as its caller looks it up there.
                pairs = (*entry.top, (entry.token_id, entry.logprob))
                top_logprobs.append({self._spell(other): max(value, LOWEST_LOGPROB) for other, value in pairs})
        return {
            "tokens": tokens,
            "token_logprobs": token_logprobs,
            "top_logprobs": top_logprobs,
            "text_offset": offsets,
        }

    def _spell(self, token_id: int) -> str:
        """A token's text; bytes that are no text by themselves are spelled out, so that no two tokens look alike."""
        spelled = self._tokenizer.token_bytes(token_id)
        try:
            return spelled.decode()
        except UnicodeDecodeError:
            return "bytes:" + "".join(f"\\x{byte:02x}" for byte in spelled)
