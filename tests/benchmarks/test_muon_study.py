"""The study of Muon: spikes, tokens to a loss, exact p-values; and that it goes on where it stopped."""

from __future__ import annotations

import json

import pytest

from benchmarks import muon_study
from benchmarks.muon_runs import Setting, Size, Study, data_fingerprint, read_lines, spikes
from benchmarks.muon_study import needed, sign_flip_p, tokens_to, tune


def test_tokens_to_a_loss_are_interpolated():
    curve = [(100, 4.0), (200, 3.0), (300, 2.5)]
    assert tokens_to(curve, 3.5) == 150
    assert tokens_to(curve, 2.6) == pytest.approx(280)
    assert tokens_to(curve, 5.0) == 100
    assert tokens_to(curve, 2.0) is None


def test_exact_p_values():
    assert sign_flip_p([0.1, 0.2, 0.3, 0.4, 0.5]) == 1 / 32
    assert sign_flip_p([0.1, -0.2]) == 0.75  # of the sums 0.3, 0.1, -0.1, -0.3 three are at least -0.1
    assert sign_flip_p([-1.0, -1.0]) == 1.0


def test_spikes_stand_out_of_the_steps_before():
    calm = [3.0 + 0.01 * (-1) ** step for step in range(120)]
    assert spikes(calm) == 0
    assert spikes([*calm[:80], 3.5, *calm[81:]]) == 1


def test_tokens_needed_by_hand():
    def runs(*losses):
        return [{"validation": [[50, loss + 1.0], [100, loss]]} for loss in losses]

    # Seed 1: Muon's own curve goes 3.5 -> 2.5 and passes AdamW's 3.0 half way; its shorter runs end at 3.2 and 2.8.
    # Seed 2: Muon is there after half of the tokens, and its own first point too. Seed 3: never.
    shorter = {0.5: runs(3.2, 2.9, 3.9), 0.75: runs(2.8, 2.8, 3.8)}
    found = needed(Size(64, 100, 10, 1, 1, 2), runs(3.0, 3.0, 3.0), runs(2.5, 1.9, 3.5), shorter)
    own, planned = found["on_its_own_curve"], found["with_a_schedule_as_long"]
    assert (own["never"], own["n"], own["mean"]) == (1, 2, pytest.approx((0.75 + 0.5) / 2))
    assert (planned["never"], planned["at_the_shortest"], planned["n"]) == (1, 1, 2)
    assert planned["mean"] == pytest.approx((0.625 + 0.5) / 2)
    assert found["muon_over_a_share_minus_adamw"]["0.75"]["mean"] == pytest.approx((-0.2 - 0.2 + 0.8) / 3)


def study_in(folder, **changed):
    size = {"width": 64, "tokens": 100, "row_tokens": 10, "rows_per_step": 1, "validation_rows": 1}
    return Study(Size(**{**size, **changed}, warmup_of_momentum=2), None, folder, folder / "shards")


def pretended(self, setting):
    gain = 0.5 if setting.optimizer == "muon" else 0.0
    gain += setting.share - 1 - 0.1 * len(setting.options) - abs(setting.rate - 4.0) + 0.001 * setting.seed
    curve = [(50, 4.0 - gain), (100, 3.0 - gain)]
    return {"validation": curve, "seconds": 1.0, "spikes": 0, "draft_accepted": 0.5}


def test_a_stopped_study_goes_on_and_the_figures_follow_from_the_runs(tmp_path, monkeypatch):
    trained: list[Setting] = []

    def train(self, setting):
        if len(trained) == stop_after:
            raise KeyboardInterrupt
        trained.append(setting)
        return pretended(self, setting)

    monkeypatch.setattr(Study, "_train", train)
    stop_after = 7
    with pytest.raises(KeyboardInterrupt):
        muon_study.run(study_in(tmp_path), 3, (1.0, 2.0, 4.0))
    with (tmp_path / "runs.jsonl").open("a") as file:
        file.write('{"setting": {"optimi')  # killed while it wrote a line
    stop_after = -1
    figures = muon_study.run(study_in(tmp_path), 3, (1.0, 2.0, 4.0))
    assert len(trained) == len(set(map(repr, trained))) == 2 * 4 + 3 * 3 + 2 * 3 + 4 * 3 + 3  # AdamW at two rates
    assert len(read_lines(tmp_path / "runs.jsonl")) == len(trained)
    assert figures == json.loads((tmp_path / "study-64-100.json").read_text())
    assert figures["tuning"]["adamw"].keys() == {"1", "2", "4", "8"}  # 4 was best and the last: 8 was tried too
    assert figures["best_rate"] == {"adamw": 4.0, "muon": 4.0} and not figures["best_rate_at_the_edge"]
    assert figures["adamw_over_muon"] == {"loss_added": {"n": 3, "mean": pytest.approx(0.5), "sd": 0.0}, "p": 1 / 8}
    needs = figures["muon_tokens_to_adamw_final"]
    assert needs["on_its_own_curve"]["mean"] == pytest.approx(0.75)  # 3.5 to 2.5: 3.0 is half way
    assert needs["with_a_schedule_as_long"]["mean"] == pytest.approx(0.5)
    assert figures["without cautious decay"]["loss_added"]["mean"] == pytest.approx(0.1)
    assert figures["mtp"]["tokens_per_step_with_one_draft"]["mean"] == 1.5
    assert (tmp_path / "study-64-100.png").is_file()


def test_tuning_goes_on_downwards_too_and_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(Study, "_train", lambda self, setting: {"validation": [(1, setting.rate)], "seconds": 1.0})
    assert sorted(tune(study_in(tmp_path), "muon", (8.0, 16.0))) == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0]


def test_a_line_counts_only_for_its_own_size_and_data(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(Study, "_train", lambda self, s: calls.append(s) or {"validation": [(1, 1.0)], "seconds": 1.0})
    setting = Setting("muon", 1e-3, 0)
    for changed in ({}, {}, {"tokens": 200}):
        study_in(tmp_path, **changed).result(setting)
    assert len(calls) == 2
    monkeypatch.setattr("benchmarks.muon_runs.data_fingerprint", lambda data: "other texts")
    study_in(tmp_path).result(setting)
    assert len(calls) == 3


def test_a_real_run_is_the_same_twice_and_learns(tmp_path):
    folder = tmp_path / "data" / "pretrain"
    folder.mkdir(parents=True)
    lines = [json.dumps({"text": f"The {n}th fox went down to mill {n * n}. " * 4, "lang": "en"}) for n in range(300)]
    (folder / "tales.own-00.jsonl").write_text("\n".join(lines))
    size = Size(64, 6 * 256, 128, 2, 1, 2)
    found = []
    for out in ("first", "second"):
        study = Study(size, tmp_path / "data", tmp_path / out, tmp_path / "shards")
        found.append(study.result(Setting("muon", 8e-3, 1, mtp_weight=0.1)))
    first, second = found
    assert first["validation"] == second["validation"] and first["draft_accepted"] == second["draft_accepted"]
    assert [tokens for tokens, _ in first["validation"]] == [256 * step for step in range(1, 7)]
    assert first["validation"][-1][1] < first["validation"][0][1] - 1.0
    assert str(tmp_path) not in (tmp_path / "first" / "runs.jsonl").read_text()
    assert data_fingerprint(tmp_path / "data") != data_fingerprint(None)
    adamw = Study(size, tmp_path / "data", tmp_path / "first", tmp_path / "shards").result(Setting("adamw", 8e-3, 1))
    half = study.result(Setting("muon", 8e-3, 1, share=0.5))
    assert adamw["validation"] != first["validation"] and half["validation"][-1][0] == 3 * 256
