"""What `joyflash plan` says of memory beside what real loads take: random checkpoints, each loaded in a fresh process.

python benchmarks/memory.py                     all shapes, ways of loading and dtypes
python benchmarks/memory.py --shapes wide --ways weights,engine

``weights`` is ``read_model``, beside the plan's weights for one device, and one million cached tokens beside its bytes
per token; ``engine`` is the engine behind `joyflash serve`, beside `joyflash plan --gpu cpu`. Memory is what the
process has of its own (private pages, not files). A first, tiny load takes libraries and thread pools out of the
comparison.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from joyflash.convert.quantize import quantize_folder
from joyflash.engine.engine import Engine
from joyflash.engine.request import SamplingParams
from joyflash.engine.setup import StepOptions
from joyflash.hardware import return_freed_memory
from joyflash.model.cache import PagedCache
from joyflash.model.checkpoint import read_model, save_model
from joyflash.model.config import ModelConfig, flash_48b_a3b, sized
from joyflash.model.joyflash import JoyFlash
from joyflash.model.loading import model_folder
from joyflash.plan.checkpoint import open_checkpoint
from joyflash.plan.host import host_memory
from joyflash.plan.memory import cache_bytes_per_token
from joyflash.plan.weights import weigh
from joyflash.quantization.policy import policy_of

DTYPES = {"bf16": torch.bfloat16, "f32": torch.float32}
BATCH, CONTEXT = 8, 4096


def shapes() -> dict[str, ModelConfig]:
    """A few hundred megabytes each: released head sizes, many narrow experts, one dense layer after the other."""
    released = flash_48b_a3b()
    return {
        "released": dataclasses.replace(released, num_hidden_layers=3, n_routed_experts=12, vocab_size=32_768),
        "experts": dataclasses.replace(sized(512, 8192), num_hidden_layers=8, n_routed_experts=96),
        "dense": dataclasses.replace(sized(1024, 16_384), num_hidden_layers=6, first_k_dense_replace=5),
        "no_mtp": dataclasses.replace(sized(768, 8192), num_hidden_layers=8, num_nextn_predict_layers=0),
    }


def cases(folders: dict[str, Path], ways: list[str]) -> Iterator[dict[str, Any]]:
    """Every load to measure."""
    for name, folder in folders.items():
        job = {"name": name, "folder": str(folder)}
        if "weights" in ways and not name.endswith("quantised"):
            yield from ({**job, "way": "weights", "dtype": dtype} for dtype in DTYPES)
        if "engine" in ways:
            for dtype in DTYPES:
                yield {**job, "way": "engine", "dtype": dtype, "quant": None, "mtp": None}
            if not name.endswith("quantised"):
                yield {**job, "way": "engine", "dtype": "f32", "quant": "int4-int8", "mtp": None}
                yield {**job, "way": "engine", "dtype": "f32", "quant": None, "mtp": 0}


def own_memory() -> int:
    """Bytes of private pages of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise SystemExit("This system does not say what memory a process has of its own (Linux only).")


def measure(job: dict[str, Any]) -> dict[str, int]:
    """Load, and return planned and measured bytes by part. Run it in a fresh process."""
    gc.disable()
    torch.set_num_threads(1)
    dtype, folder = DTYPES[job["dtype"]], Path(job["folder"])
    checkpoint = open_checkpoint(str(folder))
    if job["way"] == "weights":
        read_model(model_folder("nano"), dtype=dtype)
        return_freed_memory()
        before = own_memory()
        model = read_model(folder, dtype=dtype)
        loaded = own_memory()
        cache = PagedCache(model.config, 1 << 14, 16, dtype)
        cache.kv_LSW.fill_(1)
        per_token = cache_bytes_per_token(model.config, with_mtp=model.mtp is not None)
        wide = dtype.itemsize // 2  # a plan is of bf16; router biases are float32 in both
        biases = weigh(checkpoint, "bf16").bytes(1, kinds=("bias",))
        return {
            "weights planned": wide * (weigh(checkpoint, "bf16").bytes(1) - biases) + biases,
            "weights measured": loaded - before,
            "cache planned": wide * per_token * (1 << 18),
            "cache measured": own_memory() - loaded,
        }
    settings = {"max_batch": BATCH, "max_context": CONTEXT, "mtp": job["mtp"], "quantization": job["quant"]}
    options = StepOptions(
        BATCH, CONTEXT, None, 256, prefix_cache=True, mtp=job["mtp"], compiled=True, quantization=job["quant"]
    )
    planned = host_memory(checkpoint, options, dtype, 1)
    small = Engine.from_pretrained("nano", dtype=dtype, compiled=True, max_context=1024, max_batch=BATCH)
    long = [[5] * (2 * 256)]  # two whole chunks, so that every buffer of a step is used
    small.generate(long, SamplingParams(max_tokens=2))
    return_freed_memory()
    before = own_memory()
    engine = Engine.from_pretrained(folder, dtype=dtype, compiled=True, **settings)
    engine.generate(long, SamplingParams(max_tokens=2))
    step: Any = engine._runner.model
    step._step._weights.cache.fill_(0)  # what nobody wrote takes no memory yet
    return {"planned": planned.total, "measured": own_memory() - before}


def make(config: ModelConfig, folder: Path) -> None:
    """A random bf16 checkpoint with nano's tokenizer."""
    model = JoyFlash(config)
    generator = torch.Generator().manual_seed(0)
    for tensor in model.state_dict().values():
        tensor.normal_(std=0.02, generator=generator)
    save_model(model, folder, torch.bfloat16)
    for file in model_folder("nano").iterdir():
        if file.name.startswith(("tokenizer", "chat_template", "special")):
            (folder / file.name).write_bytes(file.read_bytes())
    (folder / "checksums.json").unlink()


def main() -> None:
    """Parse, measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", default=",".join(shapes()), help=f"of {', '.join(shapes())}")
    parser.add_argument("--ways", default="weights,engine")
    parser.add_argument("--folder", type=Path, help="where to write the checkpoints (default: the temporary folder)")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        print(json.dumps(measure(json.loads(options.job))))
        return
    worst = 0.0
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folders = {}
        for shape in options.shapes.split(","):
            folders[shape] = Path(name) / shape
            make(shapes()[shape], folders[shape])
            folders[f"{shape} quantised"] = Path(name) / f"{shape}-q"
            quantize_folder(folders[shape], folders[f"{shape} quantised"], policy_of("int4-int8"))
        for job in cases(folders, options.ways.split(",")):
            command = [sys.executable, __file__, "--job", json.dumps(job)]
            found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            what = " ".join(f"{key}={value}" for key, value in job.items() if key not in ("folder", "name"))
            for part in ("", "weights ", "cache "):
                if part + "planned" in found:
                    planned, measured = found[f"{part}planned"], found[f"{part}measured"]
                    worst = max(worst, abs(measured / planned - 1))
                    print(
                        f"{job['name']:20} {what:48} {part or 'all':8} planned {planned / 1e6:9.1f} MB, "
                        f"measured {measured / 1e6:9.1f} MB, {measured / planned - 1:+.1%}",
                        flush=True,
                    )
    print(f"largest difference {worst:.1%}")


if __name__ == "__main__":
    main()
