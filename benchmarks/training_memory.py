"""Planned training memory beside PyTorch's own memory tracker, on dry runs of the model: no GPU, no weights, no data.

    python benchmarks/training_memory.py [--layers 40] [--world 64] [--expert-parallel 8] [--tokens 4096] ...

The training code runs unchanged as the first of ``world`` processes whose communication is pretended (PyTorch's "fake"
process group), on tensors that have shapes but no numbers (fake tensors). Three functions are replaced: what depends on
numbers (which token goes where: here evenly) and what a GPU does otherwise than a CPU (attention, fused norms).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

import torch
import torch.distributed as dist
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed._tools.mem_tracker import MemTracker
from torch.nn import functional as F
from torch.testing._internal.distributed.fake_pg import FakeStore

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from joyflash.model import expert_parallel as parallel
from joyflash.model.attention import PackedContext
from joyflash.model.config import ModelConfig, flash_48b_a3b
from joyflash.model.joyflash import JoyFlash
from joyflash.model.transformer import set_recompute
from joyflash.parallel.mesh import make_mesh
from joyflash.parallel.reduction import TreeSum
from joyflash.parallel.team import Team
from joyflash.plan.training_memory import training_memory
from joyflash.plan.training_sizes import Layout, TrainingSizes
from joyflash.quantization.fake import fake_quantized
from joyflash.train.distributed import TeamWorker, build_sharded_optimizers, shard_model
from joyflash.train.losses import weighted_cross_entropy
from joyflash.train.recipe import stored_policy


def evenly_exchanged(x_TD, chosen_TK, weight_TK, gate_up_eJD, down_eDI, group):
    """``exchanged_experts`` as on a GPU, every expert getting as many tokens as every other."""
    rows, choices = chosen_TK.numel(), chosen_TK.shape[1]
    order_M = chosen_TK.flatten().argsort(stable=True)
    ranks, experts = group.group.size(), gate_up_eJD.shape[0]
    counts_E = parallel.counts(chosen_TK.flatten(), experts * ranks)
    each = [rows // ranks] * ranks
    weight_R = parallel.exchange_rows(weight_TK.flatten()[order_M], each, each, group.group)
    sorted_R = torch.arange(rows)
    runs = [torch.arange(1, experts + 1, dtype=torch.int32) * (rows // experts)]

    def work(rows_RD: torch.Tensor) -> torch.Tensor:
        rows_RD = rows_RD[sorted_R]
        out_RD = parallel._Feed.apply(rows_RD, weight_R[sorted_R], gate_up_eJD, down_eDI, runs)
        return torch.empty_like(out_RD).index_copy_(0, sorted_R, out_RD)

    out_TD = parallel._Collect.apply(
        parallel.exchange_rows(
            work(parallel.exchange_rows(parallel._spread(x_TD, order_M, choices), each, each, group.group)),
            each,
            each,
            group.group,
        ),
        order_M,
        choices,
    )
    return out_TD, counts_E


class _Flash(torch.autograd.Function):
    """What a GPU's attention keeps: its inputs, its output and the log-sum-exp."""

    @staticmethod
    def forward(ctx, q_TND, k_TND, v_TND):
        out_TND = torch.empty_like(q_TND)
        ctx.save_for_backward(q_TND, k_TND, v_TND, out_TND, q_TND.new_empty(q_TND.shape[:2], dtype=torch.float32))
        return out_TND

    @staticmethod
    def backward(ctx, grad_TND):  # pyright: ignore[reportIncompatibleMethodOverride]
        return tuple(torch.empty_like(grad_TND) for _ in range(3))


def flash(q_TND, k_TND, v_TNV, ends_S, scale):
    """``attend_segments`` on a GPU."""
    width = q_TND.shape[-1]
    return _Flash.apply(q_TND, k_TND, F.pad(v_TNV, (0, width - v_TNV.shape[-1])))[..., : v_TNV.shape[-1]]


class _Norm(torch.autograd.Function):
    """What a GPU's fused norm keeps: its input and one number a row."""

    @staticmethod
    def forward(ctx, x, weight):
        ctx.save_for_backward(x, weight, x.new_empty(x.shape[:-1], dtype=torch.float32))
        return torch.empty_like(x)

    @staticmethod
    def backward(ctx, grad):  # pyright: ignore[reportIncompatibleMethodOverride]
        return torch.empty_like(grad), torch.empty_like(ctx.saved_tensors[1])


@contextmanager
def pretended(world: int) -> Iterator[Team]:
    """The first of ``world`` processes that are not there."""
    dist.init_process_group("fake", rank=0, world_size=world, store=FakeStore())
    try:
        with ExitStack() as stack:
            for target, replacement in (
                ("joyflash.model.moe.exchanged_experts", evenly_exchanged),
                ("joyflash.model.attention.attend_segments", flash),
            ):
                stack.enter_context(mock.patch(target, replacement))
            stack.enter_context(mock.patch("joyflash.optim.orthogonalize._CPU_CHUNK", 1 << 60))  # a GPU takes all
            norm = mock.patch.object(nn.RMSNorm, "forward", lambda self, x: _Norm.apply(x, self.weight))
            stack.enter_context(norm)
            yield Team(0, world, torch.device("cpu"))
    finally:
        dist.destroy_process_group()


def dry_run(config: ModelConfig, layout: Layout, *, mtp: bool, quantize: str | None = None) -> dict[str, int]:
    """Bytes of one process by what they are for, after one step and at the peaks of the second."""
    with pretended(layout.devices) as team:
        mesh = make_mesh(team, layout.expert_parallel)
        with FakeTensorMode():
            sharded = shard_model(JoyFlash(config), mesh, torch.bfloat16, fixed_order=False)
            set_recompute(sharded.model, layout.recompute)
            shards, optimizers = build_sharded_optimizers(sharded, 1e-3, 1e-3, weight_decay=0.1)
            optimizers[0]._dtype = torch.bfloat16  # pyright: ignore[reportAttributeAccessIssue]
            worker = TeamWorker(sharded, shards, fixed_order=False)
            sharded.model.train()
            tokens_T = torch.zeros(layout.tokens, dtype=torch.int64)
            context = PackedContext(*(torch.zeros(layout.tokens, 1, 32) for _ in range(2)), torch.zeros(1).long())
            objective = _Objective(tokens_T, context, mtp)

            def one_pass(total: TreeSum) -> None:
                parts = ((name, sharded.local(name)) for name in sharded.placements)
                with fake_quantized(parts, stored_policy(quantize)):
                    loss, _ = sharded.call(objective, tokens_T)
                    loss.backward()
                    worker._take_gradients(total)

            def step(total: TreeSum) -> list[torch.Tensor | None]:
                gradients = total.total()
                for shard, gradient in zip(shards, gradients, strict=True):
                    shard.parameter.grad = gradient
                for optimizer in optimizers:
                    optimizer.step()
                return gradients

            total = TreeSum()
            one_pass(total)
            terms = step(total)
            for shard in shards:
                shard.parameter.grad = None
            weights = [shard.parameter for shard in shards]
            muon, adamw = ([v for state in o.state.values() for v in state.values()] for o in optimizers)
            muon += list(optimizers[0]._second_moments.values())  # pyright: ignore[reportAttributeAccessIssue]
            peaks = []
            total = TreeSum()
            total.add_in_place(terms)
            gradients = [term for term in terms if term is not None]
            held = _bytes([*weights, *gradients, *muon, *adamw])
            for work in (one_pass, step):
                tracker = MemTracker()
                tracker.track_external(*weights, *gradients, *muon, *adamw)
                with tracker:
                    work(total)
                peaks.append(tracker.get_tracker_snapshot("peak")[torch.device("cpu")]["Total"])
    found = {"weights": weights, "gradients": gradients, "momentum": muon, "moments": adamw}
    return {name: _bytes(each) for name, each in found.items()} | {
        "held": held, "peak of a pass": peaks[0], "peak of the update": peaks[1],
    }  # fmt: skip


class _Objective:
    """``LanguageModelling`` with every token a target, and no look at the numbers."""

    def __init__(self, tokens_T: torch.Tensor, context: PackedContext, mtp: bool):
        self.context, self.mtp = context, mtp
        self.index_T, self.weights_T = torch.zeros_like(tokens_T), torch.ones(tokens_T.numel())

    def __call__(self, model: JoyFlash, tokens_T: torch.Tensor) -> tuple[torch.Tensor, None]:
        hidden_TD = model.hidden(tokens_T, self.context)
        loss = self._loss(model, hidden_TD, tokens_T)
        if self.mtp:
            mtp_TD = model.mtp_hidden(hidden_TD, tokens_T, self.index_T, self.context)
            loss = loss + 0.1 * self._loss(model, mtp_TD, tokens_T)
        return loss, None

    def _loss(self, model: JoyFlash, hidden_TD: torch.Tensor, tokens_T: torch.Tensor) -> torch.Tensor:
        hidden_ND = hidden_TD.index_select(0, self.index_T)
        return weighted_cross_entropy(hidden_ND, model.lm_head.weight, tokens_T, self.weights_T)[0]


def _bytes(tensors: list[torch.Tensor]) -> int:
    return sum(each.numel() * each.element_size() for each in tensors)


def compare(
    config: ModelConfig, layout: Layout, *, mtp: bool, quantize: str | None = None
) -> dict[str, dict[str, float]]:
    """Planned and tracked bytes of each kind, and their ratio."""
    plan = training_memory(TrainingSizes(config, mtp=mtp, quantize=quantize), layout)
    tracked = dry_run(config, layout, mtp=mtp, quantize=quantize)
    planned = {name: getattr(plan, name) for name in ("weights", "gradients", "momentum", "moments", "held")} | {
        "peak of a pass": plan.pass_peak,
        "peak of the update": plan.update_peak,
    }
    return {
        name: {"planned": planned[name], "tracked": tracked[name], "ratio": round(planned[name] / tracked[name], 3)}
        for name in planned
    }


def main() -> None:
    """Compare one layout and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=40, help="of the released model")
    parser.add_argument("--world", type=int, default=64, help="processes")
    parser.add_argument("--expert-parallel", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=4096, help="of one pass")
    parser.add_argument("--no-recompute", action="store_true", help="keep all activations")
    parser.add_argument("--mtp", action="store_true", help="with the MTP loss")
    parser.add_argument("--quantize", help="as in a recipe: int8, int4 or int4-int8")
    options = parser.parse_args()
    torch.set_num_threads(1)
    config = dataclasses.replace(flash_48b_a3b(), num_hidden_layers=options.layers)
    layout = Layout(options.world, options.expert_parallel, not options.no_recompute, options.tokens)
    start = time.perf_counter()
    found = compare(config, layout, mtp=options.mtp, quantize=options.quantize)
    asked = {"layers": options.layers, "mtp": options.mtp, "quantize": options.quantize}
    print(json.dumps({"layout": dataclasses.asdict(layout), **asked}))
    for name, each in found.items():
        line = f"planned {each['planned'] / 1e9:8.3f} GB  tracked {each['tracked'] / 1e9:8.3f} GB"
        print(f"{name:20} {line}  ratio {each['ratio']:.3f}")
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
