"""load_model: a bundled name or a folder to model and tokenizer."""

from __future__ import annotations

from pathlib import Path

import torch

from joyflash.errors import CheckpointError
from joyflash.model.checkpoint import read_model, read_quantized
from joyflash.model.config import ModelConfig
from joyflash.model.joyflash import JoyFlash
from joyflash.model.packed_files import refuse_quantized
from joyflash.model.shards import check_small_files
from joyflash.quantization.formats import QuantizedTensor
from joyflash.text.tokenizer import Tokenizer

ASSETS = Path(__file__).resolve().parent.parent / "assets"


def model_folder(path_or_name: str | Path) -> Path:
    """Folder of a model: a path, or the name of a bundled model; CheckpointError lists the bundled names."""
    path = Path(path_or_name)
    if path.is_dir():
        return path
    if (ASSETS / path.name).is_dir() and path.name == str(path_or_name):
        return ASSETS / path.name
    bundled = ", ".join(sorted(p.name for p in ASSETS.iterdir() if (p / "config.json").is_file()))
    raise CheckpointError(
        f"There is no model folder '{path_or_name}', and no bundled model has that name "
        f"(bundled: {bundled or 'none'}). Give the path of a folder with config.json and .safetensors files."
    )


def training_folder(path_or_name: str | Path) -> Path:
    """``model_folder`` of a model to train; CheckpointError where its weights are quantised: they would stay rounded.

    Also raises what ``read_model`` does about ``config.json``.
    """
    folder = model_folder(path_or_name)
    check_small_files(folder)
    ModelConfig.from_folder(folder)  # says what is wrong with the file before it is read for the quantisation
    refuse_quantized(folder)
    return folder


def load_model(
    path_or_name: str | Path, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> tuple[JoyFlash, Tokenizer]:
    """Load model and tokenizer.

    Args:
        path_or_name: a Hugging Face folder, or the name of a bundled model such as "nano".
        device: where the weights go.
        dtype: of the weights; router biases stay float32.

    Raises:
        CheckpointError, ConfigError, TokenizerError: naming the file and what to do.
    """
    folder = model_folder(path_or_name)
    return read_model(folder, device, dtype), Tokenizer.from_pretrained(folder)


def load_quantized(
    path_or_name: str | Path, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> tuple[JoyFlash, dict[str, QuantizedTensor], Tokenizer]:
    """As ``load_model``, with quantised weights apart from the model (see ``checkpoint.read_quantized``)."""
    folder = model_folder(path_or_name)
    return *read_quantized(folder, device, dtype), Tokenizer.from_pretrained(folder)
