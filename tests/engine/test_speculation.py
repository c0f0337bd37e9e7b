"""Drafts: they change the number of steps and nothing else, and the policy drafts where it pays."""

from __future__ import annotations

import itertools
import random
import time
from array import array

import pytest
import torch

from joyflash.engine.request import Request, SamplingParams
from joyflash.engine.setup import measure_costs
from joyflash.engine.speculation import _LEAD as LEAD
from joyflash.engine.speculation import MOST_DRAFTS, Acceptance, DraftPolicy, LiveCosts, StepCosts
from joyflash.engine.statistics import Statistics
from tests.engine.fakes import FakeStep, FakeTokenizer, Masking, hashed, make_engine, scripted, steps

TOKENIZER = FakeTokenizer()
SIZE = TOKENIZER.vocab_size
PROMPTS = [[2, 3, 4], [5] * 9, [6, 7]]
LINEAR = StepCosts({1: 1.0, 2: 2.0, 100: 100.0}, {1: 0.1, 100: 10.0})
FLAT = StepCosts({1: 1.0, 100: 1.0}, {1: 0.1, 100: 0.1})


def sometimes_wrong(tokens):
    """What the model says, but where the number of tokens is a multiple of three."""
    logits = hashed(SIZE)(tokens)
    return logits.roll(1) if len(tokens) % 3 == 0 else logits


def run(draft=None, drafts=0, prompts=PROMPTS, **params):
    params = {"seed": 4, "max_tokens": 20, "ignore_eos": True, "logprobs": 2, **params}
    engine, model = make_engine(hashed(SIZE), tokenizer=TOKENIZER, draft=draft, drafts=drafts)
    outputs = engine.generate(prompts, SamplingParams(**params))
    return [(o.token_ids, o.text, o.finish_reason, o.logprobs) for o in outputs], len(model.calls), engine.statistics


class TestTexts:
    @pytest.mark.parametrize("draft", [hashed(SIZE), sometimes_wrong, hashed(SIZE + 1)])
    @pytest.mark.parametrize("drafts", [1, 2, 3, 4])
    @pytest.mark.parametrize(
        "params",
        [
            {"temperature": 0},
            {"temperature": 1.0},
            {"temperature": 0.6, "frequency_penalty": 1.0, "top_p": 0.9, "min_p": 0.01, "logit_bias": {40: 3.0}},
            {"temperature": 1.0, "n": 3, "stop": ["e", "1"], "ignore_eos": False},
        ],
    )
    def test_they_do_not_depend_on_drafts(self, draft, drafts, params):
        expected, plain_steps, _ = run(**params)
        got, with_drafts, _ = run(draft, drafts, **params)
        assert got == expected
        assert with_drafts <= plain_steps

    def test_right_drafts_save_steps(self):
        _, plain, _ = run(temperature=0)
        _, drafted, statistics = run(hashed(SIZE), 3, temperature=0)
        assert (plain, drafted) == (20, 6)  # all prompts in the first step, then four tokens a step
        assert statistics.accepted[0] == statistics.drafted[0] > 0

    def test_deltas_say_what_was_drafted_and_what_proved_right(self):
        engine, _ = make_engine(hashed(SIZE), tokenizer=TOKENIZER, draft=sometimes_wrong, drafts=3)
        engine.submit(Request(PROMPTS[0], SamplingParams(seed=4, max_tokens=20, ignore_eos=True)))
        deltas = [delta for _ in range(40) if engine.has_work for delta in engine.step()]
        assert sum(delta.drafted_count for delta in deltas) == sum(engine.statistics.drafted) > 0
        assert sum(delta.accepted_count for delta in deltas) == sum(engine.statistics.accepted) > 0
        assert all(delta.accepted_count <= len(delta.token_ids) for delta in deltas)

    def test_sampled_drafts_use_the_noise_of_their_place(self):
        _, _, statistics = run(hashed(SIZE), 2, temperature=1.0)
        assert statistics.accepted == statistics.drafted

    def test_the_last_tokens_are_not_drafted_for_nothing(self):
        for count in (1, 2, 3):
            got, _, statistics = run(hashed(SIZE), 4, temperature=0, max_tokens=count)
            assert [len(ids) for ids, *_ in got] == [count] * 3
            assert sum(statistics.drafted) == 3 * max(0, count - 2)

    def test_a_context_can_be_filled_with_drafts(self):
        engine, _ = make_engine(hashed(SIZE), tokenizer=TOKENIZER, capacity=32, draft=hashed(SIZE), drafts=4)
        output = engine.generate([[2] * 20], SamplingParams(ignore_eos=True))[0]
        assert (len(output.token_ids), output.finish_reason) == (12, "length")

    def test_an_end_token_among_the_drafts_ends_the_text(self):
        script = [*TOKENIZER.encode("abc"), 1]
        predict = scripted(SIZE, script, 2)
        engine, model = make_engine(predict, tokenizer=TOKENIZER, draft=predict, drafts=4)
        (output,) = engine.generate([[3, 4]], SamplingParams(temperature=0))
        assert (output.text, output.finish_reason, output.token_ids) == ("abc", "stop", tuple(script))
        assert len(model.calls) == 2

    def test_a_constraint_sees_every_token_once(self):
        class Spell(Masking):
            def __init__(self, wanted):
                self.wanted, self.place, self.accepted = wanted, 0, []

            def start(self):
                return self

            def mask(self):
                mask = torch.zeros(SIZE, dtype=torch.bool)
                mask[self.wanted[min(self.place, len(self.wanted) - 1)]] = True
                return mask

            def accept(self, token_id):
                self.accepted.append(token_id)
                self.place += 1

        wanted = [*TOKENIZER.encode("yes"), 1]
        for draft in (scripted(SIZE, wanted, 1), hashed(SIZE)):
            spell = Spell(wanted)
            engine, _ = make_engine(hashed(SIZE), tokenizer=TOKENIZER, draft=draft, drafts=3)
            engine.submit(Request([2], SamplingParams(temperature=0), "r", spell))
            assert "".join(delta.text for deltas in steps(engine) for delta in deltas) == "yes"
            assert spell.accepted == wanted

    def test_a_failing_draft_costs_no_text(self, caplog):
        def broken(tokens):
            raise RuntimeError("no draft today")

        expected, _, _ = run(temperature=1.0)
        got, _, _ = run(broken, 2, temperature=1.0)
        assert got == expected and "no draft today" in caplog.text

    def test_several_tokens_of_a_step_come_as_one_delta(self):
        engine, _ = make_engine(hashed(SIZE), tokenizer=TOKENIZER, draft=hashed(SIZE), drafts=3)
        engine.submit(Request([2], SamplingParams(temperature=0, max_tokens=13, ignore_eos=True, logprobs=0)))
        counts = [[(len(d.token_ids), len(d.logprobs)) for d in deltas] for deltas in steps(engine)]
        assert counts == [[(1, 1)], *[[(4, 4)]] * 3]


class TestPolicy:
    def test_a_fixed_number_is_kept(self):
        assert DraftPolicy(2).choose([Acceptance(), Acceptance([0.0] * MOST_DRAFTS)], [0, 0]) == [2, 2]

    def test_nothing_is_drafted_where_rows_cost_as_much_as_steps(self):
        assert DraftPolicy(None, LINEAR).choose([Acceptance() for _ in range(4)], [0] * 4) == [0] * 4

    def test_everything_is_drafted_where_rows_are_free(self):
        sure = [Acceptance([0.99] * MOST_DRAFTS) for _ in range(4)]
        assert DraftPolicy(None, FLAT).choose(sure, [0] * len(sure)) == [MOST_DRAFTS] * 4

    def test_the_likely_sequence_gets_the_drafts(self):
        costs = StepCosts({1: 1.0, 2: 1.1, 3: 1.2, 4: 2.6, 100: 30.0}, {1: 0.1, 100: 0.1})
        likely, unlikely = Acceptance([0.9] * MOST_DRAFTS), Acceptance([0.05] * MOST_DRAFTS)
        chosen = DraftPolicy(None, costs).choose([unlikely, likely], [0, 0])
        assert chosen[0] == 0 and chosen[1] >= 1

    def test_the_choice_is_the_best_of_all_for_one_sequence(self):
        rng = random.Random(0)
        for _ in range(200):
            base, slope = rng.uniform(0.5, 2), rng.uniform(0, 1)
            costs = StepCosts({1: base, 9: base + 8 * slope}, {1: rng.uniform(0, 0.3)})
            rates = [rng.random() for _ in range(MOST_DRAFTS)]
            (chosen,) = DraftPolicy(None, costs).choose([Acceptance(rates)], [0])

            def speed(k, rates=rates, costs=costs):
                tokens, reach = 1.0, 1.0
                for rate in rates[:k]:
                    reach *= rate
                    tokens += reach
                return tokens / (costs.step(1 + k) + k * costs.drafting(1))

            best = max(map(speed, range(1 + MOST_DRAFTS)))
            if best < LEAD * speed(0):  # too little to begin for
                assert chosen == 0
            else:
                assert speed(chosen) == pytest.approx(best)

    def test_what_has_begun_goes_on_at_less_than_it_took_to_begin(self):
        policy, likely = DraftPolicy(None, FLAT), [Acceptance([0.9, *[0.0] * (MOST_DRAFTS - 1)])]
        assert policy.choose(likely, [0] * len(likely)) == [1]
        for gain, drafted in ((1.08, 1), (1.02, 0), (1.08, 0), (1.2, 1)):
            for _ in range(200):
                policy.costs.note_step(1, 1.0)
                policy.costs.note_step(2, 1.9 / gain - policy.costs.drafting(1))
            for _ in range(8):
                counts = policy.choose(likely, [0] * len(likely))
            assert counts == [drafted], gain

    @pytest.mark.parametrize(("costs", "rate", "usual"), [(LINEAR, 0.5, 0), (FLAT, 0.99, MOST_DRAFTS)])
    def test_the_other_way_is_tried_now_and_then_and_ever_less_often(self, costs, rate, usual):
        policy, two = DraftPolicy(None, costs), [Acceptance([rate] * MOST_DRAFTS) for _ in range(2)]
        counts = [policy.choose(two, [0] * len(two)) for _ in range(2000)]
        probes = [at for at, each in enumerate(counts) if each != [usual] * 2]
        assert all(counts[at] == ([0, 0] if usual else [1, 0]) for at in probes)
        gaps = [later - earlier for earlier, later in itertools.pairwise([-1, *probes])]
        assert len(probes) == 5 and gaps == sorted(gaps) and gaps[0] == 64

    def test_a_trial_takes_the_sequence_that_has_least_to_read_and_none_that_has_much(self):
        for unread, expected in (([300, 90, 128], [0, 1, 0]), ([300, 129, 400], [0, 0, 0])):
            policy, three = DraftPolicy(None, LINEAR), [Acceptance([0.5] * MOST_DRAFTS) for _ in range(3)]
            counts = [policy.choose(three, unread) for _ in range(64)]
            assert counts[:63] == [[0, 0, 0]] * 63 and counts[63] == expected

    def test_what_has_to_be_read_first_counts_and_so_do_prompts_beside(self):
        costs = StepCosts({1: 1.0, 2: 1.1, 4: 2.0, 5: 3.0}, {1: 0.1, 9: 0.9}, reading=0.1)
        likely = [Acceptance([0.9, *[0.0] * (MOST_DRAFTS - 1)])]
        # 1.9 tokens in 1.2 s instead of 1 in 1; with 300 tokens to read, in 1.2 + 300 * 0.1 / 64.
        assert DraftPolicy(None, costs).choose(likely, [0]) == [1]
        assert DraftPolicy(None, costs).choose(likely, [300]) == [0]
        # Beside three others a fifth row costs as much as the gain.
        assert DraftPolicy(None, costs).choose(likely, [0], 3) == [0]

    def test_costs_in_service_overrule_those_of_the_start(self):
        """Two rows turn out to cost two steps: drafting ends. They turn out to be free: it begins."""
        for policy, seconds, drafted in ((DraftPolicy(None, FLAT), 2.0, 0), (DraftPolicy(None, LINEAR), 1.0, 1)):
            likely = [Acceptance([0.9, *[0.0] * (MOST_DRAFTS - 1)])]
            for _ in range(60):
                policy.costs.note_step(1, 1.0)
                policy.costs.note_step(2, seconds)
            for _ in range(8):
                counts = policy.choose(likely, [0] * len(likely))
            assert counts == [drafted]

    def test_drafts_that_take_long_in_service_are_not_made(self):
        policy, likely = DraftPolicy(None, FLAT), [Acceptance([0.9] * MOST_DRAFTS)]
        assert policy.choose(likely, [0] * len(likely))[0] > 0
        for _ in range(200):
            policy.costs.note_drafting([1], 0, 5.0)
        for _ in range(8):
            counts = policy.choose(likely, [0] * len(likely))
        assert counts == [0]

    def test_a_new_sequence_is_expected_to_be_like_those_before_it(self):
        policy = DraftPolicy(None, FLAT)
        assert policy.newcomer().rates == Acceptance().rates
        for _ in range(300):
            policy.note(policy.newcomer(), 2, 1)
        assert policy.newcomer().rates[:3] == pytest.approx([1.0, 0.0, 0.85], abs=0.01)
        one = policy.newcomer()
        one.note(1, 0)
        assert policy.newcomer().rates[0] > one.rates[0]

    def test_a_single_stall_changes_little_not_even_as_the_first(self):
        for before in (0, 1):
            costs = LiveCosts(FLAT)
            for seconds in (*[1.0] * before, 1000.0):
                costs.note_step(1, seconds)
            assert costs.step(1) == pytest.approx(1.02)

    def test_what_was_long_not_seen_is_believed_sooner(self):
        costs = LiveCosts(FLAT)
        for _ in range(100):
            costs.note_step(8, 1.0)
        before = costs.step(1)
        costs.note_step(1, 1.1 * before)
        assert costs.step(1) == pytest.approx(1.01 * before)  # a number never seen moves like one seen just now
        for _ in range(30):
            costs.note_step(8, 1.0)
        costs.note_step(1, 1.2 * before)
        assert costs.step(1) == pytest.approx(1.19 * before, rel=0.01)

    def test_drafts_for_many_are_compared_with_a_plain_step_often(self):
        for count, expected in ((3, [63]), (6, [11, 23, 35, 47, 59, 71])):
            policy = DraftPolicy(None, FLAT)
            several = [Acceptance([0.99] * MOST_DRAFTS) for _ in range(count)]
            chosen = [policy.choose(several, [0] * count) for _ in range(80)]
            assert [at for at, each in enumerate(chosen) if not any(each)] == expected

    def test_more_is_asked_of_drafts_for_many(self):
        """Half the drafts are right and rows cost next to nothing: 1.2 times the speed, enough for three sequences."""
        costs = StepCosts({1: 1.0, 100: 1.0}, {1: 0.25, 100: 0.25})
        for count, drafted in ((3, 1), (6, 0)):
            policy = DraftPolicy(None, costs)
            likely = [Acceptance([0.5, *[0.0] * (MOST_DRAFTS - 1)]) for _ in range(count)]
            assert policy.choose(likely, [0] * count) == [drafted] * count

    def test_what_a_draft_reads_is_no_part_of_its_own_cost(self):
        costs = LiveCosts(StepCosts({1: 1.0}, {1: 0.1}, reading=0.01))
        for _ in range(50):
            costs.note_drafting([1], 300, 3.1)
        assert costs.drafting(1) == pytest.approx(0.1)

    def test_acceptance_is_learned_up_to_the_first_wrong_draft(self):
        rates = Acceptance()
        before = list(rates.rates)
        rates.note(3, 1)
        assert rates.rates[0] > before[0] and rates.rates[1] < before[1] and rates.rates[2:] == before[2:]


def test_statistics_count_by_position():
    statistics = Statistics()
    statistics.note_drafts(3, 1)
    statistics.note_drafts(1, 1)
    assert (statistics.drafted, statistics.accepted) == ([2, 1, 1], [2, 0, 0])


def test_costs_between_measured_rows():
    assert [LINEAR.step(n) for n in (0, 1, 51, 1000)] == pytest.approx([1.0, 1.0, 51.0, 1000.0])
    assert LINEAR.drafting(0) == 0.0


def test_drafts_are_timed_as_they_are_drawn():
    """From listed entries, which is what a step may do less exactly; the step itself from all."""
    kinds = []

    class Noting(FakeStep):
        def mtp(self, *arguments):
            kinds.append("mtp")
            return super().mtp(*arguments)

        def draw(self, hidden_hD, lines, draws, ids):
            kinds.append(type(ids))
            return super().draw(hidden_hD, lines, draws, ids)

    measure_costs(Noting(hashed(SIZE), draft=hashed(SIZE)), max_batch=2, blocks=64)
    after = [kind for before, kind in itertools.pairwise(kinds) if before == "mtp"]
    assert set(after) - {"mtp"} == {array} and int in kinds  # the layer also reads in bulk, without a draw behind it


def test_measured_costs_never_fall_with_more_rows():
    """Whatever a neighbour on the machine did to one of the measurements."""

    class Unsteady(FakeStep):
        def trunk(self, rows):
            time.sleep(0.004 if len(rows.tokens) == 2 else 0.001)
            return super().trunk(rows)

    costs = measure_costs(Unsteady(hashed(SIZE), draft=hashed(SIZE)), max_batch=2, blocks=64)
    assert list(costs.rows) == sorted(costs.rows, reverse=True) and set(costs.draft) == {1, 2}
    times = [costs.rows[count] for count in sorted(costs.rows)]
    assert times == sorted(times) and costs.step(2) < 0.004


def test_a_cost_that_was_not_seen_lately_follows_its_neighbour():
    costs = LiveCosts(FLAT)
    costs.note_step(1, 1.0)
    for _ in range(511):
        costs.note_step(2, 3.0)
    assert costs.step(1) == 1.0
    costs.note_step(2, 3.0)
    assert costs.step(1) == pytest.approx(3.0)


def test_an_engine_times_its_steps_and_drafts_but_no_prompts():
    policy = DraftPolicy(None, FLAT)
    rows, counts = [], []

    class Noting(LiveCosts):
        def note_step(self, number, seconds):
            assert 0 < seconds < 10
            rows.append(number)

        def note_drafting(self, each, read, seconds):
            assert 0 < seconds < 10 and read >= len(each) - each.count(0)  # the last token, if nothing else
            counts.append(list(each))

    policy.costs = Noting(FLAT)
    engine, model = make_engine(hashed(SIZE), tokenizer=TOKENIZER, draft=sometimes_wrong, policy=policy)
    passes, trunk = [], model.trunk
    model.trunk = lambda given: (passes.append(len(given.tokens)), trunk(given))[1]
    engine.generate(PROMPTS, SamplingParams(max_tokens=20, ignore_eos=True, seed=1))
    assert rows == passes[1:]  # the first step held the prompts
    assert any(any(each) for each in counts) and all(len(each) <= 3 for each in counts)


def test_drafts_that_are_no_tokens_are_dropped():
    def broken(tokens):
        return torch.full((SIZE,), torch.nan)

    expected, _, _ = run(temperature=1.0)
    got, _, statistics = run(broken, 3, temperature=1.0)
    assert got == expected and statistics.drafted == []


def test_without_a_prefix_cache_the_mtp_layer_does_not_catch_up_with_what_has_ended():
    for prefix_cache in (True, False):
        engine, model = make_engine(hashed(SIZE), draft=hashed(SIZE), prefix_cache=prefix_cache)
        engine.generate(PROMPTS, SamplingParams(max_tokens=20, ignore_eos=True))
        assert bool(model._mtp_memory) == prefix_cache


def test_drafts_come_from_common_tokens_and_those_of_the_text():
    engine, model = make_engine(hashed(SIZE), tokenizer=TOKENIZER, draft=hashed(SIZE), drafts=1)
    engine._common_tokens, engine._runner._draft_ids = 50, array("i", range(50))
    asked, draw = [], model.draw

    def noted(hidden, lines, draws, ids):
        if not isinstance(ids, int):
            asked.append(list(ids))
        return draw(hidden, lines, draws, ids)

    model.draw = noted
    prompt = [3, 90, 70, 90]
    (output,) = engine.generate([prompt], SamplingParams(max_tokens=12, ignore_eos=True, temperature=5.0, seed=2))
    rare = {token for token in [*prompt, *output.token_ids] if token >= 50}
    assert asked[0][:50] == list(range(50)) and {70, 90} <= set(asked[0])
    assert all(each == sorted(set(each)) for each in asked)
    assert len(rare) > 4 and set(asked[-1]) - set(range(50)) > {70, 90} and set(asked[-1]) <= {*range(50), *rare}


def test_hidden_states_are_copied_by_one_thread(monkeypatch):
    """PyTorch's own threads would wait for cores that those of a compiled step keep."""
    engine, _ = make_engine(hashed(SIZE), tokenizer=TOKENIZER, draft=hashed(SIZE), drafts=2)
    copied, cat = [], torch.cat
    monkeypatch.setattr(
        torch, "cat", lambda *given, **more: (copied.append(torch.get_num_threads()), cat(*given, **more))[1]
    )
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        engine.generate(PROMPTS, SamplingParams(max_tokens=8, ignore_eos=True))
        assert set(copied) == {1} and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
