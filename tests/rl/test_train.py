"""The RL stage: it learns, survives kills, loses and repeats no rollout, stays within its staleness, reports."""

from __future__ import annotations

import dataclasses
import json
import re
import signal

import pytest
import torch
from typer.testing import CliRunner

from joyflash.cli import app
from joyflash.errors import ConfigError, StoppedError, TrainingError
from joyflash.kernels.cpu.build import compiler
from joyflash.model.checkpoint import read_model, save_model
from joyflash.model.loading import model_folder
from joyflash.model.moe import Router
from joyflash.rl import train
from joyflash.rl.collector import SPOOL, Collector
from joyflash.rl.curriculum import Curriculum
from joyflash.rl.environments.host import Domain, EnvironmentHost
from joyflash.rl.objectives import NAMES
from joyflash.rl.profile import PROFILE
from joyflash.rl.recipe import RLRecipe
from joyflash.rl.report import draw_rl_report
from joyflash.rl.rollout import Rollouts
from joyflash.rl.samples import SAMPLES, read_samples
from joyflash.rl.spool import append_rows, recover_rows
from joyflash.train.checkpoint import last_step
from joyflash.train.logging import read_log
from joyflash.train.pretrain import copy_tokenizer
from tests.rl.conftest import small_model

ENVIRONMENT = '''
from joyflash.rl.environments.protocol import Task, Turn
class Letters:
    """Pays for Chinese characters, in one turn, or over two."""
    def __init__(self, turns=1): self.turns = turns
    def propose(self, rng, language, split):
        word = str(rng.randrange(100000))
        return Task(word, ({"role": "user", "content": word},))
    def start(self, task): return Attempt(self.turns)
class Attempt:
    def __init__(self, turns): self.left, self.text = turns, ""
    def step(self, reply):
        self.left -= 1; self.text += reply.content
        if self.left: return Turn(({"role": "user", "content": "more"},))
        right = sum("\\u4e00" <= c <= "\\u9fff" for c in self.text)
        return Turn(reward=right / max(1, len(self.text)))
'''


@pytest.fixture(scope="module", name="start")
def _start(tmp_path_factory):
    folder = tmp_path_factory.mktemp("start")
    save_model(small_model(), folder, torch.float32)
    copy_tokenizer(model_folder("nano"), folder)
    (folder / "letters.py").write_text(ENVIRONMENT)
    return folder


@pytest.fixture(name="recipe")
def _recipe(start):
    return RLRecipe(
        domains=(
            Domain("one", f"{start}/letters.py:Letters", prompts=6),
            Domain("two", f"{start}/letters.py:Letters", prompts=3, options={"turns": 2}),
        ),
        batches=3,
        groups=4,
        samples=3,
        minibatches=2,
        reply_tokens=6,
        max_context=128,
        compiled=None if compiler() else False,
        muon_lr=2e-2,
        adamw_lr=2e-2,
        warmup=0.0,
        profile=2,
        heldout=2,
        validate_every=2,
        row_tokens=256,
    )


def curve(folder):
    kept = ("step", "loss", "reward", "entropy", "gradient_norm", "mismatch", "G-I")
    return [tuple(row.get(name) for name in kept) for row in read_log(folder) if "loss" in row]


def test_it_learns_what_is_paid_for_and_reports_it(start, recipe, tmp_path):
    rates = {"muon_lr": 5e-2, "adamw_lr": 5e-2, "clip_norm": 10.0}
    longer = dataclasses.replace(recipe, batches=10, samples=8, profile=0, validate_every=10, heldout=8, **rates)
    folder = train.run(longer, start=start, out=tmp_path / "run", workers=1)
    rows = read_log(tmp_path / "run")
    measured = [row for row in rows if "heldout" in row]
    assert [row["step"] for row in measured] == [0, 20]
    assert measured[1]["heldout"]["one"] > measured[0]["heldout"]["one"] + 0.1
    steps = [row for row in rows if "loss" in row]
    assert len(steps) == 20 and all(row["lag"] in (0, 1) for row in steps)
    if compiler():  # scored again by the very step that sampled, once after each validation
        assert [row.get("mismatch") for row in steps] == [0.0, *[None] * 19]
        assert all(row["ratio"] == 1.0 and row["G-I"] == row["L-I"] == 1.0 for row in steps[::2])
    assert any(row["ratio"] != 1.0 for row in steps[1::2])
    before, after = read_model(start), read_model(folder)
    biases = [
        [m.e_score_correction_bias for m in model.modules() if isinstance(m, Router)] for model in (before, after)
    ]
    assert all(torch.equal(a, b) for a, b in zip(*biases, strict=True))  # frozen
    page = (tmp_path / "run" / "report.html").read_text()
    assert "data:image/png;base64," in page and 'class="said"' in page and "tokens an answer" in page
    assert "<script" not in page
    samples = read_samples(tmp_path / "run")
    assert {row["domain"] for row in samples} <= {"one", "two"} and any(len(row["pieces"]) == 4 for row in samples)


@pytest.mark.skipif(not compiler(), reason="no compiler here, so no step that is batch-invariant")
def test_what_the_rollouts_noted_is_what_the_engine_would_say_again(start, recipe, tmp_path):
    runs = {}
    for scorer in ("auto", "engine"):
        folder = train.run(dataclasses.replace(recipe, scorer=scorer), start=start, out=tmp_path / scorer, workers=1)
        runs[scorer] = read_model(folder).state_dict(), [row for row in read_log(tmp_path / scorer) if "loss" in row]
    (one, noted), (other, asked) = runs.values()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert [row["loss"] for row in noted] == [row["loss"] for row in asked]
    assert [row.get("mismatch") for row in asked] == [0.0, None] * 3
    assert [row.get("mismatch") for row in noted] == [0.0, None, None, None, 0.0, None]
    assert noted[0]["entropy"] == asked[0]["entropy"]
    assert noted[2]["entropy"] == pytest.approx(asked[2]["entropy"], rel=0.2)  # an estimate from the sampled tokens


def test_a_step_whose_bits_depend_on_the_batch_is_scored_again_every_time(start, recipe, tmp_path):
    plain = dataclasses.replace(recipe, compiled=False, batches=2, profile=0, heldout=0)
    train.run(plain, start=start, out=tmp_path / "run", workers=1)
    found = [row.get("mismatch") for row in read_log(tmp_path / "run") if "loss" in row]
    assert found[1] is found[3] is None and 0 < found[0] < 1e-4 and 0 < found[2] < 1e-4


def test_a_killed_run_is_the_run_that_was_not(start, recipe, tmp_path, monkeypatch):
    whole = train.run(recipe, start=start, out=tmp_path / "whole", workers=1)

    class Killed(BaseException):
        pass

    kept = []
    keep = Collector._keep

    def kill_after(count):
        def keep_then_die(self, batch, group):
            keep(self, batch, group)
            kept.append((batch, group.number))
            if len(kept) == count:
                raise Killed

        return keep_then_die

    for count in (2, 6, 10):  # in the first batch, after a batch without checkpoint, after a checkpoint
        monkeypatch.setattr(Collector, "_keep", kill_after(count))
        with pytest.raises(Killed):
            train.run(recipe, start=start, out=tmp_path / "cut", workers=1, resume=count > 2)
        spool = tmp_path / "cut" / SPOOL
        spool.write_text(spool.read_text() + '{"batch": 9, "gro')  # killed in the middle of a line
    monkeypatch.setattr(Collector, "_keep", kill_after(0))
    cut = train.run(recipe, start=start, out=tmp_path / "cut", workers=1, resume=True)
    assert curve(tmp_path / "cut") == curve(tmp_path / "whole")
    assert len(kept) == len(set(kept)) == 12  # every group was completed once, in all four lives
    one, other = read_model(whole).state_dict(), read_model(cut).state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert len((tmp_path / "cut" / PROFILE).read_text().splitlines()) == 9  # prompts profiled once
    with pytest.raises(TrainingError, match="resume"):
        train.run(recipe, start=start, out=tmp_path / "cut", workers=1)


def at_group(monkeypatch, count, act):
    """Call ``act`` when as many groups as ``count`` are complete; return the batches of all that are."""
    keep, kept = Collector._keep, []

    def keep_and_act(self, batch, group):
        keep(self, batch, group)
        kept.append(batch)
        if len(kept) == count:
            act()

    monkeypatch.setattr(Collector, "_keep", keep_and_act)
    return kept


def die():
    raise KeyboardInterrupt


def test_a_signal_ends_the_run_after_the_batch_which_is_saved(start, recipe, tmp_path, monkeypatch):
    whole = train.run(recipe, start=start, out=tmp_path / "whole", workers=1)
    kept = at_group(monkeypatch, 1, lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(StoppedError, match=r"after batch 1 of \d+; go on with --resume") as stopped:
        train.run(recipe, start=start, out=tmp_path / "cut", workers=1)
    assert stopped.value.signal == signal.SIGINT and set(kept) == {0}
    assert last_step(tmp_path / "cut") == recipe.steps_per_batch
    cut = train.run(recipe, start=start, out=tmp_path / "cut", workers=1, resume=True)
    assert curve(tmp_path / "cut") == curve(tmp_path / "whole")
    one, other = read_model(whole).state_dict(), read_model(cut).state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_what_is_refused_leaves_recipe_and_rollouts_alone(start, recipe, tmp_path, monkeypatch):
    run = tmp_path / "run"
    at_group(monkeypatch, 10, die)
    with pytest.raises(KeyboardInterrupt):  # in the third batch, after a checkpoint of two
        train.run(recipe, start=start, out=run, workers=1)
    before = {name: (run / name).read_bytes() for name in ("recipe.json", SPOOL, PROFILE)}
    refused = [
        ({"muon_lr": 1e-3}, False, TrainingError, "resume"),
        ({"max_context": 10**6}, True, ConfigError, "max_context"),
        ({"batches": 1}, True, TrainingError, "has 2 batches, the recipe ends after 1"),
        ({"minibatches": 1}, True, TrainingError, "took 4 steps in 2 batches; the recipe takes 1 a batch"),
    ]
    for changes, resume, error, message in refused:
        with pytest.raises(error, match=message):
            train.run(dataclasses.replace(recipe, **changes), start=start, out=run, workers=1, resume=resume)
        assert {name: (run / name).read_bytes() for name in before} == before
    with pytest.raises(TrainingError, match=r"profile\.jsonl was made with other domains, another seed"):
        train.run(dataclasses.replace(recipe, seed=5), start=start, out=run, workers=1, resume=True)
    assert {name: (run / name).read_bytes() for name in before} == before


def test_under_another_recipe_no_rollout_of_lost_weights_is_taken(start, recipe, tmp_path, monkeypatch):
    kept = at_group(monkeypatch, 6, die)
    with pytest.raises(KeyboardInterrupt):
        train.run(recipe, start=start, out=tmp_path / "cut", workers=1)
    assert kept[-1] == 1  # in the second batch, before a checkpoint
    slower = dataclasses.replace(recipe, muon_lr=1e-3)
    train.run(slower, start=start, out=tmp_path / "cut", workers=1, resume=True)
    train.run(slower, start=start, out=tmp_path / "whole", workers=1)
    assert curve(tmp_path / "cut") == curve(tmp_path / "whole")


def test_line_breaks_that_json_leaves_as_they_are_part_no_rows(tmp_path):
    rows = [{"step": 0, "pieces": "a\u2028b\u2029c\x85d"}, {"step": 1}]
    append_rows(tmp_path / SAMPLES, rows)
    assert recover_rows(tmp_path / SAMPLES) == rows
    assert read_samples(tmp_path) == rows


def test_asynchronous_rollouts_keep_within_their_staleness_and_survive_a_kill(start, recipe, tmp_path):
    asynchronous = dataclasses.replace(
        recipe, asynchronous=True, staleness=1, batches=6, profile=0, heldout=0, mtp=1, validate_every=2
    )
    train.run(asynchronous, start=start, out=tmp_path / "run", workers=1, stop_after=4)
    state = json.loads(next((tmp_path / "run").glob("step-0000008/progress.json")).read_text())["data"]["collector"]
    assert state["groups"]  # something was in flight across the checkpoint
    train.run(asynchronous, start=start, out=tmp_path / "run", workers=1, resume=True)
    rows = [row for row in read_log(tmp_path / "run") if "loss" in row]
    assert [row["step"] for row in rows] == list(range(1, 13))
    lags = [row["lag"] for row in rows]
    assert max(lags) <= 2 * 2 - 1 and any(lag >= 2 for lag in lags)  # a batch is two steps


def test_the_bound_on_staleness_is_kept_by_long_episodes_too(start, recipe, tmp_path, engine_of):
    """With a batch of short groups and one long one, the long one is waited for in the batch in which it is due."""
    asynchronous = dataclasses.replace(recipe, asynchronous=True, staleness=2, groups=2, samples=2, minibatches=1)
    with EnvironmentHost(list(recipe.domains)) as host:
        rollouts = Rollouts(engine_of(small_model(), max_context=128, max_batch=3), host, reply_tokens=6)
        collector = Collector(asynchronous, rollouts, Curriculum(recipe.domains), tmp_path)
        seen = []
        for batch in range(8):
            groups = collector.next_batch(batch)
            assert len(groups) >= 2 and all(batch - group.start <= 2 for group in groups)
            seen += [group.number for group in groups]
            rollouts.weights_changed(batch + 1)
        assert len(seen) == len(set(seen)) and set(range(10)) <= set(seen)


@pytest.mark.parametrize("objective", NAMES)
def test_every_objective_runs(start, recipe, tmp_path, objective):
    short = dataclasses.replace(recipe, objective=objective, batches=1, profile=0, heldout=0, epochs=2)
    train.run(short, start=start, out=tmp_path / "run", workers=1)
    rows = [row for row in read_log(tmp_path / "run") if "loss" in row]
    norms = [row["gradient_norm"] for row in rows]
    # Rates this high leave GSPO's narrow bounds at once: then nothing pulls.
    assert len(rows) == 4 and (all(norm > 0 for norm in norms) or (objective == "gspo" and norms[0] > 0))


def test_routes_are_replayed_in_training(start, recipe, tmp_path):
    short = dataclasses.replace(recipe, replay_routes=True, compiled=False, batches=1, profile=0)
    train.run(short, start=start, out=tmp_path / "run", workers=1)
    rows = read_log(tmp_path / "run")
    assert 0 < next(row for row in rows if "mismatch" in row)["mismatch"] < 1e-5
    assert all(row["trainer_mismatch"] < 1e-5 for row in rows if "trainer_mismatch" in row)


def test_rewards_that_are_all_equal_change_nothing(start, recipe, tmp_path):
    path = tmp_path / "same.py"
    path.write_text(ENVIRONMENT.replace("reward=right / max(1, len(self.text))", "reward=0.5"))
    same = dataclasses.replace(recipe, domains=(Domain("same", f"{path}:Letters"),), batches=1, profile=0, heldout=0)
    folder = train.run(same, start=start, out=tmp_path / "run", workers=1)
    before, after = read_model(start).state_dict(), read_model(folder).state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert next(row for row in read_log(tmp_path / "run") if "uniform" in row)["uniform"] == 1.0


def test_failing_environments_are_logged_and_never_fatal(start, recipe, tmp_path):
    path = tmp_path / "odd.py"
    path.write_text(ENVIRONMENT.replace("self.left -= 1;", "self.left -= 1; 1 / (len(reply.content) % 2);"))
    odd = dataclasses.replace(recipe, domains=(Domain("odd", f"{path}:Letters"),), batches=1, profile=0, heldout=0)
    train.run(odd, start=start, out=tmp_path / "run", workers=1)
    row = next(row for row in read_log(tmp_path / "run") if "failed" in row)
    assert 0 < row["failed"] < 12 and "ZeroDivisionError" in row["failures"][0]["failure"]


def test_a_context_beyond_the_model_is_refused(start, recipe, tmp_path):
    with pytest.raises(ConfigError, match="positions"):
        train.run(dataclasses.replace(recipe, max_context=4096), start=start, out=tmp_path / "run")


def test_the_commands(start, tmp_path):
    recipe = tmp_path / "recipe.py"
    recipe.write_text(
        "from joyflash.rl.recipe import RLRecipe\nfrom joyflash.rl.environments.host import Domain\n"
        f"recipe = RLRecipe((Domain('one', {str(start / 'letters.py:Letters')!r}, prompts=2),), batches=1, groups=2,\n"
        "    samples=2, minibatches=1, reply_tokens=4, max_context=64, profile=0, heldout=1, compiled=False)\n"
    )
    given = [
        str(recipe),
        "--start",
        str(start),
        "--out",
        str(tmp_path / "run"),
        "--objective",
        "gspo",
        "--workers",
        "1",
    ]
    done = CliRunner().invoke(app, ["rl", *given])
    assert done.exit_code == 0, done.output
    assert "held out" in done.output and "report.html" in done.output and "> " in done.output
    shown = CliRunner().invoke(app, ["rollouts", str(tmp_path / "run")])
    misspelt = CliRunner().invoke(app, ["rollouts", str(tmp_path / "run"), "--domain", "none"])
    assert misspelt.exit_code == 2 and "no rollouts of the domain 'none'; there are: " in misspelt.output
    assert re.search(r"--- one  reward \d\.\d\d  advantage", shown.output)
    wrong = CliRunner().invoke(app, ["rl", *given])
    assert wrong.exit_code != 0 and "Traceback" not in wrong.output and "resume" in wrong.output
    assert draw_rl_report(tmp_path / "run").is_file()
