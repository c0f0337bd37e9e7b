"""How checkpoints load: the 48B layout as headers without data, and a synthetic folder beside the disk's own speed.

python benchmarks/load.py layout
python benchmarks/load.py disk --gigabytes 2 --repeats 5
python benchmarks/load.py memory --gigabytes 1
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from joyflash.convert.export import export_folder
from joyflash.hardware import return_freed_memory
from joyflash.model.checkpoint import open_checkpoint, read_model, save_model
from joyflash.model.config import ModelConfig, flash_48b_a3b
from joyflash.model.joyflash import JoyFlash
from joyflash.model.layout import is_mtp, stored_twice, to_hugging_face
from joyflash.model.loading import model_folder
from joyflash.model.shards import INDEX

CHUNK = 1 << 24


def layout(config: ModelConfig, folder: Path | None) -> dict[str, float]:
    """Open a folder with this configuration's headers and index but no data; every tensor is claimed exactly once."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        path = Path(name)
        total = write_headers(config, path)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.perf_counter()
        found = open_checkpoint(path)
        seconds = time.perf_counter() - start
        files = list(path.glob("*.safetensors"))
        taken = sum(file.stat().st_blocks * 512 for file in files)
    state = found.model.state_dict()
    copies = stored_twice(found.config).keys() & found.shards.tensors.keys()
    assert found.plan.keys() | copies == found.shards.tensors.keys() and not found.plan.keys() & copies
    claimed = sum(place.of(state).numel() for place in found.plan.values())
    assert claimed == sum(tensor.numel() for tensor in state.values())
    return {
        "tensors": len(found.shards.tensors),
        "shards": len(files),
        "bytes_by_index": total,
        "bytes_by_headers": sum(tensor.end - tensor.start for tensor in found.shards.tensors.values()),
        "bytes_on_disk": taken,
        "seconds": round(seconds, 2),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "peak_memory_before_mb": round(before / 1024),
    }


def write_headers(config: ModelConfig, folder: Path, shard_bytes: int = 5 * 10**9) -> int:
    """Write config, index and bf16 shards of the right length whose data are a hole in the file; return all bytes.

    The MTP layer lies in a shard of its own, as released.
    """
    with torch.device("meta"):
        stored = dict(to_hugging_face(config, JoyFlash(config).state_dict()))
    groups: list[list[str]] = [[]]
    size = 0
    for name, tensor in stored.items():
        if is_mtp(config, name):
            continue
        if size + 2 * tensor.numel() > shard_bytes:
            groups.append([])
            size = 0
        groups[-1].append(name)
        size += 2 * tensor.numel()
    files = {f"model-{i:05d}-of-{len(groups):05d}.safetensors": names for i, names in enumerate(groups, start=1)}
    files["mtp-1-of-1.safetensors"] = [name for name in stored if is_mtp(config, name)]
    total = 0
    for file, names in files.items():
        header, end = {}, 0
        for name in names:
            start, end = end, end + 2 * stored[name].numel()
            header[name] = {"dtype": "BF16", "shape": list(stored[name].shape), "data_offsets": [start, end]}
        text = json.dumps(header).encode()
        with (folder / file).open("wb") as stream:
            stream.write(len(text).to_bytes(8, "little") + text)
            stream.truncate(8 + len(text) + end)
        total += end
    weight_map = {name: file for file, names in files.items() for name in names}
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    (folder / INDEX).write_text(json.dumps(index), encoding="utf-8")
    (folder / "config.json").write_text(json.dumps({**config.to_dict(), "dtype": "bfloat16"}), encoding="utf-8")
    return total


def disk(gigabytes: float, repeats: int, folder: Path | None) -> dict[str, Any]:
    """Load a synthetic bf16 folder and read the same files plainly, in turn; page cache dropped where possible."""
    config = _of_size(gigabytes)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        path = Path(name)
        model = JoyFlash(config).to(torch.bfloat16)
        save_model(model, path, shard_bytes=10**9)
        del model
        size = sum(file.stat().st_size for file in path.glob("*.safetensors"))
        plain, loads, cold = [], [], False
        for _ in range(repeats):
            cold = _drop_cache(path)
            plain.append(_timed(lambda: _read_plainly(path)))
            _drop_cache(path)
            loads.append(_timed(lambda: read_model(path, dtype=torch.bfloat16)))
    speed, load = statistics.median(plain), statistics.median(loads)
    return {
        "gigabytes": round(size / 1e9, 2),
        "page_cache_dropped": cold,
        "plain_gb_per_s": round(size / speed / 1e9, 2),
        "load_gb_per_s": round(size / load / 1e9, 2),
        "load_over_plain": round(speed / load, 2),
        "plain_seconds": [round(value, 2) for value in plain],
        "load_seconds": [round(value, 2) for value in loads],
    }


def memory(gigabytes: float, folder: Path | None) -> dict[str, Any]:
    """Most memory beyond the model itself while loading, saving and exporting, in units of the largest shard."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(dir=folder) as name:
        path = Path(name) / "source"
        save_model(JoyFlash(_of_size(gigabytes)).to(torch.bfloat16), path, shard_bytes=int(gigabytes * 1e9 / 5))
        shard = max(file.stat().st_size for file in path.glob("*.safetensors"))
        found |= {"gigabytes": gigabytes, "largest_shard_mb": round(shard / 1e6)}
        for what in ("load bf16", "load f32", "save bf16", "export deepseek_v3", "export f32"):
            command = [sys.executable, __file__, "memory", "--job", what, "--folder", name]
            beyond = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            found[f"{what}, beyond the model / largest shard"] = round(beyond / shard, 2)
    return found


def beyond_the_model(what: str, folder: Path) -> int:
    """Peak memory of this process while it does ``what``, less what it had before and the model's own bytes."""
    source, out = folder / "source", folder / what.replace(" ", "-")
    read_model(model_folder("nano"))  # so that libraries and threads are there before
    return_freed_memory()
    _, _, kind = what.rpartition(" ")
    if what.startswith("export"):
        before = _memory_kib("VmRSS")
        export_folder(
            source, out, "deepseek_v3", torch.float32 if kind == "f32" else None, shard_bytes=_largest(source)
        )
        return (_memory_kib("VmHWM") - before) * 1024
    dtype = torch.float32 if kind == "f32" else torch.bfloat16
    before = _memory_kib("VmRSS")
    model = read_model(source, dtype=dtype)
    if what.startswith("save"):
        save_model(model, out, shard_bytes=_largest(source))
    held = sum(tensor.nbytes for tensor in model.state_dict().values())
    return (_memory_kib("VmHWM") - before) * 1024 - held


def _largest(folder: Path) -> int:
    return max(file.stat().st_size for file in folder.glob("*.safetensors"))


def _memory_kib(field: str) -> int:
    """A field of Linux's ``/proc/self/status``."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def _of_size(gigabytes: float) -> ModelConfig:
    """Real head and expert shapes, as many layers as make up the size (about 0.16 GB each with 16 experts)."""
    layers = max(2, round(gigabytes / 0.2))
    values = {
        **flash_48b_a3b().to_dict(),
        "num_hidden_layers": layers,
        "n_routed_experts": 16,
        "vocab_size": 16_384,
        "num_nextn_predict_layers": 0,
    }
    return ModelConfig.from_dict(values)


def _drop_cache(folder: Path) -> bool:
    """Ask the system to forget the files' pages; False where it cannot."""
    if not hasattr(os, "posix_fadvise"):
        return False
    for file in folder.glob("*.safetensors"):
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return True


def _read_plainly(folder: Path) -> None:
    buffer = memoryview(bytearray(CHUNK))
    for file in sorted(folder.glob("*.safetensors")):
        with file.open("rb", buffering=0) as stream:
            while stream.readinto(buffer):
                pass


def _timed(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("layout", "disk", "memory"))
    parser.add_argument("--job", help=argparse.SUPPRESS)
    parser.add_argument("--gigabytes", type=float, default=2.0, help="size of the synthetic folder (default 2)")
    parser.add_argument("--repeats", type=int, default=5, help="loads and plain reads, in turn (default 5)")
    parser.add_argument("--folder", type=Path, default=None, help="where to write it (default: the temporary folder)")
    options = parser.parse_args()
    if options.job:
        print(beyond_the_model(options.job, options.folder))
        return
    works: dict[str, Callable[[], dict[str, Any]]] = {
        "layout": lambda: layout(flash_48b_a3b(), options.folder),
        "disk": lambda: disk(options.gigabytes, options.repeats, options.folder),
        "memory": lambda: memory(options.gigabytes, options.folder),
    }
    done = works[options.what]()
    print(json.dumps(done, indent=2))


if __name__ == "__main__":
    main()
