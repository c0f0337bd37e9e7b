"""Tool dialogues as a numbered list of samples."""

from __future__ import annotations

import random
from typing import Any

from joyflash.data.conversations import TrainingTemplate, parse_conversation, render_conversation
from joyflash.data.dialogues.reading import ToolDialogues
from joyflash.data.dialogues.rows import call_row, no_tool_row, talk_row
from joyflash.data.order import shuffled
from joyflash.data.samples import Sample
from joyflash.errors import DataError

_NO_TOOL, _TALK = 0.12, 0.15  # shares; the others are calls


class ToolDialogueSource:
    """Short tool-use conversations cut from one file of dialogues.

    Args:
        name: of the file; the source is named ``name_short``, so that the file may also be a chat source.
        dialogues: what ``read_tool_dialogues`` found.
        template: renders the conversations.
        seed: of the whole source.
        longest: tokens of a sample; listed tools, then the reply, are left out to keep to it.
    """

    def __init__(
        self, name: str, dialogues: ToolDialogues, template: TrainingTemplate, *, seed: int, longest: int = 360
    ):
        if not dialogues.windows:
            raise DataError(f"The dialogues of '{name}' hold no call whose values the user wrote.")
        self.name = f"{name}_short"
        self.dialogues = dialogues
        self.size = len(dialogues.windows)
        self.template = template
        self.seed = seed
        self.longest = longest
        self._closed = dialogues.closed()

    def sample(self, index: int) -> Sample:
        sample = None
        for most in (4, 2, 1, 0):
            sample = render_conversation(parse_conversation(self.row(index, most)), self.template)
            if len(sample) <= self.longest:
                break
        assert sample is not None
        return Sample(sample.ids_n, sample.weights_n, f"dialogues/{self.name}", splittable=False)

    def row(self, index: int, most: int = 4) -> dict[str, Any]:
        """The conversation at ``index`` in OpenAI's form, with at most ``most`` other tools (0: and no reply)."""
        key = f"{self.seed}/{self.name}"
        rng = random.Random(f"{key}/{index}")
        roll = rng.random()
        if roll < _NO_TOOL and self._closed:
            window = self._closed[shuffled(index, len(self._closed), f"{key}/no_tool")]
            row = no_tool_row(window, self.dialogues, rng, most)
            if row is not None:
                return row
        elif _NO_TOOL <= roll < _NO_TOOL + _TALK and self.dialogues.talks:
            talk = self.dialogues.talks[shuffled(index, len(self.dialogues.talks), f"{key}/talk")]
            return talk_row(talk, self.dialogues, rng, most)
        window = self.dialogues.windows[shuffled(index, len(self.dialogues.windows), key)]
        return call_row(window, self.dialogues, rng, most)
