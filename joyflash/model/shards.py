"""The safetensors files of a folder: headers first, then bytes straight into their places, checked on the way.

Why not the library's own loading: it maps whole files into memory and copies from there, so that a model of stacked
experts needs twice its size; reading tensor after tensor into the finished parameters needs the model and nothing else.
"""

from __future__ import annotations

import dataclasses
import json
import math
import mmap
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import torch
from safetensors import SafetensorError, safe_open

from joyflash.errors import CheckpointError
from joyflash.extras import crc32

CHECKSUMS = "checksums.json"
INDEX = "model.safetensors.index.json"
_TRAINING_STATE = ("progress.json", "team.json")  # as joyflash.train.checkpoint and .team_checkpoint write them
_READERS = 4
_CHUNK = 1 << 22
_AHEAD = 1 << 28
_PIECE = 1 << 22  # values
_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I32": torch.int32,  # packed weights and their shapes
    "I64": torch.int64,
}


@dataclass(frozen=True)
class StoredTensor:
    """Where a tensor lies: bytes ``start`` to ``end`` of ``file``."""

    name: str
    file: Path
    dtype: torch.dtype
    shape: tuple[int, ...]
    start: int
    end: int

    def cut(self, first: int, last: int) -> StoredTensor:
        """Its rows from ``first`` to the one before ``last``, on the first axis."""
        row = (self.end - self.start) // max(self.shape[0], 1)
        start, end = self.start + first * row, self.start + last * row
        return dataclasses.replace(self, shape=(last - first, *self.shape[1:]), start=start, end=end)


class ShardFiles:
    """All tensors of a folder's safetensors files, by name.

    Args:
        folder: with ``*.safetensors`` and, if there are several, usually an index.
        any_dtype: take tensors of dtypes that joyflash does not read as bytes (uint8), in place of an error.

    Raises:
        CheckpointError: no file, a file is missing, cut off or damaged, or two files hold the same tensor.
    """

    def __init__(self, folder: Path, *, any_dtype: bool = False):
        self.folder = folder
        self.checksums = read_checksums(folder)
        self.tensors: dict[str, StoredTensor] = {}
        self._held: dict[Path, int] = {}  # bytes of all tensors of a file
        for file in _files(folder):
            for tensor in read_header(file, any_dtype=any_dtype):
                if tensor.name in self.tensors:
                    other = self.tensors[tensor.name].file.name
                    raise CheckpointError(
                        f"{file} and {other} both hold {tensor.name}. Remove the file that is too many."
                    )
                self.tensors[tensor.name] = tensor
                self._held[file] = self._held.get(file, 0) + tensor.end - tensor.start

    def read_into(
        self,
        places: Mapping[str, torch.Tensor],
        *,
        rows: Mapping[str, tuple[int, int]] | None = None,
        check_all: bool = False,
    ) -> None:
        """Fill tensors with the stored ones of these names, converting dtypes and devices.

        Files are read once, from front to back, a few at the same time: that hides the cost of fresh memory and of
        checksums behind the disk's. A file that is read whole is compared with its checksum, if it has one.

        Args:
            places: tensors by stored name.
            rows: of these names, first index on the first axis that is wanted, and the one after the last.
            check_all: compare all files that are read from: those with a checksum are read whole.

        Raises:
            CheckpointError: a file changed since its checksum was written, or ends early.
        """
        by_file: dict[Path, list[StoredTensor]] = {}
        for name in places:
            tensor = self.tensors[name]
            by_file.setdefault(tensor.file, []).append(tensor.cut(*rows[name]) if rows and name in rows else tensor)

        def read(file: Path) -> None:
            tensors = by_file[file]
            whole = self._held[file] == sum(tensor.end - tensor.start for tensor in tensors)
            checked = (whole or check_all) and file.name in self.checksums
            with _Reader(file, checked=checked, ahead=whole or checked) as reader:
                for tensor in sorted(tensors, key=lambda tensor: tensor.start):
                    _fill(places[tensor.name], tensor, reader)
                if checked:
                    check(file, reader.finish(), self.checksums[file.name])

        with ThreadPoolExecutor(min(_READERS, max(len(by_file), 1))) as pool:
            list(pool.map(read, sorted(by_file)))  # raises what the first damaged file raised

    def read(self, name: str, part: tuple[slice, ...] = ()) -> torch.Tensor:
        """One tensor or a part of it, on the CPU in its stored dtype; only the part's bytes are read."""
        with safe_open(self.tensors[name].file, framework="pt") as handle:
            return (
                handle.get_slice(name)[part or (slice(None),)] if self.tensors[name].shape else handle.get_tensor(name)
            )


def read_header(file: Path, *, any_dtype: bool = False) -> list[StoredTensor]:
    """The tensors of one file without their data; the library checks that the header and the file's length agree.

    ``any_dtype`` is as of ``ShardFiles``.
    """
    try:
        with safe_open(file, framework="pt"), file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            entries = json.loads(stream.read(length))
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{file} is damaged or cut off ({error}). Copy the file again.") from error
    found = []
    for name, entry in entries.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] not in _DTYPES and not any_dtype:
            raise CheckpointError(
                f"{file}: {name} is stored as {entry['dtype']}; joyflash reads {', '.join(_DTYPES)} checkpoints."
            )
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        dtype = _DTYPES.get(entry["dtype"], torch.uint8)
        found.append(StoredTensor(name, file, dtype, tuple(entry["shape"]), start, end))
    return found


def read_checksums(folder: Path) -> dict[str, str]:
    """File name -> CRC-32 as ``write_checksums`` left it; empty where nobody wrote any.

    Raises:
        CheckpointError: the list is damaged or names a file that is missing, or a training run wrote the folder.
    """
    _refuse_training_checkpoint(folder)
    path = folder / CHECKSUMS
    if not path.is_file():
        return {}
    try:
        text = path.read_text(encoding="utf-8")
        files = json.loads(text)["crc32"]
        if _rendered(files) != text:
            raise ValueError("it is not as joyflash wrote it")
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} is damaged ({error}). Copy the folder again.") from error
    missing = sorted(name for name in files if not (folder / name).is_file())
    if missing:
        raise CheckpointError(f"{folder} lacks {', '.join(missing)}. Copy the folder again, all files of it.")
    return files


def _refuse_training_checkpoint(folder: Path) -> None:
    """Raise CheckpointError for a ``step-N`` folder: its checksums and names are the run's own, not a model's."""
    if any((folder / name).is_file() for name in _TRAINING_STATE) and not (folder / "config.json").is_file():
        raise CheckpointError(
            f"{folder} is a training checkpoint, not a model: use {folder.parent / 'model'}, or `merge = N` in the "
            "recipe, which averages a run's last checkpoints."
        )


def write_checksums(folder: Path, names: Iterable[str] | None = None) -> None:
    """Write ``checksums.json`` for these files of a folder, or for all that lie in it."""
    names = [path.name for path in folder.iterdir() if path.is_file()] if names is None else names
    files = {name: checksum(folder / name) for name in sorted(set(names) - {CHECKSUMS})}
    (folder / CHECKSUMS).write_text(_rendered(files), encoding="utf-8")


def fetch_ahead(folder: Path) -> None:
    """Let the system begin to read the files that will be read first, while their headers are still being looked at."""
    if hasattr(os, "posix_fadvise"):
        for file in sorted(folder.glob("*.safetensors"))[:_READERS]:
            with file.open("rb") as stream:
                os.posix_fadvise(stream.fileno(), 0, _AHEAD, os.POSIX_FADV_WILLNEED)


def check_small_files(folder: Path) -> None:
    """Compare everything but the weights with its checksum; CheckpointError names the file that was altered."""
    for name, stored in read_checksums(folder).items():
        if not name.endswith(".safetensors"):
            check(folder / name, checksum(folder / name), stored)


def check(file: Path, found: str, stored: str) -> None:
    """Raise CheckpointError unless the two checksums agree."""
    if found != stored:
        raise CheckpointError(
            f"{file} was altered or damaged: its checksum is {found}, {CHECKSUMS} says {stored}. Copy the file again, "
            f"or delete {CHECKSUMS} if you changed it on purpose."
        )


def checksum(file: Path) -> str:
    """CRC-32 of a file in hexadecimal: it notices every changed byte, and is faster than a disk."""
    value = 0
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            value = crc32(chunk, value)
    return f"{value:08x}"


def _rendered(files: Mapping[str, str]) -> str:
    return json.dumps({"crc32": files}, indent=2) + "\n"


class _Reader:
    """Reads ranges of one file in ascending order.

    When ``checked``, it sums up everything it passes; with ``ahead`` the system fetches what comes next meanwhile.
    """

    def __init__(self, file: Path, *, checked: bool, ahead: bool):
        self._file = file
        self._ahead = ahead and hasattr(os, "posix_fadvise")
        self._checked = checked
        self._value = 0
        self._place = 0
        self._asked = 0
        self._room: mmap.mmap | None = None

    def __enter__(self) -> _Reader:
        self._stream = self._file.open("rb", buffering=0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def read(self, start: int, into: memoryview) -> None:
        """Fill ``into`` from byte ``start`` on."""
        self._pass_to(start)
        self._read(into)

    def buffer(self, count: int, dtype: torch.dtype) -> torch.Tensor:
        """Room for ``count`` values, the same for every call: it goes back to the system with the reader.

        Of what the C library's own allocator gives to a thread, it keeps tens of megabytes for later.
        """
        size = count * dtype.itemsize
        if self._room is None or len(self._room) < size:
            self._room = mmap.mmap(-1, max(size, 8 * _PIECE))
        return torch.frombuffer(self._room, dtype=dtype, count=count)

    def finish(self) -> str:
        """Pass the rest of the file; return the checksum."""
        self._pass_to(self._file.stat().st_size)
        return f"{self._value:08x}"

    def _pass_to(self, place: int) -> None:
        if not self._checked:
            self._stream.seek(place)
            self._place = place
        while self._place < place:
            self._read(memoryview(bytearray(min(_CHUNK, place - self._place))))

    def _read(self, into: memoryview) -> None:
        for chunk in _chunks(into):
            self._read_ahead()
            done = 0
            while done < len(chunk):
                count = self._stream.readinto(chunk[done:])
                if not count:
                    raise CheckpointError(f"{self._file} ends early. Copy the file again.")
                done += count
            if self._checked:
                self._value = crc32(chunk, self._value)
            self._place += len(chunk)

    def _read_ahead(self) -> None:
        """Let the system fetch the next part of the file while this one is copied and summed up."""
        if self._ahead and self._place + _AHEAD // 2 >= self._asked:
            start = max(self._asked, self._place)
            os.posix_fadvise(self._stream.fileno(), start, _AHEAD, os.POSIX_FADV_WILLNEED)
            self._asked = start + _AHEAD


def _chunks(view: memoryview) -> Iterator[memoryview]:
    """Pieces that still lie in the processor's cache when the checksum reads them again."""
    for start in range(0, len(view), _CHUNK):
        yield view[start : start + _CHUNK]


def _fill(place: torch.Tensor, tensor: StoredTensor, reader: _Reader) -> None:
    """Read a tensor where it belongs, through a buffer of a few megabytes where dtype or device differ."""
    count = math.prod(tensor.shape)
    if not count:
        return
    if place.device.type == "cpu" and place.dtype == tensor.dtype and place.is_contiguous():
        reader.read(tensor.start, _bytes_of(place))
        return
    pieces = min(count, _PIECE) if place.is_contiguous() else count
    flat = place.detach().view(-1) if place.is_contiguous() else None
    buffer = reader.buffer(pieces, tensor.dtype)
    for first in range(0, count, pieces):
        part = buffer[: count - first]
        reader.read(tensor.start + first * tensor.dtype.itemsize, _bytes_of(part))
        if flat is None:
            place.copy_(part.view(tensor.shape))
        else:
            flat[first : first + pieces].copy_(part)


def _bytes_of(x: torch.Tensor) -> memoryview:
    return x.detach().reshape(-1).view(torch.uint8).numpy().data


def _files(folder: Path) -> list[Path]:
    """All safetensors files of a folder, checked against its index if it has one."""
    files = sorted(folder.glob("*.safetensors"))
    index = folder / INDEX
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
