"""Read and write a model as a Hugging Face folder: ``config.json`` and ``model*.safetensors``."""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from joyflash.errors import CheckpointError
from joyflash.hardware import return_freed_memory
from joyflash.model import packed_files
from joyflash.model.config import ModelConfig
from joyflash.model.joyflash import JoyFlash
from joyflash.model.layout import Place, is_mtp, mtp_layer_present, places, stored_twice, to_hugging_face
from joyflash.model.quantized import put_back
from joyflash.model.shards import CHECKSUMS, INDEX, ShardFiles, check_small_files, fetch_ahead, write_checksums
from joyflash.quantization.formats import Format, QuantizedTensor

_LOG = logging.getLogger(__name__)

SHARD_BYTES = 5 * 10**9
PARTIAL = ".partial"
"""Where a folder's files lie until all of them are written."""


def save_model(
    model: JoyFlash,
    folder: Path,
    dtype: torch.dtype | None = None,
    *,
    model_type: str | None = None,
    own_mtp_shard: bool = False,
    shard_bytes: int = SHARD_BYTES,
) -> None:
    """Write a Hugging Face folder: ``config.json``, safetensors shards with one name per expert, checksums.

    Each tensor is written once, the output head a second time for the MTP layer. Beyond the model, memory holds one
    shard. Weights that the folder held before are removed.

    Args:
        model: what to write.
        folder: where; created if need be.
        dtype: of the file; None keeps each parameter's own.
        model_type: what ``config.json`` says; None keeps the configuration's own (see ``config.MODEL_TYPES``).
        own_mtp_shard: put the MTP layer into ``mtp-1-of-1.safetensors``, as the released checkpoint does.
        shard_bytes: a shard ends before it grows beyond this.

    Raises:
        CheckpointError: a file cannot be written.
    """
    config = model.config if model_type is None else dataclasses.replace(model.config, model_type=model_type)
    save_state(config, model.state_dict(), folder, dtype, own_mtp_shard=own_mtp_shard, shard_bytes=shard_bytes)


def save_state(
    config: ModelConfig,
    state: Mapping[str, torch.Tensor],
    folder: Path,
    dtype: torch.dtype | None = None,
    *,
    own_mtp_shard: bool = False,
    shard_bytes: int = SHARD_BYTES,
) -> None:
    """``save_model`` for the tensors of a model by our names."""
    tensors = dict(to_hugging_face(config, state))

    def fetch(names: Iterable[str]) -> dict[str, torch.Tensor]:
        return {name: _stored(tensors[name], dtype) for name in names}

    write_folder(config, tensors, fetch, folder, dtype, own_mtp_shard=own_mtp_shard, shard_bytes=shard_bytes)


def write_folder(
    config: ModelConfig,
    tensors: Mapping[str, torch.Tensor],
    fetch: Callable[[Iterable[str]], dict[str, torch.Tensor]],
    folder: Path,
    dtype: torch.dtype | None,
    *,
    own_mtp_shard: bool = False,
    shard_bytes: int = SHARD_BYTES,
    settings: Mapping[str, object] | None = None,
) -> None:
    """Write ``config.json``, shards, index and checksums from tensors that are fetched one shard at a time.

    A checkpoint that the folder holds already stays whole until the new one is complete. What fails or is interrupted
    leaves nothing behind.

    Args:
        config: what ``config.json`` says.
        tensors: every Hugging Face name in order, with its shape and dtype (meta is enough).
        fetch: names -> contiguous CPU tensors in the dtype of the file.
        folder, dtype, own_mtp_shard, shard_bytes: as of ``save_model``.
        settings: what ``config.json`` says beyond the configuration.

    Raises:
        CheckpointError: a file cannot be written.
    """
    mtp = {name for name in tensors if own_mtp_shard and is_mtp(config, name)}
    groups = _grouped({n: t for n, t in tensors.items() if n not in mtp}, dtype, shard_bytes)
    total = len(groups)
    files = {f"model-{number:05d}-of-{total:05d}.safetensors": names for number, names in enumerate(groups, start=1)}
    if total == 1 and not mtp:
        files = {"model.safetensors": groups[0]}
    if mtp:
        files["mtp-1-of-1.safetensors"] = sorted(mtp)
    values = {**config.to_dict(), "dtype": str(dtype or next(iter(tensors.values())).dtype).removeprefix("torch.")}
    values |= settings or {}
    written = {"config.json": values}
    size = 0
    with _partial(folder) as partial:
        for file, names in files.items():
            shard = fetch(names)
            size += sum(tensor.nbytes for tensor in shard.values())
            with _writing(folder / file):
                save_file(shard, partial / file, metadata={"format": "pt"})
            del shard  # before the next one is fetched
            return_freed_memory()
        if len(files) > 1:
            weight_map = {name: file for file, names in files.items() for name in names}
            written[INDEX] = {"metadata": {"total_size": size}, "weight_map": weight_map}
        for name, content in written.items():
            with _writing(folder / name):
                (partial / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        with _writing(folder / CHECKSUMS):
            write_checksums(partial, [*files, *written])
    complete = {file.name for file in partial.iterdir()}
    for name in sorted(complete):
        (partial / name).replace(folder / name)
    partial.rmdir()
    for old in (*folder.glob("*.safetensors"), folder / INDEX):
        if old.name not in complete:
            old.unlink(missing_ok=True)


@contextmanager
def _partial(folder: Path) -> Iterator[Path]:
    """A new folder inside ``folder``; where the work in it fails, it leaves, and ``folder`` too if it was made here."""
    partial, made = folder / PARTIAL, not folder.exists()
    shutil.rmtree(partial, ignore_errors=True)  # of a process that was killed
    partial.mkdir(parents=True)
    try:
        yield partial
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        if made:
            with suppress(OSError):  # somebody else put something there meanwhile
                folder.rmdir()
        raise


@contextmanager
def _writing(file: Path) -> Iterator[None]:
    """Raise CheckpointError where ``file`` cannot be written; safetensors has an error of its own for that."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{file} cannot be written ({error}). Make room or give the folder write permission, and try again."
        ) from error


def _grouped(tensors: Mapping[str, torch.Tensor], dtype: torch.dtype | None, limit: int) -> list[list[str]]:
    """Names in order, cut into groups of at most ``limit`` bytes (but at least one tensor)."""
    groups: list[list[str]] = [[]]
    size = 0
    for name, tensor in tensors.items():
        bytes_ = tensor.numel() * (dtype or tensor.dtype).itemsize
        if groups[-1] and size + bytes_ > limit:
            groups.append([])
            size = 0
        groups[-1].append(name)
        size += bytes_
    return groups


def _stored(tensor: torch.Tensor, dtype: torch.dtype | None) -> torch.Tensor:
    return tensor.detach().to("cpu", dtype or tensor.dtype).clone(memory_format=torch.contiguous_format)


@dataclass(frozen=True)
class OpenCheckpoint:
    """A folder whose headers fit its configuration; no weight has been read."""

    config: ModelConfig
    shards: ShardFiles
    plan: dict[str, Place]  # stored name -> where it belongs; of a quantised weight the name it has unquantised
    formats: dict[str, Format]  # of quantised weights, by stored name
    model: JoyFlash  # on the meta device

    def read_into(
        self,
        tensors: Mapping[str, torch.Tensor],
        originals: Mapping[str, torch.Tensor],
        *,
        rows: Mapping[str, tuple[int, int]] | None = None,
        check_all: bool = False,
    ) -> None:
        """``ShardFiles.read_into``; the log says what the MTP layer repeats otherwise than the trunk has it.

        Args:
            tensors, rows, check_all: as there.
            originals: by our names, the trunk's tensors that are compared, among those that ``tensors`` fill.
        """
        copies = {
            name: torch.empty(self.shards.tensors[name].shape, dtype=self.shards.tensors[name].dtype)
            for name, ours in stored_twice(self.config).items()
            if name in self.shards.tensors and ours in originals
        }
        self.shards.read_into({**tensors, **copies}, rows=rows, check_all=check_all)
        for name, copy in copies.items():
            original = originals[stored_twice(self.config)[name]]
            if copy.shape != original.shape or not torch.equal(copy.to(original.dtype), original.cpu()):
                folder = self.shards.folder
                _LOG.warning("%s of %s differs from the trunk's own; the trunk's serves both here.", name, folder)


def open_checkpoint(folder: Path, *, quantized: bool = False) -> OpenCheckpoint:
    """Compare all names, shapes and dtypes of a folder with its configuration.

    The configuration has no MTP layer where the folder holds none, and the log says so.

    Args:
        folder: a Hugging Face folder.
        quantized: whether it may hold quantised weights (see ``packed_files``).

    Raises:
        CheckpointError, ConfigError: as of ``read_model``; also when the folder is quantised and must not be.
    """
    check_small_files(folder)
    config = ModelConfig.from_folder(folder)
    if not quantized:
        packed_files.refuse_quantized(folder)
    described = packed_files.described_formats(folder)
    shards = ShardFiles(folder)
    names = packed_files.weight_names(set(shards.tensors))
    if config.num_nextn_predict_layers and not mtp_layer_present(config, names):
        config = ModelConfig.from_dict({**config.to_dict(), "num_nextn_predict_layers": 0})
        _LOG.warning("%s announces an MTP layer but holds none: loaded without it, so nothing is drafted.", folder)
    with torch.device("meta"):
        model = JoyFlash(config)
    state = model.state_dict()
    plan = places(config, names, state)
    formats = {}
    for name, place in plan.items():
        wanted = tuple(place.of(state).shape)
        if name not in shards.tensors:
            formats[name] = packed_files.format_of_stored(shards, name, wanted, described)
            continue
        stored = shards.tensors[name]
        if not stored.dtype.is_floating_point:
            kind = str(stored.dtype).removeprefix("torch.")
            raise CheckpointError(f"{stored.file}: {name} is stored as {kind}; a weight needs fractions.")
        if stored.shape != wanted:
            raise CheckpointError(
                f"{stored.file}: {name} has the shape {stored.shape}; config.json calls for {wanted}."
            )
    packed_files.check_alike(shards, plan, formats)
    return OpenCheckpoint(config, shards, plan, formats, model)


def read_model(folder: Path, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32) -> JoyFlash:
    """Load a folder of either expert layout, tensor by tensor into the finished model.

    Names, shapes and dtypes are compared with the configuration before anything is allocated; then host memory holds
    the model and, where tensors are converted or go to a GPU, a few megabytes for each of a few readers. A checkpoint
    without its announced MTP layer loads without it, with a line in the log. Router biases stay float32, whatever
    ``dtype`` is.
    Quantised weights become the numbers that they stand for.

    Args:
        folder: a Hugging Face folder.
        device: where the weights go.
        dtype: of the weights; the one they are stored in is the fastest.

    Raises:
        CheckpointError: a file is missing, damaged or altered, or tensors and configuration do not fit each other.
        ConfigError: ``config.json`` describes another architecture, or a quantisation that is not known here.
    """
    model, quantized = read_quantized(folder, device, dtype)
    put_back(model, quantized)
    return model


def read_quantized(
    folder: Path, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> tuple[JoyFlash, dict[str, QuantizedTensor]]:
    """As ``read_model``, but quantised weights stay apart, on the CPU: their parameters in the model are empty.

    ``quantized.put_back`` makes the model whole.
    """
    fetch_ahead(folder)
    found = open_checkpoint(folder, quantized=True)
    shards, plan, model = found.shards, found.plan, found.model
    quantized = packed_files.read_packed(shards, plan, found.formats, model.state_dict())
    for name, parameter in model.named_parameters():  # still without memory; the router biases are buffers
        parameter.data = parameter.data.new_empty(0 if name in quantized else parameter.shape, dtype=dtype)
    model = model.to_empty(device=device)
    state = model.state_dict()
    originals = {name: tensor for name, tensor in state.items() if name not in quantized}
    found.read_into({name: place.of(state) for name, place in plan.items() if name in shards.tensors}, originals)
    for module in model.modules():  # buffers that no checkpoint holds
        for name in module._non_persistent_buffers_set:
            buffer = module._buffers[name]
            if buffer is not None:
                buffer.zero_()
    return_freed_memory()  # of tensors that were converted
    return model.eval(), quantized
