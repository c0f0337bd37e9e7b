"""FiberPO in TRL and verl: on the same tensors as ours; TRL's trainer for real, in its own environment."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from joyflash.errors import InteropError, MissingExtraError, TrainingError
from joyflash.interop.trl import fiberpo_trainer
from joyflash.interop.verl import policy_loss, register
from joyflash.rl import fiberpo
from joyflash.rl.padded import padded_loss

BUDGETS = {"epsilon": 0.025, "c_plus": 0.15, "c_minus": 0.09}
TRL, VERL = "JOYFLASH_TRL_PYTHON", "JOYFLASH_VERL_SOURCE"


def batch():
    generator = torch.Generator().manual_seed(0)
    old = torch.randn(5, 9, generator=generator) - 2
    new = old + 0.3 * torch.randn(5, 9, generator=generator)
    mask = torch.arange(9) < torch.tensor([9, 4, 1, 0, 7])[:, None]
    return old, new, torch.randn(5, generator=generator), mask


def expected(old, new, advantage, mask, trajectories=4):
    trajectory = torch.arange(5)[:, None].expand(5, 9)
    spread = advantage[:, None].expand(5, 9)
    given = [each.reshape(-1) for each in (new, old, spread, trajectory, mask)]
    return fiberpo.loss(*given, num_trajectories=trajectories, **BUDGETS)


@pytest.mark.parametrize("kind", [torch.bool, torch.float32, torch.int64])
def test_padded_rows_are_flat_trajectories_and_padding_is_never_read(kind):
    old, new, advantage, mask = batch()
    wanted = expected(old, new, advantage, mask)
    spoilt = torch.where(mask, new, float("nan")).requires_grad_()
    loss = padded_loss(spoilt, torch.where(mask, old, 1e9), advantage, mask.to(kind), **BUDGETS)
    torch.testing.assert_close(loss, wanted, atol=1e-6, rtol=0)
    loss.backward()
    assert spoilt.grad is not None and bool((spoilt.grad[~mask] == 0).all()) and bool(spoilt.grad[mask].any())
    with pytest.raises(TrainingError, match="shape"):
        padded_loss(new, old[:2], advantage, mask, **BUDGETS)


def test_verl_calls_the_loss_as_its_own_and_scales_for_the_global_batch():
    old, new, advantage, mask = batch()
    loss = policy_loss(**BUDGETS)
    spread = advantage[:, None].expand(5, 9)
    value, metrics = loss(old_log_prob=old, log_prob=new, advantages=spread, response_mask=mask.float())
    torch.testing.assert_close(value, expected(old, new, advantage, mask), atol=1e-6, rtol=0)
    assert metrics["actor/fiberpo_ratio"] == pytest.approx(float((new - old)[mask].exp().mean()), rel=1e-5)
    world = SimpleNamespace(global_batch_info={"dp_size": 2, "global_batch_size": 16})
    value, _ = loss(old, new, spread, mask, "seq-mean-token-mean", world)
    torch.testing.assert_close(value, 2 * expected(old, new, advantage, mask, 16), atol=1e-6, rtol=0)
    # Micro-batches add up to the batch.
    parts = [loss(old[i:j], new[i:j], spread[i:j], mask[i:j], config=world)[0] for i, j in ((0, 2), (2, 5))]
    torch.testing.assert_close(sum(parts), value, atol=1e-6, rtol=0)
    with pytest.raises(InteropError, match="loss_agg_mode"):
        loss(old, new, spread, mask, "token-mean")
    with pytest.raises(InteropError, match="correction"):
        loss(old, new, spread, mask, rollout_is_weights=torch.ones(5, 9))


def _verl_module(monkeypatch, source: str) -> ModuleType:
    """A module in verl's place, made of the source's registry and aggregation."""
    tree = ast.parse(source)
    wanted = ("register_policy_loss", "get_policy_loss_fn", "agg_loss")
    parts = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in wanted]
    parts += [node for node in tree.body if isinstance(node, ast.AnnAssign) and "POLICY_LOSS" in ast.unparse(node)]
    module = ModuleType("verl.trainer.ppo.core_algos")
    masked = SimpleNamespace(masked_sum=lambda values, mask: (values * mask).sum())
    module.__dict__.update(Callable=Any, torch=torch, verl_F=masked, Optional=__import__("typing").Optional)
    code = "from __future__ import annotations\n" + "\n\n".join(map(ast.unparse, parts))
    exec(compile(code, "core_algos.py", "exec"), module.__dict__)
    for name in ("verl", "verl.trainer", "verl.trainer.ppo"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "verl.trainer.ppo.core_algos", module)
    return module


@pytest.mark.skipif(VERL not in os.environ, reason=f"{VERL} names no unpacked verl wheel")
def test_verls_own_registry_takes_it_and_its_own_aggregation_agrees(monkeypatch):
    source = (Path(os.environ[VERL]) / "verl/trainer/ppo/core_algos.py").read_text(encoding="utf-8")
    module = _verl_module(monkeypatch, source)
    register(**BUDGETS)
    loss = module.get_policy_loss_fn("fiberpo")
    old, new, advantage, mask = batch()
    spread = advantage[:, None].expand(5, 9)
    gate = fiberpo.gate((new - old)[mask], torch.arange(5)[:, None].expand(5, 9)[mask], **BUDGETS)
    matrix = torch.zeros(5, 9)
    matrix[mask] = -gate * spread[mask]
    for world in ({}, {"dp_size": 2, "global_batch_size": 16}):
        wanted = module.agg_loss(matrix, mask.float(), "seq-mean-token-mean", **world)
        value, _ = loss(old, new, spread, mask.float(), "seq-mean-token-mean", SimpleNamespace(global_batch_info=world))
        torch.testing.assert_close(value, wanted, atol=1e-6, rtol=0)
    names = [a.arg for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef)
             and n.name == "compute_policy_loss_gspo" for a in n.args.args]  # fmt: skip
    code = policy_loss().__code__
    assert list(code.co_varnames[: code.co_argcount]) == names


def test_without_the_packages_the_extra_is_named():
    for call in (register, fiberpo_trainer):
        module = "verl" if call is register else "trl"
        try:
            __import__(module)
        except ModuleNotFoundError:
            with pytest.raises(MissingExtraError, match=module):
                call()


@pytest.mark.timeout(600)
@pytest.mark.skipif(TRL not in os.environ, reason=f"{TRL} names no interpreter; see peers/trl_check.py")
def test_trls_trainer_descends_on_our_loss():
    script = Path(__file__).parent / "peers" / "trl_check.py"
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": root, "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([os.environ[TRL], str(script)], capture_output=True, text=True, timeout=500, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout.splitlines()[-1][done.stdout.splitlines()[-1].index('{"differences"') :])
    assert len(report["differences"]) >= 8 and max(report["differences"]) < 1e-6
    assert max(report["ratios"]) > 1e-3  # off-policy steps, where the gates matter
    assert report["moved"] and report["refused"]
