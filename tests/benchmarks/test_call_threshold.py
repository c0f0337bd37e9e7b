"""The script that lowers the logit of a call where replies begin: one row of the head, and nothing else."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import torch

from joyflash.model.loading import load_model
from joyflash.text.marks import CALL

FOLDER = Path(__file__).parents[2] / "benchmarks"
with mock.patch.object(sys, "path", [str(FOLDER), *sys.path]):
    threshold: Any = importlib.import_module("call_threshold")


def test_one_row_moves_and_lowers_calls_where_replies_begin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threshold, "COUNTS", {"call": 16, "call_many": 10, "no_tool": 24, "talk": 16})
    threshold.main(["--lower", "2", "--out", str(tmp_path / "out")])
    shares = re.findall(r"en called ([0-9.]+) declined ([0-9.]+)", capsys.readouterr().out)
    called, declined = zip(*[(float(a), float(b)) for a, b in shares], strict=True)
    assert len(shares) == 9 and list(called) == sorted(called, reverse=True) and list(declined) == sorted(declined)
    (before, tokenizer), (after, _) = (load_model(name, dtype=torch.float32) for name in ("nano", tmp_path / "out"))
    call = tokenizer.control_id(CALL)
    for name, weight in before.state_dict().items():
        changed = (weight != after.state_dict()[name]).flatten(1).any(1).nonzero() if weight.dim() > 1 else ()
        assert [int(row) for row in changed] == ([call] if name == "lm_head.weight" else []), name
    template = threshold.ChatTemplate.from_pretrained(tmp_path / "out", tokenizer)
    moved_D = (before.lm_head.weight - after.lm_head.weight)[call].detach()
    first, later = [], []
    for skill in ("call_many", "no_tool", "talk"):
        found = threshold.places(before.eval(), tokenizer, template, skill, "en", 8)
        fell_N = found.hidden_ND @ moved_D
        first.append(fell_N[found.begins_N])
        later.append(fell_N[~found.begins_N])
    first_N, later_N = torch.cat(first), torch.cat(later)
    assert first_N.mean() > 1.2 > 0.6 > later_N.abs().mean()
    assert first_N.std() < 0.35 * first_N.mean()  # alike for all replies, as along the mean of their states it is not
