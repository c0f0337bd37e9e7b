"""The GPU path at full size with random weights: correctness against plain PyTorch first, then the table of figures.

    python benchmarks/gpu.py                     # on a machine with one GPU, inside 8 minutes; JSON into $OUT
    python benchmarks/gpu.py --tiny --interpret  # its own test, on a CPU in Triton's interpreter

Every section stands alone: one that fails is reported, and the rest still runs. Times are medians; the first run of a
shape, which compiles and records it, is not counted. The limit is the bytes of a step at the bandwidth measured here.
Where the model does not fit it gets fewer layers, and says so; figures per token then belong to that model.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import time
import traceback
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
if "--interpret" in sys.argv:
    os.environ["TRITON_INTERPRET"] = "1"

import torch

from benchmarks.gpu_model import POLICIES, StepBytes, make_step, random_model, rows_at, tiny
from benchmarks.measure import Spread, markdown, number
from joyflash.kernels.gumbel import Draw
from joyflash.model.attention import CachedContext
from joyflash.model.cache import PagedCache
from joyflash.model.config import ModelConfig, flash_48b_a3b
from joyflash.model.quantized import put_back
from joyflash.model.step import Rows, TorchStep

DRAFTS = 3
CHECKED = ((1, 1), (3, 1), (1, 4), (12, 1), (64, 1), (6, 4))
"""Sequences and rows of each that results are checked for."""
TOLERANCE = 0.03
"""Of bfloat16: the prototype's layers were at 0.008, and three of them add up."""
ACCEPTED = 2.2
"""Tokens of a verify step with three drafts that the vendor's speed-up was stated for."""


@dataclass
class Run:
    """What all sections share, and what they found."""

    config: ModelConfig
    device: torch.device
    dtype: torch.dtype
    batches: list[int]
    cached: int
    prompt: int
    repeats: int
    seconds: float
    started: float = field(default_factory=time.monotonic)
    bandwidth: float = 0.0
    compute: float = 0.0
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def left(self) -> float:
        """Seconds before the run must end."""
        return self.seconds - (time.monotonic() - self.started)

    def say(self, text: str) -> None:
        """Print with the time."""
        print(f"[{time.monotonic() - self.started:6.1f} s] {text}", flush=True)

    def section(self, name: str, work: Callable[[], Any], needs: float = 10.0) -> Any:
        """Run a section; what goes wrong in it is noted, and so is a lack of time."""
        if self.left < needs:
            self.figures[name] = {"skipped": f"{self.left:.0f} s were left"}
            self.say(f"{name}: skipped, {self.left:.0f} s left")
            return None
        found = self.guarded(name, work)
        if found is not None:
            self.figures[name] = found
            self.say(f"{name}: {json.dumps(found)}")
        self.write()
        return found

    def guarded(self, name: str, work: Callable[[], Any]) -> Any:
        """What ``work`` finds; if it fails, None, and the reason stands in the figures under ``name``."""
        try:
            return work()
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            reason = f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"
            self.figures[name] = {"failed": " ".join(reason.split())[:600]}
            self.say(f"{name}: FAILED, {self.figures[name]['failed']}")
            return None

    def write(self) -> None:
        """The figures so far."""
        path = Path(os.environ.get("OUT") or ".") / "gpu.json"
        path.write_text(json.dumps(self.figures, indent=1) + "\n", encoding="utf-8")

    def time(self, work: Callable[[], object]) -> Spread:
        """Milliseconds of work on the GPU by its own clock; by ours on a CPU. Twice before, uncounted."""
        times = []
        for _ in range(2 if self.device.type == "cuda" else 0):
            work()
        for _ in range(self.repeats):
            if self.device.type == "cuda":
                begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
                begin.record()
                work()
                end.record()
                end.synchronize()
                times.append(begin.elapsed_time(end))
            else:
                begin = time.perf_counter()
                work()
                times.append((time.perf_counter() - begin) * 1e3)
        return Spread.of(times)

    def clock(self, work: Callable[[], object]) -> Spread:
        """Milliseconds by our clock of work that ends by waiting for the GPU."""
        times = []
        for _ in range(self.repeats):
            begin = time.perf_counter()
            work()
            times.append((time.perf_counter() - begin) * 1e3)
        return Spread.of(times)


def measure_machine(run: Run) -> dict[str, Any]:
    """The card, and what it reads and multiplies in a second."""
    cuda = run.device.type == "cuda"
    values = torch.rand((1 << 30) if cuda else 1 << 22, device=run.device)
    run.bandwidth = values.nbytes / (run.time(values.sum).low / 1e3)
    del values
    side = 8192 if cuda else 64
    left = torch.randn(side, side, device=run.device, dtype=run.dtype)
    run.compute = 2 * side**3 / (run.time(lambda: left @ left).low / 1e3)
    found = {"torch": torch.__version__, "read_tb_s": run.bandwidth / 1e12, "matmul_tflops": run.compute / 1e12}
    if cuda:
        properties = torch.cuda.get_device_properties(run.device)
        found |= {"gpu": properties.name, "memory_gib": properties.total_memory / 2**30}
    return found


def check(run: Run, policy: str) -> dict[str, Any]:
    """Relative errors against plain PyTorch with the same weights: each layer's update, the whole step, the draws.

    Three layers, one of them dense, so that both fit. "sound" compares the worst error with what the dtype explains.
    """
    cuda = run.device.type == "cuda"
    config = replace(run.config, num_hidden_layers=3 if cuda else 2)
    model, quantized = random_model(config, POLICIES[policy], run.device, run.dtype)
    length, shapes = (1024, CHECKED) if cuda else (32, CHECKED[:1] + CHECKED[-1:])
    step, cache = make_step(model, quantized, run.dtype, run.device, 64, length, 1024, 512 if cuda else 24)
    for name in quantized:
        parent, _, leaf = name.rpartition(".")
        room = torch.empty(model.get_parameter(name).shape, dtype=run.dtype, device=run.device)
        setattr(model.get_submodule(parent), leaf, torch.nn.Parameter(room, requires_grad=False))
    put_back(model, quantized)
    other = PagedCache(config, cache.blocks, cache.block_size, run.dtype, run.device)
    other.kv_LSW.copy_(cache.kv_LSW)
    plain, found = TorchStep(model, other, length), {}
    for batch, count in shapes:
        rows = rows_at(batch, length - 10, count, length, config.vocab_size)
        name, lines = f"{batch}x{count}", range(batch * count)
        found |= {f"layer {i} {name}": error for i, error in enumerate(_layer_errors(model, step, other, rows, count))}
        hidden, expected = step.trunk(rows), plain.trunk(rows)
        found[f"trunk {name}"] = _error(hidden, expected)
        found[f"logits {name}"] = _error(step.logits(hidden), plain.logits(hidden))
        drafts = [each.mtp(rows, expected, lines, lines) for each in (step, plain)]
        found[f"mtp {name}"] = _error(*drafts)
        draws = [Draw(line * 7919, 0.8) for line in lines]
        drawn, wanted = (each.draw(hidden, lines, draws, config.vocab_size) for each in (step, plain))
        found[f"draws equal {name}"] = sum(map(int.__eq__, drawn, wanted)) / len(lines)
        again = step.step_and_draw(rows, draws, config.vocab_size)
        found[f"one graph equal {name}"] = sum(map(int.__eq__, again, drawn)) / len(lines)
        # A second run replays what the first one recorded
        found[f"replay equal {name}"] = float(torch.equal(step.trunk(rows), hidden))
    prompt = rows_at(1, 0, length - 4, length, config.vocab_size)
    found["prompt"] = _error(step.trunk(prompt), plain.trunk(prompt))
    worst = max(value for name, value in found.items() if "equal" not in name)
    least = min(value for name, value in found.items() if "equal" in name and "draws" not in name)
    sound = worst < (TOLERANCE if run.dtype == torch.bfloat16 else 1e-4) and least == 1.0
    rounded = {name: float(f"{value:.3g}") for name, value in found.items()}
    return {"sound": sound, "worst relative error": worst, **rounded}


def _layer_errors(model, step, cache: PagedCache, rows: Rows, count: int) -> Iterator[float]:
    """The error of each block's update of the residual stream, all given the same input."""
    batch = len(rows.tables)
    starts = [rows.positions[sequence * count] for sequence in range(batch)]
    context = CachedContext.of(cache, rows.tables, starts, count, model.config)
    tokens = torch.tensor(rows.tokens, device=cache.kv_LSW.device)
    x_nD = model.model.embed_tokens(tokens)
    for layer, block in enumerate(model.model.layers):
        expected = block(x_nD.unflatten(0, (batch, count)), context, layer).flatten(0, 1)
        yield _error(step.layer(rows, x_nD, layer) - x_nD, expected - x_nD)
        x_nD = expected


def _error(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    ours, theirs = ours.float(), theirs.float()
    return float((ours - theirs).norm() / theirs.norm())


def decode(run: Run, step, sizes: StepBytes, batch: int, length: int) -> dict[str, Any]:
    """A decode step: on the GPU alone (its graph, sampler included), and as the engine calls it."""
    rows = rows_at(batch, run.cached, 1, length, run.config.vocab_size)
    draws = [Draw(line * 7919 + 1, 0.8) for line in range(batch)]
    graph = run.time(step.repeatable(rows, draws, run.config.vocab_size))

    def called() -> None:
        step.draw(step.trunk(rows), range(batch), draws, run.config.vocab_size)

    called()
    return {
        **_rates(run, graph, sizes.step(batch, batch * (run.cached + 1)), batch),
        "engine_call_ms": run.clock(called).to_dict(),
    }


def _rates(run: Run, spread: Spread, read: float, tokens: float) -> dict[str, Any]:
    seconds = spread.median / 1e3
    return {
        "ms": spread.to_dict(),
        "tok_s": tokens / seconds,
        "tb_s": read / seconds / 1e12,
        "share_of_limit": read / run.bandwidth / seconds,
    }


def verify(run: Run, step, sizes: StepBytes, batch: int, length: int) -> dict[str, Any]:
    """A step over 1 + 3 tokens a sequence, and three drafts; random tokens share no experts but by chance."""
    rows = rows_at(batch, run.cached, 1 + DRAFTS, length, run.config.vocab_size)
    count = batch * (1 + DRAFTS)
    graph = run.time(step.repeatable(rows, [Draw(i, 0.8) for i in range(count)], run.config.vocab_size))
    hidden, draws = step.trunk(rows), [Draw(i, 0.8) for i in range(batch)]
    ids, lines = array("i", range(min(2048, run.config.vocab_size))), range(batch)
    one = rows_at(batch, run.cached, 1, length, run.config.vocab_size)

    def draft() -> None:
        state = hidden[:batch]
        for _ in range(DRAFTS):
            state = step.mtp(one, state, lines, lines)
            step.draw(state, lines, draws, ids)

    draft()
    drafting = run.clock(draft)
    cached = batch * (run.cached + 1 + DRAFTS)
    read = sizes.step(count, cached) + DRAFTS * sizes.draft(cached, len(ids))
    seconds = (graph.median + drafting.median) / 1e3
    return {
        "verify_ms": graph.to_dict(),
        "three_drafts_ms": drafting.to_dict(),
        "ms": graph.median + drafting.median,
        "tb_s": read / seconds / 1e12,
        "share_of_limit": read / run.bandwidth / seconds,
    }


def speed_up(plain: dict[str, Any], verified: dict[str, Any]) -> dict[str, float]:
    """MTP's gain if a verify step yields the vendor's acceptance length; its rows share experts only by chance."""
    return {"at_acceptance_length": ACCEPTED, "three_drafts": ACCEPTED * plain["ms"]["median"] / verified["ms"]}


def prefill(run: Run, step, length: int) -> dict[str, Any]:
    """A prompt in one call; the limit is its products at the measured rate of bf16, causal attention included."""
    rows = rows_at(1, 0, run.prompt, length, run.config.vocab_size)
    spread = run.time(lambda: step.trunk(rows))
    config = run.config
    matrices = sum(_flops(layer) for layer in step.weights.layers[: config.num_hidden_layers]) * run.prompt
    widths = config.qk_head_dim + config.v_head_dim
    attention = config.num_hidden_layers * config.num_attention_heads * widths * run.prompt**2
    seconds = spread.median / 1e3
    return {
        "ms": spread.to_dict(),
        "tok_s": run.prompt / seconds,
        "tflops": (matrices + attention) / seconds / 1e12,
        "share_of_limit": (matrices + attention) / run.compute / seconds,
    }


def _flops(layer) -> int:
    """Operations of a token in a layer's matrices."""

    def size(matrix) -> int:
        return matrix.shape[-1] * matrix.shape[-2]

    block = layer.feed_forward
    matrices = [layer.down, layer.query, layer.key_value, layer.output]
    if layer.router is None:
        return 2 * sum(map(size, [*matrices, block.gate, block.up, block.down]))
    routed = layer.router.chosen * (size(block.gate_up) + size(block.down))
    shared = [block.shared_gate, block.shared_up, block.shared_down, layer.router.weight]
    return 2 * (routed + sum(map(size, [*matrices, *shared])))


def fitting(run: Run, policy: str) -> ModelConfig:
    """The configuration with as many layers as fit, all of them if need be not."""
    if run.device.type != "cuda":
        return run.config
    free, _ = torch.cuda.mem_get_info(run.device)
    config = run.config
    # with scales; other matrices in bf16 are in the constant
    bits = {"bf16": 16, "fp8": 8.2, "int4 experts": 4.6, "int4 all": 4.6}[policy]
    expert = 3 * config.hidden_size * config.moe_intermediate_size * config.n_routed_experts * bits / 8
    layer = expert + 40e6 * 2 + max(run.batches) * 1400 * config.cache_width * 2
    spare = 6e9 + 4 * config.vocab_size * config.hidden_size
    return replace(config, num_hidden_layers=max(2, min(config.num_hidden_layers, int((free - spare) / layer))))


def measure_policy(run: Run, policy: str) -> None:
    """All figures of one weight format."""
    everything = run.config
    run.config = fitting(run, policy)
    length = max(run.prompt, run.cached + 64)
    short = -(-(run.cached + 64) // 16) * 16
    made = {}

    def make() -> dict[str, Any]:
        started = time.monotonic()
        model, quantized = random_model(run.config, POLICIES[policy], run.device, run.dtype)
        most = max(run.prompt, max(run.batches) * (1 + DRAFTS))
        sequences = max(max(run.batches), -(-length // short))
        recorded = 512 if run.device.type == "cuda" else 24  # the tiny prompt, too, is too long for a graph
        step, _ = make_step(model, quantized, run.dtype, run.device, sequences, short, most, recorded, length)
        made["step"] = step
        made["sizes"] = StepBytes(step.weights, run.config, run.dtype.itemsize)
        if run.device.type == "cuda":
            torch.cuda.synchronize()
        return {"layers": run.config.num_hidden_layers, "seconds": round(time.monotonic() - started, 1)}

    run.section(f"{policy}: weights", make, needs=40 if run.device.type == "cuda" else 1)
    if made:
        step, sizes = made["step"], made["sizes"]
        for batch in run.batches:
            plain = run.section(
                f"{policy}: decode, batch {batch}", lambda batch=batch: decode(run, step, sizes, batch, short)
            )
            if policy != "bf16" and batch != 1:
                continue
            both = run.section(
                f"{policy}: verify 1+3, batch {batch}", lambda batch=batch: verify(run, step, sizes, batch, short)
            )
            if plain and both:
                run.section(f"{policy}: MTP, batch {batch}", lambda plain=plain, both=both: speed_up(plain, both), 0)
        if policy != "int4 all":
            run.section(f"{policy}: prefill {run.prompt}", lambda: prefill(run, step, length))
    run.config = everything
    made.clear()
    step = sizes = None
    gc.collect()
    if run.device.type == "cuda":
        torch.cuda.empty_cache()


def table(run: Run) -> str:
    """Figures of decoding, verifying and prefill."""
    lines = []
    for name, found in run.figures.items():
        if not isinstance(found, dict) or "share_of_limit" not in found:
            continue
        spread = found["ms"] if isinstance(found["ms"], dict) else {"median": found["ms"], "min": None, "max": None}
        ms = f"{number(spread['median'])} ({number(spread['min'])}–{number(spread['max'])})"
        moved = f"{number(found['tb_s'])} TB/s" if "tb_s" in found else f"{number(found['tflops'])} TFLOP/s"
        lines.append([name, ms, number(found.get("tok_s")), moved, f"{100 * found['share_of_limit']:.0f} %"])
    return markdown(["what", "ms, median (min–max)", "tok/s", "moved", "of the limit"], lines)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="a tiny model, to test this program")
    parser.add_argument("--interpret", action="store_true", help="on the CPU, in Triton's interpreter")
    parser.add_argument("--seconds", type=float, default=450.0, help="begin nothing that would end after this")
    parser.add_argument("--policies", default=",".join(POLICIES), help="weight formats, between commas")
    parser.add_argument("--repeats", type=int, default=None, help="of each timing (default: 15; interpreted: 1)")
    options = parser.parse_args()
    device = torch.device("cpu" if options.interpret else "cuda")
    run = Run(
        tiny() if options.tiny else flash_48b_a3b(),
        device,
        torch.float32 if options.interpret else torch.bfloat16,
        [1, 2] if options.tiny else [1, 8, 64],
        20 if options.tiny else 1088,
        100 if options.tiny else 8192,  # more than decoding needs, in both
        options.repeats or (1 if options.interpret else 15),
        options.seconds,
    )
    policies = options.policies.split(",")
    with torch.inference_mode():
        run.section("machine", lambda: measure_machine(run), 0)
        for policy in policies:
            run.section(f"correctness: {policy}", lambda policy=policy: check(run, policy))
            gc.collect()
        for policy in policies:
            run.guarded(f"{policy}: the rest", lambda policy=policy: measure_policy(run, policy))
    print(table(run))
    run.write()


if __name__ == "__main__":
    main()
