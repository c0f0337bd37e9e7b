"""Triton's interpreter stands in for a GPU; without Triton nothing here is collected."""

from __future__ import annotations

import importlib.util
import os

import torch

os.environ.setdefault("TRITON_INTERPRET", "0" if torch.cuda.is_available() else "1")
collect_ignore_glob = [] if importlib.util.find_spec("triton") else ["test_*.py"]
