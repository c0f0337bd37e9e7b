"""The engine over a fake model."""

import itertools
from dataclasses import replace

import pytest
import torch

from joyflash.engine import scheduler
from joyflash.engine.request import Request, SamplingParams
from joyflash.errors import ConstraintError, ContextLengthError, EngineError, RequestError, TemplateError
from joyflash.kernels.gumbel import noise_key
from tests.engine.fakes import FakeTokenizer, Masking, hashed, make_engine, script_engine, steps

TOKENIZER = FakeTokenizer()
PROMPTS = [TOKENIZER.encode(text) for text in ("a", "some longer prompt that takes several chunks", "b c", "ddd", "ee")]


def collect(engine):
    """Run until idle; token ids and last delta of every choice."""
    tokens, last = {}, {}
    for deltas in steps(engine):
        for delta in deltas:
            key = delta.request_id, delta.index
            tokens.setdefault(key, []).extend(delta.token_ids)
            last[key] = delta
    return tokens, last


class TestDeterminism:
    params = SamplingParams(temperature=1.0, max_tokens=20, seed=5, ignore_eos=True)

    def test_a_seed_gives_the_same_text_alone_and_in_any_batch(self):
        alone = [make_engine()[0].generate([prompt], self.params)[0].token_ids for prompt in PROMPTS]
        for slots, chunk in ((1, 16), (2, 3), (5, 512)):
            engine, _ = make_engine(slots=slots, chunk=chunk)
            batched = engine.generate(PROMPTS, self.params)
            assert [output.token_ids for output in batched] == alone
            again = engine.generate(PROMPTS[::-1], self.params)
            assert [output.token_ids for output in again] == alone[::-1]

    def test_without_a_seed_equal_prompts_differ(self):
        engine, _ = make_engine()
        free = SamplingParams(temperature=1.0, max_tokens=20, ignore_eos=True)
        outputs = engine.generate([PROMPTS[0]] * 3, free) + engine.generate([PROMPTS[0]], free)
        assert len({output.token_ids for output in outputs}) == 4

    def test_choices_of_a_request_differ_and_repeat_with_the_seed(self):
        engine, _ = make_engine(slots=3)
        params = SamplingParams(temperature=1.0, max_tokens=10, seed=1, n=5, ignore_eos=True)
        first = engine.generate([PROMPTS[0]], params)
        assert [output.index for output in first] == [0, 1, 2, 3, 4]
        assert len({output.token_ids for output in first}) == 5
        assert [o.token_ids for o in engine.generate([PROMPTS[0]], params)] == [o.token_ids for o in first]

    def test_parameters_may_differ_within_a_batch(self):
        engine, _ = make_engine()
        each = [SamplingParams(temperature=0, max_tokens=k) for k in (1, 2, 3)]
        outputs = engine.generate([PROMPTS[0]] * 3, each)
        assert all(len(output.token_ids) <= k for output, k in zip(outputs, (1, 2, 3), strict=True))
        with pytest.raises(RequestError):
            engine.generate(PROMPTS, each)


class TestStopping:
    prompt = TOKENIZER.encode("p")

    def run(self, script, **params):
        engine = script_engine(script, self.prompt)
        return engine.generate(
            [self.prompt], SamplingParams(temperature=0, max_tokens=params.pop("max", 30), **params)
        )[0]

    def test_the_stop_string_is_found_at_every_boundary(self):
        """The same text in every split that the vocabulary has: S T OP, ST O P, STOP, …"""
        pieces = ["S", "T", "O", "P", "ST", "OP", "STOP"]
        splits = [s for n in range(1, 5) for s in itertools.product(pieces, repeat=n) if "".join(s) == "STOP"]
        assert len(splits) == 5
        for split in splits:
            script = [*TOKENIZER.encode("ab"), *map(TOKENIZER.token, split), *TOKENIZER.encode("cd")]
            output = self.run(script, stop=["STOP"])
            assert (output.text, output.finish_reason, output.stop_reason) == ("ab", "stop", "STOP")
            assert len(output.token_ids) == 2 + len(split)

    def test_a_stop_inside_a_longer_token_cuts_the_text_there(self):
        script = [*TOKENIZER.encode("x"), TOKENIZER.token("the"), *TOKENIZER.encode("y")]
        assert self.run(script, stop=["h"]).text == "xt"

    def test_held_back_text_is_never_streamed(self):
        engine = script_engine([*TOKENIZER.encode("abSTOPcd")], self.prompt)
        engine.submit(Request(self.prompt, SamplingParams(temperature=0, stop=["STOP"], max_tokens=30)))
        pieces = [delta.text for deltas in steps(engine) for delta in deltas]
        assert pieces == ["a", "b", "", "", "", ""]

    def test_a_beginning_of_a_stop_is_given_out_at_the_end(self):
        output = self.run([*TOKENIZER.encode("abST")], stop=["STOP"], max=4)
        assert (output.text, output.finish_reason, output.stop_reason) == ("abST", "length", None)
        output = self.run([*TOKENIZER.encode("abST"), 1], stop=["STOP"])
        assert (output.text, output.finish_reason, output.token_ids[-1]) == ("abST", "stop", 1)

    def test_end_token(self):
        output = self.run([*TOKENIZER.encode("ab"), 1])
        assert (output.text, output.finish_reason, output.stop_reason) == ("ab", "stop", None)
        assert output.token_ids == (*TOKENIZER.encode("ab"), 1)
        output = self.run([*TOKENIZER.encode("ab"), 1, *TOKENIZER.encode("c")], ignore_eos=True, max=5)
        assert (output.text, output.finish_reason, len(output.token_ids)) == ("abcc", "length", 5)

    def test_stop_token_ids(self):
        b = TOKENIZER.token("b")
        output = self.run(TOKENIZER.encode("abc"), stop_token_ids=[b])
        assert (output.text, output.finish_reason, output.stop_reason) == ("a", "stop", b)

    def test_characters_are_streamed_whole(self):
        engine = script_engine([*TOKENIZER.encode("é你"), 1], self.prompt)
        engine.submit(Request(self.prompt, SamplingParams(temperature=0)))
        assert [d.text for deltas in steps(engine) for d in deltas] == ["", "é", "", "", "你", ""]
        assert self.run(TOKENIZER.encode("a你"), max=2).text == "a\ufffd"

    def test_logprobs_come_with_every_token(self):
        output = self.run([*TOKENIZER.encode("ab"), 1], logprobs=2)
        assert [entry.token_id for entry in output.logprobs] == list(output.token_ids)
        assert all(entry.top[0][0] == entry.token_id and len(entry.top) == 2 for entry in output.logprobs)
        assert self.run([1]).logprobs is None


class TestContext:
    def test_a_long_prompt_is_refused_before_any_work(self):
        engine, model = make_engine(capacity=32)
        with pytest.raises(ContextLengthError, match=r"32 tokens; the prompt has 40") as caught:
            engine.submit(Request([2] * 40))
        assert (caught.value.param, caught.value.code) == ("prompt", "context_length_exceeded")
        with pytest.raises(
            ContextLengthError, match=r"32 tokens; the prompt has 20 and max_tokens asks for 13"
        ) as caught:
            engine.generate([[2] * 3, [2] * 20], SamplingParams(max_tokens=13))
        assert caught.value.param == "max_tokens"
        assert not engine.has_work and not model.calls

    def test_the_context_can_be_filled_to_the_last_token(self):
        for params in (SamplingParams(ignore_eos=True), SamplingParams(ignore_eos=True, max_tokens=12)):
            engine, _ = make_engine(capacity=32)
            output = engine.generate([[2] * 20], params)[0]
            assert (len(output.token_ids), output.finish_reason) == (12, "length")
        engine, _ = make_engine(capacity=32)
        assert len(engine.generate([[2] * 31])[0].token_ids) == 1
        with pytest.raises(ContextLengthError):
            engine.generate([[2] * 32])

    @pytest.mark.parametrize(
        ("prompt", "params", "param"),
        [
            ([], {}, "prompt"),
            ([2, 10_000], {}, "prompt"),
            ([-1], {}, "prompt"),
            ([2, "a"], {}, "prompt"),
            ([2], {"logit_bias": {10_000: 1}}, "logit_bias"),
            ([2], {"stop_token_ids": [10_000]}, "stop_token_ids"),
        ],
    )
    def test_wrong_ids_are_named(self, prompt, params, param):
        with pytest.raises(RequestError) as caught:
            make_engine()[0].generate([prompt], SamplingParams(**params))
        assert caught.value.param == param

    def test_prompts_of_each_kind(self):
        engine, _ = make_engine()
        assert engine.encode_prompt("ab") == [0, *TOKENIZER.encode("ab")]
        assert engine.encode_prompt([5, 6]) == [5, 6]
        with pytest.raises(TemplateError, match="fake"):
            engine.encode_prompt([{"role": "user", "content": "hi"}])
        with pytest.raises(RequestError, match="list of prompts"):
            engine.generate("ab")


class TestScheduling:
    def test_a_long_prompt_does_not_hold_up_the_running(self):
        engine, model = make_engine(chunk=8)
        params = SamplingParams(temperature=0, max_tokens=40, ignore_eos=True)
        engine.submit(Request([2], params, "short"))
        engine.step()
        engine.submit(Request([3] * 100, params, "long"))
        before_long = 0
        for deltas in steps(engine):
            assert max(count for _, count in model.calls) <= 8
            if any(delta.request_id == "long" for delta in deltas):
                break
            assert [delta.request_id for delta in deltas] == ["short"]
            before_long += 1
        assert before_long == 12  # 100 tokens in 13 chunks, the last of which gives the first token

    def test_a_short_prompt_overtakes_a_long_one(self):
        engine, _ = make_engine(chunk=8)
        params = SamplingParams(temperature=0, max_tokens=1)
        for name, length in (("long", 200), ("short", 4)):
            engine.submit(Request([3] * length, params, name))
        ended = [delta.request_id for deltas in steps(engine) for delta in deltas]
        assert ended == ["short", "long"]

    def test_first_come_first_served_with_one_slot(self):
        engine, _ = make_engine(slots=1)
        for name in "abc":
            engine.submit(Request([3], SamplingParams(max_tokens=2, n=2, ignore_eos=True), name))
        assert engine.waiting_count == 6
        ends = [d.request_id + str(d.index) for deltas in steps(engine) for d in deltas if d.finish_reason]
        assert ends == ["a0", "a1", "b0", "b1", "c0", "c1"]

    def test_sequences_run_together(self):
        engine, model = make_engine(slots=4)
        engine.generate([[2]] * 4, SamplingParams(max_tokens=10, ignore_eos=True))
        assert model.calls.count((4, 1)) >= 6

    def test_a_step_orders_its_sequences_a_few_times_and_not_once_for_each(self, monkeypatch):
        engine, _ = make_engine(slots=32, chunk=64)
        for _ in range(32):
            engine.submit(Request([2], SamplingParams(max_tokens=10, ignore_eos=True)))
        engine.step()
        asked, claim = [], scheduler._claim
        monkeypatch.setattr(scheduler, "_claim", lambda sequence: asked.append(sequence) or claim(sequence))
        engine.step()
        assert engine.running_count == 32 and len(asked) <= 3 * 32

    def test_an_id_in_use_is_refused(self):
        engine, _ = make_engine()
        engine.submit(Request([2], request_id="x"))
        with pytest.raises(RequestError) as caught:
            engine.submit(Request([2], request_id="x"))
        assert caught.value.param == "request_id"
        with pytest.raises(EngineError, match="idle"):
            engine.generate([[2]])


class TestCancellation:
    params = SamplingParams(temperature=0, max_tokens=50, ignore_eos=True, n=2)

    @pytest.mark.parametrize("steps_before", [0, 1, 2, 5])
    def test_it_frees_everything_at_the_next_step(self, steps_before):
        engine, _ = make_engine(slots=3, chunk=4)
        engine.submit(Request([2] * 6, self.params, "gone"))
        engine.submit(Request([3] * 6, self.params, "stays"))
        for _ in range(steps_before):
            engine.step()
        engine.cancel("gone")
        deltas = [delta for delta in engine.step() if delta.request_id == "gone"]
        assert [(d.index, d.finish_reason, d.text) for d in deltas] == [(0, "cancelled", ""), (1, "cancelled", "")]
        tokens, last = collect(engine)
        assert {key[0] for key in tokens} == {"stays"}
        assert all(delta.finish_reason == "length" for delta in last.values())

    def test_unknown_and_ended_ids_are_ignored(self):
        engine, _ = make_engine()
        engine.cancel("nobody")
        engine.submit(Request([2], SamplingParams(max_tokens=1), "a"))
        collect(engine)
        engine.cancel("a")
        engine.submit(Request([2], SamplingParams(max_tokens=1), "a"))
        assert collect(engine)[1]["a", 0].finish_reason in ("length", "stop")


class TestFailures:
    def engine(self):
        return self.engine_and_model()[0]

    def engine_and_model(self):
        """An engine whose model fails on token 200 anywhere, and gives no numbers after token 201."""
        size = TOKENIZER.vocab_size
        usual = hashed(size)

        def predict(tokens):
            if 200 in tokens:
                raise RuntimeError("a secret detail")
            return usual(tokens) * (float("nan") if 201 in tokens else 1.0)

        return make_engine(predict, tokenizer=TOKENIZER)

    def test_a_failure_in_a_prompt_ends_that_request_only(self, caplog):
        expected = self.engine().generate([[2]], SamplingParams(seed=1, max_tokens=8, ignore_eos=True))[0].token_ids
        for bad in (200, 201):
            engine = self.engine()
            params = SamplingParams(seed=1, max_tokens=8, ignore_eos=True)
            engine.submit(Request([2], params, "good"))
            engine.submit(Request([bad], params, "bad"))
            tokens, last = collect(engine)
            assert last["bad", 0].finish_reason == "error"
            assert isinstance(last["bad", 0].error, EngineError)
            assert "secret" not in str(last["bad", 0].error)
            assert tuple(tokens["good", 0]) == expected
        assert "a secret detail" in caplog.text

    def test_a_schema_that_cannot_be_followed_is_no_failure_of_the_engine(self, caplog):
        """The caller gets the reason; the log gets a line of it, not a traceback."""

        class TooComplex(Masking):
            def start(self):
                return self

            def mask(self):
                return None

            def accept(self, token_id):
                raise ConstraintError("became too complex to follow")

        engine = self.engine()
        engine.submit(Request([2], SamplingParams(max_tokens=8), "held", constraint=TooComplex()))
        _, last = collect(engine)
        assert isinstance(last["held", 0].error, ConstraintError)
        (record,) = [record for record in caplog.records if "too complex" in record.getMessage()]
        assert record.levelname == "WARNING" and record.exc_info is None

    def test_a_failure_in_a_batch_is_traced_to_its_request(self):
        params = SamplingParams(
            seed=1, temperature=1.0, max_tokens=8, ignore_eos=True, logit_bias={200: -100, 201: -100}
        )
        expected = self.engine().generate([[2]], params)[0].token_ids
        for bad in (200, 201):
            engine = self.engine()
            engine.submit(Request([2], params, "good"))
            engine.submit(Request([3], SamplingParams(max_tokens=8, logit_bias={bad: 100}), "bad"))
            tokens, last = collect(engine)
            assert tokens["bad", 0] == [bad] and last["bad", 0].finish_reason == "error"
            assert tuple(tokens["good", 0]) == expected

    def test_a_failing_constraint_ends_its_request_only(self):
        class Broken(Masking):
            def start(self):
                return self

            def mask(self):
                return None

            def accept(self, token_id):
                raise ValueError("broken")

        engine, _ = make_engine()
        engine.submit(Request([2], SamplingParams(max_tokens=3), "bad", Broken()))
        engine.submit(Request([2], SamplingParams(max_tokens=3, ignore_eos=True), "good"))
        _, last = collect(engine)
        assert (last["bad", 0].finish_reason, last["good", 0].finish_reason) == ("error", "length")

    @pytest.mark.parametrize(("bad", "max_tokens"), [(201, 8), (202, 0), (202, 8)])
    def test_recorded_experts_are_told_however_a_text_ends(self, bad, max_tokens):
        """Also where no token was sampled behind the last that was run."""
        engine, model = self.engine_and_model()
        trunk = model.trunk

        def noting(rows):
            model.routes_nLK = torch.tensor(rows.tokens, dtype=torch.int16)[:, None, None]
            return trunk(rows)

        model.trunk = noting
        engine.submit(Request([2, 3, bad], SamplingParams(seed=1, max_tokens=max_tokens, ignore_eos=True), "r"))
        tokens, last = collect(engine)
        assert last["r", 0].routes_TLK.flatten().tolist() == [2, 3, bad, *tokens["r", 0]][:-1]
        assert ("not finite" in str(last["r", 0].error)) == (bad == 201)

    def test_generate_raises_and_leaves_the_engine_usable(self):
        engine = self.engine()
        with pytest.raises(EngineError):
            engine.generate([[2], [200]])
        assert not engine.has_work
        assert engine.generate([[2]], SamplingParams(max_tokens=1))[0].token_ids

    def test_a_leaked_block_is_noticed_when_idle(self):
        engine, _ = make_engine()
        leaked = engine._runner.pool.allocate()
        with pytest.raises(EngineError, match=f"Block {leaked} counts 1 references"):
            engine.generate([[2]], SamplingParams(max_tokens=1))
        engine._runner.pool.release([leaked])
        engine.generate([[2]], SamplingParams(max_tokens=1))


class TestIndependence:
    def test_two_engines_in_one_process_take_turns(self):
        params = SamplingParams(temperature=1.0, seed=3, max_tokens=12, ignore_eos=True)
        expected = make_engine()[0].generate([PROMPTS[1]], params)[0].token_ids
        engines = [make_engine()[0] for _ in range(2)]
        for engine in engines:
            engine.submit(Request(PROMPTS[1], params, "same"))
        seen = [[], []]
        while any(engine.has_work for engine in engines):
            for engine, tokens in zip(engines, seen, strict=True):
                tokens += [token for delta in engine.step() for token in delta.token_ids]
        assert tuple(seen[0]) == tuple(seen[1]) == expected

    @pytest.mark.parametrize("params", [{"top_p": 0.9}, {"logprobs": 2}, {"frequency_penalty": 0.5}])
    @pytest.mark.parametrize("drafts", [0, 3])
    def test_sequences_that_need_logits_share_one_reading_of_the_output_head(self, params, drafts):
        """Of a step, what stands behind their drafts included; and get the same numbers as alone."""
        prompts, predict = [[i] for i in range(2, 6)], hashed(TOKENIZER.vocab_size)
        own = SamplingParams(temperature=1.0, seed=3, max_tokens=12, ignore_eos=True, **params)
        alone = [make_engine(predict)[0].generate([prompt], own)[0] for prompt in prompts]
        engine, model = make_engine(predict, draft=predict, drafts=drafts)
        together = engine.generate(prompts, own)
        assert [(o.token_ids, o.logprobs) for o in together] == [(o.token_ids, o.logprobs) for o in alone]
        assert len(model.heads) == len(model.calls) and model.heads[0] == 4
        assert len(model.calls) == 12 if drafts == 0 else len(model.calls) < 12

    def test_nothing_global_is_touched(self):
        state, threads = torch.get_rng_state(), torch.get_num_threads()
        make_engine()[0].generate(PROMPTS, SamplingParams(max_tokens=3))
        assert torch.equal(state, torch.get_rng_state()) and torch.get_num_threads() == threads
        assert not torch.is_inference_mode_enabled() and torch.is_grad_enabled()


def test_a_constraint_masks_every_choice_on_its_own():
    class Spell(Masking):
        """Allows one text only."""

        def __init__(self, ids):
            self.ids, self.place = ids, 0

        def start(self):
            return Spell(self.ids)

        def mask(self):
            mask = torch.zeros(TOKENIZER.vocab_size, dtype=torch.bool)
            mask[self.ids[self.place]] = True
            return mask

        def accept(self, token_id):
            self.place += 1

    engine, _ = make_engine()
    engine.submit(Request([2], SamplingParams(n=3), "r", Spell([*TOKENIZER.encode("yes"), 1])))
    tokens, _ = collect(engine)
    assert all(ids == [*TOKENIZER.encode("yes"), 1] for ids in tokens.values()) and len(tokens) == 3


@pytest.mark.parametrize("params", [{}, {"top_p": 0.9}])
def test_the_noise_of_a_token_is_that_of_its_position_in_the_whole(monkeypatch, params):
    """Whether the model draws or, for what it cannot do, the sampler."""
    from joyflash.engine import step_loop as module

    engine, model = make_engine()
    keys: list[int] = []
    sample, draw = module.sample, model.draw

    def noted_sample(logits, rows, size):
        keys.extend(row.draw.key for row in rows)
        return sample(logits, rows, size)

    def noted_draw(hidden, lines, draws, ids):
        keys.extend(each.key for each in draws)
        return draw(hidden, lines, draws, ids)

    monkeypatch.setattr(module, "sample", noted_sample)
    monkeypatch.setattr(model, "draw", noted_draw)
    engine.generate([[2] * 5], SamplingParams(max_tokens=3, ignore_eos=True, seed=11, **params))
    assert keys == [noise_key(11, 0, position) for position in (5, 6, 7)]


@pytest.mark.parametrize("seed", range(5))
def test_a_constraint_changes_only_the_tokens_that_it_forbids(monkeypatch, seed):
    """The model's own draw stands where it is allowed: the text is that of the sampler with the mask."""
    from joyflash.engine import step_loop as module

    engine, sample = make_engine()[0], module.sample
    params = SamplingParams(max_tokens=30, ignore_eos=True, seed=seed, temperature=3.0)
    allowed = torch.zeros(engine.tokenizer.vocab_size, dtype=torch.bool)
    allowed[:: 2 + seed % 2] = True

    class Odd(Masking):
        def start(self):
            return self

        def mask(self):
            return allowed

        def accept(self, token_id):
            assert allowed[token_id]

    def tokens(params, constraint):
        engine.submit(Request([2] * 5, params, constraint=constraint))
        return next(iter(collect(engine)[0].values()))

    fast, slow = tokens(params, Odd()), tokens(replace(params, logprobs=0), Odd())
    assert fast == slow and len(fast) == 30
    # Where the drawn token is allowed nothing is sampled again.
    counts = []
    monkeypatch.setattr(module, "sample", lambda *given: (counts.append(1), sample(*given))[1])
    assert tokens(params, Odd()) == fast and 0 < len(counts) < 30
    assert fast != tokens(params, None)
