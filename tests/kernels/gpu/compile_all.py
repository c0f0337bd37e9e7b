"""Compile every kernel of a step for an H100, at the released model's own sizes, without a GPU: run as a program.

Prints one line a kernel: shared memory, registers spilled. Arguments: row counts, and formats of the weights.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping

import torch

from joyflash.kernels.gpu import launch
from joyflash.kernels.gumbel import Draw
from joyflash.model.cache import PagedCache
from joyflash.model.config import flash_48b_a3b
from joyflash.model.gpu import GpuStep
from joyflash.model.joyflash import JoyFlash
from joyflash.model.step import Rows
from joyflash.quantization.formats import FORMATS, Format, QuantizedTensor
from joyflash.quantization.policy import EXPERTS, HEAD, PROJECTIONS, Policy

POLICIES = {
    "bf16": Policy("bf16", ()),
    "fp8": Policy("fp8", ((EXPERTS, FORMATS["fp8"]), (PROJECTIONS, FORMATS["fp8"]))),
    "int4": Policy("int4", ((EXPERTS, FORMATS["int4"]),)),
    "int4-all": Policy("int4-all", ((EXPERTS, FORMATS["int4"]), (PROJECTIONS, FORMATS["int4"]))),
    "int8": Policy("int8", ((EXPERTS, FORMATS["int8"]), (PROJECTIONS, FORMATS["int8"]), (HEAD, FORMATS["int8"]))),
}


def empty_quantized(shape: tuple[int, ...], format: Format) -> QuantizedTensor:
    """A quantised weight without memory."""
    *stack, rows, columns = shape
    kinds = {"fp8": torch.float8_e4m3fn, "int8": torch.int8, "int4": torch.uint8}
    width = columns // 2 if format.bits == 4 else columns
    blocks = [-(-rows // min(rows, format.block[0])), -(-columns // min(columns, format.block[1]))]
    values = torch.empty(*stack, rows, width, dtype=kinds[format.name], device="meta")
    return QuantizedTensor(format, shape, values, torch.empty(*stack, *blocks, dtype=format.scale_dtype, device="meta"))


def quantized(model: JoyFlash, policy: Policy) -> Mapping[str, QuantizedTensor]:
    """Every weight that a policy names."""
    named = ((name, parameter, policy.format_of(name)) for name, parameter in model.named_parameters())
    return {name: empty_quantized(tuple(parameter.shape), format) for name, parameter, format in named if format}


def main() -> None:
    """Compile, and print what each kernel takes."""
    counts, names = [int(each) for each in sys.argv[1].split(",")], sys.argv[2].split(",")
    config = dataclasses.replace(flash_48b_a3b(), num_hidden_layers=2)
    seen, inner = {}, launch.compile_only

    def noted(kernel, arguments, warps, stages, constants):
        types = tuple(str(each.dtype) if isinstance(each, torch.Tensor) else type(each) for each in arguments)
        key = (kernel.__name__, types, warps, stages, tuple(constants.items()))
        if key not in seen:
            seen[key] = made = inner(kernel, arguments, warps, stages, constants)
            print(f"{kernel.__name__:22} shared {made.metadata.shared:7} {warps} warps", flush=True)

    launch.compile_only = noted
    with torch.device("meta"):
        model = JoyFlash(config).to(torch.bfloat16)
    for name in names:
        step = GpuStep(
            model, PagedCache(config, 512, 16, torch.bfloat16, "meta"), 4096, 2048, quantized(model, POLICIES[name])
        )
        step.trunk(Rows([0] * 1024, list(range(1024)), [0] * 1024, [[7] * 100]))
        for count in counts:
            tables = [[7] * 100] * count
            step.trunk(Rows([0] * count, [900] * count, list(range(count)), tables))
            step.trunk(Rows([0] * 4 * count, list(range(900, 904)) * count, [i // 4 for i in range(4 * count)], tables))
            hidden = torch.empty(count, config.hidden_size, dtype=torch.bfloat16, device="meta")
            step.mtp(Rows([0] * count, [900] * count, list(range(count)), tables), hidden, range(count), range(count))
            step._draw(step._draw_buffers(count, [Draw(0, 0.0)] * count, config.vocab_size))
        print(f"{name}: {len(seen)} kernels compiled", flush=True)


if __name__ == "__main__":
    main()
