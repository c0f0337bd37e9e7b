"""What the SGLang plugin takes for granted, looked up in the source of a real SGLang: nothing of it is imported.

Without a GPU SGLang does not import; its wheel can be unpacked anywhere (``pip download --no-deps sglang==0.5.23``):
JOYFLASH_SGLANG_SOURCE names the folder that holds ``sglang/``.
"""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

VARIABLE = "JOYFLASH_SGLANG_SOURCE"
pytestmark = pytest.mark.skipif(VARIABLE not in os.environ, reason=f"{VARIABLE} names no unpacked wheel of SGLang")


def parsed(name: str) -> ast.Module:
    return ast.parse((Path(os.environ[VARIABLE]) / "sglang" / "srt" / name).read_text(encoding="utf-8"))


def member(tree: ast.AST, *names: str) -> ast.ClassDef | ast.FunctionDef:
    for name in names:
        (tree,) = (node for node in ast.iter_child_nodes(tree) if getattr(node, "name", None) == name)
    assert isinstance(tree, ast.ClassDef | ast.FunctionDef)
    return tree


def names_called(function: ast.AST) -> set[str]:
    calls = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return {func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "") for func in calls}


def arguments(function: ast.ClassDef | ast.FunctionDef) -> list[str]:
    assert isinstance(function, ast.FunctionDef)
    return [argument.arg for argument in function.args.args]


def test_the_drafter_is_built_as_the_plugin_replaces_it():
    nextn = parsed("models/deepseek_nextn.py")
    assert "DeepseekModelNextN" in names_called(member(nextn, "DeepseekV3ForCausalLMNextN", "__init__"))
    assert "DeepseekV2DecoderLayer" in names_called(member(nextn, "DeepseekModelNextN", "__init__"))
    asked = ["self", "config", "quant_config", "prefix"]
    assert arguments(member(nextn, "DeepseekV3ForCausalLMNextN", "__init__")) == asked


def test_the_forward_pass_takes_embeddings():
    nextn = parsed("models/deepseek_nextn.py")
    asked = ["self", "input_ids", "positions", "forward_batch", "input_embeds"]
    assert arguments(member(nextn, "DeepseekModelNextN", "forward")) == asked
    assert arguments(member(nextn, "DeepseekModelNextN", "embed_input_ids")) == ["self", "input_ids", "forward_batch"]


def test_the_layer_asks_whether_it_is_sparse():
    layer = member(parsed("models/deepseek_v2.py"), "DeepseekV2DecoderLayer")
    assert arguments(member(layer, "_is_layer_sparse")) == ["config", "layer_id", "is_nextn"]
    assert "_is_layer_sparse" in names_called(member(layer, "__init__"))


def test_the_external_package_and_the_tool_parser_are_known_there():
    source = Path(os.environ[VARIABLE]) / "sglang" / "srt"
    assert "SGLANG_EXTERNAL_MODEL_PACKAGE" in (source / "environ.py").read_text(encoding="utf-8")
    assert '"qwen3_coder"' in (source / "function_call" / "function_call_parser.py").read_text(encoding="utf-8")


def test_the_launch_flags_exist():
    from joyflash.plan import LaunchSettings, launch

    settings = LaunchSettings(
        "m", api_keys=("k",), served_names=("n",), gpus=2, context=1, concurrency=1, prefill_chunk=1, mtp=1,
        online_fp8=True, whole_experts=True, static_share=0.5,
    )  # fmt: skip
    folder = Path(os.environ[VARIABLE]) / "sglang" / "srt"
    files = [folder / "server_args.py", *(folder / "arg_groups").rglob("*.py")]
    source = "\n".join(file.read_text(encoding="utf-8") for file in files)
    flags = [word for word in launch("sglang", settings).argv if word.startswith("--")]
    # A flag is spelt out, or is the name of an annotated field.
    missing = [f for f in flags if f'"{f}"' not in source and f"\n    {f[2:].replace('-', '_')}: " not in source]
    assert len(flags) > 14 and missing == []
