"""Muon against AdamW on the same model, data, tokens and seeds, both rates tuned; and what each property of Muon adds.

    python benchmarks/muon_study.py --out runs/muon-study [--data my-data] [--tokens 3000000] [--seeds 6]

The study runs in order: tune AdamW and Muon over ``RATES`` (seed 0), repeat the best of each with fresh seeds, repeat
Muon without one property at a time, and Muon with the MTP loss on. Every run leaves a file; a study that was stopped
goes on with the first run that has none. The end is ``study.json`` and ``study.png``.

Tokens to target: where Muon's validation loss first reaches AdamW's final one of the same seed, interpolated. Muon's
rate is still high there, so the figure is on the careful side. p-values are one-sided exact sign-flip tests over the
seeds.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from joyflash.batch import PackedBatch
from joyflash.data.documents import corpora
from joyflash.extras import require
from joyflash.model.attention import PackedContext
from joyflash.model.config import sized
from joyflash.model.initialise import initialise
from joyflash.model.joyflash import JoyFlash, parameter_counts
from joyflash.model.loading import model_folder
from joyflash.model.moe import Router
from joyflash.optim.groups import Rule, build_optimizers
from joyflash.optim.schedule import scale_learning_rates, trapezoid
from joyflash.train.balance import update_router_bias
from joyflash.train.ingredients import Ingredients
from joyflash.train.objective import LanguageModelling, target_weight, targets
from joyflash.train.recipe import Recipe
from joyflash.train.validate import mean_loss
from joyflash.train.workers import RowWorkers

RATES = (1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2, 3.2e-2)
ALL_ADAMW = (Rule(r"norm\.weight$|\.bias$", "adamw", decay=False), Rule("", "adamw"))
WITHOUT = {
    "orthogonalisation": {"orthogonal": False},
    "momentum warm-up": {"momentum_warmup_steps": 0},
    "variance reduction": {"variance_reduction": False},
    "cautious decay": {"cautious": False},
}
WARMUP, FINAL = 0.05, 0.1
VALIDATIONS = 40
SPIKE = 4.0
"""Standard deviations above the mean of the 50 steps before that make a training loss a spike."""


@dataclass(frozen=True)
class Setting:
    """One run: what is optimised how, from which seed."""

    optimizer: str
    rate: float
    seed: int
    options: dict[str, Any] = field(default_factory=dict)
    mtp_weight: float = 0.0


@dataclass(frozen=True)
class Size:
    """What all runs share."""

    width: int
    tokens: int
    row_tokens: int
    rows_per_step: int
    validation_rows: int
    warmup_of_momentum: int

    @property
    def steps(self) -> int:
        """Optimiser steps of a run."""
        return self.tokens // (self.row_tokens * self.rows_per_step)


class Study:
    """Runs settings or finds their results, and shows where it stands."""

    def __init__(self, size: Size, data: Path | None, out: Path, workers: int):
        self.size, self.data, self.out, self.workers = size, data, out, workers
        (out / "runs").mkdir(parents=True, exist_ok=True)

    def result(self, setting: Setting) -> dict[str, Any]:
        """The result of a run; trained now unless its file is there."""
        described = json.dumps({**asdict(setting), **asdict(self.size), "data": str(self.data)}, sort_keys=True)
        path = self.out / "runs" / f"{hashlib.sha256(described.encode()).hexdigest()[:16]}.json"
        if path.is_file():
            return json.loads(path.read_text())
        found = {"setting": asdict(setting), **self._train(setting)}
        part = path.with_suffix(".part")
        part.write_text(json.dumps(found))
        part.replace(path)
        print(f"{setting}: {found['validation'][-1][1]:.4f} after {found['seconds']:.0f} s", flush=True)
        return found

    def _train(self, setting: Setting) -> dict[str, Any]:
        size = self.size
        recipe = Recipe(
            stage="pretrain", width=size.width, tokens=size.tokens, row_tokens=size.row_tokens,
            rows_per_step=size.rows_per_step, text={"text": 1.0},
            validation_rows=size.validation_rows, seed=setting.seed,
        )  # fmt: skip
        if self.data is not None:
            recipe = _all_text(recipe, self.data)
        ingredients = Ingredients(recipe, model_folder("nano"), self.data, self.out / "shards")
        held_out = [row for found in ingredients.validation() for row in found.rows]
        config = sized(size.width, ingredients.tokenizer.vocab_size)
        model = initialise(JoyFlash(config), torch.Generator().manual_seed(setting.seed)).train()
        if setting.optimizer == "muon":
            options = {"momentum_warmup_steps": size.warmup_of_momentum, **setting.options}
            optimizers = build_optimizers(model, config, setting.rate, setting.rate, **options)
        else:
            optimizers = build_optimizers(model, config, setting.rate, setting.rate, rules=ALL_ADAMW)
        biases = [module.e_score_correction_bias for module in model.modules() if isinstance(module, Router)]
        workers = RowWorkers(model, self.workers)
        every = max(1, size.steps // VALIDATIONS)
        losses, curve, seconds = [], [], 0.0
        with ingredients.rows(None) as rows:
            for step in range(size.steps):
                batch = [next(rows) for _ in range(size.rows_per_step)]
                start = time.perf_counter()
                losses.append(self._step(setting, step, batch, workers, optimizers, biases))
                seconds += time.perf_counter() - start
                if (step + 1) % every == 0 or step + 1 == size.steps:
                    tokens = (step + 1) * size.row_tokens * size.rows_per_step
                    curve.append((tokens, mean_loss(model.eval(), held_out)))
        workers.close()
        found = {"validation": curve, "losses": losses, "seconds": seconds, "spikes": spikes(losses)}
        if setting.mtp_weight:
            found["draft_accepted"] = draft_accepted(model, held_out)
        return found

    def _step(
        self,
        setting: Setting,
        step: int,
        batch: list[PackedBatch],
        workers: RowWorkers,
        optimizers: list[torch.optim.Optimizer],
        biases: list[torch.Tensor],
    ) -> float:
        steps = self.size.steps
        objective = LanguageModelling(target_weight(batch, 1), setting.mtp_weight, target_weight(batch, 2))
        loss = sum(sums["loss"] for sums in workers.run(batch, objective))
        torch.nn.utils.clip_grad_norm_(workers.model.parameters(), 1.0)
        warmup = round(WARMUP * steps)
        scale_learning_rates(optimizers, trapezoid(step, steps, warmup, steps - warmup, 1.0, FINAL, "cosine"))
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        update_router_bias(list(zip(biases, workers.take_loads(), strict=True)), 1e-3)
        return loss


def _all_text(recipe: Recipe, data: Path) -> Recipe:
    """The recipe over every text source of a data folder, all alike."""
    return replace(recipe, text=dict.fromkeys(sorted({corpus.source for corpus in corpora(data)}), 1.0))


def spikes(losses: Sequence[float], window: int = 50) -> int:
    """Steps whose loss stands more than ``SPIKE`` standard deviations above the mean of the ``window`` before."""
    found = 0
    for step in range(window, len(losses)):
        before = losses[step - window : step]
        found += losses[step] > statistics.mean(before) + SPIKE * statistics.stdev(before)
    return found


@torch.no_grad()
def draft_accepted(model: JoyFlash, rows: Sequence[PackedBatch]) -> float:
    """Share of positions where the MTP layer's first choice is the trunk's: the chance that a greedy draft holds."""
    hits = total = 0
    for row in rows:
        context = PackedContext.of(row.positions_T, model.config)
        hidden_TD = model.hidden(row.tokens_T, context)
        mtp_TD = model.mtp_hidden(hidden_TD, row.tokens_T, row.positions_T, context)
        index_N = targets(row, 2)[0]
        drafts_N, own_N = (model.logits(x).argmax(-1) for x in (mtp_TD[index_N], hidden_TD[index_N + 1]))
        hits, total = hits + int((drafts_N == own_N).sum()), total + len(index_N)
    return hits / max(1, total)


def tokens_to(curve: Sequence[Sequence[float]], target: float) -> float | None:
    """Tokens at which a validation curve first reaches ``target``, interpolated; None if it never does."""
    for (x0, y0), (x1, y1) in itertools.pairwise([(0.0, float("inf")), *curve]):
        if y1 <= target:
            return x1 if y0 == float("inf") else x0 + (x1 - x0) * (y0 - target) / (y0 - y1)
    return None


def sign_flip_p(differences: Sequence[float]) -> float:
    """One-sided exact p-value of "the mean difference is above 0": share of sign patterns with as large a mean."""
    total = sum(differences)
    sums = [
        sum(sign * abs(each) for sign, each in zip(signs, differences, strict=True))
        for signs in itertools.product((1, -1), repeat=len(differences))
    ]
    return sum(each >= total - 1e-12 for each in sums) / len(sums)


def spread(values: Sequence[float]) -> dict[str, float]:
    """n, mean and standard deviation."""
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return {"n": len(values), "mean": statistics.mean(values), "sd": deviation}


def _final(result: dict[str, Any]) -> float:
    return result["validation"][-1][1]


def run(study: Study, seeds: int, rates: Sequence[float]) -> dict[str, Any]:
    """The whole study; its figures."""
    tuned = {name: {rate: study.result(Setting(name, rate, 0)) for rate in rates} for name in ("adamw", "muon")}
    best = {name: min(found, key=lambda rate, found=found: _final(found[rate])) for name, found in tuned.items()}

    def repeat(name: str, **more: Any) -> Iterator[dict[str, Any]]:
        return (study.result(Setting(name, best[name], seed, **more)) for seed in range(1, seeds + 1))

    adamw, muon = list(repeat("adamw")), list(repeat("muon"))
    ratios = [tokens_to(m["validation"], _final(a)) for a, m in zip(adamw, muon, strict=True)]
    reached = [ratio / study.size.tokens for ratio in ratios if ratio is not None]
    figures: dict[str, Any] = {
        "size": asdict(study.size),
        "parameters": parameter_counts(sized(study.size.width))["trunk"],
        "tuning": {name: {f"{rate:g}": _final(each) for rate, each in found.items()} for name, found in tuned.items()},
        "best_rate": best,
        "best_rate_at_the_edge": [name for name, rate in best.items() if rate in (min(rates), max(rates))],
        "adamw": {
            "loss": spread([_final(each) for each in adamw]),
            "spikes": spread([each["spikes"] for each in adamw]),
        },
        "muon": {"loss": spread([_final(each) for each in muon]), "spikes": spread([each["spikes"] for each in muon])},
        "muon_better_p": sign_flip_p([_final(a) - _final(m) for a, m in zip(adamw, muon, strict=True)]),
        "muon_tokens_to_adamw_final": {"never": seeds - len(reached), **(spread(reached) if reached else {})},
    }
    for name, options in WITHOUT.items():
        found = list(repeat("muon", options=options))
        worse = [_final(each) - _final(m) for each, m in zip(found, muon, strict=True)]
        figures[f"without {name}"] = {"loss_added": spread(worse), "p": sign_flip_p(worse)}
    mtp = list(repeat("muon", mtp_weight=0.1))
    accepted = [each["draft_accepted"] for each in mtp]
    figures["mtp"] = {
        "loss_added": spread([_final(each) - _final(m) for each, m in zip(mtp, muon, strict=True)]),
        "step_time_ratio": spread([each["seconds"] / m["seconds"] for each, m in zip(mtp, muon, strict=True)]),
        "draft_accepted": spread(accepted),
        "tokens_per_step_with_one_draft": spread([1 + each for each in accepted]),
    }
    (study.out / "study.json").write_text(json.dumps(figures, indent=2) + "\n")
    draw(study.out / "study.png", tuned, adamw, muon)
    return figures


def draw(path: Path, tuned: dict[str, Any], adamw: list[dict[str, Any]], muon: list[dict[str, Any]]) -> None:
    """Validation curves of all seeds, and the final loss over the learning rate."""
    figure = require("matplotlib.figure", extra="train").Figure(figsize=(11, 4.2), layout="constrained")
    curves, rates = figure.subplots(1, 2)
    for name, results, colour in (("AdamW", adamw, "C0"), ("Muon", muon, "C1")):
        for number, each in enumerate(results):
            curves.plot(*zip(*each["validation"], strict=True), color=colour, lw=0.8, label=None if number else name)
        found = tuned[name.lower()]
        rates.plot(list(found), [_final(each) for each in found.values()], "o-", color=colour, label=name)
    curves.set(title="validation loss (nats per token)", xlabel="tokens")
    rates.set(title="final validation loss, seed 0", xlabel="learning rate", xscale="log")
    for axes in (curves, rates):
        axes.legend()
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Run or go on with the study and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the study")
    parser.add_argument("--data", type=Path, help="data folder; without: the texts of this Python installation")
    parser.add_argument("--width", type=int, default=64, help="of the model (64: 1.4M parameters)")
    parser.add_argument("--tokens", type=int, default=3_000_000, help="of a run")
    parser.add_argument("--row-tokens", type=int, default=512)
    parser.add_argument("--rows", type=int, default=8, help="rows of a step")
    parser.add_argument("--seeds", type=int, default=6, help="repetitions beside the tuning")
    parser.add_argument("--rates", type=float, nargs="+", default=RATES, help="learning rates to tune over")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    steps = options.tokens // (options.row_tokens * options.rows)
    size = Size(options.width, options.tokens, options.row_tokens, options.rows, 12, min(300, steps // 4))
    print(
        json.dumps(run(Study(size, options.data, options.out, options.workers), options.seeds, options.rates), indent=2)
    )


if __name__ == "__main__":
    main()
