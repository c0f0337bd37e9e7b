"""Does the bias rule keep the experts busy? The same training run with it and without it.

    python benchmarks/balance.py [--steps 200] [--seeds 3] [--out balance.json]

A small mixture-of-experts model reads Python's own documentation and sources, byte by byte, with Muon; the routers
begin skewed towards two experts, as a router does that has found favourites. Learning rate and γ are constant for half
of the steps and fall to a twentieth, as in the last pretraining stages. Violation is (busiest expert's tokens −
mean) / mean, the largest over the layers, of the tokens of the last ``--window`` steps together: over one small step
chance alone would make it larger than what is looked for.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import statistics
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from joyflash.batch import PackedBatch
from joyflash.data.documents import corpora
from joyflash.model.config import ModelConfig, sized
from joyflash.model.initialise import initialise
from joyflash.model.joyflash import JoyFlash
from joyflash.model.moe import Router
from joyflash.optim.groups import build_optimizers
from joyflash.optim.schedule import scale_learning_rates, trapezoid
from joyflash.train.balance import update_router_bias
from joyflash.train.objective import LanguageModelling, target_weight
from joyflash.train.workers import RowWorkers

RATE = 4e-3
SKEW = 0.3
"""Added to the bias of two experts at the start; scores lie between 0 and 1."""


def texts(length: int) -> torch.Tensor:
    """The first ``length`` bytes of Python's own texts, uint8 as int64."""
    found, size = [], 0
    for document in itertools.chain.from_iterable(corpus.documents() for corpus in corpora(None)):
        found.append(document.text.encode())
        size += len(found[-1])
        if size >= length:
            break
    return torch.frombuffer(bytearray(b"".join(found)[:length]), dtype=torch.uint8).long()


def rows(tokens_N: torch.Tensor, row_tokens: int) -> list[PackedBatch]:
    """The text in rows of one document each."""
    positions_T = torch.arange(row_tokens)
    document_T = torch.zeros(row_tokens, dtype=torch.int32)
    whole = tokens_N[: len(tokens_N) // row_tokens * row_tokens].view(-1, row_tokens)
    return [PackedBatch(row_T, positions_T, (positions_T > 0).float(), document_T) for row_T in whole]


def train(
    config: ModelConfig,
    text: list[PackedBatch],
    gamma: float,
    *,
    steps: int,
    rows_per_step: int,
    window: int,
    seed: int,
) -> dict[str, float]:
    """One run; the balance of its first and of its last ``window`` steps, and its last loss."""
    model = initialise(JoyFlash(config), torch.Generator().manual_seed(seed)).train()
    routers = [module for module in model.model.modules() if isinstance(module, Router)]
    for router in routers:
        favourites = torch.randperm(config.n_routed_experts, generator=torch.Generator().manual_seed(seed))[:2]
        router.e_score_correction_bias[favourites] += SKEW
    optimizers = build_optimizers(model, config, RATE, RATE)
    workers = RowWorkers(model, 1)
    order = torch.randperm(len(text), generator=torch.Generator().manual_seed(seed)).tolist()
    stream = itertools.cycle(order)
    loads: list[torch.Tensor] = []
    loss = 0.0
    for step in range(steps):
        factor = trapezoid(step, steps, 0, steps // 2, 1.0, 0.05, "linear")
        scale_learning_rates(optimizers, factor)
        batch = [text[next(stream)] for _ in range(rows_per_step)]
        loss = sum(row["loss"] for row in workers.run(batch, LanguageModelling(target_weight(batch, 1))))
        workers.clip(1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        counts = workers.take_loads()
        update_router_bias(
            [(r.e_score_correction_bias, n) for r, n in zip(routers, counts, strict=True)], gamma * factor
        )
        loads.append(torch.stack(counts))
    workers.close()
    found = {"loss": loss}
    for name, some in (("first", loads[:window]), ("last", loads[-window:])):
        idle = [(torch.zeros(config.n_routed_experts), n_E) for n_E in torch.stack(some).sum(dim=0)]
        balance = update_router_bias(idle, 0.0)
        found |= {f"violation_{name}": balance.violation, f"dead_{name}": balance.dead_experts}
    return found


def main() -> None:
    """Run with and without the rule, and print what became of the experts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--row", type=int, default=256, help="bytes of a row")
    parser.add_argument("--rows", type=int, default=4, help="rows of a step")
    parser.add_argument("--window", type=int, default=40, help="steps whose tokens are counted together")
    parser.add_argument("--gamma", type=float, default=3e-3, help="rate of the rule; pretraining takes 1e-3 for longer")
    parser.add_argument("--experts", type=int, default=16)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    options = parser.parse_args()
    torch.set_num_threads(1)
    config = dataclasses.replace(sized(64, 256), n_routed_experts=options.experts)
    text = rows(texts(min(2_000_000, options.steps * options.rows * options.row)), options.row)
    figures: dict[str, object] = {
        name: str(value) if isinstance(value, Path) else value for name, value in vars(options).items()
    }
    for name, gamma in (("with the rule", options.gamma), ("without", 0.0)):
        runs = [
            train(
                config, text, gamma, steps=options.steps, rows_per_step=options.rows, window=options.window, seed=seed
            )
            for seed in range(options.seeds)
        ]
        figures[name] = {
            key: {"mean": statistics.mean(values), "min": min(values), "max": max(values)}
            for key in runs[0]
            for values in [[run[key] for run in runs]]
        }
        print(name, json.dumps(figures[name]), flush=True)
    if options.out:
        options.out.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
