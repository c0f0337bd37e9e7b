"""The three kinds of training data as numbered lists of samples: text shards, chats, skill generators."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import numpy as np

from joyflash.data.conversations import (
    NO_EMPHASIS,
    Conversation,
    TrainingTemplate,
    parse_conversation,
    render_conversation,
)
from joyflash.data.order import shuffled
from joyflash.data.samples import Sample
from joyflash.data.shards import Shard
from joyflash.errors import ConfigError, DataError, RequestError, TemplateError
from joyflash.tasks import SKILLS


class TextSource:
    """Documents of shards, cut to chunks of at most ``chunk`` tokens, in a new random order each epoch.

    Args:
        name: name in the mixture and in the kind ``text/name``.
        shards: train parts of one source.
        chunk: longest sample in tokens.
        seed: of the order.
    """

    def __init__(self, name: str, shards: Sequence[Shard], *, chunk: int, seed: int):
        self.name = name
        self.seed = seed
        self.shards = list(shards)
        self.chunk = chunk
        # One row per chunk: shard, document, first token.
        rows = [_chunk_rows(number, shard, chunk) for number, shard in enumerate(self.shards)]
        self.chunks = np.concatenate(rows) if rows else np.zeros((0, 3), np.int64)
        if not len(self.chunks):
            raise DataError(f"The text source '{name}' holds no document.")
        self.size = len(self.chunks)
        self.tokens = sum(len(shard.tokens_N) for shard in self.shards)

    def sample(self, index: int) -> Sample:
        shard, document, start = self.chunks[shuffled(index, len(self.chunks), f"{self.seed}/{self.name}")].tolist()
        ids_n = self.shards[shard].document(document)
        whole = Sample(ids_n, np.ones(len(ids_n), np.float32), f"text/{self.name}", splittable=True)
        return whole.cut(start, min(start + self.chunk, len(ids_n)))


class ConversationSource:
    """Conversations of chat files, in a new random order each epoch."""

    def __init__(self, name: str, conversations: Sequence[Conversation], template: TrainingTemplate, *, seed: int):
        if not conversations:
            raise DataError(f"The chat source '{name}' holds no conversation.")
        self.name = name
        self.seed = seed
        self.conversations = list(conversations)
        self.size = len(self.conversations)
        self.template = template

    def sample(self, index: int) -> Sample:
        place = shuffled(index, len(self.conversations), f"{self.seed}/{self.name}")
        conversation = self.conversations[place]
        try:
            sample = render_conversation(conversation, self.template)
        except (TemplateError, RequestError) as error:
            raise DataError(
                f"Line {conversation.line} of the chat file {self.name} cannot be rendered: {error} Check the file "
                "with `joyflash data check`."
            ) from error
        return Sample(sample.ids_n, sample.weights_n, f"chat/{self.name}", splittable=False)


class SkillSource:
    """Conversations that a generator of ``joyflash.tasks`` makes up, each from its own seed, so none is ever stored.

    Args:
        skill: a key of ``joyflash.tasks.SKILLS``.
        language: "en" or "zh"; the source is named ``skill_language``.
        template: renders the conversations.
        seed: of the whole source.
        emphasis: factors on loss weights, see ``render_conversation``.
    """

    def __init__(
        self, skill: str, language: str, template: TrainingTemplate, *, seed: int,
        emphasis: Mapping[int | tuple[int, int], float] = NO_EMPHASIS,
    ):  # fmt: skip
        if skill not in SKILLS or language not in ("en", "zh"):
            raise ConfigError(f"There is no skill '{skill}' in '{language}'; use en or zh of: {', '.join(SKILLS)}.")
        self.name = f"{skill}_{language}"
        self.size = None
        self.skill = skill
        self.language = language
        self.template = template
        self.seed = seed
        self.emphasis = emphasis

    def sample(self, index: int) -> Sample:
        rng = random.Random(f"{self.seed}/{self.name}/{index}")
        row = SKILLS[self.skill](rng, self.language, "train")
        sample = render_conversation(parse_conversation(row), self.template, self.emphasis)
        return Sample(sample.ids_n, sample.weights_n, f"skill/{self.name}", splittable=False)


def _chunk_rows(number: int, shard: Shard, chunk: int) -> np.ndarray:
    lengths_D = np.diff(shard.offsets)
    counts_D = -(-lengths_D // chunk)
    document = np.repeat(np.arange(len(lengths_D)), counts_D)
    first = np.repeat(np.cumsum(counts_D) - counts_D, counts_D)
    start = (np.arange(counts_D.sum()) - first) * chunk
    return np.stack([np.full(len(document), number), document, start], axis=1).astype(np.int64)
