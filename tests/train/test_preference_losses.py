"""Preference losses against the papers' formulas in plain floats, and against TRL's own trainer in its environment."""

from __future__ import annotations

import json
import math
import os
import subprocess
from pathlib import Path

import pytest
import torch

from joyflash.errors import ConfigError
from joyflash.train.preference_losses import NAMES, make_loss

TRL = "JOYFLASH_TRL_PYTHON"
RATIOS = [(0.0, 0.0), (1.5, -2.0), (-3.0, 0.5), (12.0, -9.0), (-40.0, 60.0), (0.3, 0.31)]


def _sigma(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _log_sigma(x: float) -> float:
    return -math.log1p(math.exp(-x)) if x > -30 else x


FORMULAS = {
    "sigmoid": lambda c, r, b, e: -(1 - e) * _log_sigma(b * (c - r)) - e * _log_sigma(b * (r - c)),
    "robust": lambda c, r, b, e: (-(1 - e) * _log_sigma(b * (c - r)) + e * _log_sigma(b * (r - c))) / (1 - 2 * e),
    "hinge": lambda c, r, b, e: max(0.0, 1 - b * (c - r)),
    "ipo": lambda c, r, b, e: (c - r - 1 / (2 * b)) ** 2,
    "apo_zero": lambda c, r, b, e: 1 - _sigma(b * c) + _sigma(b * r),
    "apo_down": lambda c, r, b, e: _sigma(b * c) + 1 - _sigma(b * (c - r)),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("beta", [0.05, 0.5])
def test_values_and_gradients_are_the_formulas(name: str, beta: float):
    smoothing = 0.1 if name in ("sigmoid", "robust") else 0.0
    loss = make_loss(name, beta=beta, label_smoothing=smoothing)
    chosen, rejected = torch.tensor(RATIOS, dtype=torch.float64).t().clone().requires_grad_().unbind()
    values = loss(chosen, rejected)
    wanted = [FORMULAS[name](c, r, beta, smoothing) for c, r in RATIOS]
    assert values.tolist() == pytest.approx(wanted, rel=1e-12, abs=1e-13)
    gradients = torch.autograd.grad(values.sum(), (chosen, rejected))
    step = 1e-5
    for index, (c, r) in enumerate(RATIOS):
        for side, (dc, dr) in enumerate(((step, 0), (0, step))):
            up, down = (FORMULAS[name](c + s * dc, r + s * dr, beta, smoothing) for s in (1, -1))
            assert float(gradients[side][index]) == pytest.approx((up - down) / (2 * step), rel=1e-4, abs=1e-7)


def test_extreme_ratios_stay_finite_in_float32():
    chosen, rejected = torch.tensor([1e4, -1e4]), torch.tensor([-1e4, 1e4])
    for name in NAMES:
        assert bool(make_loss(name, beta=0.1)(chosen, rejected).isfinite().all())


def test_settings_that_do_not_fit_are_refused():
    for name, beta, smoothing, message in [
        ("dpo", 0.1, 0.0, "no preference loss 'dpo'"),
        ("sigmoid", 0.0, 0.0, "beta is 0"),
        ("sigmoid", 0.1, 0.5, "below 0.5"),
        ("hinge", 0.1, 0.1, "has no label_smoothing"),
    ]:
        with pytest.raises(ConfigError, match=message):
            make_loss(name, beta=beta, label_smoothing=smoothing)


@pytest.mark.timeout(600)
@pytest.mark.skipif(TRL not in os.environ, reason=f"{TRL} names no interpreter; see tests/interop/peers/trl_check.py")
def test_trls_dpo_trainer_gives_the_same_losses():
    root = Path(__file__).resolve().parents[2]
    script = root / "tests" / "interop" / "peers" / "trl_dpo_check.py"
    environment = {**os.environ, "PYTHONPATH": str(root), "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([os.environ[TRL], str(script)], capture_output=True, text=True, timeout=500, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout.splitlines()[-1])
    assert set(report) == {"sigmoid", "hinge", "ipo", "apo_zero", "apo_down", "robust"}
    for name, (ours, theirs) in report.items():
        assert ours == pytest.approx(theirs, abs=1e-6, rel=1e-6), name
    assert len({round(ours, 4) for ours, _ in report.values()}) == len(report)
