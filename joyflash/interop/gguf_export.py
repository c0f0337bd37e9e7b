"""Write a checkpoint as one GGUF file that llama.cpp loads (architecture ``deepseek2``).

The mapping is the one of llama.cpp's own converter for DeepSeek-V3 (``conversion/deepseek.py``): keys and values in
the absorbed form with one key-value head, sigmoid router with its correction bias, experts stacked. The converter
itself is no library; this one reads checksummed folders piece by piece, names what it leaves out, and refuses what
llama.cpp would misread.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, get_args

import numpy as np
import torch

from joyflash.errors import CheckpointError, ConfigError
from joyflash.extras import require
from joyflash.interop.gguf_tensors import PlannedTensor, plan_tensors
from joyflash.interop.gguf_vocab import add_vocabulary
from joyflash.model.config import ModelConfig
from joyflash.model.layout import is_mtp
from joyflash.model.packed_files import refuse_quantized
from joyflash.model.shards import ShardFiles, check, check_small_files, checksum

_LOG = logging.getLogger(__name__)

Kind = Literal["f32", "f16", "bf16", "q8_0"]
_FILE_TYPES = {
    "f32": "ALL_F32",
    "f16": "MOSTLY_F16",
    "bf16": "MOSTLY_BF16",
    "q8_0": "MOSTLY_Q8_0",
}
_READ_ONLY = "q4_k"  # often asked for; the gguf library reads it but cannot write it
_GGML_QUANTIZATION_VERSION = 2


@dataclass(frozen=True)
class GgufReport:
    """What an export wrote.

    Args:
        path: the file.
        size: its bytes.
        tensors: how many tensors it holds.
        kept_f16: names of those whose rows the asked block format does not divide; they are float16 instead.
        left_out: stored tensors that are not in the file (the MTP layer).
    """

    path: Path
    size: int
    tensors: int
    kept_f16: tuple[str, ...]
    left_out: tuple[str, ...]


def export_gguf(folder: Path, out: Path, kind: Kind, *, say_left_out: bool = True) -> GgufReport:
    """Write the model in ``folder`` to the new file ``out``, which appears once it is complete.

    Norms, routers and router biases are float32 in every kind. Memory holds one piece of a tensor at a time. The MTP
    layer stays out: llama.cpp takes only a mixture of experts there.

    Args:
        folder: a Hugging Face folder with weights and tokenizer.
        out: the file to write, usually ``NAME.gguf``.
        kind: of the matrices. What the gguf library cannot write is refused; with q8_0, tensors whose rows are no
            multiple of 32 are float16, and the report names them.
        say_left_out: log that the MTP layer stays out; False where the caller knows.

    Raises:
        MissingExtraError: the gguf library is not installed.
        ConfigError: llama.cpp or the library cannot hold this kind or this configuration.
        CheckpointError: the folder is incomplete, damaged or quantised, or a weight does not fit into float16.
        TokenizerError, TemplateError: llama.cpp cannot read the tokenizer, or a file of it is damaged.
    """
    gguf = require("gguf", "export")
    _check_kind(kind)
    if out.is_dir():
        raise ConfigError(f"{out} is a folder. Give the path of the file to write, for example {out / 'model.gguf'}.")
    if out.exists():
        raise ConfigError(f"{out} exists. Name another file, or remove it first.")
    check_small_files(folder)
    config = ModelConfig.from_folder(folder)
    _check_config(config)
    refuse_quantized(folder)
    shards = ShardFiles(folder)
    plan = plan_tensors(config, {name: tensor.shape for name, tensor in shards.tensors.items()})
    left_out = tuple(sorted(name for name in shards.tensors if is_mtp(config, name)))
    if left_out and say_left_out:
        _LOG.warning(
            "llama.cpp has no dense MTP layer: %d tensors of layer %d stay out of %s, so it drafts nothing.",
            len(left_out),
            config.num_hidden_layers,
            out,
        )
    for file in sorted({tensor.file for tensor in shards.tensors.values()}):
        if file.name in shards.checksums:
            check(file, checksum(file), shards.checksums[file.name])

    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(out.name + ".tmp")
    writer = gguf.GGUFWriter(unfinished, gguf.MODEL_ARCH_NAMES[gguf.MODEL_ARCH.DEEPSEEK2])
    try:
        _add_description(gguf, writer, folder, config, kind)
        add_vocabulary(gguf, writer, folder, config)
        kept_f16 = _write(gguf, writer, config, plan, shards, kind)
        writer.close()
        unfinished.replace(out)
    finally:
        writer.close()
        unfinished.unlink(missing_ok=True)
    return GgufReport(out, out.stat().st_size, len(plan), kept_f16, left_out)


def _check_kind(kind: str) -> None:
    """Raise ConfigError for a kind that does not exist or that the library cannot write."""
    if kind == _READ_ONLY:
        raise ConfigError(
            f"The gguf library reads {kind} but cannot write it. Export as bf16 and let llama.cpp's own tool quantise "
            f"that file: llama-quantize model-bf16.gguf model-{kind}.gguf {kind.upper()}_M"
        )
    if kind not in get_args(Kind):
        raise ConfigError(f"There is no GGUF kind {kind!r}; there are {', '.join(get_args(Kind))}.")


def _check_config(config: ModelConfig) -> None:
    """Raise ConfigError for a configuration that llama.cpp takes for another model."""
    layers, vocabulary = config.num_hidden_layers, config.vocab_size
    taken_for_lite = layers in (26, 27) or (layers == 48 and vocabulary == 128_256)
    if config.q_lora_rank is not None and taken_for_lite:
        raise ConfigError(
            f"llama.cpp takes a model of {layers} layers and {vocabulary} tokens for one without query rank, such as "
            "DeepSeek-V2-Lite, and cannot load this one. Export it as a Hugging Face folder instead (--format hf)."
        )


def _add_description(gguf: ModuleType, writer: Any, folder: Path, config: ModelConfig, kind: str) -> None:
    """Write everything about the model but its vocabulary."""
    card = _model_card(gguf, folder)
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name(folder.resolve().name)
    for field in ("license", "license_name", "license_link"):
        if isinstance(card.get(field), str):
            getattr(writer, f"add_{field}")(card[field])
    licence = folder / "LICENSE"
    if licence.is_file():
        writer.add_string("joyflash.license_text", licence.read_text(encoding="utf-8", errors="replace"))
    writer.add_file_type(gguf.LlamaFileType[_FILE_TYPES[kind]])
    writer.add_quantization_version(_GGML_QUANTIZATION_VERSION)

    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)

    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(1)  # the absorbed form: every head reads the one latent
    writer.add_key_length(config.cache_width)
    writer.add_value_length(config.kv_lora_rank)
    writer.add_key_length_mla(config.qk_head_dim)
    writer.add_value_length_mla(config.v_head_dim)
    writer.add_q_lora_rank(config.q_lora_rank or 0)  # 0: llama.cpp then reads an undivided query projection
    writer.add_kv_lora_rank(config.kv_lora_rank)
    writer.add_rope_dimension_count(config.qk_rope_head_dim)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_rope_scaling_type(gguf.RopeScalingType.NONE)

    writer.add_leading_dense_block_count(config.first_k_dense_replace)
    writer.add_expert_count(config.n_routed_experts)
    writer.add_expert_used_count(config.num_experts_per_tok)
    writer.add_expert_shared_count(config.n_shared_experts)
    writer.add_expert_feed_forward_length(config.moe_intermediate_size)
    writer.add_expert_weights_scale(config.routed_scaling_factor)
    writer.add_expert_weights_norm(config.norm_topk_prob)
    writer.add_expert_gating_func(gguf.ExpertGatingFuncType.SIGMOID)


def _model_card(gguf: ModuleType, folder: Path) -> dict[str, Any]:
    """The front matter of ``README.md``; empty, and the log says so, where it cannot be read."""
    try:
        return gguf.Metadata.load_model_card(folder)
    except (ValueError, require("yaml", "export").YAMLError) as error:
        reason = " ".join(str(error).split())
        _LOG.warning("%s cannot be read (%s): the export does without its licence.", folder / "README.md", reason)
        return {}


def _write(
    gguf: ModuleType, writer: Any, config: ModelConfig, plan: Sequence[PlannedTensor], shards: ShardFiles, kind: str
) -> tuple[str, ...]:
    """Write header and tensors; return the names that stayed float16."""
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.DEEPSEEK2, config.num_hidden_layers)
    kept_f16 = []
    types = []
    for tensor in plan:
        name = names.get_name(tensor.name, try_suffixes=(".weight", ".bias"))
        type_ = _type_of(gguf, tensor, kind)
        if kind != "f16" and type_ == gguf.GGMLQuantizationType.F16:
            kept_f16.append(name)
        types.append(type_)
        row = gguf.quant_shape_to_byte_shape(tensor.shape, type_)
        writer.add_tensor_info(name, tensor.shape, np.dtype(np.float32), math.prod(row), raw_dtype=type_)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    stream = writer.fout[0]
    for tensor, type_ in zip(plan, types, strict=True):
        writer.write_padding(stream, stream.tell())
        for piece in tensor.pieces:
            values = piece.read(shards).to(torch.float32).numpy()
            stream.write(_encoded(gguf, tensor, np.ascontiguousarray(values), type_).data)
    writer.write_padding(stream, stream.tell())
    return tuple(kept_f16)


def _type_of(gguf: ModuleType, tensor: PlannedTensor, kind: str) -> Any:
    """The asked kind for matrices whose rows it divides; float32 for vectors and routers, else float16."""
    type_ = gguf.GGMLQuantizationType[kind.upper()]
    if len(tensor.shape) == 1 or tensor.name.endswith(".mlp.gate.weight"):
        return gguf.GGMLQuantizationType.F32
    return gguf.GGMLQuantizationType.F16 if tensor.shape[-1] % gguf.GGML_QUANT_SIZES[type_][0] else type_


def _encoded(gguf: ModuleType, tensor: PlannedTensor, values: np.ndarray, type_: Any) -> np.ndarray:
    """Float32 values as the file stores them; CheckpointError where float16 has no such number."""
    with np.errstate(over="ignore"):
        encoded = gguf.quantize(values, type_)
    if type_ == gguf.GGMLQuantizationType.F16 and not np.isfinite(encoded).all():
        raise CheckpointError(f"{tensor.name} has values that float16 cannot hold. Export as bf16 or f32.")
    return encoded
