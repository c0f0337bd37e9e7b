"""Training speed of the bundled size beside transformers: same model, same batch, same optimiser, same cores.

    python benchmarks/train.py [--modes ours,ours-fp32,eager,eager-bf16,compiled,compiled-bf16] [--steps 7] [--out FILE]

"ours" is what `joyflash pretrain` does without options: products in bfloat16 where the processor multiplies faster in
it, weights in float32, sequences packed into rows as by the recipes. transformers' bf16 modes keep their weights in
bfloat16 too. One step is forward, backward and fused AdamW on 8 sequences of 512 tokens, every token a target, no MTP.
Each mode has a process of its own: inside one, it would find the libraries' caches filled by the others. They take
turns step by step, so that a busy neighbour hits all alike; the table gives medians, and ratios to transformers.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from measure import Worker, WorkerError, answer, fail

from joyflash.batch import PackedBatch
from joyflash.model.config import nano
from joyflash.model.initialise import initialise
from joyflash.model.joyflash import JoyFlash
from joyflash.train.device_worker import training_precision
from joyflash.train.objective import LanguageModelling
from joyflash.train.workers import RowWorkers

ROWS, LENGTH = 8, 512
PACKED = 4
"""Sequences in one of our rows: 2,048 tokens, as in the recipes."""
WARM_UP = 3


def tokens() -> torch.Tensor:
    """The same random batch for everyone, int64 [ROWS, LENGTH]."""
    return torch.randint(20, nano().vocab_size, (ROWS, LENGTH), generator=torch.Generator().manual_seed(0))


def optimizer_of(model: torch.nn.Module) -> torch.optim.Optimizer:
    """The one optimiser of this benchmark."""
    return torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)


def ours(precision: str) -> Callable[[], float]:
    """A step of our loop: one row worker per core."""
    model = initialise(JoyFlash(nano())).train()
    optimizer = optimizer_of(model)
    workers = RowWorkers(model, os.cpu_count() or 1, training_precision(precision, torch.device("cpu")))
    positions_T = torch.arange(LENGTH)
    alone = [PackedBatch(row, positions_T, (positions_T > 0).float(), torch.zeros(LENGTH)) for row in tokens()]
    rows = [PackedBatch.join(alone[first : first + PACKED]) for first in range(0, ROWS, PACKED)]
    objective = LanguageModelling(main_weight=ROWS * (LENGTH - 1))

    def step() -> float:
        loss = sum(sums["loss"] for sums in workers.run(rows, objective))
        optimizer.step()
        optimizer.zero_grad()
        return loss

    return step


def peer(compiled: bool, dtype: torch.dtype) -> Callable[[], float]:
    """A step of transformers' DeepseekV3ForCausalLM."""
    from transformers import DeepseekV3Config, DeepseekV3ForCausalLM

    values = {**nano().to_dict(), "model_type": "deepseek_v3", "num_nextn_predict_layers": 0}
    values.pop("architectures")
    model = DeepseekV3ForCausalLM(DeepseekV3Config(**values)).to(dtype).train()
    optimizer = optimizer_of(model)
    run = torch.compile(model) if compiled else model
    batch = tokens()

    def step() -> float:
        loss = run(input_ids=batch, labels=batch).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return float(loss.detach())

    return step


MODES: dict[str, Callable[[], Callable[[], float]]] = {
    "ours": lambda: ours("auto"),
    "ours-fp32": lambda: ours("fp32"),
    "eager": lambda: peer(False, torch.float32),
    "eager-bf16": lambda: peer(False, torch.bfloat16),
    "compiled": lambda: peer(True, torch.float32),
    "compiled-bf16": lambda: peer(True, torch.bfloat16),
}


def worker() -> None:
    """The side of one mode's process: the first message names the mode, every further one asks for a step."""
    made: list[Callable[[], float]] = []

    def handle(message: dict[str, Any]) -> dict[str, Any]:
        if not made:
            made.append(MODES[message["mode"]]())
        start = time.perf_counter()
        loss = made[0]()
        return {"seconds": time.perf_counter() - start, "loss": loss}

    answer(handle)


def measured(names: list[str], steps: int) -> dict[str, list[float]]:
    """Seconds of every step of every mode."""
    workers = {name: Worker([sys.executable, __file__, "--worker"], {}, timeout=900) for name in names}
    seconds: dict[str, list[float]] = {name: [] for name in names}
    try:
        for turn in range(WARM_UP + steps):
            for name, process in workers.items():
                done = process.ask({"mode": name})
                if turn >= WARM_UP:
                    seconds[name].append(done["seconds"])
    except WorkerError as error:
        fail(str(error))
    finally:
        for process in workers.values():
            process.close()
    return seconds


def main() -> None:
    """Run the modes in turn and print the table."""
    if sys.argv[1:] == ["--worker"]:
        worker()
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--modes", default="ours,eager,compiled", help=f"of {', '.join(MODES)}")
    parser.add_argument("--steps", type=int, default=7, help="timed steps of each mode")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    names = arguments.modes.split(",")
    if unknown := set(names) - set(MODES):
        parser.error(f"no such mode: {', '.join(sorted(unknown))}")
    seconds = measured(names, arguments.steps)
    figures = {}
    print(
        f"{torch.__version__}, {os.cpu_count()} cores, {torch.backends.cpu.get_cpu_capability()}, n = {arguments.steps}"
    )
    print(f"{'mode':14} {'tok/s':>8} {'min':>8} {'max':>8} {'ours / mode':>12}")
    for name in names:
        rates = sorted(ROWS * LENGTH / each for each in seconds[name])
        ratio = statistics.median(seconds[name]) / statistics.median(seconds["ours"]) if "ours" in seconds else None
        figures[name] = {"median": statistics.median(rates), "min": rates[0], "max": rates[-1], "ours_over_mode": ratio}
        shown = "" if ratio is None else f"{ratio:12.2f}"
        print(f"{name:14} {figures[name]['median']:8.0f} {rates[0]:8.0f} {rates[-1]:8.0f} {shown}")
    if arguments.out:
        arguments.out.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
