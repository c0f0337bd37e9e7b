"""benchmarks/gpu.py runs from one end to the other in Triton's interpreter, and survives a section that fails."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "gpu.py"
pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="needs Triton (a GPU build of torch)"
)


def run(folder: Path, *options: str) -> tuple[str, dict]:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "--tiny", "--interpret", *options],
        capture_output=True, text=True, timeout=280, env={**os.environ, "OUT": str(folder)}, check=True,
    )  # fmt: skip
    return done.stdout, json.loads((folder / "gpu.json").read_text())


def test_every_section_has_figures(tmp_path):
    printed, figures = run(tmp_path, "--policies", "int4 experts")
    assert not [name for name, found in figures.items() if "failed" in found or "skipped" in found]
    checked = figures["correctness: int4 experts"]
    assert checked["sound"] and checked["worst relative error"] < 1e-4
    for section in ("decode, batch 1", "decode, batch 2", "verify 1+3, batch 1", "MTP, batch 1", "prefill 100"):
        assert f"int4 experts: {section}" in figures
    assert "| int4 experts: decode, batch 2" in printed


def test_a_failing_section_is_reported_and_the_rest_runs(tmp_path):
    _, figures = run(tmp_path, "--policies", "nonesuch", "--seconds", "9")
    assert "KeyError" in figures["correctness: nonesuch"].get("failed", "KeyError")
    assert "gpu" not in figures["machine"] and figures["machine"]["read_tb_s"] > 0
    assert figures["nonesuch: weights"].keys() & {"failed", "skipped"}


def test_a_failing_policy_leaves_the_others_to_run(tmp_path, monkeypatch):
    from benchmarks import gpu

    def broken(run, policy):
        raise RuntimeError(f"no memory for {policy}")

    monkeypatch.setenv("OUT", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--tiny", "--interpret", "--policies", "bf16,fp8"])
    monkeypatch.setattr(gpu, "measure_machine", lambda run: {})
    monkeypatch.setattr(gpu, "check", lambda run, policy: {})
    monkeypatch.setattr(gpu, "fitting", broken)
    gpu.main()
    figures = json.loads((tmp_path / "gpu.json").read_text())
    for policy in ("bf16", "fp8"):
        assert f"no memory for {policy}" in figures[f"{policy}: the rest"]["failed"]
