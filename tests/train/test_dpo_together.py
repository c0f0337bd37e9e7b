"""DPO by two processes: the reference, the curve and the held-out pairs of one."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import torch

from joyflash.model.checkpoint import read_model, save_model
from joyflash.model.loading import model_folder
from joyflash.train import dpo, reference
from joyflash.train.dpo_recipe import DPORecipe
from joyflash.train.logging import read_log
from joyflash.train.pretrain import copy_tokenizer
from joyflash.train.together import TeamPlan
from tests.parallel.teams import run_team
from tests.rl.conftest import small_model

RECIPE = DPORecipe(
    steps=2, pairs_per_step=5, row_tokens=96, heldout=0.3, muon_lr=5e-3, adamw_lr=5e-3, decay=0.0, validate_every=1
)


def test_the_reference_is_computed_again_where_another_process_lacks_it(tmp_path, monkeypatch):
    """Its file lies on the leader's machine; computing needs all processes."""
    scores = torch.tensor([[1.0, 2.0]])
    monkeypatch.setattr(reference, "answer_scores", lambda *_: scores)
    place: Any = SimpleNamespace(stored=None, leads=True, largest=lambda *values: list(values))
    assert reference.reference_scores(place, [], 96, tmp_path, tmp_path / "model") is scores
    found = reference.reference_scores(place, [], 96, tmp_path, tmp_path / "model")
    assert found is not scores and torch.equal(found, scores)
    place.largest = lambda *values: [True]
    assert reference.reference_scores(place, [], 96, tmp_path, tmp_path / "model") is scores


def train(team, options):
    dpo.run(RECIPE, team=None if team is None else TeamPlan(team, 1), precision="fp32", workers=1, **options)


def test_two_processes_repeat_the_run_of_one(tmp_path):
    start = tmp_path / "start"
    save_model(small_model(), start, torch.float32)
    copy_tokenizer(model_folder("nano"), start)
    rows = [{"prompt": f"Number {n}?", "chosen": f"yes {n}", "rejected": f"no {n + 1}"} for n in range(16)]
    (tmp_path / "pairs.jsonl").write_text("\n".join(map(json.dumps, rows)))
    options = {"start": start, "data": tmp_path / "pairs.jsonl"}
    torch.set_num_threads(1)
    train(None, {**options, "out": tmp_path / "alone"})
    run_team(2, train, {**options, "out": tmp_path / "two"})
    kept = ("step", "loss", "accuracy", "margin", "gradient_norm", "pairs_heldout")
    one, two = ([[row.get(name) for name in kept] for row in read_log(tmp_path / name)] for name in ("alone", "two"))
    assert one == two and len(one) == 5
    weights = [read_model(tmp_path / name / "model").state_dict() for name in ("alone", "two")]
    assert all(torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())
