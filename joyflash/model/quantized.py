"""Quantised weights of a model, by the names of its parameters: made from it, or put back into it."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from joyflash.model.joyflash import JoyFlash
from joyflash.quantization.formats import Format, QuantizedTensor, dequantize, quantize
from joyflash.quantization.policy import Policy

QuantizedWeights = Mapping[str, QuantizedTensor]
"""Parameter name -> what stands for the parameter; experts are stacked as in the model."""


def quantize_model(model: JoyFlash, policy: Policy) -> dict[str, QuantizedTensor]:
    """Quantise the parameters that a policy names; the model itself is not touched.

    Raises:
        ConfigError: a weight is not finite.
    """
    found = {}
    for name, parameter in model.named_parameters():
        if format := policy.format_of(name):
            found[name] = _quantized(parameter, format, name)
    return found


@torch.no_grad()
def put_back(model: JoyFlash, quantized: QuantizedWeights) -> None:
    """Set the parameters to what the quantised weights stand for, in their own dtype and on their own device."""
    for name, tensor in quantized.items():
        parameter = model.get_parameter(name)
        weight = torch.empty(tensor.shape, dtype=parameter.dtype, device=parameter.device)
        if weight.dim() == 2:
            weight.copy_(dequantize(tensor))
        else:
            for place, values, scales in zip(weight, tensor.values, tensor.scales, strict=True):
                place.copy_(dequantize(QuantizedTensor(tensor.format, tensor.shape[1:], values, scales)))
        parameter.data = weight


def _quantized(weight: torch.Tensor, format: Format, name: str) -> QuantizedTensor:
    """One after the other where experts are stacked: the work takes several times a matrix's own memory."""
    if weight.dim() == 2:
        return quantize(weight, format, name)
    parts = [quantize(matrix, format, f"{name}[{number}]") for number, matrix in enumerate(weight)]
    values, scales = (torch.stack([getattr(part, name) for part in parts]) for name in ("values", "scales"))
    return QuantizedTensor(format, tuple(weight.shape), values, scales)
