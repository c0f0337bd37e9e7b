"""Whether vLLM and SGLang can load a model: known before they start, said in a sentence that tells what to do."""

from __future__ import annotations

from joyflash.convert.padding import LATENT, ROTATED
from joyflash.hardware import GPU
from joyflash.plan.checkpoint import Checkpoint
from joyflash.plan.memory import Memory
from joyflash.plan.weights import QUANTISATIONS, block_of, cut_blocks, kind_of, weigh

_BLOCK_INT8 = "blockwise_int8"  # SGLang's name for 8-bit integers with a scale for a block of rows and columns


def obstacle(engine: str, checkpoint: Checkpoint, quant: str, count: int) -> str | None:
    """Why an engine cannot serve a checkpoint; None if nothing is known against it.

    Args:
        engine: vllm or sglang.
        checkpoint: as it lies in the folder.
        quant: what the folder is to hold in place of bf16, a name in ``QUANTISATIONS``.
        count: devices that share the model.
    """
    return (
        _latent(checkpoint)
        or _head(checkpoint)
        or block_obstacle(checkpoint, quant, count)
        or (_in_sglang(checkpoint, quant) if engine == "sglang" else _in_vllm(checkpoint, quant))
    )


def fp8_obstacle(checkpoint: Checkpoint, gpu: GPU, memory: Memory, count: int) -> str | None:
    """Why SGLang cannot serve in fp8 what vLLM can: a bf16 folder that is converted on loading, or an fp8 one.

    ``memory`` is the device's; SGLang has all weights there as they are stored before it converts the first one
    (sgl-project/sglang, issue 2895), and its fp8 experts do not run on Ampere (issue 12887).
    """
    if gpu.fp8 is None:
        return f"SGLang's fp8 experts need hardware for fp8, which {gpu.name} lacks; vLLM does without."
    if checkpoint.foreign:
        return None
    plain = weigh(checkpoint, "bf16").bytes(count)
    room = memory.total - memory.driver - memory.margin - memory.reserve
    if plain > room:
        return (
            f"SGLang converts to fp8 when all weights are on the GPU in bf16: {plain / 1e9:.2f} GB, of which "
            f"{room / 1e9:.2f} fit. Use vLLM, which converts layer by layer."
        )
    return None


def _latent(checkpoint: Checkpoint) -> str | None:
    config = checkpoint.config
    if (config.kv_lora_rank, config.qk_rope_head_dim) == (LATENT, ROTATED):
        return None
    pad = f"Pad it: joyflash export {checkpoint.path} OUT --padded"
    if checkpoint.quantisation:
        pad = "Pad the model that it was made from (joyflash export --padded), and quantise that."
    return (
        f"vLLM and SGLang take a latent of {LATENT} with a rotated width of {ROTATED} only; {checkpoint.name} has "
        f"{config.kv_lora_rank} with {config.qk_rope_head_dim}. {pad}"
    )


def _head(checkpoint: Checkpoint) -> str | None:
    if any(tensor.packed and kind_of(tensor.name) == "head" for tensor in checkpoint.tensors):
        return (
            f"The output head of {checkpoint.name} is quantised, which vLLM and SGLang cannot read. Make the folder "
            "again: joyflash quantize without --head."
        )
    return None


def block_obstacle(checkpoint: Checkpoint, quant: str, count: int) -> str | None:
    """Why ``count`` devices cannot share a checkpoint that is quantised in blocks; routed experts can be kept whole."""
    cut = next((tensor for kind, tensor in cut_blocks(checkpoint, quant, count).items() if kind != "expert"), None)
    if cut is None:
        return None
    rows, columns = block_of(cut, quant)
    return (
        f"{count} GPUs cannot share weights in blocks of {rows} x {columns}: {cut.name}, {cut.shape[0]:,} x "
        f"{cut.shape[1]:,}, would be cut within them. Take fewer GPUs, or weights without such blocks."
    )


def _in_sglang(checkpoint: Checkpoint, quant: str) -> str | None:
    """SGLang 0.5.23 multiplies kv_b_proj out while loading, and looks for a weight there that is not packed."""
    scheme = QUANTISATIONS[quant]
    packed = "projection" in scheme.kinds and quant not in ("fp8", "int8-block")
    if packed or any(t.packed and t.name.endswith(".kv_b_proj.weight") for t in checkpoint.tensors):
        return (
            f"SGLang cannot load {checkpoint.quantisation or quant}: it wants attention's kv_b_proj unquantised. Take "
            "int4, which quantises the routed experts alone, or use vLLM."
        )
    return None


def _in_vllm(checkpoint: Checkpoint, quant: str) -> str | None:
    if quant == "int8-block" or checkpoint.quantisation == _BLOCK_INT8:
        return "vLLM has no 8-bit integers in blocks of rows and columns; use SGLang."
    return None
