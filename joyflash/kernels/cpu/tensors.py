"""Which tensors the compiled functions take."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Library:
    """A program whose loops can run in parallel, and whether they do."""

    functions: ctypes.CDLL
    parallel: bool

    def takes(self, *tensors: Tensor) -> bool:
        """Whether to hand over these tensors: on the CPU, all float32 or all bfloat16, and really there.

        Fake and distributed tensors have no memory that C could read; what ``torch.compile`` sees is left to it; one
        thread in C is no match for several of PyTorch's.
        """
        dtype = tensors[0].dtype
        return (
            dtype in (torch.float32, torch.bfloat16)
            and all(
                tensor.device.type == "cpu" and tensor.dtype == dtype and type(tensor) in (Tensor, nn.Parameter)
                for tensor in tensors
            )
            and not torch.compiler.is_compiling()
            and (self.parallel or torch.get_num_threads() == 1)
        )
