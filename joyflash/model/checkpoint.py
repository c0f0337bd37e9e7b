"""Read and write a model as a Hugging Face folder: ``config.json`` and ``model*.safetensors``."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from joyflash.errors import CheckpointError
from joyflash.model.config import ModelConfig
from joyflash.model.joyflash import JoyFlash
from joyflash.model.layout import from_hugging_face, mtp_layer_present, to_hugging_face

SHARD_BYTES = 5 * 10**9


def save_model(model: JoyFlash, folder: Path, dtype: torch.dtype | None = None) -> None:
    """Write ``config.json`` and safetensors shards of at most 5 GB, in ``dtype`` or as the parameters are.

    Each tensor is written once under its Hugging Face name, the output head a second time for the MTP layer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    values = model.config.to_dict()
    shards: list[dict[str, torch.Tensor]] = [{}]
    size = 0
    for name, tensor in to_hugging_face(model.config, model.state_dict()):
        stored = tensor.detach().to("cpu", dtype or tensor.dtype).clone(memory_format=torch.contiguous_format)
        if shards[-1] and size + stored.nbytes > SHARD_BYTES:
            shards.append({})
            size = 0
        shards[-1][name] = stored
        size += stored.nbytes
    values["dtype"] = str(next(iter(shards[0].values())).dtype).removeprefix("torch.")
    (folder / "config.json").write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    if len(shards) == 1:
        save_file(shards[0], folder / "model.safetensors", metadata={"format": "pt"})
        return
    places = {}
    for number, shard in enumerate(shards, start=1):
        file = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        save_file(shard, folder / file, metadata={"format": "pt"})
        places |= dict.fromkeys(shard, file)
    total = sum(tensor.nbytes for shard in shards for tensor in shard.values())
    index = {"metadata": {"total_size": total}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")


def read_model(folder: Path, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32) -> JoyFlash:
    """Load a folder of either expert layout; a checkpoint without its announced MTP layer loads without it.

    Router biases stay float32, whatever ``dtype`` is.

    Raises:
        CheckpointError: a file is missing or damaged, or tensors and configuration do not fit each other.
        ConfigError: ``config.json`` describes another architecture.
    """
    config = ModelConfig.from_folder(folder)
    files = _files(folder)
    with ExitStack() as stack:
        places: dict[str, Any] = {}
        for file in files:
            try:
                handle = stack.enter_context(safe_open(file, framework="pt"))
            except (SafetensorError, OSError) as error:
                raise CheckpointError(f"{file} is damaged or cut off ({error}). Copy the file again.") from error
            places |= dict.fromkeys(handle.keys(), handle)
        if config.num_nextn_predict_layers and not mtp_layer_present(config, set(places)):
            config = _without_mtp(config)
        with torch.device("meta"):
            model = JoyFlash(config)
        wanted = model.state_dict()
        loaded = {
            name: tensor.to(device, torch.float32 if name.endswith("e_score_correction_bias") else dtype)
            for name, tensor in from_hugging_face(
                config, set(places), lambda name: places[name].get_tensor(name), wanted
            )
        }
    model.load_state_dict(loaded, assign=True)
    for module in model.modules():  # buffers that no checkpoint holds
        for name in module._non_persistent_buffers_set:
            buffer = module._buffers[name]
            module._buffers[name] = None if buffer is None else torch.zeros_like(buffer, device=device)
    return model.eval()


def _without_mtp(config: ModelConfig) -> ModelConfig:
    return ModelConfig.from_dict({**config.to_dict(), "num_nextn_predict_layers": 0})


def _files(folder: Path) -> list[Path]:
    """All safetensors files of a folder, checked against its index if it has one."""
    files = sorted(folder.glob("*.safetensors"))
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            named = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise CheckpointError(f"{index} is damaged ({error!r}). Copy the file again.") from error
        missing = sorted(named - {file.name for file in files})
        if missing:
            raise CheckpointError(f"{folder} lacks {', '.join(missing)}, which its index names. Copy the file again.")
    if not files:
        raise CheckpointError(f"{folder} holds no .safetensors file. Copy the model's weights there.")
    return files
