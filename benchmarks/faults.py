"""Kill a training run at random moments, resume it each time, and compare its curve with an uninterrupted one.

    python benchmarks/faults.py --kills 20

Every step writes a checkpoint, so that kills fall into writing them too. A kill comes a random time after the run's
first sign of life (a new row in its log). Exit code 0 if the losses are identical, digit for digit.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from joyflash.train.checkpoint import has_checkpoint
from joyflash.train.logging import LOG_NAME, read_log

RECIPE = """
from joyflash.train.recipe import Recipe

recipe = Recipe(
    stage="pretrain", width=64, tokens={steps} * 2 * 256, row_tokens=256, rows_per_step=2,
    skills={{"call_en": 1, "compare_zh": 1}}, validate_every=1, validation_rows=1, skill_samples=1, mtp_from=0.5,
)
"""
_COMMAND = "from joyflash.cli import main; main()"


def main() -> None:
    """Run the comparison and print one line a kill."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help="how often to kill the run (default 20)")
    parser.add_argument("--steps", type=int, default=40, help="steps of the run (default 40)")
    parser.add_argument("--longest", type=float, default=0.5, help="seconds after the first new row (default 0.5)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (default 0)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = compare(Path(folder), options.kills, options.steps, options.longest, random.Random(options.seed))
    print(json.dumps(found))
    sys.exit(0 if found["identical"] else 1)


def compare(folder: Path, kills: int, steps: int, longest: float, rng: random.Random) -> dict:
    """Train once whole and once with ``kills`` kills; what came of it."""
    recipe = folder / "recipe.py"
    recipe.write_text(RECIPE.format(steps=steps))
    _start(recipe, folder / "whole", resume=False).wait()
    cut = folder / "cut"
    done, writing = 0, 0
    resume = False
    while done < kills and (not resume or len(_curve(cut)) < steps):
        process = _start(recipe, cut, resume)
        _wait_for_a_row(process, cut)
        time.sleep(rng.uniform(0, longest))
        process.send_signal(signal.SIGKILL)
        process.wait()
        done += 1
        writing += bool(list(cut.glob(".step-*")))
        resume = resume or (cut / LOG_NAME).is_file()
        print(f"kill {done}: {len(_curve(cut))} rows, checkpoint: {has_checkpoint(cut)}", flush=True)
    if (code := _start(recipe, cut, resume).wait()) != 0:
        raise SystemExit(f"error: the last resume ended with code {code}")
    whole, cut_curve = _curve(folder / "whole"), _curve(cut)
    return {
        "kills": done,
        "while_writing_a_checkpoint": writing,
        "steps": len(whole),
        "identical": whole == cut_curve and len(whole) == steps,
    }


def _start(recipe: Path, out: Path, resume: bool) -> subprocess.Popen:
    command = [sys.executable, "-c", _COMMAND, "pretrain", str(recipe), "--out", str(out), "--workers", "1"]
    # without a data folder of its own, the recipe trains on the generators alone
    return subprocess.Popen(command + ["--resume"] * resume, stdout=subprocess.DEVNULL)


def _wait_for_a_row(process: subprocess.Popen, run: Path) -> None:
    seen = _size(run)
    while process.poll() is None:
        size = _size(run)
        if size > seen:
            return
        seen = min(seen, size)  # a resumed run cuts the rows after its checkpoint off first
        time.sleep(0.005)


def _size(run: Path) -> int:
    log = run / LOG_NAME
    return log.stat().st_size if log.is_file() else 0


def _curve(run: Path) -> list[tuple]:
    if not (run / LOG_NAME).is_file():
        return []
    return [
        (row["step"], row["loss"], row.get("mtp_loss"), row["gradient_norm"]) for row in read_log(run) if "loss" in row
    ]


if __name__ == "__main__":
    main()
