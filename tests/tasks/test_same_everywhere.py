"""A sample depends on its seed alone: not on the process that makes it, whose sets have an order of their own."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
import hashlib, json
from random import Random
from joyflash.tasks import SKILLS
for skill in SKILLS:
    for language in ("en", "zh"):
        rows = [SKILLS[skill](Random(f"same/{skill}/{n}"), language, "train") for n in range(25)]
        print(skill, language, hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest())
"""


def test_every_process_makes_the_same_samples():
    found = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert found[0] == found[1]
    assert len(found[0].splitlines()) > 20
