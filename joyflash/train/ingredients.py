"""From a recipe and a data folder to packed rows and validation sets."""

from __future__ import annotations

import functools
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from joyflash.batch import PackedBatch
from joyflash.data.chat_files import ChatFiles, chat_file
from joyflash.data.dialogues.reading import read_tool_dialogues
from joyflash.data.dialogues.source import ToolDialogueSource
from joyflash.data.documents import corpora
from joyflash.data.mixture import Mixture
from joyflash.data.packing import Packer
from joyflash.data.prefetch import Prefetcher
from joyflash.data.samples import Source
from joyflash.data.shards import build_shards, open_shards, tokenizer_fingerprint
from joyflash.data.sources import ConversationSource, SkillSource, TextSource
from joyflash.data.validation import ValidationSet, validation_set
from joyflash.errors import DataError
from joyflash.text.template import ChatTemplate
from joyflash.text.tokenizer import Tokenizer
from joyflash.train.objective import LanguageModelling, draft_weights, target_weight
from joyflash.train.recipe import Recipe
from joyflash.train.stage import Log, Place
from joyflash.train.validate import bits_per_byte, exactness, skill_rows

VALIDATED = ("en", "zh", "code")


class Ingredients:
    """The data side of pretraining and SFT.

    Args:
        recipe: names sources and weights.
        tokenizer_folder: folder with tokenizer and chat template.
        data: folder with ``pretrain/`` and ``chat/``; None takes the text of this Python installation, no chats and
            no dialogues.
        cache: where tokenised shards are kept.
        shards: source and index file of each shard, where another process has just looked that they are current:
            that takes reading all of the text. None looks, and builds what is missing.

    Raises:
        DataError: the folder lacks a source that the recipe names, or there is none and nothing is left to train on.

    Attributes:
        notes: what the reader of a run's log should know about the data, such as rows left out.
    """

    measured_first = False

    def __init__(
        self,
        recipe: Recipe,
        tokenizer_folder: Path,
        data: Path | None,
        cache: Path,
        shards: Sequence[tuple[str, Path]] | None = None,
    ):
        self.recipe = recipe
        self._made_of = (recipe, tokenizer_folder, data, cache)
        self.tokenizer = Tokenizer.from_pretrained(tokenizer_folder)
        self.template = ChatTemplate.from_pretrained(tokenizer_folder, self.tokenizer)
        self.data = data
        self._skill_sources = self._skills()  # a misspelt name is refused before anything is read
        self._chats = None
        if data is None:
            self.notes = _without_folder(recipe)
        else:
            skip = recipe.bad_rows == "skip"
            self._chats = ChatFiles(data / "chat", recipe.chat, self.template, skip=skip)
            self.notes = self._chats.notes
            for key in recipe.chat:
                self._chats.conversations(key)
            for name in recipe.dialogues:
                chat_file(data / "chat", name)
        self._shards = list(self._build(tokenizer_folder, cache) if shards is None else shards)

    @property
    def pad_id(self) -> int:
        """Padding token: the tokenizer's own, else end of text."""
        pad = self.tokenizer.pad_token
        return self.tokenizer.eos_id if pad is None else self.tokenizer.control_id(pad)

    def rows(self, state: dict[str, Any] | None, processes: int = 0) -> Prefetcher:
        """Packed rows from a saved position, or from the start; made in a thread, or in so many ``processes``."""
        if not processes:
            return Prefetcher(self.packer, state=state)
        make = functools.partial(_packer_of, *self._made_of, self._shards)
        return Prefetcher(make, workers=processes, processes=True, state=state)

    def left_out(self, state: dict[str, Any]) -> list[str]:
        """At the end of a run: the conversations that its packers left out up to a saved position."""
        skipped: Counter[str] = Counter()
        for worker in state.get("workers", ()):
            skipped.update((worker or {}).get("skipped", {}))
        return [
            f"Left out of {kind}: {count} times a conversation longer than a row of {self.recipe.row_tokens:,} tokens."
            for kind, count in sorted(skipped.items())
        ]

    def prepare(self, place: Place, run: Path) -> None:
        """Pack the held-out rows of ``validate``; the weights do not matter."""
        self._held_out = (
            self.validation(),
            skill_rows(
                list(self.recipe.skills),
                self.template,
                samples=self.recipe.skill_samples,
                row_tokens=self.recipe.row_tokens,
                pad_id=self.pad_id,
            ),
        )

    def batch(self, rows: Prefetcher, step: int) -> list[PackedBatch]:
        """The rows of ``step`` (from 0)."""
        return [next(rows) for _ in range(self.recipe.rows(step))]

    def objective(self, step: int, batch: Sequence[PackedBatch]) -> LanguageModelling:
        """Next-token loss over the targets of the step, and the MTP layer's from where the recipe says."""
        mtp_weight = self.recipe.mtp_weight if self.recipe.mtp_on(step) else 0.0
        drafts = draft_weights(batch, self.recipe.mtp_depth)
        rectified = self.recipe.loss == "dft"
        return LanguageModelling(target_weight(batch, 1), mtp_weight, drafts, rectified=rectified)

    def validate(self, place: Place, log: Log, step: int) -> None:
        """Bits per byte of held-out text, and exact answers to held-out samples of the skills."""
        texts, skills = self._held_out
        log.validation(step, *place.evaluate(lambda model: (bits_per_byte(model, texts), exactness(model, skills))))

    def validation(self) -> list[ValidationSet]:
        """Held-out text of each language that the data has."""
        shards = open_shards([index for _, index in self._shards], "valid")
        sets = [
            validation_set(
                shards,
                language,
                row_tokens=self.recipe.row_tokens,
                rows=self.recipe.validation_rows,
                pad_id=self.pad_id,
            )
            for language in VALIDATED
        ]
        return [found for found in sets if found.rows]

    def packer(self, part: int, parts: int) -> Packer:
        """The packer of part ``part`` of the mixture."""
        weighted = [*self._text(), *self._chat(), *self._dialogues(), *self._skill_sources]
        weights = {source.name: weight for source, weight in weighted}
        mixture = Mixture([source for source, _ in weighted], weights, part=part, parts=parts)
        return Packer(mixture, row_tokens=self.recipe.row_tokens, pad_id=self.pad_id)

    def _build(self, tokenizer_folder: Path, cache: Path) -> list[tuple[str, Path]]:
        """Source and index file of each shard of the text, current or built now."""
        if self.data is None:
            found = corpora(None)
        elif self.recipe.text:
            found = corpora(self.data, self.recipe.text)
        else:
            found = []  # a folder of chats alone has no text to look for
        indexes = build_shards(
            found,
            self.tokenizer,
            cache,
            fingerprint=tokenizer_fingerprint(tokenizer_folder),
            workers=min(2, os.cpu_count() or 1),
        )
        return [(corpus.source, index) for corpus, index in zip(found, indexes, strict=True)]

    def _text(self) -> list[tuple[Source, float]]:
        recipe = self.recipe
        weights = dict(recipe.text)
        if self.data is None and weights:
            total, names = sum(weights.values()), sorted({source for source, _ in self._shards})
            weights = dict.fromkeys(names, total / len(names))
        sources: list[tuple[Source, float]] = []
        for name, weight in weights.items():
            shards = open_shards([index for source, index in self._shards if source == name], "train")
            sources.append((TextSource(name, shards, chunk=recipe.text_chunk, seed=recipe.seed), weight))
        return sources

    def _chat(self) -> list[tuple[Source, float]]:
        sources: list[tuple[Source, float]] = []
        if self._chats is None:
            return sources
        for key, weight in self.recipe.chat.items():
            rows = self._chats.conversations(key)
            sources.append((ConversationSource(key, rows, self.template, seed=self.recipe.seed), weight))
        return sources

    def _dialogues(self) -> list[tuple[Source, float]]:
        sources: list[tuple[Source, float]] = []
        if self.data is None:
            return sources
        for name, weight in self.recipe.dialogues.items():
            dialogues = read_tool_dialogues(chat_file(self.data / "chat", name))
            sources.append((ToolDialogueSource(name, dialogues, self.template, seed=self.recipe.seed), weight))
        return sources

    def _emphasis(self) -> dict[int | tuple[int, int], float]:
        """``Recipe.emphasis`` with token ids."""
        found: dict[int | tuple[int, int], float] = {}
        for text, factor in self.recipe.emphasis.items():
            first, ellipsis, last = text.partition("…")
            ids = self.tokenizer.control_id(first), self.tokenizer.control_id(last) if ellipsis else 0
            found[ids if ellipsis else ids[0]] = factor
        return found

    def _skills(self) -> list[tuple[Source, float]]:
        sources: list[tuple[Source, float]] = []
        for name, weight in self.recipe.skills.items():
            skill, _, language = name.rpartition("_")
            source = SkillSource(skill, language, self.template, seed=self.recipe.seed, emphasis=self._emphasis())
            sources.append((source, weight))
        return sources


def _without_folder(recipe: Recipe) -> list[str]:
    """What a run without a data folder has in place of the recipe's files; DataError if that is nothing."""
    notes, files = [], list(dict.fromkeys([*recipe.chat, *recipe.dialogues]))
    if not recipe.text and not recipe.skills:
        raise DataError(f"The recipe reads chat files ({', '.join(files)}): name their folder with --data.")
    if files:
        notes.append(f"Left out, because there is no --data: the chat files {', '.join(files)}.")
    if recipe.text:
        notes.append(f"There is no --data: the text of this Python stands in for {', '.join(recipe.text)}.")
    return notes


def _packer_of(
    recipe: Recipe,
    tokenizer_folder: Path,
    data: Path | None,
    cache: Path,
    shards: list[tuple[str, Path]],
    part: int,
    parts: int,
) -> Packer:
    """What a packing process runs; the shards exist by then."""
    torch.set_num_threads(1)
    return Ingredients(recipe, tokenizer_folder, data, cache, shards).packer(part, parts)
