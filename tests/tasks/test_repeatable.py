"""A generator gives the same sample in every process: a resumed run draws what the interrupted one would have drawn."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
import hashlib, json
from random import Random
from joyflash.tasks import SKILLS
for name, make in SKILLS.items():
    drawn = [make(Random(f"same/{name}/{i}"), language, "train") for language in ("en", "zh") for i in range(60)]
    print(name, hashlib.sha256(json.dumps(drawn, default=str).encode()).hexdigest())
"""


def test_samples_do_not_depend_on_the_hash_seed_of_the_process():
    printed = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert printed[0].splitlines() and printed[0].splitlines() == printed[1].splitlines()
