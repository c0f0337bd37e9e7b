# pyright: reportMissingImports=false
"""How a kernel is launched: on a GPU, in Triton's interpreter, or only compiled, for tensors without memory.

With programmatic dependent launch a kernel starts while the one before it still runs: it loads weights, waits
(``wait_for_input``), and only then reads what earlier kernels wrote. Two rules keep that sound. Every program waits,
also one that has nothing to do, and it lets the next kernel start only after it has waited. So before its wait a
kernel may read what the kernel before the last one wrote, and nothing younger; and it writes nothing.
"""

from __future__ import annotations

import functools
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor
from triton.language.extra.cuda import gdc_launch_dependents, gdc_wait

from joyflash.errors import KernelError

_TYPES = {
    torch.float32: "fp32",
    torch.float16: "fp16",
    torch.bfloat16: "bf16",
    torch.float64: "fp64",
    torch.float8_e4m3fn: "fp8e4nv",
    torch.uint8: "u8",
    torch.int8: "i8",
    torch.int32: "i32",
    torch.int64: "i64",
}
DOT_TYPES = {torch.float32: tl.float32, torch.float16: tl.float16, torch.bfloat16: tl.bfloat16}
"""What tl.dot multiplies in, by the dtype of activations."""


@triton.jit
def wait_for_input(PDL: tl.constexpr):
    """Wait until everything that earlier kernels wrote is visible; then let the next kernel start loading."""
    if PDL:
        gdc_wait()
        gdc_launch_dependents()


def power_of_2(number: int, least: int = 1) -> int:
    """The next power of two, at least ``least``."""
    return max(least, triton.next_power_of_2(number))


def launch(
    kernel: Any, grid: tuple[int, ...], *arguments: Any, warps: int = 4, stages: int = 2, **constants: Any
) -> None:
    """Launch a kernel; ``PDL`` is added to its constants. On tensors of device "meta" it is only compiled.

    Args:
        kernel: a ``triton.jit`` function; its first argument is a tensor.
        arguments: those before the constants, in order.
        warps, stages: of a program.

    Raises:
        KernelError: a tensor lies on a device that Triton does not reach.
    """
    first = arguments[0]
    if first.device.type == "meta":
        compile_only(kernel, arguments, warps, stages, constants)
        return
    pdl = first.is_cuda and _has_dependent_launch(first.device)
    if not first.is_cuda and isinstance(kernel, triton.JITFunction):
        raise KernelError("GPU kernels run on the CPU only in Triton's interpreter; set TRITON_INTERPRET=1.")
    extra = {"launch_pdl": True} if pdl else {}
    with torch.cuda.device_of(first):  # Triton launches on the thread's current device
        kernel[grid](*arguments, **constants, PDL=pdl, num_warps=warps, num_stages=stages, **extra)


@functools.cache
def _has_dependent_launch(device: torch.device) -> bool:
    return torch.cuda.get_device_capability(device)[0] >= 9


def compile_only(kernel: Any, arguments: tuple[Any, ...], warps: int, stages: int, constants: dict[str, Any]) -> Any:
    """Compile a kernel for an H100 as these arguments would have it, which needs no GPU; Triton's compiled kernel."""
    names = kernel.arg_names
    signature = {name: _type(value) for name, value in zip(names, arguments, strict=False)}
    # As at a launch: pointers and numbers that 16 divides let the compiler load several values at once.
    divisible = {
        (place,): [["tt.divisibility", 16]]
        for place, value in enumerate(arguments)
        if isinstance(value, Tensor) or (isinstance(value, int) and value % 16 == 0 and value)
    }
    values = {**constants, "PDL": True}
    signature |= dict.fromkeys(values, "constexpr")
    fixed = {(names.index(name),): value for name, value in values.items()}
    source = triton.compiler.ASTSource(kernel, signature, fixed, divisible)
    target = triton.backends.compiler.GPUTarget("cuda", 90, 32)
    options = {"num_warps": warps, "num_stages": stages, "launch_pdl": True}
    return triton.compile(source, target=target, options=options)


def _type(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"*{_TYPES[value.dtype]}"
    return "fp32" if isinstance(value, float) else "i32"
