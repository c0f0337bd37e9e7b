"""DPO: packed pairs are unpacked pairs, references are kept, a killed run resumes exactly, and the model learns."""

from __future__ import annotations

import dataclasses
import json

import pytest
import torch
from torch.nn import functional as F
from typer.testing import CliRunner

from joyflash.batch import PackedBatch
from joyflash.cli import app
from joyflash.data.pair_rows import PAIR, REFERENCE, pack_pairs
from joyflash.data.preferences import Pair
from joyflash.data.samples import Sample
from joyflash.errors import ConfigError, DataError
from joyflash.model.checkpoint import read_model, save_model
from joyflash.model.loading import model_folder
from joyflash.quantization.policy import POLICIES
from joyflash.train import dpo, losses, reference
from joyflash.train.dpo_recipe import DPORecipe
from joyflash.train.logging import read_log
from joyflash.train.losses import token_log_probs
from joyflash.train.preference_losses import NAMES, make_loss
from joyflash.train.preference_objective import PreferenceObjective
from joyflash.train.pretrain import copy_tokenizer
from joyflash.train.workers import RowWorkers
from tests.model.conftest import TINY, random_model
from tests.rl.conftest import small_model

RECIPE = DPORecipe(
    steps=6,
    pairs_per_step=6,
    row_tokens=256,
    heldout=0.3,
    muon_lr=5e-3,
    adamw_lr=5e-3,
    decay=0.0,
    validate_every=3,
)


def _pair(number: int, lengths: tuple[int, int], prompt: int = 4) -> Pair:
    generator = torch.Generator().manual_seed(number)
    shared = torch.randint(0, TINY.vocab_size, (prompt,), generator=generator)
    samples = []
    for side, length in zip(("chosen", "rejected"), lengths, strict=True):
        answer = torch.randint(0, TINY.vocab_size, (length,), generator=generator)
        weights = torch.cat([torch.zeros(prompt), torch.ones(length)])
        if length > 3:
            weights[prompt + 1] = 0  # the result of a tool
            weights[-1] = 0.5  # a message that counts by half
        samples.append(Sample(torch.cat([shared, answer]).int().numpy(), weights.numpy(), side, splittable=False))
    return Pair(samples[0], samples[1], "", number)


PAIRS = [_pair(0, (5, 9)), _pair(1, (2, 1)), _pair(2, (7, 3)), _pair(3, (1, 6)), _pair(4, (8, 8))]


def _step(rows: list[PackedBatch], name: str, nll_weight: float = 0.5):
    """Columns and gradients of one step over all pairs."""
    model = random_model(TINY).train()
    chosen = sum(float(pair.chosen.weights_n.sum()) for pair in PAIRS)
    objective = PreferenceObjective(make_loss(name, beta=0.3), len(PAIRS), name == "ipo", 0.3, nll_weight, chosen)
    workers = RowWorkers(model, 1)
    columns = objective.columns(workers.run(rows, objective))
    workers.close()
    return columns, [parameter.grad for parameter in model.parameters()]


@pytest.mark.parametrize("name", NAMES)
def test_packed_pairs_are_unpacked_pairs(name: str):
    reference_P2 = torch.randn(len(PAIRS), 2, generator=torch.Generator().manual_seed(9)) - 30
    alone = [row for index, pair in enumerate(PAIRS) for row in pack_pairs([(index, pair)], 64, reference_P2)]
    packed = pack_pairs(list(enumerate(PAIRS)), 64, reference_P2)
    assert len(alone) == 5 and len(packed) == 2 and len(packed[0].lengths()) >= 4
    columns, gradients = _step(packed, name)
    wanted, wanted_gradients = _step(alone, name)
    for key, value in wanted.items():
        assert columns[key] == pytest.approx(value, abs=1e-6, rel=1e-6), key
    assert 0 < wanted["accuracy"] < 1
    for ours, theirs in zip(gradients, wanted_gradients, strict=True):
        if theirs is not None:
            torch.testing.assert_close(ours, theirs, atol=5e-6, rtol=1e-4)  # 2.9e-6 on an AMD EPYC


def test_a_step_is_what_plain_torch_computes_from_full_logits():
    reference_P2 = torch.linspace(-60, -20, 10).view(5, 2)
    columns, gradients = _step(pack_pairs(list(enumerate(PAIRS)), 64, reference_P2), "sigmoid")
    model = random_model(TINY).train()
    ratios, nll, tokens = [], torch.zeros(()), 0.0
    for number, pair in enumerate(PAIRS):
        for side, sample in enumerate((pair.chosen, pair.rejected)):
            ids = torch.from_numpy(sample.ids_n).long()
            log_prob = F.log_softmax(model(ids[None])[0, :-1], -1).gather(1, ids[1:, None]).squeeze(1)
            total = (log_prob * torch.from_numpy(sample.weights_n)[1:]).sum()
            ratios.append(total - reference_P2[number, side])
            if side == 0:
                nll, tokens = nll - total, tokens + float(sample.weights_n.sum())
    ratio = torch.stack(ratios).view(5, 2)
    loss = -F.logsigmoid(0.3 * (ratio[:, 0] - ratio[:, 1])).mean()
    (loss + 0.5 * nll / tokens).backward()
    assert columns["loss"] == pytest.approx(float(loss.detach()), abs=1e-5)
    assert columns["nll"] == pytest.approx(float(nll.detach()) / tokens, abs=1e-5)
    assert columns["margin"] == pytest.approx(0.3 * float((ratio[:, 0] - ratio[:, 1]).mean().detach()), abs=1e-5)
    for ours, parameter in zip(gradients, model.parameters(), strict=True):
        if parameter.grad is not None:
            torch.testing.assert_close(ours, parameter.grad, atol=1e-5, rtol=1e-3)


def test_token_log_probs_are_torchs(monkeypatch):
    asked = []
    monkeypatch.setattr(losses, "logits_at_once", lambda vocabulary, on_gpu: asked.append((vocabulary, on_gpu)) or 7)
    generator = torch.Generator().manual_seed(0)
    hidden, head = (torch.randn(*size, generator=generator) for size in ((23, 8), (31, 8)))
    target, pull = torch.randint(0, 31, (23,), generator=generator), torch.randn(23, generator=generator)
    pairs = [[x.clone().requires_grad_() for x in (hidden, head)] for _ in range(2)]
    ours = token_log_probs(pairs[0][0], pairs[0][1], target)
    plain = F.log_softmax(pairs[1][0] @ pairs[1][1].T, -1).gather(1, target[:, None]).squeeze(1)
    torch.testing.assert_close(ours, plain)
    (ours * pull).sum().backward()
    (plain * pull).sum().backward()
    for a, b in zip(*pairs, strict=True):
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-5, atol=1e-5)
    assert asked == [(31, False)] * 2  # forward and backward: as few logits at one time as cross entropy has
    assert token_log_probs(hidden[:0], head, target[:0]).numel() == 0


def test_rows_hold_whole_pairs_and_join_with_their_columns():
    reference_P2 = torch.arange(10.0).view(5, 2)
    rows = pack_pairs(list(enumerate(PAIRS)), 40, reference_P2)
    joined = PackedBatch.join(rows)
    numbers = joined.extras[PAIR].tolist()
    assert sorted(numbers[0::2]) == [0, 1, 2, 3, 4] and numbers[0::2] == numbers[1::2]
    assert joined.extras[REFERENCE].tolist() == [2.0 * n + side for n in numbers[0::2] for side in (0, 1)]
    assert joined.lengths() == [len(s) for n in numbers[0::2] for s in (PAIRS[n].chosen, PAIRS[n].rejected)]
    assert max(row.tokens_T.numel() for row in rows) <= 40


@pytest.fixture(scope="module", name="start")
def _start(tmp_path_factory):
    """A small model and a file of pairs in which the better answer is the longer number word."""
    folder = tmp_path_factory.mktemp("start")
    save_model(small_model(), folder, torch.float32)
    copy_tokenizer(model_folder("nano"), folder)
    rows = [{"prompt": f"Number {n}?", "chosen": f"yes {n}", "rejected": f"no {n + 1}"} for n in range(40)]
    (folder / "pairs.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


def _curve(folder):
    kept = ("step", "loss", "accuracy", "margin", "gradient_norm", "pairs_heldout")
    return [tuple(json.dumps(row.get(name)) for name in kept) for row in read_log(folder)]


def _run(start, out, recipe=RECIPE, **options):
    options = {"workers": 1, "precision": "fp32", **options}
    return dpo.run(recipe, start=start, data=start / "pairs.jsonl", out=out, **options)


def test_it_learns_to_tell_held_out_pairs_apart(start, tmp_path):
    _run(start, tmp_path / "run", dataclasses.replace(RECIPE, steps=12, validate_every=12))
    found = [row["pairs_heldout"] for row in read_log(tmp_path / "run") if "pairs_heldout" in row]
    assert len(found) == 2
    assert (found[0]["accuracy"], found[0]["margin"]) == (0.5, 0.0)  # the policy is the reference, to the bit
    assert found[0]["loss"] == pytest.approx(0.6931472)
    assert found[1]["accuracy"] > 0.9 and found[1]["margin"] > 0.1 and found[1]["loss"] < 0.6
    steps = [row for row in read_log(tmp_path / "run") if "loss" in row]
    assert steps[0]["loss"] == pytest.approx(0.6931472, abs=1e-5) and steps[-1]["loss"] < 0.5
    assert all(row["pairs"] == 6 for row in steps)
    assert (tmp_path / "run" / "report.png").is_file() and (tmp_path / "run/model/chat_template.jinja").is_file()


def test_a_killed_run_goes_on_from_the_same_reference(start, tmp_path, monkeypatch):
    whole = _run(start, tmp_path / "whole")
    _run(start, tmp_path / "cut", stop_after=3)
    monkeypatch.setattr(reference, "answer_scores", None)  # the reference is not computed again
    cut = _run(start, tmp_path / "cut", resume=True)
    assert _curve(tmp_path / "cut") == _curve(tmp_path / "whole")
    assert len(_curve(tmp_path / "cut")) == 6 + 3
    one, two = (read_model(folder).state_dict() for folder in (whole, cut))
    assert all(torch.equal(tensor, two[name]) for name, tensor in one.items())


def test_a_part_of_the_model_can_be_trained_alone(start, tmp_path):
    only = dataclasses.replace(RECIPE, steps=1, train_only=r"layers\.0\.self_attn")
    result = _run(start, tmp_path / "run", only)
    before, after = (read_model(folder).state_dict() for folder in (start, result))
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed and all("layers.0.self_attn" in name for name in changed)


def test_the_mtp_layer_alone_is_refused(start, tmp_path):
    with pytest.raises(ConfigError, match="DPO never has this loss"):
        _run(start, tmp_path / "run", dataclasses.replace(RECIPE, steps=1, train_only=r"^mtp\."))


def test_the_reference_of_another_model_or_other_pairs_is_not_taken(start, tmp_path, monkeypatch):
    from joyflash.train.pair_data import PairData

    computed = []
    monkeypatch.setattr(
        reference, "answer_scores", lambda place, pairs, row: computed.append(1) or torch.zeros(len(pairs), 2)
    )

    class Leader:
        leads = True

        def __init__(self, stored):
            self.stored = stored

        def largest(self, *values):
            return list(values)

    def prepare(pairs, model=start, stored=None):
        data = PairData(dataclasses.replace(RECIPE, heldout=0.0), model, pairs)
        data.prepare(Leader(stored), tmp_path)  # type: ignore[arg-type]
        return len(computed)

    assert [prepare(start / "pairs.jsonl"), prepare(start / "pairs.jsonl")] == [1, 1]
    (tmp_path / "reference.safetensors").write_bytes(b"cut short")
    assert prepare(start / "pairs.jsonl") == 2
    fewer = tmp_path / "fewer.jsonl"
    fewer.write_text("\n".join((start / "pairs.jsonl").read_text().splitlines()[:30]))
    assert prepare(fewer) == 3
    other = tmp_path / "other"
    save_model(small_model(1), other, torch.float32)
    copy_tokenizer(model_folder("nano"), other)
    assert prepare(fewer, other) == 4
    assert [prepare(fewer, other, POLICIES["int4"]), prepare(fewer, other, POLICIES["int4"])] == [5, 5]
    assert prepare(fewer, other, POLICIES["int8"]) == 6


def test_bad_and_long_pairs_are_refused_or_left_out(start, tmp_path):
    from joyflash.train.pair_data import PairData

    lines = (start / "pairs.jsonl").read_text().splitlines()
    long = json.dumps({"prompt": "?", "chosen": "word " * 300, "rejected": "x"})
    data = tmp_path / "mixed.jsonl"
    data.write_text("\n".join([*lines[:4], "{}", long]))
    with pytest.raises(DataError, match=r"2 bad rows\. Line 5: .*Line 6: .*do not fit a row of 256"):
        PairData(RECIPE, start, data)
    skipping = dataclasses.replace(RECIPE, bad_rows="skip", heldout=0.0)
    found = PairData(skipping, start, data, start / "pairs.jsonl")
    assert (len(found.training), len(found.heldout)) == (4, 40) and "2 bad rows" in found.notes[0]
    with pytest.raises(DataError, match="resume with those"):
        found.rows({"pairs": 5})
    split = PairData(RECIPE, start, start / "pairs.jsonl")
    assert 4 <= len(split.heldout) <= 20 and len(split.training) + len(split.heldout) == 40


def test_no_prompt_stands_on_both_sides(start, tmp_path):
    from joyflash.train.pair_data import PairData

    rows = [
        {"prompt": f"Say {n % 10}", "chosen": f"yes {n}", "rejected": f"no {n}", "domain": f"{n % 10}"}
        for n in range(60)
    ]
    (tmp_path / "pairs.jsonl").write_text("\n".join(map(json.dumps, rows)))
    data = PairData(dataclasses.replace(RECIPE, heldout=0.4), start, tmp_path / "pairs.jsonl")
    sides = [{pair.domain for pair in pairs} for pairs in (data.training, data.heldout)]
    assert sides[0] and sides[1] and not sides[0] & sides[1] and len(sides[0] | sides[1]) == 10


def test_every_pair_comes_once_an_epoch_and_steps_are_equal(start):
    from joyflash.train.pair_data import PairData

    data = PairData(dataclasses.replace(RECIPE, heldout=0.0, pairs_per_step=10), start, start / "pairs.jsonl")
    data._reference_P2 = torch.zeros(40, 2)
    with data.rows(None) as place:
        batches = [data.batch(place, step) for step in range(8)]
    seen = [[n for row in batch for n in row.extras[PAIR].tolist()[::2]] for batch in batches]
    assert all(len(numbers) == 10 for numbers in seen)
    first, second = ([n for numbers in seen[start : start + 4] for n in numbers] for start in (0, 4))
    assert sorted(first) == sorted(second) == list(range(40)) and first != second
    learned = sum(float(data.training[n].chosen.weights_n.sum()) for n in seen[0])
    assert data.objective(0, batches[0]).chosen_tokens == learned > 10


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"steps": 0}, "at least 1"),
        ({"heldout": 1.0}, "below 1"),
        ({"warmup": 0.6, "decay": 0.6}, "between 0 and 1"),
        ({"decay_shape": "step"}, "linear or cosine"),
        ({"bad_rows": "fix"}, "refuse or skip"),
        ({"merge": 3}, "raise checkpoints_kept"),
        ({"train_only": "("}, "no regular expression"),
        ({"loss": "kto"}, "no preference loss"),
    ],
)
def test_recipes_are_checked(setting, message):
    with pytest.raises(ConfigError, match=message):
        dataclasses.replace(RECIPE, **setting)


def test_the_defaults_are_the_reports():
    recipe = DPORecipe()
    assert (recipe.steps, recipe.pairs_per_step, recipe.beta, recipe.muon_lr) == (1000, 256, 0.1, 1e-6)
    assert recipe.learning_rate(0) == pytest.approx(1.0) and recipe.learning_rate(500) == pytest.approx(0.55)
    assert recipe.learning_rate(999) == pytest.approx(0.1, abs=1e-3) and recipe.balance(0) == 0.0


def test_the_command_trains(start, tmp_path):
    recipe = tmp_path / "recipe.py"
    recipe.write_text(
        "from joyflash.train.dpo_recipe import DPORecipe\n"
        "recipe = DPORecipe(steps=1, pairs_per_step=2, row_tokens=256, loss='ipo', nll_weight=0.1)"
    )
    command = ["dpo", str(recipe), "--start", str(start), "--data", str(start / "pairs.jsonl"), "--out"]
    result = CliRunner().invoke(app, [*command, str(tmp_path / "run"), "--workers", "1"])
    assert result.exit_code == 0, result.output
    assert "held-out pairs" in result.output and "The model is in" in result.output
    result = CliRunner().invoke(app, [*command, str(tmp_path / "run2"), "--heldout", "missing.jsonl"])
    assert result.exit_code == 2 and "missing.jsonl does not exist" in result.stderr
