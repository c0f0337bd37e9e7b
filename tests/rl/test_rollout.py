"""Rollouts: the ids that were sampled are the ids trained on, with the log-probabilities they had."""

from __future__ import annotations

import dataclasses
import json

import pytest
import torch

from joyflash.engine.engine import Engine
from joyflash.engine.request import Delta, SamplingParams
from joyflash.errors import ConfigError, EngineError, KernelError, TrainingError
from joyflash.kernels.cpu.build import compiler
from joyflash.model.moe import Router
from joyflash.rl.environments.host import Domain, EnvironmentHost, need_task
from joyflash.rl.environments.protocol import Task
from joyflash.rl.policy import engine_scores, mismatch, trainer_scores
from joyflash.rl.rollout import Rollouts, check_sampling
from joyflash.rl.rows import PLACE, PULL, pack_rows, token_columns
from joyflash.rl.trajectory import Trajectory
from joyflash.text.template import ChatTemplate
from tests.model.conftest import random_model
from tests.rl.conftest import CONFIG, small_model

NEEDS_COMPILER = pytest.mark.skipif(compiler() is None, reason="the compiled step needs a C compiler")
SETTINGS = [
    {"mtp": 0},
    {"mtp": 2},
    {"mtp": 2, "prefix_cache": False, "max_batch": 2},
    {"mtp": 1, "prefill_chunk": 30},
]


def attempts(
    rollouts: Rollouts, host: EnvironmentHost, domains=("sums", "shop", "numbers"), samples: int = 2, groups: int = 1
):
    return [
        rollouts.new(name, need_task(host, name, "train", 0, group), 10 * place + group, sample, 97 * group + sample)
        for place, name in enumerate(domains)
        for group in range(groups)
        for sample in range(samples)
    ]


def play(engine, host, **options):
    rollouts = Rollouts(engine, host, **{"reply_tokens": 9, **options})
    found = attempts(rollouts, host)
    rollouts.run(found)
    return found


def facts(trajectories):
    return [(t.ids, t.spans, t.log_probs, t.reward) for t in trajectories]


@NEEDS_COMPILER
def test_with_the_compiled_step_the_mismatch_is_exactly_zero_in_every_setting(engine_of, host):
    model = small_model()
    found = []
    for options in SETTINGS:
        engine = engine_of(model, compiled=True, **options)
        trajectories = play(engine, host)
        assert mismatch(engine_scores(engine, trajectories), trajectories) == 0.0
        # The trainer's own kernels add in another order.
        ours = trainer_scores(model, trajectories, engine.tokenizer.vocab_size, 256)
        assert 0 < mismatch(ours, trajectories) < 1e-4
        found.append(facts(trajectories))
    assert all(each == found[0] for each in found)


def test_with_plain_pytorch_the_mismatch_is_small_in_every_setting(engine_of, host):
    model = small_model()
    for options in SETTINGS:
        trajectories = play(engine_of(model, **options), host)
        for row_tokens in (64, 4096):
            scores = trainer_scores(model, trajectories, 8192, row_tokens)
            assert mismatch(scores, trajectories) <= 1e-5
            assert bool((scores.entropy_N > 0).all())


def test_entries_beyond_the_tokenizer_count_for_nothing(engine_of, host):
    model = small_model()
    with torch.no_grad():
        model.lm_head.weight[8192:] = 50 * model.lm_head.weight[:8]
    trajectories = play(engine_of(model), host)
    assert max(token for t in trajectories for token in t.ids) < 8192
    assert mismatch(trainer_scores(model, trajectories, 8192, 512), trajectories) <= 1e-4
    assert mismatch(trainer_scores(model, trajectories, 8200, 512), trajectories) > 1


def test_episodes_of_several_turns_are_never_tokenised_again(engine_of, host, template):
    engine = engine_of(small_model())
    sent = []
    submit = engine.submit
    engine.submit = lambda request: (sent.append(list(request.prompt_ids)), submit(request))[1]
    trajectories = [t for t in play(engine, host, reply_tokens=200) if len(t.spans) > 1]
    rollouts = Rollouts(engine, host)
    if not trajectories:  # a random model seldom ends a reply by itself: give one a reply that ended
        trajectories = [_two_turns(rollouts, host, engine)]
    for trajectory in trajectories:
        prompt = template.render(trajectory.task.messages, trajectory.task.tools)
        assert trajectory.ids[: trajectory.prompt_length] == prompt
        for (_, end), (start, _) in zip(trajectory.spans, trajectory.spans[1:], strict=False):
            assert trajectory.ids[end - 1] == engine.tokenizer.eos_id
            assert trajectory.ids[:start] in sent
            between = engine.tokenizer.decode(trajectory.ids[end:start], skip_control=False)
            assert between.startswith("<|User|>") and between.endswith("<|Assistant|><|end_of_thought|>")
        assert len(trajectory.sampled_indices()) == len(trajectory.log_probs) == len(trajectory.versions)


def _two_turns(rollouts, host, engine):
    """An attempt whose first reply is a text of odd tokens that no tokenizer would choose, ended by hand."""
    index = next(i for i in range(50) if need_task(host, "shop", "train", 0, i).facts["lines"])
    trajectory = rollouts.new("shop", need_task(host, "shop", "train", 0, index), 0, 0, 5)
    episode = host.start("shop", trajectory.task)
    odd = [token for letter in "What number?" for token in engine.tokenizer.encode(letter)]
    assert odd != engine.tokenizer.encode("What number?")
    start = len(trajectory.ids)
    trajectory.ids += [*odd, engine.tokenizer.eos_id]
    trajectory.spans.append((start, len(trajectory.ids)))
    trajectory.log_probs += [-1.0] * (len(odd) + 1)
    trajectory.versions += [0] * (len(odd) + 1)
    assert rollouts._go_on(trajectory, episode, Delta("r", 0, finish_reason="stop"))
    assert trajectory.replies[0]["content"] == "What number?"
    rollouts._submit(trajectory, episode)
    while rollouts.in_flight:
        rollouts.step()
    assert trajectory.ids[start : start + len(odd)] == odd
    return trajectory


@pytest.mark.parametrize("compiled", [pytest.param(True, marks=NEEDS_COMPILER), False])
def test_the_engine_sees_new_weights_at_once_and_forgets_what_old_ones_cached(engine_of, host, compiled):
    model = small_model()
    engine = engine_of(model, compiled=compiled)
    before = facts(play(engine, host))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)), alpha=0.05)
    with pytest.raises(AssertionError):  # without the call: cached prefixes and halves of the old weights
        assert facts(play(engine, host)) == facts(play(engine_of(model, compiled=compiled), host))
    engine.weights_changed()
    after = facts(play(engine, host))
    assert after == facts(play(engine_of(model, compiled=compiled), host)) != before
    assert engine.statistics.tokens > 0


@NEEDS_COMPILER
def test_weights_of_the_compiled_step_are_not_copied(engine_of):
    model = small_model()
    engine = engine_of(model, compiled=True)
    taken = engine._runner.model._step._weights
    pointers = {parameter.data_ptr() for parameter in model.parameters()}
    copies = [
        name
        for layer in (taken.model, *taken.layers)
        for name, tensor in layer.items()
        if tensor.data_ptr() not in pointers and name not in ("cos", "sin", "router_bias")
    ]
    assert set(copies) == {"key_up", "value_up"}
    biases = {m.e_score_correction_bias.data_ptr() for m in model.modules() if isinstance(m, Router)}
    assert all(layer["router_bias"].data_ptr() in biases for layer in taken.layers if "router_bias" in layer)


def test_weights_must_not_change_under_open_requests(engine_of, host):
    engine = engine_of(small_model())
    rollouts = Rollouts(engine, host, reply_tokens=6)
    rollouts.begin(attempts(rollouts, host)[0])
    with pytest.raises(EngineError, match="open"):
        engine.weights_changed()
    with pytest.raises(EngineError, match="idle"):
        engine.score([([1, 2, 3], 1)])
    engine.reset()


@NEEDS_COMPILER
def test_an_engine_with_copies_refuses_to_follow():
    with pytest.raises(KernelError, match="shared"):
        Engine.from_pretrained("nano", max_context=64, mtp=0, compiled=True).weights_changed()


@pytest.mark.parametrize("every", [1, 5])
def test_pausing_anywhere_changes_nothing(engine_of, host, every):
    # A step must get through all prompts, or a pause after each of them would never let one begin to speak.
    engine = engine_of(small_model(), prefill_chunk=4096, **({"compiled": True} if compiler() else {}))
    whole = play(engine, host)
    rollouts = Rollouts(engine, host, reply_tokens=9)
    again = attempts(rollouts, host)
    for trajectory in again:
        rollouts.begin(trajectory)
    steps = 0
    while rollouts.in_flight:
        rollouts.step()
        steps += 1
        if steps % every == 0:
            rollouts.weights_changed(steps)
    assert [t.ids for t in again] == [t.ids for t in whole]
    assert [t.spans for t in again] == [t.spans for t in whole]
    assert [t.reward for t in again] == [t.reward for t in whole]
    if compiler():
        assert [t.log_probs for t in again] == [t.log_probs for t in whole]
    assert any(len(set(t.versions)) > 1 for t in again) and all(t.versions == sorted(t.versions) for t in again)


def test_a_second_pause_takes_nothing_again(engine_of, host):
    rollouts = Rollouts(engine_of(small_model()), host, reply_tokens=9)
    for trajectory in attempts(rollouts, host):
        rollouts.begin(trajectory)
    for _ in range(7):
        rollouts.step()
    rollouts.pause()
    once = [json.dumps(trajectory.to_dict()) for trajectory in rollouts.in_flight]
    assert any(trajectory.log_probs for trajectory in rollouts.in_flight)
    rollouts.pause()
    assert [json.dumps(trajectory.to_dict()) for trajectory in rollouts.in_flight] == once


def test_a_saved_attempt_goes_on_where_it_was(engine_of, host):
    engine = engine_of(small_model())
    whole = play(engine, host)
    rollouts = Rollouts(engine, host, reply_tokens=9)
    for trajectory in attempts(rollouts, host):
        rollouts.begin(trajectory)
    for _ in range(7):
        rollouts.step()
    rollouts.pause()
    saved = [json.loads(json.dumps(trajectory.to_dict())) for trajectory in rollouts.in_flight]
    other = Rollouts(engine_of(small_model()), host, reply_tokens=9)
    restored = [Trajectory.from_dict(value) for value in saved]
    other.run(restored)
    by_name = {(t.group, t.sample): t for t in whole}
    assert restored
    for trajectory in restored:
        expected = by_name[trajectory.group, trajectory.sample]
        assert trajectory.ids == expected.ids and trajectory.reward == expected.reward
        assert trajectory.replies == expected.replies


def test_a_saved_attempt_that_cannot_be_led_there_again_fails_as_others_do(engine_of, tmp_path):
    path, broken = tmp_path / "endless.py", tmp_path / "broken"
    path.write_text(
        "from pathlib import Path\nfrom joyflash.rl.environments.protocol import Task, Turn\n"
        "class Endless:\n"
        "    def propose(self, rng, language, split):\n"
        "        return Task(str(rng.random()), ({'role': 'user', 'content': '?'},))\n"
        "    def start(self, task): return self\n"
        "    def step(self, reply):\n"
        f"        if Path({str(broken)!r}).exists(): raise RuntimeError('out of order')\n"
        "        return Turn(({'role': 'user', 'content': 'more'},))\n"
    )
    told = []
    with EnvironmentHost([Domain("endless", f"{path}:Endless")], on_failure=told.append) as host:
        rollouts = Rollouts(engine_of(small_model()), host, reply_tokens=3)
        (attempt,) = attempts(rollouts, host, ("endless",), samples=1)
        rollouts.begin(attempt)
        while not attempt.replies:
            rollouts.step()
        rollouts.pause()
        broken.touch()
        restored = Trajectory.from_dict(json.loads(json.dumps(attempt.to_dict())))
        Rollouts(engine_of(small_model()), host, reply_tokens=3).run([restored])
    assert restored.reward == 0.0 and restored.failure == "RuntimeError: out of order" and len(told) == 1


def test_sampling_of_another_distribution_is_refused():
    check_sampling(SamplingParams(temperature=1.0, top_k=-1))
    for wrong in (
        {"temperature": 0.6},
        {"temperature": 0.0},
        {"top_p": 0.9},
        {"top_k": 5},
        {"min_p": 0.1},
        {"logit_bias": {3: 1.0}},
        {"presence_penalty": 0.5},
        {"stop": ["x"]},
        {"stop_token_ids": [5]},
        {"ignore_eos": True},
        {"max_tokens": 5},
        {"seed": 1},
        {"n": 2},
        {"logprobs": 1},
    ):
        with pytest.raises(ConfigError, match=next(iter(wrong))):
            check_sampling(SamplingParams(**{"temperature": 1.0, **wrong}))


def test_recorded_routes_are_complete_and_replayed(engine_of, host):
    model = small_model()
    with pytest.raises(ConfigError, match="compiled"):
        engine_of(model, compiled=True, record_routes=True)
    trajectories = play(engine_of(model, record_routes=True, prefix_cache=False, mtp=2), host)
    moes = sum(isinstance(m, Router) for m in model.model.modules())
    for trajectory in trajectories:
        assert trajectory.routes_TLK is not None
        assert trajectory.routes_TLK.shape == (len(trajectory.ids) - 1, moes, model.config.num_experts_per_tok)
        assert bool((trajectory.routes_TLK >= 0).all())
    assert mismatch(trainer_scores(model, trajectories, 8192, 512, replay=True), trajectories) <= 1e-5
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, Router):
                module.e_score_correction_bias += torch.linspace(-2, 2, module.e_score_correction_bias.numel())
    assert mismatch(trainer_scores(model, trajectories, 8192, 512, replay=True), trajectories) <= 1e-5
    assert mismatch(trainer_scores(model, trajectories, 8192, 512), trajectories) > 1e-3
    cached = play(engine_of(model, record_routes=True, max_batch=2), host)
    assert any(bool((t.routes_TLK < 0).any()) for t in cached)  # found in the prefix cache, so not run: live routes
    assert mismatch(trainer_scores(model, cached, 8192, 512, replay=True), cached) <= 1e-5


def test_a_model_without_a_mixture_layer_has_no_routes_and_replays_them(engine_of, host):
    model = random_model(dataclasses.replace(CONFIG, first_k_dense_replace=CONFIG.num_hidden_layers))
    trajectories = play(engine_of(model, record_routes=True, prefix_cache=False), host)
    shapes = {(len(t.ids) - 1, 0, CONFIG.num_experts_per_tok) for t in trajectories}
    assert {t.routes_TLK.shape for t in trajectories if t.routes_TLK is not None} == shapes
    assert mismatch(trainer_scores(model, trajectories, 8192, 512, replay=True), trajectories) <= 1e-5


def test_a_hostile_environment_costs_its_reward_only(engine_of, tmp_path):
    path = tmp_path / "bad.py"
    path.write_text(
        "import os\nfrom joyflash.rl.environments.protocol import Task\n"
        "class Bad:\n"
        "    def propose(self, rng, language, split):\n"
        "        return Task(str(rng.random()), ({'role': 'user', 'content': '?'},))\n"
        "    def start(self, task): return self\n"
        "    def step(self, reply): os._exit(1)\n"
    )
    told = []
    domains = [Domain("bad", f"{path}:Bad"), Domain("sums", "arithmetic", options={"largest": 3})]
    with EnvironmentHost(domains, on_failure=told.append) as host:
        rollouts = Rollouts(engine_of(small_model()), host, reply_tokens=3)
        found = attempts(rollouts, host, ("bad", "sums"), samples=2)
        rollouts.run(found)
    assert [t.reward for t in found if t.domain == "bad"] == [0.0, 0.0] and len(told) >= 1
    assert all(t.reward is not None and t.failure is None for t in found if t.domain == "sums")


def test_prompts_beyond_the_context_are_refused_and_episodes_that_outgrow_it_end(engine_of, host):
    engine = engine_of(small_model(), max_context=64)
    rollouts = Rollouts(engine, host)
    with pytest.raises(TrainingError, match="context"):
        rollouts.begin(rollouts.new("sums", Task("k", ({"role": "user", "content": "x " * 200},)), 0, 0, 0))
    trajectory = rollouts.new("sums", need_task(host, "sums", "train", 0, 0), 0, 0, 0)
    rollouts.run([trajectory])
    assert len(trajectory.ids) <= 64 and trajectory.cut_off and trajectory.reward == 0


def test_rows_hold_every_sampled_token_once(engine_of, host):
    trajectories = play(engine_of(small_model()), host)
    columns = token_columns(trajectories, range(len(trajectories)))
    for row_tokens in (1, 300, 10_000):
        rows = pack_rows(trajectories, None, row_tokens)
        places = torch.cat([row.extras[PLACE] for row in rows])
        assert places[places >= 0].tolist() == list(range(len(columns.advantage_N)))
        assert sum(row.tokens_T.numel() for row in rows) == sum(len(t.ids) for t in trajectories)
    tokens = torch.cat([row.tokens_T for row in pack_rows(trajectories, None, 300)])
    places = torch.cat([row.extras[PLACE] for row in pack_rows(trajectories, None, 300)])
    assert tokens[places >= 0].tolist() == [t.ids[i] for t in trajectories for i in t.sampled_indices()]


def test_what_pulls_on_nothing_is_left_out_of_the_rows(engine_of, host):
    trajectories = play(engine_of(small_model()), host)
    columns = token_columns(trajectories, range(len(trajectories)))
    pull_N = torch.where(columns.trajectory_N % 2 == 1, 0.5, 0.0)
    pull_N[0] = -1.0  # of the first one a single token
    kept = [t for n, t in enumerate(trajectories) if n % 2 or n == 0]
    rows = pack_rows(trajectories, pull_N, 300)
    assert [i for row in rows for i in row.tokens_T.tolist()] == [i for t in kept for i in t.ids]
    places = torch.cat([row.extras[PLACE] for row in rows])
    pulls = torch.cat([row.extras[PULL] for row in rows])
    assert torch.equal(pulls[places >= 0], pull_N[places[places >= 0]])
    assert pulls[places < 0].eq(0).all() and pulls.ne(0).sum() == pull_N.ne(0).sum()
    assert pack_rows(trajectories, torch.zeros_like(pull_N), 300) == []


def test_thinking_needs_a_template_that_opens_a_thought(engine_of, host):
    engine = engine_of(small_model())
    engine.template = ChatTemplate("{{ messages[0].content }}<|Assistant|><|end_of_thought|>", engine.tokenizer)
    assert Rollouts(engine, host)
    with pytest.raises(ConfigError, match="opens no thought"):
        Rollouts(engine, host, thinking=True)
