"""Kill a training run at random moments, resume it each time, and compare its curve with an uninterrupted one.

    python benchmarks/faults.py --kills 20 [--processes 2]

Every step writes a checkpoint, so that kills fall into writing them too. A kill comes a random time after one to three
new rows in the run's log, so that the run gets on however slow the machine is. With several processes (FSDP2 and
experts divided between them) it hits all of them or, every second time, only one, as torchrun sees it: the others end
or are ended. Exit code 0 if the losses are identical, digit for digit.
"""

from __future__ import annotations

import argparse
import functools
import json
import multiprocessing
import os
import random
import signal
import socket
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
    parser.add_argument("--processes", type=int, default=1, help="that train together (default 1)")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        found = compare(Path(folder), options.kills, options.steps, options.longest, rng, options.processes)
    print(json.dumps(found))
    sys.exit(0 if found["identical"] else 1)


def compare(
    folder: Path, kills: int, steps: int, longest: float, rng: random.Random, processes: int = 1
) -> dict[str, object]:
    """Train once whole (by one process) and once with ``kills`` kills; what came of it."""
    recipe = folder / "recipe.py"
    recipe.write_text(RECIPE.format(steps=steps))
    _Command(recipe, folder / "whole", resume=False).wait()
    start = _Command if processes == 1 else functools.partial(_Team, processes)
    cut = folder / "cut"
    done, writing = 0, 0
    resume = False
    while done < kills and (not resume or len(_curve(cut)) < steps):
        run = start(recipe, cut, resume, interrupted=True)
        for _ in range(rng.randint(1, 3)):
            _wait_for_a_row(run, cut)
        time.sleep(rng.uniform(0, longest))
        run.kill(rng)
        done += 1
        writing += bool(list(cut.glob(".step-*")))
        resume = resume or (cut / LOG_NAME).is_file()
        print(f"kill {done}: {len(_curve(cut))} rows, checkpoint: {has_checkpoint(cut)}", flush=True)
    if (code := start(recipe, cut, resume).wait()) != 0:
        raise SystemExit(f"error: the last resume ended with code {code}")
    whole, cut_curve = _curve(folder / "whole"), _curve(cut)
    return {
        "processes": processes,
        "kills": done,
        "while_writing_a_checkpoint": writing,
        "steps": len(whole),
        "identical": whole == cut_curve and len(whole) == steps,
    }


class _Command:
    """A run by the command line; without a data folder of its own, the recipe trains on the generators alone."""

    def __init__(self, recipe: Path, out: Path, resume: bool, interrupted: bool = False):
        command = [sys.executable, "-c", _COMMAND, "pretrain", str(recipe), "--out", str(out), "--workers", "1"]
        # As several processes have it, whose curve is compared with this one's: one thread each, and fp32.
        command += ["--precision", "fp32"]
        one = {**os.environ, "OMP_NUM_THREADS": "1"}
        errors = subprocess.DEVNULL if interrupted else None
        self._process = subprocess.Popen(
            command + ["--resume"] * resume, stdout=subprocess.DEVNULL, stderr=errors, env=one
        )

    def alive(self) -> bool:
        return self._process.poll() is None

    def kill(self, rng: random.Random) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def wait(self) -> int:
        return self._process.wait()


class _Team:
    """A run by several processes, forked from one that has imported torch."""

    def __init__(self, world: int, recipe: Path, out: Path, resume: bool, interrupted: bool = False):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["torch.distributed.checkpoint", "joyflash.train.pretrain", __name__])
        self._processes = [
            context.Process(target=_member, args=(rank, world, port, recipe, out, resume, interrupted))
            for rank in range(world)
        ]
        for process in self._processes:
            process.start()

    def alive(self) -> bool:
        return all(process.is_alive() for process in self._processes)

    def kill(self, rng: random.Random) -> None:
        """All at once, or one, and the others when they have had a moment to notice."""
        alone = rng.random() < 0.5
        for process in [rng.choice(self._processes)] if alone else self._processes:
            process.kill()
        for process in self._processes:
            process.join(2.0)
            process.kill()
            process.join()

    def wait(self) -> int:
        for process in self._processes:
            process.join()
        return max(abs(process.exitcode or 0) for process in self._processes)


def _member(rank: int, world: int, port: int, recipe: Path, out: Path, resume: bool, interrupted: bool) -> None:
    import torch

    from joyflash.parallel.team import joined_team
    from joyflash.train import pretrain
    from joyflash.train.recipe import load_recipe
    from joyflash.train.together import TeamPlan

    torch.set_num_threads(1)
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(world), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    os.environ["LOCAL_RANK"] = str(rank)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
        if interrupted:
            os.dup2(nowhere.fileno(), sys.stderr.fileno())  # what a process says whose neighbour was killed
        with joined_team() as team:
            plan = TeamPlan(team, expert_parallel=2 if world % 2 == 0 else 1)
            pretrain.run(load_recipe(str(recipe)), data=None, out=out, resume=resume, precision="fp32", team=plan)


def _wait_for_a_row(process: _Command | _Team, run: Path) -> None:
    seen = _size(run)
    while process.alive():
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
