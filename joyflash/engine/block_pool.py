"""BlockPool: who holds which block of the paged cache, and which blocks already hold the beginning of a prompt.

A full block is found again by (serial number of its parent's content, its own tokens). Every new content gets a serial
number that was never used before, so what hung under a forgotten content can no longer be reached, let alone mistaken.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count

from joyflash.errors import EngineError

# What the first block of every sequence has for a parent; real contents count from 1.
_ROOT = 0

_Key = tuple[int, tuple[int, ...]]


class NoFreeBlock(EngineError):
    """Sequences hold all blocks; wait for one to end, or preempt one."""


@dataclass(slots=True)
class _Content:
    """A full block's tokens behind those of its parents, the block registered for them, and private copies."""

    serial: int
    key: _Key
    block: int
    # Blocks that other sequences filled with the same before it could be shared; oldest first, all of them held.
    twins: dict[int, None] = field(default_factory=dict)


class BlockPool:
    """Reference counts of cache blocks, and a prefix cache over the full ones.

    A block is unused, or held by one or more sequences, or idle: held by nobody, but kept because its content may be
    matched again. Sealed blocks may be shared and must not be written any more. Nothing here touches the cache itself.

    Args:
        blocks: how many blocks the cache has, at least 1; they are numbered from 0.
        block_size: tokens per block, at least 1.
        prefix_cache: whether full blocks are kept and shared; without it ``match`` finds nothing.
    """

    def __init__(self, blocks: int, block_size: int, *, prefix_cache: bool = True):
        if blocks < 1 or block_size < 1:
            raise EngineError(f"A pool needs blocks and tokens in them, not {blocks} blocks of {block_size} tokens.")
        self._block_size = block_size
        self.prefix_cache = prefix_cache
        self._references = [0] * blocks
        self._unused = list(range(blocks - 1, -1, -1))
        # Least recently used first.
        self._idle: OrderedDict[int, None] = OrderedDict()
        # By block; None until it is sealed. Twins share one content.
        self._contents: list[_Content | None] = [None] * blocks
        # The key holds the tokens themselves: two that merely hash alike stay two.
        self._registered: dict[_Key, _Content] = {}
        self._serials = count(_ROOT + 1)
        # For metrics: tokens that ``match`` was asked for since the start, and those of them that it found.
        self.asked_tokens = 0
        self.matched_tokens = 0

    @property
    def block_size(self) -> int:
        """Tokens per block."""
        return self._block_size

    @property
    def blocks(self) -> int:
        """How many blocks there are, used or not."""
        return len(self._references)

    @property
    def free_blocks(self) -> int:
        """Blocks that ``allocate`` could give out now, idle ones included; ``match`` takes from these too."""
        return len(self._unused) + len(self._idle)

    def match(self, token_ids: Sequence[int]) -> list[int]:
        """Take the longest chain of cached full blocks that holds exactly the first of ``token_ids``.

        The caller holds each of the blocks once more and must release them. A prompt may be found whole; leave out its
        last token if the model has to run on that one. Without a prefix cache nothing is found.
        """
        if not self.prefix_cache:
            return []
        found: list[int] = []
        parent = _ROOT
        for end in range(self._block_size, len(token_ids) + 1, self._block_size):
            content = self._registered.get((parent, tuple(token_ids[end - self._block_size : end])))
            if content is None:
                break
            self._references[content.block] += 1
            self._idle.pop(content.block, None)
            found.append(content.block)
            parent = content.serial
        return found

    def note_lookup(self, asked: int, matched: int) -> None:
        """Count a look into the prefix cache that led to something: tokens asked for, and those that were there."""
        if self.prefix_cache:
            self.asked_tokens += asked
            self.matched_tokens += matched

    def allocate(self) -> int:
        """Take an unused block, else forget the least recently used idle one; NoFreeBlock if sequences hold all."""
        if self._unused:
            block = self._unused.pop()
        elif self._idle:
            block, _ = self._idle.popitem(last=False)
            self._forget(block)
        else:
            raise NoFreeBlock(f"All {self.blocks} cache blocks are in use; wait for a sequence to end.")
        self._references[block] = 1
        return block

    def seal(self, blocks: Sequence[int], index: int, token_ids: Sequence[int]) -> None:
        """Let ``match`` find ``blocks[index]``, full of ``token_ids``; EngineError unless those before it are sealed.

        If an equal block is registered already, this one stays a private twin of it: blocks sealed behind either hang
        under the same content, and the twin takes over should the registered one be evicted. EngineError also if
        ``token_ids`` are not ``block_size`` many, or if nobody holds the block or it is sealed already.
        """
        if not 0 <= index < len(blocks):
            raise EngineError(f"Cannot seal block at {index} of a sequence of {len(blocks)} blocks.")
        block = blocks[index]
        if self._references_of(block) == 0:
            raise EngineError(f"Cannot seal block {block}: no sequence holds it.")
        if len(token_ids) != self._block_size:
            raise EngineError(f"Cannot seal block {block} with {len(token_ids)} of {self._block_size} tokens.")
        if not self.prefix_cache:
            return
        if self._contents[block] is not None:
            raise EngineError(f"Block {block} is sealed already.")
        key = self._parent_serial(blocks, index), tuple(token_ids)
        content = self._registered.get(key)
        if content is None:
            content = self._registered[key] = _Content(next(self._serials), key, block)
        else:
            content.twins[block] = None
        self._contents[block] = content

    def release(self, blocks: Iterable[int]) -> None:
        """Hold each of ``blocks`` once less; EngineError, and no change, if one is not held that often.

        They come in the order of their sequence. Those held by nobody now are idle if registered, unused if not.
        """
        blocks = list(blocks)
        for block, times in Counter(blocks).items():
            if self._references_of(block) < times:
                raise EngineError(f"Block {block} is released more often than it is held.")
        # The deepest first: of a chain, the end must be evicted before its parents, without which it is no use.
        for block in reversed(blocks):
            self._references[block] -= 1
            if self._references[block] == 0:
                self._retire(block)

    def freed_by(self, owners: Iterable[Sequence[int]]) -> int:
        """Count the blocks that would be free if these owners gave theirs back: those that nobody else holds."""
        held = Counter(block for blocks in owners for block in blocks)
        return sum(self._references_of(block) == times for block, times in held.items())

    def clear(self) -> None:
        """Forget all cached content, e.g. after the weights changed; EngineError while a sequence holds a block."""
        if self.free_blocks < self.blocks:
            raise EngineError(f"Cannot clear the cache: {self.blocks - self.free_blocks} of its blocks are in use.")
        self._registered.clear()
        self._contents = [None] * self.blocks
        self._unused.extend(self._idle)
        self._idle.clear()

    def check(self, owners: Iterable[Sequence[int]]) -> None:
        """Compare the books with ``owners``, the block lists of all living sequences; EngineError names a bad block.

        Bad is one that is held more or less often than it is counted, lost, in two states at once, or cached wrongly.
        """
        held: Counter[int] = Counter()
        for blocks in owners:
            for block, times in Counter(blocks).items():
                self._references_of(block)
                if times > 1:
                    raise EngineError(f"A sequence lists block {block} {times} times.")
                held[block] += 1
        unused = Counter(self._unused)
        for block, references in enumerate(self._references):
            if references != held[block]:
                raise EngineError(f"Block {block} counts {references} references, but {held[block]} sequences hold it.")
            states = unused[block] + (block in self._idle) + (references > 0)
            if states != 1:
                raise EngineError(f"Block {block} is {'lost' if states == 0 else 'listed twice'}.")
            if not self._cached_rightly(block, block in unused):
                raise EngineError(f"Block {block} and the prefix cache do not agree.")
        for content in self._registered.values():
            if self._contents[content.block] is not content:
                raise EngineError(f"The prefix cache names block {content.block} for what it does not hold.")

    def _references_of(self, block: int) -> int:
        # A negative number would quietly name a block from the end.
        if not 0 <= block < self.blocks:
            raise EngineError(f"There is no block {block} in a pool of {self.blocks}.")
        return self._references[block]

    def _parent_serial(self, blocks: Sequence[int], index: int) -> int:
        """Serial number of the content before ``index``; a twin's is that of the registered block."""
        if index == 0:
            return _ROOT
        parent = blocks[index - 1]
        content = self._contents[parent] if self._references_of(parent) else None
        if content is None:
            raise EngineError(f"Cannot seal block {blocks[index]}: no content is known of block {parent} before it.")
        return content.serial

    def _retire(self, block: int) -> None:
        """Keep a block that nobody holds any more if it is registered."""
        content = self._contents[block]
        if content is not None and content.block == block:
            self._idle[block] = None
            return
        # The content was in use through its twin as well, so it must not become older than its children.
        if content is not None and content.block in self._idle:
            self._idle.move_to_end(content.block)
        self._forget(block)
        self._unused.append(block)

    def _forget(self, block: int) -> None:
        """Empty a block; its content lives on in a twin if there is one, else its children become unreachable."""
        content, self._contents[block] = self._contents[block], None
        if content is None:
            return
        if content.block != block:
            del content.twins[block]
        elif content.twins:
            content.block = next(iter(content.twins))
            del content.twins[content.block]
        else:
            del self._registered[content.key]

    def _cached_rightly(self, block: int, unused: bool) -> bool:
        """Whether a block's content, or lack of one, fits its state and what is registered."""
        content = self._contents[block]
        if content is None:
            return block not in self._idle
        if content.block != block:
            return block in content.twins and self._references[block] > 0
        return not unused and self._registered.get(content.key) is content
