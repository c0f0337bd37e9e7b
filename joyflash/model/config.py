"""ModelConfig: the architecture's numbers, under Hugging Face names, with presets and one size dial."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joyflash.errors import CheckpointError, ConfigError

MODEL_TYPES = ("joyai_llm_flash", "deepseek_v3")


@dataclass(frozen=True)
class ModelConfig:
    """Numbers of a JoyAI-LLM-Flash-shaped model (spec: the released ``config.json``).

    Raises:
        ConfigError: on a value that this architecture does not have.
    """

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    intermediate_size: int
    num_attention_heads: int
    q_lora_rank: int | None
    kv_lora_rank: int
    qk_nope_head_dim: int
    qk_rope_head_dim: int
    v_head_dim: int
    n_routed_experts: int
    num_experts_per_tok: int
    moe_intermediate_size: int
    n_shared_experts: int = 1
    first_k_dense_replace: int = 1
    routed_scaling_factor: float = 2.5
    norm_topk_prob: bool = True
    rope_theta: float = 32_000_000.0
    max_position_embeddings: int = 131_072
    rms_norm_eps: float = 1e-6
    num_nextn_predict_layers: int = 1
    bos_token_id: int = 0
    eos_token_id: int = 1
    model_type: str = "joyai_llm_flash"

    def __post_init__(self) -> None:
        for name in ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "kv_lora_rank"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; it must be at least 1.")
        if not 0 < self.num_experts_per_tok <= self.n_routed_experts:
            raise ConfigError(
                f"num_experts_per_tok is {self.num_experts_per_tok}; it must lie between 1 and "
                f"n_routed_experts ({self.n_routed_experts})."
            )
        if self.n_shared_experts < 1:
            raise ConfigError(
                f"n_shared_experts is {self.n_shared_experts}; every mixture layer of this architecture has at least 1."
            )
        if self.qk_rope_head_dim % 2:
            raise ConfigError(f"qk_rope_head_dim is {self.qk_rope_head_dim}; rotary pairs need an even number.")
        if self.num_nextn_predict_layers not in (0, 1):
            raise ConfigError(
                f"num_nextn_predict_layers is {self.num_nextn_predict_layers}; this architecture has 0 or 1."
            )

    @property
    def qk_head_dim(self) -> int:
        """Width of one query or key head: the part without and the part with rotation."""
        return self.qk_nope_head_dim + self.qk_rope_head_dim

    @property
    def cache_width(self) -> int:
        """Cached values per token and layer: the latent and the shared rotated key."""
        return self.kv_lora_rank + self.qk_rope_head_dim

    def to_dict(self) -> dict[str, Any]:
        """Return the ``config.json`` that transformers, vLLM and SGLang read, in the spellings of old and new ones."""
        return {
            "architectures": ["DeepseekV3ForCausalLM"],
            **dataclasses.asdict(self),
            "num_key_value_heads": self.num_attention_heads,
            "hidden_act": "silu",
            "n_group": 1,
            "topk_group": 1,
            "scoring_func": "sigmoid",
            "topk_method": "noaux_tc",
            "moe_layer_freq": 1,
            "rope_interleave": True,
            "rope_scaling": None,
            "rope_parameters": {"rope_type": "default", "rope_theta": self.rope_theta},
            "tie_word_embeddings": False,
            "attention_bias": False,
            "dtype": "bfloat16",
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ModelConfig:
        """Read a ``config.json`` of either model type, with rope_theta at the top or in ``rope_parameters``."""
        model_type = values.get("model_type")
        if model_type not in MODEL_TYPES:
            raise ConfigError(f"model_type is {model_type!r}; joyflash loads {' and '.join(MODEL_TYPES)}.")
        rope = values.get("rope_parameters") or {}
        if not isinstance(rope, dict):
            raise ConfigError(f"rope_parameters is {rope!r}; it must be an object.")
        _refuse_unsupported(values, rope)
        names = {field.name for field in dataclasses.fields(cls)}
        taken = {name: value for name, value in values.items() if name in names}
        if "rope_theta" in rope:
            taken["rope_theta"] = rope["rope_theta"]
        for field in dataclasses.fields(cls):
            if field.name in taken:
                _check_type(field.name, taken[field.name], str(field.type))
        required = {field.name for field in dataclasses.fields(cls) if field.default is dataclasses.MISSING}
        missing = sorted(required - taken.keys())
        if missing:
            raise ConfigError(f"config.json lacks {', '.join(missing)}.")
        return cls(**taken)

    @classmethod
    def from_folder(cls, folder: Path) -> ModelConfig:
        """Read ``folder/config.json``; CheckpointError if it is missing or not JSON."""
        path = folder / "config.json"
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise CheckpointError(f"{folder} is not a model folder: it has no config.json.") from error
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            raise CheckpointError(f"{path} is not valid JSON ({error}). Copy the file again.") from error
        if not isinstance(values, dict):
            raise CheckpointError(f"{path} holds no JSON object. Copy the file again.")
        return cls.from_dict(values)


def _check_type(name: str, value: Any, annotation: str) -> None:
    """Raise ConfigError where a value of ``config.json`` is of another kind than the field's."""
    if name.endswith("_token_id") or (value is None and annotation.endswith("| None")):
        return  # checkpoints name several tokens, or none; the tokenizer knows its own
    kinds = {"bool": bool, "int": int, "float": int | float, "str": str}
    kind = annotation.removesuffix(" | None")
    if not isinstance(value, kinds[kind]) or (isinstance(value, bool) and kind != "bool"):
        wanted = {"bool": "true or false", "int": "an integer", "float": "a number", "str": "a text"}[kind]
        raise ConfigError(f"{name} is {value!r} in config.json; it must be {wanted}.")


def _refuse_unsupported(values: dict[str, Any], rope: dict[str, Any]) -> None:
    """Raise ConfigError for a setting of the wider DeepSeek-V3 family that this architecture does not have."""
    fixed = {
        "n_group": 1,
        "topk_group": 1,
        "scoring_func": "sigmoid",
        "topk_method": "noaux_tc",
        "hidden_act": "silu",
        "rope_interleave": True,
        "tie_word_embeddings": False,
        "attention_bias": False,
        "rope_scaling": None,
        "moe_layer_freq": 1,
    }
    for name, value in fixed.items():
        if values.get(name, value) != value:
            raise ConfigError(f"config.json says {name} = {values[name]!r}; this architecture has {value!r}.")
    if rope.get("rope_type", "default") != "default":
        raise ConfigError(f"config.json says rope_type = {rope['rope_type']!r}; this architecture has plain RoPE.")


def flash_48b_a3b() -> ModelConfig:
    """JoyAI-LLM-Flash: 48.9 B parameters, about 3 B active per token."""
    return ModelConfig(
        vocab_size=129_280,
        hidden_size=2048,
        num_hidden_layers=40,
        intermediate_size=7168,
        num_attention_heads=32,
        q_lora_rank=1536,
        kv_lora_rank=512,
        qk_nope_head_dim=128,
        qk_rope_head_dim=64,
        v_head_dim=128,
        n_routed_experts=256,
        num_experts_per_tok=8,
        moe_intermediate_size=768,
    )


def sized(width: int, vocab_size: int = 8192) -> ModelConfig:
    """The small family: everything derives from one dial, the hidden ``width`` (a multiple of 64).

    The proportions follow the released model where a small one can bear them (query rank below the width, narrow
    experts, one dense layer, one shared expert). Ours: fewer and relatively wider experts, because on a CPU the cost
    of an expert is its call, and a rotary base that fits 16 rotated dimensions.
    """
    if width < 64 or width % 64:
        raise ConfigError(f"width is {width}; the size dial takes multiples of 64.")
    return ModelConfig(
        vocab_size=vocab_size,
        hidden_size=width,
        num_hidden_layers=max(3, width // 32),
        intermediate_size=width * 5 // 2,
        num_attention_heads=max(2, width // 64),
        q_lora_rank=width // 2,
        kv_lora_rank=128,
        qk_nope_head_dim=48,
        qk_rope_head_dim=16,
        v_head_dim=64,
        n_routed_experts=16,
        num_experts_per_tok=2,
        moe_intermediate_size=width // 2,
        routed_scaling_factor=1.0,
        rope_theta=10_000.0,
        max_position_embeddings=8192,
    )


def nano() -> ModelConfig:
    """The bundled size: a width of 256, grown by two heads and two active experts while it was trained."""
    return dataclasses.replace(sized(256), num_attention_heads=6, num_experts_per_tok=4)


PRESETS = {"flash_48b_a3b": flash_48b_a3b, "nano": nano}


def preset(name: str) -> ModelConfig:
    """Return a named configuration; ConfigError lists the names."""
    if name not in PRESETS:
        raise ConfigError(f"No preset is called {name!r}; there are {', '.join(PRESETS)}.")
    return PRESETS[name]()
