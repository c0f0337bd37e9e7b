"""The block pool: sharing, eviction, twins, and a random walk beside a naive model."""

import random

import pytest

from joyflash.engine.block_pool import BlockPool, NoFreeBlock
from joyflash.errors import EngineError

SIZE = 2
# CPython takes the hash of an int modulo this number, so n and n + MODULUS collide.
MODULUS = 2**61 - 1


def chunks(tokens):
    return [tokens[i : i + SIZE] for i in range(0, len(tokens) - SIZE + 1, SIZE)]


def fill(pool, tokens):
    """Run a sequence without asking for its prefix: allocate and seal every block."""
    blocks = [pool.allocate() for _ in chunks(tokens)]
    for index, part in enumerate(chunks(tokens)):
        pool.seal(blocks, index, part)
    return blocks


def peek(pool, tokens):
    """What ``match`` finds, given back at once."""
    found = pool.match(tokens)
    pool.release(found)
    return found


class TestPlain:
    def test_sizes(self):
        pool = BlockPool(5, 3)
        assert (pool.blocks, pool.block_size, pool.free_blocks) == (5, 3, 5)

    @pytest.mark.parametrize(("blocks", "size"), [(0, 4), (4, 0), (-1, 4)])
    def test_an_empty_pool_is_refused(self, blocks, size):
        with pytest.raises(EngineError, match="A pool needs"):
            BlockPool(blocks, size)

    def test_all_blocks_are_given_out_once(self):
        pool = BlockPool(3, SIZE)
        assert {pool.allocate() for _ in range(3)} == {0, 1, 2}
        assert pool.free_blocks == 0
        with pytest.raises(NoFreeBlock):
            pool.allocate()

    def test_unsealed_blocks_are_free_at_once(self):
        pool = BlockPool(2, SIZE)
        blocks = [pool.allocate(), pool.allocate()]
        pool.release(blocks)
        assert pool.free_blocks == 2
        pool.check([])

    def test_blocks_that_owners_would_free(self):
        pool = BlockPool(4, SIZE)
        first = fill(pool, [1, 2, 3, 4])
        second = [*pool.match([1, 2]), pool.allocate()]
        assert [pool.freed_by(owners) for owners in ([], [first], [second], [first, second])] == [0, 1, 1, 3]

    def test_match_takes_the_longest_chain_and_counts_itself_in(self):
        pool = BlockPool(4, SIZE)
        blocks = fill(pool, [1, 2, 3, 4, 5, 6])
        assert pool.match([1, 2, 3, 4, 9, 9]) == blocks[:2]
        pool.release(blocks)
        pool.check([blocks[:2]])
        assert pool.free_blocks == 2

    def test_only_full_blocks_match(self):
        pool = BlockPool(2, SIZE)
        blocks = fill(pool, [1, 2, 3, 4])
        assert peek(pool, []) == []
        assert peek(pool, [1]) == []
        assert peek(pool, [1, 2, 3]) == blocks[:1]
        assert peek(pool, (1, 2, 3, 4, 5)) == blocks

    def test_equal_tokens_behind_other_parents_do_not_match(self):
        pool = BlockPool(4, SIZE)
        fill(pool, [1, 2, 3, 4])
        assert peek(pool, [3, 4]) == []
        first = fill(pool, [5, 6])
        assert peek(pool, [5, 6, 3, 4]) == first

    def test_a_repeating_prompt_is_not_its_own_parent(self):
        pool = BlockPool(4, SIZE)
        blocks = fill(pool, [7, 7, 7, 7])
        assert peek(pool, [7] * 8) == blocks

    def test_idle_blocks_match_and_are_free(self):
        pool = BlockPool(2, SIZE)
        blocks = fill(pool, [1, 2, 3, 4])
        pool.release(blocks)
        assert pool.free_blocks == 2
        assert pool.match([1, 2]) == blocks[:1]
        assert pool.free_blocks == 1
        pool.check([blocks[:1]])

    def test_without_prefix_cache_nothing_is_kept(self):
        pool = BlockPool(3, SIZE, prefix_cache=False)
        blocks = fill(pool, [1, 2, 3, 4])
        assert pool.match([1, 2, 3, 4]) == []
        pool.release(blocks)
        assert pool.match([1, 2, 3, 4]) == []
        pool.check([])
        assert pool.free_blocks == 3
        assert pool.allocate() in blocks  # Blocks that are kept would come after the third.
        pool.note_lookup(4, 0)
        assert (pool.asked_tokens, pool.matched_tokens) == (0, 0)

    def test_tokens_are_counted(self):
        pool = BlockPool(2, SIZE)
        pool.note_lookup(3, 2)
        pool.note_lookup(1, 0)
        assert (pool.asked_tokens, pool.matched_tokens) == (4, 2)

    def test_clear_forgets(self):
        pool = BlockPool(3, SIZE)
        blocks = fill(pool, [1, 2, 3, 4])
        with pytest.raises(EngineError, match="2 of its blocks are in use"):
            pool.clear()
        pool.release(blocks)
        pool.clear()
        assert pool.match([1, 2]) == []
        pool.check([])
        assert {pool.allocate() for _ in range(3)} == {0, 1, 2}

    def test_tokens_that_hash_alike_are_not_taken_for_each_other(self):
        pool = BlockPool(4, SIZE)
        other = [1 + MODULUS, 2]
        assert hash((0, (1, 2))) == hash((0, tuple(other)))
        first = fill(pool, [1, 2, 3, 4])
        assert pool.match(other) == []
        second = fill(pool, other)
        assert peek(pool, [1, 2]) == first[:1]
        assert peek(pool, [*other, 3, 4]) == second


class TestMisuse:
    def test_releasing_too_often_changes_nothing(self):
        pool = BlockPool(2, SIZE)
        one, two = pool.allocate(), pool.allocate()
        with pytest.raises(EngineError, match=f"Block {one} is released more often"):
            pool.release([two, one, one])
        pool.check([[one, two]])
        pool.release([one])
        with pytest.raises(EngineError, match="more often"):
            pool.release([one])

    @pytest.mark.parametrize("block", [-1, 2])
    def test_a_block_out_of_range(self, block):
        pool = BlockPool(2, SIZE)
        assert pool.allocate() != pool.allocate()
        with pytest.raises(EngineError, match=f"no block {block}"):
            pool.release([block])

    @pytest.mark.parametrize("index", [-1, 1])
    def test_seal_out_of_range(self, index):
        pool = BlockPool(2, SIZE)
        with pytest.raises(EngineError, match="of a sequence of 1 blocks"):
            pool.seal([pool.allocate()], index, [1, 2])

    def test_seal_a_block_that_nobody_holds(self):
        pool = BlockPool(2, SIZE)
        with pytest.raises(EngineError, match="no sequence holds it"):
            pool.seal([0], 0, [1, 2])

    @pytest.mark.parametrize("prefix_cache", [True, False])
    def test_seal_with_a_wrong_number_of_tokens(self, prefix_cache):
        pool = BlockPool(2, SIZE, prefix_cache=prefix_cache)
        with pytest.raises(EngineError, match="with 1 of 2 tokens"):
            pool.seal([pool.allocate()], 0, [1])

    def test_seal_twice(self):
        pool = BlockPool(2, SIZE)
        blocks = fill(pool, [1, 2])
        with pytest.raises(EngineError, match="sealed already"):
            pool.seal(blocks, 0, [3, 4])

    def test_seal_behind_an_unsealed_parent(self):
        pool = BlockPool(2, SIZE)
        blocks = [pool.allocate(), pool.allocate()]
        with pytest.raises(EngineError, match=f"block {blocks[0]} before it"):
            pool.seal(blocks, 1, [3, 4])

    def test_seal_behind_a_released_parent(self):
        pool = BlockPool(2, SIZE)
        blocks = [*fill(pool, [1, 2]), pool.allocate()]
        pool.release(blocks[:1])
        with pytest.raises(EngineError, match=f"block {blocks[0]} before it"):
            pool.seal(blocks, 1, [3, 4])


class TestEviction:
    def test_unused_blocks_go_before_idle_ones(self):
        pool = BlockPool(3, SIZE)
        idle = fill(pool, [1, 2])
        pool.release(idle)
        assert idle[0] not in {pool.allocate(), pool.allocate()}
        assert peek(pool, [1, 2]) == idle
        assert pool.allocate() == idle[0]
        assert pool.match([1, 2]) == []

    def test_least_recently_used_first_and_children_before_parents(self):
        pool = BlockPool(4, SIZE)
        old, new = fill(pool, [1, 2, 3, 4]), fill(pool, [5, 6, 7, 8])
        pool.release(old)
        pool.release(new)
        peek(pool, [1, 2])  # The parent alone is now the most recent.
        assert [pool.allocate() for _ in range(4)] == [old[1], new[1], new[0], old[0]]

    def test_a_child_of_an_evicted_parent_is_not_found_under_the_next_content(self):
        pool = BlockPool(2, SIZE)
        parent, child = fill(pool, [1, 2, 3, 4])
        pool.release([parent])
        pool.release([child])  # Against the rules, so that the parent goes first.
        assert pool.allocate() == parent
        pool.check([[parent]])
        pool.seal([parent], 0, [8, 9])
        assert peek(pool, [8, 9, 3, 4]) == [parent]
        assert peek(pool, [1, 2, 3, 4]) == []
        assert pool.allocate() == child  # The orphan is not lost.

    def test_nor_under_the_same_tokens_computed_again(self):
        pool = BlockPool(2, SIZE)
        parent, child = fill(pool, [1, 2, 3, 4])
        pool.release([parent])
        pool.release([child])
        pool.seal([pool.allocate()], 0, [1, 2])
        assert peek(pool, [1, 2, 3, 4]) == [parent]
        pool.check([[parent]])


class TestTwins:
    def test_a_twin_is_private_and_free_when_released(self):
        pool = BlockPool(3, SIZE)
        first, twin = fill(pool, [1, 2]), fill(pool, [1, 2])
        assert peek(pool, [1, 2]) == first
        pool.release(twin)
        pool.release(first)
        pool.check([])
        assert pool.allocate() == twin[0]  # Unused, while the other is kept.
        assert peek(pool, [1, 2]) == first

    def test_the_chain_goes_on_behind_a_twin(self):
        pool = BlockPool(6, SIZE)
        first, second = fill(pool, [1, 2]), fill(pool, [1, 2, 3, 4, 5, 6])
        assert peek(pool, [1, 2, 3, 4, 5, 6]) == [*first, *second[1:]]
        third = fill(pool, [1, 2, 3, 4])
        pool.check([first, second, third])
        assert peek(pool, [1, 2, 3, 4]) == [first[0], second[1]]

    def test_a_twin_takes_over_when_the_registered_block_is_evicted(self):
        pool = BlockPool(4, SIZE)
        first = fill(pool, [1, 2])
        second = fill(pool, [1, 2, 3, 4])
        pool.allocate()
        pool.release(first)
        assert pool.allocate() == first[0]
        assert peek(pool, [1, 2, 3, 4]) == second
        pool.release(second)
        assert pool.match([1, 2, 3, 4]) == second

    def test_a_twin_goes_on_after_the_registered_block_is_evicted(self):
        pool = BlockPool(3, SIZE)
        first = fill(pool, [1, 2])
        second = [*fill(pool, [1, 2]), pool.allocate()]
        pool.release(first)
        assert pool.allocate() == first[0]
        pool.seal(second, 1, [3, 4])
        assert peek(pool, [1, 2, 3, 4]) == second

    def test_releasing_a_twin_keeps_its_content_younger_than_the_children(self):
        pool = BlockPool(3, SIZE)
        first, second = fill(pool, [1, 2]), fill(pool, [1, 2, 3, 4])
        pool.release(first)
        pool.release(second)
        assert pool.allocate() == second[0]
        assert pool.allocate() == second[1]
        assert peek(pool, [1, 2]) == first


class TestCheck:
    def make(self):
        pool = BlockPool(4, SIZE)
        return pool, fill(pool, [1, 2, 3, 4])

    def test_a_sound_pool_passes(self):
        pool, blocks = self.make()
        pool.check([blocks])
        pool.match([1, 2])
        pool.check([blocks, blocks[:1]])

    def test_a_leak_by_a_sequence_that_ended_without_release(self):
        pool, blocks = self.make()
        with pytest.raises(EngineError, match=f"Block {blocks[0]} counts 1 references, but 0"):
            pool.check([])

    def test_an_owner_that_was_not_counted(self):
        pool, blocks = self.make()
        with pytest.raises(EngineError, match=f"Block {blocks[1]} counts 1 references, but 2"):
            pool.check([blocks, blocks[1:]])

    def test_a_sequence_that_lists_a_block_twice(self):
        pool, blocks = self.make()
        pool.match([1, 2])  # The count alone would agree.
        with pytest.raises(EngineError, match=f"lists block {blocks[0]} 2 times"):
            pool.check([[*blocks, blocks[0]]])

    def test_an_owner_of_no_block_at_all(self):
        pool, blocks = self.make()
        with pytest.raises(EngineError, match="no block 4"):
            pool.check([[*blocks, 4]])

    def test_a_lost_block(self):
        pool, blocks = self.make()
        lost = pool._unused.pop()
        with pytest.raises(EngineError, match=f"Block {lost} is lost"):
            pool.check([blocks])

    @pytest.mark.parametrize("again", ["unused", "idle", "unused twice"])
    def test_a_block_in_two_states(self, again):
        pool, blocks = self.make()
        block = pool._unused[-1] if again == "unused twice" else blocks[1]
        if again == "idle":
            pool._idle[block] = None
        else:
            pool._unused.append(block)
        with pytest.raises(EngineError, match=f"Block {block} is listed twice"):
            pool.check([blocks])

    def test_an_unused_block_with_content(self):
        pool, blocks = self.make()
        pool.release(blocks)
        del pool._idle[blocks[1]]
        pool._unused.append(blocks[1])
        with pytest.raises(EngineError, match=f"Block {blocks[1]} and the prefix cache"):
            pool.check([])

    def test_an_idle_block_without_content(self):
        pool, blocks = self.make()
        block = pool._unused.pop()
        pool._idle[block] = None
        with pytest.raises(EngineError, match=f"Block {block} and the prefix cache"):
            pool.check([blocks])

    def test_a_content_that_is_not_registered(self):
        pool, blocks = self.make()
        pool._registered.popitem()
        with pytest.raises(EngineError, match=f"Block {blocks[1]} and the prefix cache"):
            pool.check([blocks])

    def test_a_registered_content_whose_block_has_another(self):
        pool, blocks = self.make()
        pool._contents[blocks[1]] = None
        with pytest.raises(EngineError, match=f"names block {blocks[1]}"):
            pool.check([blocks])

    def test_a_twin_that_its_content_does_not_know(self):
        pool = BlockPool(2, SIZE)
        blocks, twin = fill(pool, [1, 2]), fill(pool, [1, 2])
        for content in pool._registered.values():
            content.twins.clear()
        with pytest.raises(EngineError, match=f"Block {twin[0]} and the prefix cache"):
            pool.check([blocks, twin])

    def test_a_twin_that_nobody_holds(self):
        pool = BlockPool(2, SIZE)
        blocks, twin = fill(pool, [1, 2]), fill(pool, [1, 2])
        pool._references[twin[0]] = 0
        pool._unused.append(twin[0])
        with pytest.raises(EngineError, match=f"Block {twin[0]} and the prefix cache"):
            pool.check([blocks])


class Model:
    """The pool in plain lists: what every block holds from the first token on, searched from end to end."""

    def __init__(self, blocks):
        self.references = dict.fromkeys(range(blocks), 0)
        self.prefixes = {}
        self.order = []  # Sealed blocks, oldest seal first; the first of several alike is found until it is emptied.
        self.idle = []

    def registered(self, prefix):
        return next((block for block in self.order if self.prefixes[block] == prefix), None)

    def match(self, tokens):
        found = []
        for end in range(SIZE, len(tokens) + 1, SIZE):
            block = self.registered(tokens[:end])
            if block is None:
                break
            found.append(block)
        for block in found:
            self.references[block] += 1
            self.idle = [other for other in self.idle if other != block]
        return found

    def unused(self):
        return {block for block, n in self.references.items() if n == 0 and block not in self.idle}

    def allocated(self, block):
        """Take the very block that the pool gave out, if that is a right one."""
        assert block in (self.unused() or self.idle[:1])
        if block in self.idle:
            self.idle.remove(block)
            self.empty(block)
        self.references[block] = 1

    def seal(self, block, prefix):
        self.prefixes[block] = prefix
        self.order.append(block)

    def empty(self, block):
        if self.prefixes.pop(block, None) is not None:
            self.order.remove(block)

    def release(self, blocks):
        for block in reversed(blocks):
            self.references[block] -= 1
            if self.references[block] > 0:
                continue
            kept = self.registered(self.prefixes[block]) if block in self.prefixes else None
            if kept == block or kept in self.idle:
                self.idle = [*(other for other in self.idle if other != kept), kept]
            if kept != block:
                self.empty(block)


class Walk:
    """Sequences that begin, grow, are cut and end at random, in a pool and in the model."""

    def __init__(self, seed, blocks):
        self.random = random.Random(seed)
        self.pool, self.model = BlockPool(blocks, SIZE), Model(blocks)
        self.living = []
        self.seen = dict.fromkeys(("hit", "miss", "twin", "evicted", "full", "cut", "cleared"), 0)

    def begin(self):
        # Two tokens only, so that prompts often share their beginnings.
        tokens = self.random.choices([1, 1 + MODULUS], k=self.random.randrange(12))
        blocks = []
        if self.random.random() < 0.7:
            blocks = self.pool.match(tokens)
            assert blocks == self.model.match(tokens)
        self.seen["hit" if blocks else "miss"] += 1
        self.living.append((blocks, tokens[: len(blocks) * SIZE]))

    def grow(self):
        blocks, tokens = self.random.choice(self.living)
        if len(blocks) * SIZE > len(tokens):
            tokens.extend(self.random.choices([1, 1 + MODULUS], k=SIZE))
            twin = self.model.registered(tokens) is not None
            self.pool.seal(blocks, len(blocks) - 1, tokens[-SIZE:])
            self.model.seal(blocks[-1], list(tokens))
            self.seen["twin"] += twin
        elif self.pool.free_blocks == 0:
            with pytest.raises(NoFreeBlock):
                self.pool.allocate()
            self.seen["full"] += 1
        else:
            block = self.pool.allocate()
            self.seen["evicted"] += block in self.model.idle
            self.model.allocated(block)
            blocks.append(block)

    def cut(self):
        blocks, tokens = self.living.pop(self.random.randrange(len(self.living)))
        keep = self.random.choice([0, 0, self.random.randint(0, len(blocks))])
        self.pool.release(blocks[keep:])
        self.model.release(blocks[keep:])
        if keep:
            self.living.append((blocks[:keep], tokens[: keep * SIZE]))
        self.seen["cut"] += keep > 0

    def clear(self):
        if any(self.model.references.values()):
            with pytest.raises(EngineError):
                self.pool.clear()
            return
        self.pool.clear()
        self.model = Model(self.pool.blocks)
        self.seen["cleared"] += 1

    def step(self):
        actions = [self.begin, self.clear] if not self.living else [self.begin, *[self.grow] * 8, self.cut, self.cut]
        self.random.choice(actions)()
        self.compare()

    def compare(self):
        self.pool.check([blocks for blocks, _ in self.living])
        assert self.pool.free_blocks == sum(n == 0 for n in self.model.references.values())
        assert list(self.pool._idle) == self.model.idle
        tokens = self.random.choices([1, 1 + MODULUS], k=8)
        found = self.model.match(tokens)
        assert peek(self.pool, tokens) == found
        self.model.release(found)


@pytest.mark.parametrize("blocks", [3, 8, 20])
def test_a_random_walk_agrees_with_the_model(blocks):
    walk = Walk(seed=blocks, blocks=blocks)
    for _ in range(3000):
        walk.step()
    assert all(walk.seen.values()), walk.seen


@pytest.mark.parametrize("seed", range(3))
def test_hits_hold_the_right_tokens_in_whatever_order_blocks_are_released(seed):
    rng, pool = random.Random(seed), BlockPool(6, SIZE)
    written, living, hits = {}, [], 0
    for _ in range(1000):
        tokens = rng.choices([1, 1 + MODULUS], k=6)
        blocks = pool.match(tokens)
        # What the blocks held when they were sealed, each with all that came before it.
        assert [written[block] for block in blocks] == [tokens[: (i + 1) * SIZE] for i in range(len(blocks))]
        hits += len(blocks)
        living.append(blocks)
        while len(blocks) < 3 and pool.free_blocks:
            blocks.append(pool.allocate())
            end = len(blocks) * SIZE
            pool.seal(blocks, len(blocks) - 1, tokens[end - SIZE : end])
            written[blocks[-1]] = tokens[:end]
        pool.check(living)
        while living and (not pool.free_blocks or rng.random() < 0.5):
            blocks = living.pop(rng.randrange(len(living)))
            rng.shuffle(blocks)
            for block in blocks:
                pool.release([block])
        pool.check(living)
    assert hits > 100
