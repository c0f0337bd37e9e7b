"""Muon against AdamW on the same model, data, tokens and seeds, both rates tuned; and what each property of Muon adds.

    python benchmarks/muon_study.py --out docs/studies/muon [--data my-data] [--tokens 3000000] [--seeds 6]

The study runs in order: tune AdamW and Muon over ``RATES`` (seed 0), further in a direction as long as the best rate is
the last one there; repeat the best of each with fresh seeds, of AdamW the two best, so that a rate that was lucky on
seed 0 does not decide for Muon; repeat Muon without one property at a time, with the MTP loss on, and over shares of
the tokens. Every run leaves a line in ``runs.jsonl``; a study that was stopped goes on with the first run that has
none. The end is ``study-WIDTH-TOKENS.json`` and ``.png`` beside it.

Tokens that Muon needs for AdamW's final loss of the same seed are given twice: from Muon's own curve, where its rate is
still high when it gets there (so the figure is on the careful side), and from runs whose whole schedule is shorter.
p-values are one-sided exact sign-flip tests over the seeds; with n seeds none is below 2^-n.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.muon_runs import Setting, Size, Study, final_loss
from joyflash.extras import require
from joyflash.model.config import sized
from joyflash.model.joyflash import parameter_counts

RATES = (2e-3, 4e-3, 8e-3, 1.6e-2, 3.2e-2)
FURTHEST = 4
"""Rates that tuning may add beyond ``RATES``."""
SHARES = (0.5, 0.75)
WITHOUT = {
    "orthogonalisation": {"orthogonal": False},
    "momentum warm-up": {"momentum_warmup_steps": 0},
    "variance reduction": {"variance_reduction": False},
    "cautious decay": {"cautious": False},
}
MTP_WEIGHT = 0.1


def tune(study: Study, optimizer: str, rates: Sequence[float]) -> dict[float, dict[str, Any]]:
    """Runs by rate, in order: over ``rates``, and by factors of two beyond the end at which the best one lies."""
    found = {rate: study.result(Setting(optimizer, rate, 0)) for rate in rates}
    for _ in range(FURTHEST):
        best = best_rate(found)
        if min(found) < best < max(found):
            break
        rate = best * 2 if best == max(found) else best / 2
        found[rate] = study.result(Setting(optimizer, rate, 0))
    return dict(sorted(found.items()))


def best_rate(found: dict[float, dict[str, Any]]) -> float:
    """The rate with the lowest final loss."""
    return min(found, key=lambda rate: final_loss(found[rate]))


def tokens_to(curve: Sequence[Sequence[float]], target: float) -> float | None:
    """Tokens at which a falling curve first reaches ``target``, interpolated; None if it never does."""
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
    if not values:
        return {"n": 0}
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return {"n": len(values), "mean": statistics.mean(values), "sd": deviation}


def added(runs: Sequence[dict[str, Any]], than: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How much higher the final loss of ``runs`` is than that of ``than``, seed by seed, and p of "it is higher"."""
    differences = [final_loss(a) - final_loss(b) for a, b in zip(runs, than, strict=True)]
    return {"loss_added": spread(differences), "p": sign_flip_p(differences)}


def needed(size: Size, adamw: Sequence[Any], muon: Sequence[Any], shorter: dict[float, list[Any]]) -> dict[str, Any]:
    """Tokens that Muon needs for AdamW's final loss, as shares of AdamW's tokens."""
    own, planned = [], []
    for seed, (a, m) in enumerate(zip(adamw, muon, strict=True)):
        own.append(tokens_to(m["validation"], final_loss(a)))
        curve = [(share, final_loss(runs[seed])) for share, runs in sorted(shorter.items())] + [(1.0, final_loss(m))]
        planned.append(tokens_to(curve, final_loss(a)))
    reached = [each / (size.steps() * size.row_tokens * size.rows_per_step) for each in own if each is not None]
    shares = [each for each in planned if each is not None]
    return {
        "on_its_own_curve": {"never": len(own) - len(reached), **spread(reached)},
        # one that is there at the shortest share may have needed less than that
        "with_a_schedule_as_long": {
            "never": len(planned) - len(shares),
            "at_the_shortest": sum(each == min(shorter) for each in shares),
            **spread(shares),
        },
        "muon_over_a_share_minus_adamw": {
            f"{share:g}": spread([final_loss(r) - final_loss(a) for r, a in zip(runs, adamw, strict=True)])
            for share, runs in sorted(shorter.items())
        },
    }


def run(study: Study, seeds: int, rates: Sequence[float]) -> dict[str, Any]:
    """The whole study; its figures."""
    tuned = {name: tune(study, name, rates) for name in ("adamw", "muon")}
    best = {name: best_rate(found) for name, found in tuned.items()}

    def repeat(name: str, **more: Any) -> list[dict[str, Any]]:
        return [study.result(Setting(name, best[name], seed, **more)) for seed in range(1, seeds + 1)]

    repeated: dict[float, list[dict[str, Any]]] = {}
    for rate in sorted(tuned["adamw"], key=lambda rate: final_loss(tuned["adamw"][rate]))[:2]:
        best["adamw"] = rate
        repeated[rate] = repeat("adamw")
    best["adamw"] = min(repeated, key=lambda rate: statistics.mean(map(final_loss, repeated[rate])))
    adamw, muon = repeated[best["adamw"]], repeat("muon")
    shorter = {share: repeat("muon", share=share) for share in SHARES}
    figures: dict[str, Any] = {
        "size": asdict(study.size),
        "parameters": parameter_counts(sized(study.size.width))["trunk"],
        "tuning": {name: {f"{r:g}": final_loss(each) for r, each in found.items()} for name, found in tuned.items()},
        "best_rate": best,
        "adamw_repeated": {f"{rate:g}": spread([final_loss(each) for each in runs]) for rate, runs in repeated.items()},
        "best_rate_at_the_edge": [name for name, rate in best.items() if rate in (min(tuned[name]), max(tuned[name]))],
        **{name: _summary(runs) for name, runs in (("adamw", adamw), ("muon", muon))},
        "adamw_over_muon": added(adamw, muon),
        "processor_time_muon_over_adamw": spread(_ratios(muon, adamw)),
        "muon_tokens_to_adamw_final": needed(study.size, adamw, muon, shorter),
    }
    for name, options in WITHOUT.items():
        figures[f"without {name}"] = added(repeat("muon", options=options), muon)
    mtp = repeat("muon", mtp_weight=MTP_WEIGHT)
    accepted = [each["draft_accepted"] for each in mtp]
    figures["mtp"] = {
        **added(mtp, muon),
        "processor_time_ratio": spread(_ratios(mtp, muon)),
        "draft_accepted": spread(accepted),
        "tokens_per_step_with_one_draft": spread([1 + each for each in accepted]),
    }
    path = study.out / f"study-{study.size.width}-{study.size.tokens}.json"
    path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    draw(path.with_suffix(".png"), tuned, adamw, muon)
    return figures


def _summary(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"loss": spread([final_loss(each) for each in runs]), "spikes": spread([each["spikes"] for each in runs])}


def _ratios(runs: Sequence[dict[str, Any]], to: Sequence[dict[str, Any]]) -> list[float]:
    return [a["seconds"] / b["seconds"] for a, b in zip(runs, to, strict=True)]


def draw(path: Path, tuned: dict[str, Any], adamw: list[dict[str, Any]], muon: list[dict[str, Any]]) -> None:
    """Validation curves of all seeds, and the final loss over the learning rate."""
    figure = require("matplotlib.figure", extra="train").Figure(figsize=(11, 4.2), layout="constrained")
    curves, rates = figure.subplots(1, 2)
    for name, results, colour in (("AdamW", adamw, "C0"), ("Muon", muon, "C1")):
        for number, each in enumerate(results):
            curves.plot(*zip(*each["validation"], strict=True), color=colour, lw=0.8, label=None if number else name)
        found = tuned[name.lower()]
        rates.plot(list(found), [final_loss(each) for each in found.values()], "o-", color=colour, label=name)
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
    parser.add_argument("--cache", type=Path, default=Path("runs/shards"), help="where token shards are kept")
    parser.add_argument("--width", type=int, default=64, help="of the model (64: 1.4M parameters)")
    parser.add_argument("--tokens", type=int, default=3_000_000, help="of a run")
    parser.add_argument("--row-tokens", type=int, default=512)
    parser.add_argument("--rows", type=int, default=8, help="rows of a step")
    parser.add_argument("--validation-rows", type=int, default=12, help="held-out rows per language")
    parser.add_argument("--seeds", type=int, default=6, help="repetitions beside the tuning")
    parser.add_argument("--rates", type=float, nargs="+", default=RATES, help="learning rates to tune over")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    steps = options.tokens // (options.row_tokens * options.rows)
    size = Size(
        options.width, options.tokens, options.row_tokens, options.rows, options.validation_rows, min(300, steps // 4)
    )
    study = Study(size, options.data, options.out, options.cache, options.workers)
    print(json.dumps(run(study, options.seeds, options.rates), indent=2))


if __name__ == "__main__":
    main()
