"""The study of Muon: spikes, tokens to a loss, exact p-values; and that it goes on where it stopped."""

from __future__ import annotations

import json

import pytest

from benchmarks import muon_study
from benchmarks.muon_study import Setting, Size, Study, sign_flip_p, spikes, tokens_to


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


def test_a_stopped_study_goes_on_and_the_figures_follow_from_the_runs(tmp_path, monkeypatch):
    trained: list[Setting] = []

    def train(self, setting):
        if len(trained) == stop_after:
            raise KeyboardInterrupt
        trained.append(setting)
        gain = 0.5 if setting.optimizer == "muon" else 0.0
        gain -= 0.1 * len(setting.options) + abs(setting.rate - 2.0) + 0.001 * setting.seed
        curve = [(50, 4.0 - gain), (100, 3.0 - gain)]
        return {"validation": curve, "losses": [], "seconds": 1.0, "spikes": 0, "draft_accepted": 0.5}

    monkeypatch.setattr(Study, "_train", train)
    study = Study(Size(64, 100, 10, 1, 1, 2), None, tmp_path, 1)
    stop_after = 7
    with pytest.raises(KeyboardInterrupt):
        muon_study.run(study, 3, (1.0, 2.0, 3.0))
    stop_after = -1
    figures = muon_study.run(study, 3, (1.0, 2.0, 3.0))
    assert len(trained) == len(set(map(repr, trained))) == 2 * 3 + 2 * 3 + 4 * 3 + 3
    assert figures == json.loads((tmp_path / "study.json").read_text())
    assert figures["best_rate"] == {"adamw": 2.0, "muon": 2.0} and not figures["best_rate_at_the_edge"]
    assert figures["muon_better_p"] == 1 / 8
    assert figures["muon_tokens_to_adamw_final"]["mean"] == pytest.approx(0.75)  # 3.5 to 2.5: 3.0 is half way
    assert figures["without cautious decay"]["loss_added"]["mean"] == pytest.approx(0.1)
    assert figures["mtp"]["tokens_per_step_with_one_draft"]["mean"] == 1.5
    assert (tmp_path / "study.png").is_file()
