"""Paged memory under the engine: shared beginnings, preemption, priorities; no text depends on any of it."""

from __future__ import annotations

import random
from collections import Counter
from typing import ClassVar

import pytest

from joyflash.engine.request import Request, SamplingParams
from tests.engine.fakes import FakeTokenizer, hashed, make_engine, scripted, steps

TOKENIZER = FakeTokenizer()
SIZE = TOKENIZER.vocab_size


def params(**changes):
    return SamplingParams(**{"temperature": 1.0, "seed": 5, "max_tokens": 12, "ignore_eos": True, **changes})


def engine_of(**options):
    return make_engine(hashed(SIZE), tokenizer=TOKENIZER, **options)


class TestPrefixCache:
    def test_a_prompt_seen_before_is_not_computed_again(self):
        engine, model = engine_of(chunk=64)
        prompt = [3] * 10 + [4] * 11
        first = engine.generate([prompt], params())[0]
        assert first.cached_token_count == 0 and model.calls[0] == (1, 21)
        model.calls.clear()
        again = engine.generate([prompt], params())[0]
        assert again.cached_token_count == 20 and model.calls[0] == (1, 1)
        assert again.token_ids == first.token_ids

    def test_the_next_turn_finds_the_answer_too(self):
        engine, _ = engine_of()
        prompt = [3] * 9
        answer = engine.generate([prompt], params())[0].token_ids
        turn = engine.generate([[*prompt, *answer, 9, 9]], params())[0]
        assert turn.cached_token_count == (9 + 12 - 1) // 4 * 4  # the last token never went through the model

    def test_other_beginnings_share_nothing(self):
        engine, _ = engine_of()
        engine.generate([[3] * 20], params())
        assert engine.generate([[4, *[3] * 19]], params())[0].cached_token_count == 0

    def test_it_can_be_off(self):
        engine, _ = engine_of(prefix_cache=False)
        outputs = [engine.generate([[3] * 20], params())[0] for _ in range(2)]
        assert [output.cached_token_count for output in outputs] == [0, 0]
        assert outputs[0].token_ids == outputs[1].token_ids

    def test_drafting_fills_shared_blocks_in_every_layer(self):
        """A finished sequence's blocks are sealed although its hidden states still waited for the MTP layer."""
        engine, _ = engine_of(draft=hashed(SIZE), drafts=0)
        engine.generate([[3] * 21], params())
        assert engine.generate([[3] * 21], params())[0].cached_token_count == 20


class TestPromptsThatRunTogether:
    """What a running prompt is about to compute, others wait for."""

    PROMPT: ClassVar = [3 + i % 5 for i in range(100)]

    def tokens(self, engine, model):
        """Tokens of all prompts that the model runs until the engine is idle, and the texts; a step is no prompt's."""
        rows, trunk = [], model.trunk

        def counted(work):
            rows.extend(count for count in Counter(work.sequences).values() if count > 1)
            return trunk(work)

        model.trunk = counted
        found = {}
        for deltas in steps(engine):
            for delta in deltas:
                assert delta.error is None
                found[delta.request_id, delta.index] = found.get((delta.request_id, delta.index), ()) + delta.token_ids
        return sum(rows), found

    @pytest.mark.parametrize("options", [{}, {"draft": hashed(SIZE)}], ids=["no MTP layer", "MTP layer"])
    def test_choices_of_a_request_compute_its_prompt_once(self, options):
        engine, model = engine_of(slots=8, **options)
        engine.submit(Request(self.PROMPT, params(n=8), "x"))
        count, found = self.tokens(engine, model)
        assert count == 100 + 7 * 4  # 24 blocks of 4 are shared; the last token has to be run by each
        alone, _ = engine_of(slots=8, prefix_cache=False)
        outputs = alone.generate([self.PROMPT], params(n=8))
        assert list(found.values()) == [output.token_ids for output in outputs]
        engine._runner.pool.check([])

    @pytest.mark.parametrize("options", [{}, {"draft": hashed(SIZE)}], ids=["no MTP layer", "MTP layer"])
    def test_a_common_beginning_is_computed_once(self, options):
        """The others wait no longer than for what they share, also where the first goes on for long."""
        engine, model = engine_of(**options)
        engine.submit(Request([*self.PROMPT[:40], *[9] * 160], params(), "long"))
        engine.submit(Request([*self.PROMPT[:40], *[10] * 10], params(), "short"))
        engine.submit(Request([11] * 10, params(), "other"))
        engine.step()
        waiting = [sequence.request.request_id for sequence in engine._scheduler.waiting]
        assert waiting == ["short"]
        for _ in range(5):
            engine.step()
        (long,) = engine._scheduler.of_request("long")
        assert engine.waiting_count == 0 and long.pending > 1
        assert self.tokens(engine, model)[0] <= 200 + 10 + 10 - 4 * 16
        engine._runner.pool.check([])

    @pytest.mark.parametrize("options", [{}, {"draft": hashed(SIZE)}], ids=["no MTP layer", "MTP layer"])
    def test_a_prompt_is_found_while_its_text_still_runs(self, options):
        engine, _ = engine_of(**options)
        engine.submit(Request(self.PROMPT, params(max_tokens=100), "first"))
        while not engine.step():
            pass
        engine.submit(Request(self.PROMPT, params(), "later"))
        (delta,) = [delta for delta in engine.step() if delta.request_id == "later"]
        assert delta.cached_token_count == 96

    @pytest.mark.parametrize("options", [{}, {"draft": hashed(SIZE)}], ids=["no MTP layer", "MTP layer"])
    def test_another_goes_on_where_the_first_is_cancelled(self, options):
        engine, model = engine_of(**options)
        engine.submit(Request(self.PROMPT, params(), "gone"))
        engine.submit(Request(self.PROMPT, params(n=2), "stays"))
        for _ in range(3):
            engine.step()
        assert engine.waiting_count == 2
        engine.cancel("gone")
        count, found = self.tokens(engine, model)
        assert count == 100 - 48 + 4 and len(found["stays", 0]) == len(found["stays", 1]) == 12

    def test_a_slot_is_kept_for_one_that_waits(self):
        engine, _ = engine_of(slots=2)
        engine.submit(Request(self.PROMPT, params(n=2), "x"))
        engine.submit(Request([9], params(), "later"))
        assert {delta.request_id for _ in range(8) for delta in engine.step()} == {"x"}

    @pytest.mark.parametrize(
        ("prompts", "options"),
        [
            ([[3] * 4] * 2, {}),  # no full block besides the last token
            ([[3] * 40, [4] * 40], {}),
            ([[3] * 40] * 2, {"prefix_cache": False}),
        ],
        ids=["short", "different", "no prefix cache"],
    )
    def test_what_shares_nothing_does_not_wait(self, prompts, options):
        engine, _ = engine_of(**options)
        for prompt in prompts:
            engine.submit(Request(prompt, params()))
        engine.step()
        assert engine.running_count == 2

    def test_none_waits_for_a_weaker_one(self):
        engine, _ = engine_of()
        engine.submit(Request(self.PROMPT, params(), "low", priority=-1))
        engine.step()
        engine.submit(Request(self.PROMPT, params(), "high"))
        engine.step()
        assert engine.running_count == 2

    def test_a_failing_mtp_layer_keeps_none_waiting_for_ever(self, caplog):
        engine, model = engine_of(draft=hashed(SIZE))
        model.mtp = lambda *_: 1 / 0
        engine.submit(Request(self.PROMPT, params(n=3), "x"))
        assert len(self.tokens(engine, model)[1]) == 3 and "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("length", [511, 512, 513, 1025])
@pytest.mark.parametrize("chunk", [256, 512, 2000])
@pytest.mark.parametrize("drafts", [0, 2])
def test_a_long_prompt_leaves_the_mtp_layer_in_step(length, chunk, drafts, caplog):
    """Its hidden states are worked off in portions, the last of which waits for the first sampled token."""
    predict = scripted(SIZE, [30, 31, 32, 33, 34, 35], length)
    engine, _ = make_engine(
        predict, tokenizer=TOKENIZER, capacity=1100, chunk=chunk, draft=predict, drafts=drafts, slots=1
    )
    (output,) = engine.generate([[3] * length], params(temperature=0.0, max_tokens=6))
    assert output.token_ids == (30, 31, 32, 33, 34, 35)
    assert engine.statistics.accepted == engine.statistics.drafted and len(engine.statistics.drafted) == drafts
    assert "the MTP layer failed" not in caplog.text


def test_few_hidden_states_of_a_long_text_wait_for_the_mtp_layer(monkeypatch):
    monkeypatch.setattr("joyflash.engine.runner._BACKLOG", 20)
    engine, _ = engine_of(draft=hashed(SIZE), drafts=0, chunk=64)
    engine.submit(Request([3] * 30, params(max_tokens=100)))
    waiting = []
    while engine.has_work:
        engine.step()
        waiting += [each.place.cached - each.place.mtp_cached for each in engine._scheduler.running]
    assert waiting[0] == 0 and max(waiting) == 20 and min(waiting[30:]) < 3  # a prompt that is through waits no longer


def test_a_failing_mtp_layer_costs_a_text_that_ends_nothing_but_its_place_in_the_cache(caplog):
    engine, model = engine_of(draft=hashed(SIZE), drafts=0)
    model.mtp = lambda *_: 1 / 0
    for _ in range(2):  # the second would find blocks that nobody holds
        assert engine.generate([[3] * 21], params())[0].finish_reason == "length"
    assert "ZeroDivisionError" in caplog.text
    engine._runner.pool.check([])


@pytest.mark.parametrize("drafts", [0, 2])
def test_a_failing_mtp_layer_costs_long_texts_their_drafts_alone(drafts, monkeypatch, caplog):
    """It is asked no more for these texts, and told of once; for later ones it is asked again."""
    monkeypatch.setattr("joyflash.engine.runner._BACKLOG", 20)
    prompts, own = [[3] * 30, [4] * 9], params(max_tokens=100)
    expected = [output.token_ids for output in engine_of()[0].generate(prompts, own)]
    engine, model = engine_of(draft=hashed(SIZE), drafts=drafts, chunk=64)
    working, tried = model.mtp, []

    def broken(*_):
        tried.append(1)
        raise RuntimeError("no layer today")

    model.mtp = broken
    assert [output.token_ids for output in engine.generate(prompts, own)] == expected
    assert len(tried) == 1 and [bool(record.exc_info) for record in caplog.records] == [True]
    engine._runner.pool.check([])
    model.mtp = working
    assert [output.token_ids for output in engine.generate(prompts, own)] == expected
    assert len(engine.statistics.drafted) == drafts and len(caplog.records) == 1


class TestPreemption:
    @pytest.mark.parametrize("drafts", [0, 3])
    def test_texts_survive_it(self, drafts):
        options = {"draft": hashed(SIZE), "drafts": drafts}
        prompts = [[i, i + 1, i] for i in range(2, 8)]
        alone = [engine_of()[0].generate([prompt], params(max_tokens=30))[0].token_ids for prompt in prompts]
        engine, _ = engine_of(slots=6, capacity=64, blocks=20, **options)
        outputs = engine.generate(prompts, params(max_tokens=30))
        assert engine.statistics.preemptions > 0
        assert [output.token_ids for output in outputs] == alone

    def test_drafts_share_the_last_free_blocks(self, caplog):
        """Two sequences of 14 tokens in twelve blocks of four: what one reserves the other must not count on."""
        engine, _ = engine_of(slots=2, capacity=64, blocks=12, draft=hashed(SIZE), drafts=4, prefix_cache=False)
        outputs = engine.generate([[3] * 14, [4] * 14], params(max_tokens=23))
        alone = [engine_of()[0].generate([[t] * 14], params(max_tokens=23))[0].token_ids for t in (3, 4)]
        assert [output.token_ids for output in outputs] == alone
        assert "the MTP layer failed" not in caplog.text and engine.statistics.drafted

    def test_the_last_to_come_goes_first(self):
        engine, _ = engine_of(slots=2, capacity=40, blocks=10)
        for name in ("old", "new"):
            engine.submit(Request([3] * 4, params(max_tokens=30), name))
        ends = [delta.request_id for deltas in steps(engine) for delta in deltas if delta.finish_reason]
        assert ends == ["old", "new"] and engine.statistics.preemptions > 0

    def test_a_higher_priority_is_admitted_first_and_stays(self):
        engine, _ = engine_of(slots=1)
        for name, priority in (("a", 0), ("b", 0), ("urgent", 5)):
            engine.submit(Request([3] * 4, params(max_tokens=3), name, priority=priority))
        ends = [delta.request_id for deltas in steps(engine) for delta in deltas if delta.finish_reason]
        assert ends == ["urgent", "a", "b"]
        engine, _ = engine_of(slots=2, capacity=40, blocks=10)
        engine.submit(Request([3] * 4, params(max_tokens=30), "low"))
        engine.step()
        engine.submit(Request([4] * 4, params(max_tokens=30), "high", priority=1))
        ends = [delta.request_id for deltas in steps(engine) for delta in deltas if delta.finish_reason]
        assert ends == ["high", "low"]

    def test_own_work_is_no_find_in_the_cache(self):
        engine, _ = engine_of(slots=2, capacity=40, blocks=10)
        engine.generate([[3] * 9], params(max_tokens=1))
        pool = engine._runner.pool
        asked, matched = pool.asked_tokens, pool.matched_tokens
        outputs = engine.generate([[3] * 9, [4] * 9], params(max_tokens=25))
        assert engine.statistics.preemptions > 0
        assert [output.cached_token_count for output in outputs] == [8, 0]
        assert (pool.asked_tokens - asked, pool.matched_tokens - matched) == (16, 8)

    def test_one_sequence_may_have_the_whole_cache(self):
        engine, _ = engine_of(slots=2, capacity=512, blocks=10)
        assert engine.context_length == 40
        assert len(engine.generate([[3] * 20], params(max_tokens=None))[0].token_ids) == 20


class TestPriorities:
    """What runs behind all other callers gives way to them also where it runs already."""

    def filled(self, count=2, **options):
        """An engine whose slots, or blocks, texts of priority -1 have taken; and these texts as they are alone."""
        engine, model = engine_of(prefix_cache=False, **options)
        own = params(max_tokens=20, temperature=0.0)
        prompts = {f"low {i}": [3 + i] * 8 for i in range(count)}
        for name, prompt in prompts.items():
            engine.submit(Request(prompt, own, name, priority=-1))
        engine.step()
        assert engine.running_count == count
        solo = engine_of()[0]
        return engine, model, {name: solo.generate([prompt], own)[0].token_ids for name, prompt in prompts.items()}

    def finish(self, engine):
        tokens = {}
        for deltas in steps(engine):
            for delta in deltas:
                tokens[delta.request_id] = tokens.get(delta.request_id, ()) + delta.token_ids
        return tokens

    @pytest.mark.parametrize("room", [{"slots": 2}, {"slots": 4, "capacity": 40, "blocks": 10}])
    def test_a_full_engine_makes_room_at_once(self, room):
        engine, _, alone = self.filled(**room)
        first = {name: alone[name][:1] for name in alone}
        engine.submit(Request([9] * 16, params(max_tokens=3), "high"))
        assert "high" in [delta.request_id for delta in engine.step()]
        assert engine.statistics.preemptions == 1 and engine.running_count == 2  # the last to come went, and no other
        assert {delta.request_id for delta in engine.step()} == {"low 0", "high"}
        tokens = self.finish(engine)
        assert first["low 1"] + tokens["low 1"] == alone["low 1"] and tokens["low 0"] == alone["low 0"][3:]

    def test_an_equal_priority_waits(self):
        engine, _, _ = self.filled(slots=2)
        engine.submit(Request([9] * 4, params(max_tokens=3), "equal", priority=-1))
        engine.step()
        assert engine.statistics.preemptions == 0 and engine.waiting_count == 1

    def test_none_goes_in_vain(self):
        """The strongest keeps so many blocks that the newcomer would not fit even without the weakest."""
        engine, _ = engine_of(slots=4, capacity=64, blocks=16, prefix_cache=False)
        engine.submit(Request([3] * 40, params(max_tokens=10), "old"))
        engine.submit(Request([4] * 4, params(max_tokens=10), "low", priority=-1))
        for _ in range(4):
            engine.step()
        engine.submit(Request([5] * 24, params(max_tokens=10), "high"))
        engine.step()
        assert engine.statistics.preemptions == 0
        assert [sequence.request.request_id for sequence in engine._scheduler.waiting] == ["high"]

    def test_its_prompt_is_read_before_weaker_ones(self):
        engine, _ = engine_of(chunk=8)
        for name in ("low 0", "low 1", "low 2"):
            engine.submit(Request([3] * 80, params(max_tokens=1), name, priority=-1))
        engine.step()
        engine.submit(Request([4] * 80, params(max_tokens=1), "high"))
        first = next(number for number, deltas in enumerate(steps(engine), 1) if deltas)
        assert first == 10  # 80 tokens in chunks of 8


class TestWaitingForMemory:
    """The first in line does not fit."""

    def line(self, small):
        """An engine in which 30 of 40 tokens are taken, then a prompt of 20 in line, and small ones behind it."""
        engine, _ = engine_of(slots=4, capacity=40, blocks=10)
        engine.submit(Request([3] * 25, params(max_tokens=5), "first"))
        engine.step()
        engine.submit(Request([4] * 20, params(max_tokens=1), "big"))
        for number in range(small):
            engine.submit(Request([5 + number], params(max_tokens=2), f"small {number}"))
        return engine

    def test_smaller_ones_go_before_it(self):
        engine = self.line(small=2)
        ends = [delta.request_id for deltas in steps(engine) for delta in deltas if delta.finish_reason]
        assert ends == ["small 0", "small 1", "first", "big"] and engine.statistics.preemptions == 0

    def test_they_do_so_a_few_times_and_then_it_has_its_turn(self, monkeypatch):
        monkeypatch.setattr("joyflash.engine.admission._OVERTAKINGS", 3)
        engine = self.line(small=5)
        running = set()
        while engine._scheduler.of_request("first"):
            running |= {sequence.request.request_id for sequence in engine._scheduler.running}
            engine.step()
        assert running == {"first", "small 0", "small 1", "small 2"}
        engine.step()
        assert engine.waiting_count == 0  # with the big one admitted there was room for the others as well

    def test_only_the_next_few_are_tried(self, monkeypatch):
        monkeypatch.setattr("joyflash.engine.admission._REFUSALS", 2)
        engine, _ = engine_of(slots=4, capacity=40, blocks=10)
        engine.submit(Request([3] * 25, params(max_tokens=5), "first"))
        engine.step()
        for name, length in (("big", 20), ("also big", 21), ("small", 1)):
            engine.submit(Request([4] * length, params(max_tokens=1), name))
        assert [delta.request_id for delta in engine.step()] == ["first"] and engine.waiting_count == 3

    def test_its_prefix_is_looked_up_again_only_when_one_has_gone(self, monkeypatch):
        engine = self.line(small=0)
        asked, match = [], engine._runner.pool.match
        monkeypatch.setattr(engine._runner.pool, "match", lambda tokens: asked.append(len(tokens)) or match(tokens))
        while engine._scheduler.of_request("first"):
            engine.step()
            assert len(asked) == 1
        engine.step()
        assert asked == [19, 19] and engine.waiting_count == 0


@pytest.mark.parametrize("seed", range(4))
def test_random_requests_come_out_as_alone(seed):
    """Lengths, cancellations, priorities and drafts at random in a cache that is too small for them."""
    rng = random.Random(seed)
    engine, _ = engine_of(slots=5, capacity=64, blocks=24, chunk=7, draft=hashed(SIZE + seed % 2), drafts=seed)
    requests = {}
    for number in range(60):
        prompt = [rng.choice((3, 4)) for _ in range(rng.randint(1, 30))]
        own = params(seed=number, max_tokens=rng.randint(1, 30), temperature=rng.choice((0.0, 1.0)))
        requests[str(number)] = Request(prompt, own, str(number), priority=rng.randint(0, 2))
    waiting, tokens, gone = list(requests.values()), {name: [] for name in requests}, set()
    while waiting or engine.has_work:
        while waiting and rng.random() < 0.4:
            engine.submit(waiting.pop())
        if rng.random() < 0.06:
            name = rng.choice(list(requests))
            gone.add(name)
            engine.cancel(name)
        for delta in engine.step():
            assert delta.error is None
            tokens[delta.request_id] += delta.token_ids
    assert engine.statistics.preemptions > 0
    engine._runner.pool.check([])
    assert engine._runner.pool.free_blocks == 24
    solo, _ = engine_of(slots=1, capacity=64)
    for name in requests.keys() - gone:
        assert tuple(tokens[name]) == solo.generate([requests[name].prompt_ids], requests[name].params)[0].token_ids


def test_a_text_that_waits_for_the_mtp_layer_does_not_keep_its_neighbours_prompts():
    engine, _ = engine_of(draft=hashed(SIZE), drafts=0, chunk=64)
    engine.submit(Request([3], SamplingParams(max_tokens=40, ignore_eos=True), "short"))
    engine.step()
    engine.submit(Request([4] * 300, SamplingParams(max_tokens=1), "long"))
    for _ in range(4):
        engine.step()
    (short,) = engine._scheduler.of_request("short")
    sizes = [hidden.shape[0] for hidden, _, _ in short.place.backlog]
    assert len(sizes) == 5 and max(sizes) <= 16
