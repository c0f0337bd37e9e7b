"""Decoding and prefill on a processor, side by side and with the same weights: joyflash, transformers, llama.cpp, vLLM.

    JOYFLASH_VLLM_PYTHON=VENV/bin/python JOYFLASH_LLAMA_PYTHON=OTHER/bin/python \\
        python benchmarks/decode.py --modes eager,compiled --repetitions 5 -o decode.json

Every engine runs in a process of its own with the same number of threads and gets the same random prompts, new ones in
every call so that no prefix cache can answer. Decode is what tokens 2 to N take: a call for N tokens minus a call for
one token on other prompts of the same length. Prefill is the time to the first token of a long prompt. One unmeasured
call of every kind warms each engine up (it compiles there); then engines take turns. Bytes are the weights that a step
reads (experts: as many as uniform routing would hit), without the cache, beside the read bandwidth of summing a
tensor of 1 GB; a share above 100 % means that the processor's caches hold the weights. A ratio is the engine over
joyflash at as many bits (fp32 for f32, bf16 for f16, int8 for q8_0) in its batch-invariant mode; "mixed" is the other.

llama.cpp: llama-cpp-python, or xllamacpp (its server, asked over HTTP; a folder that holds it may stand in
PYTHONPATH). vLLM: see tests/interop/peers/vllm_check.py; it gets an export padded to the latent sizes its kernels take.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import measure
from measure import Spread, Worker, WorkerError, fail, markdown, names_of, number, positive, positives

Prompts = list[list[int]]
Generate = Callable[[Prompts, int], int]
"""Complete every prompt by so many tokens; return how many there were in all."""

WEIGHT_BYTES = {"fp32": 4.0, "f32": 4.0, "bf16": 2.0, "f16": 2.0, "q8_0": 34 / 32, "int8": 36 / 32}
"""q8_0: blocks of 32 values of 8 bits with a scale of 16 bits; ours has one of 32 bits in memory."""
QUANTIZED = ("int8",)
"""Of joyflash's precisions those whose weights are quantised on loading; the rest is fp32."""
EQUAL = {"fp32": "fp32", "f32": "fp32", "bf16": "bf16", "f16": "bf16", "int8": "int8", "q8_0": "int8"}
"""Which of joyflash's precisions a precision is compared to: the one of as many bits."""
READ_COLUMNS = (("bytes_per_token", 1e6), ("bytes_per_second", 1e9))
_MIXED = "mixed"
"""joyflash's mode that is not batch-invariant: long prompts by the library."""
SETTLE_SECONDS = 0.3
"""Between engines: the last one's threads stop spinning."""


def joyflash_worker(job: dict[str, Any]) -> Generate:
    """Our engine without drafts."""
    import torch

    from joyflash.engine.engine import Engine
    from joyflash.engine.request import SamplingParams

    torch.set_num_threads(job["threads"])
    quantized = job["precision"] in QUANTIZED
    dtype = torch.bfloat16 if job["precision"] == "bf16" else torch.float32
    engine = Engine.from_pretrained(
        job["model"],
        mtp=0,
        dtype=dtype,
        max_batch=job["sequences"],
        max_context=job["length"],
        quantization=job["precision"] if quantized else None,
        batch_invariant=job["mode"] != _MIXED,
    )

    def generate(prompts: Prompts, new: int) -> int:
        params = SamplingParams(temperature=0, max_tokens=new, ignore_eos=True)
        return sum(len(output.token_ids) for output in engine.generate(prompts, params))

    return generate


def transformers_worker(job: dict[str, Any]) -> Generate:
    """``generate``: eager with a dynamic cache, static, or a compiled step with a static cache."""
    import torch
    from transformers import AutoModelForCausalLM, CompileConfig, GenerationConfig

    torch.set_num_threads(job["threads"])
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[job["precision"]]
    model: Any = AutoModelForCausalLM.from_pretrained(job["model"], dtype=dtype).eval()
    options: dict[str, Any] = {} if job["mode"] == "eager" else {"cache_implementation": "static"}
    if job["mode"] == "compiled":
        options["compile_config"] = CompileConfig(mode="default")
        options["compile_config"]._compile_all_devices = True  # pyright: ignore[reportAttributeAccessIssue]
    model.generation_config = GenerationConfig(do_sample=False)  # without an end token, so it goes on to the last

    @torch.inference_mode(job["mode"] != "compiled")
    def generate(prompts: Prompts, new: int) -> int:
        tokens_BT = torch.tensor(prompts)
        mask_BT = torch.ones_like(tokens_BT)
        whole_BT = model.generate(input_ids=tokens_BT, attention_mask=mask_BT, max_new_tokens=new, **options)
        return whole_BT.numel() - tokens_BT.numel()

    return generate


def llama_cpp_worker(job: dict[str, Any]) -> Generate:
    """llama.cpp through whichever binding there is."""
    try:
        import llama_cpp as llama  # pyright: ignore[reportMissingImports]
    except ImportError:
        return xllamacpp_worker(job)
    loading = llama.llama_model_default_params()
    loading.use_extra_bufts = job["extra_buffers"]
    model = llama.llama_model_load_from_file(job["model"].encode(), loading)
    wanted = llama.llama_context_default_params()
    wanted.n_ctx, wanted.n_seq_max = job["sequences"] * job["length"], job["sequences"]
    wanted.n_batch = max(job["sequences"] * job["prompt"], job["length"])
    wanted.n_threads = wanted.n_threads_batch = job["threads"]
    context = model and llama.llama_init_from_model(model, wanted)
    if not context:
        raise RuntimeError("llama.cpp cannot load the file")
    batch, sampler = llama.llama_batch_init(wanted.n_batch, 0, 1), llama.llama_sampler_init_greedy()

    def step(rows: Sequence[Sequence[int]], past: int) -> list[int]:
        """Feed a row of tokens to each sequence; return the most likely next ones."""
        ends, at = [], 0
        for sequence, row in enumerate(rows):
            for place, token in enumerate(row):
                batch.token[at], batch.pos[at], batch.n_seq_id[at] = token, past + place, 1
                batch.seq_id[at][0], batch.logits[at] = sequence, place + 1 == len(row)
                at += 1
            ends.append(at - 1)
        batch.n_tokens = at
        if llama.llama_decode(context, batch):
            raise RuntimeError("llama_decode failed")
        return [llama.llama_sampler_sample(sampler, context, end) for end in ends]

    def generate(prompts: Prompts, new: int) -> int:
        llama.llama_memory_clear(llama.llama_get_memory(context), True)
        tokens = step(prompts, 0)
        for done in range(1, new):
            tokens = step([[token] for token in tokens], len(prompts[0]) + done - 1)
        return len(prompts) * new

    return generate


def xllamacpp_worker(job: dict[str, Any]) -> Generate:
    """llama.cpp's own server inside xllamacpp, one request a prompt."""
    try:
        import xllamacpp  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise ImportError(
            "neither llama_cpp nor xllamacpp is there; JOYFLASH_LLAMA_PYTHON names an interpreter"
        ) from None
    params = xllamacpp.CommonParams()
    params.model.path = job["model"]
    params.n_parallel, params.port = job["sequences"], 0
    params.n_ctx, params.n_batch = job["sequences"] * job["length"], job["length"]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = job["threads"]
    params.no_extra_bufts = not job["extra_buffers"]
    params.warmup = params.fit_params = False
    params.verbosity = 0
    server = xllamacpp.Server(params)
    pool = ThreadPoolExecutor(job["sequences"])

    def complete(prompt: list[int], new: int) -> int:
        body = {"prompt": prompt, "n_predict": new, "temperature": 0, "ignore_eos": True, "cache_prompt": False}
        head = {"Content-Type": "application/json"}
        request = Request(server.listening_address + "/completion", json.dumps(body).encode(), head)
        with urlopen(request) as reply:
            return json.load(reply)["tokens_predicted"]

    return lambda prompts, new: sum(pool.map(complete, prompts, [new] * len(prompts)))


def vllm_worker(job: dict[str, Any]) -> Generate:
    """vLLM offline, eager or compiled."""
    from vllm import LLM, SamplingParams  # pyright: ignore[reportMissingImports]

    room = max(job["length"], job["sequences"] * job["prompt"])
    engine = LLM(
        job["model"],
        skip_tokenizer_init=True,
        dtype="bfloat16",
        enforce_eager=job["mode"] == "eager",
        max_model_len=job["length"],
        max_num_seqs=job["sequences"],
        max_num_batched_tokens=room,
        kv_cache_memory_bytes=1 << 30,
        enable_prefix_caching=False,
    )

    def generate(prompts: Prompts, new: int) -> int:
        params = SamplingParams(temperature=0.0, max_tokens=new, ignore_eos=True, detokenize=False)
        outputs = engine.generate([{"prompt_token_ids": ids} for ids in prompts], params, use_tqdm=False)
        return sum(len(output.outputs[0].token_ids) for output in outputs)

    return generate


WORKERS = {
    "joyflash": joyflash_worker,
    "transformers": transformers_worker,
    "llama.cpp": llama_cpp_worker,
    "vllm": vllm_worker,
}


def version_of(engine: str) -> str:
    """The library that a worker has loaded, with its version."""
    name = next(
        name for name in {"llama.cpp": ("llama_cpp", "xllamacpp")}.get(engine, (engine,)) if name in sys.modules
    )
    return f"{name} {getattr(sys.modules[name], '__version__', '')}".strip()


def run_worker() -> None:
    """The process of one engine: the first line says which and how, every further one is a call to time."""
    running: list[Generate] = []

    def handle(message: dict[str, Any]) -> dict[str, Any]:
        if not running:
            running.append(WORKERS[message["engine"]](message))
            return {"version": version_of(message["engine"])}
        start = time.perf_counter()
        tokens = running[0](message["prompts"], message["new"])
        return {"seconds": time.perf_counter() - start, "tokens": tokens}

    measure.answer(handle)


@dataclass
class Row:
    """One engine at one precision: how to start it, then what was measured.

    ``seconds`` of the calls by (sequences, new tokens), (1, 0) being the long prompt; ``values`` are tokens/s by case.
    """

    engine: str
    precision: str
    mode: str = ""
    python: str | None = sys.executable
    model: Path | None = None
    version: str = ""
    seconds: dict[tuple[int, int], list[float]] = field(default_factory=dict)
    values: dict[str, list[float]] = field(default_factory=dict)
    weight_bytes: dict[str, float] = field(default_factory=dict)
    peak_memory_mb: int = 0

    @property
    def name(self) -> str:
        """As the table says it."""
        return f"{self.engine} {self.mode}".strip()

    @property
    def key(self) -> str:
        """Unlike any other row's."""
        return f"{self.name} {self.precision}"


def planned(options: argparse.Namespace) -> list[Row]:
    """A row for everything that was asked for."""
    rows = [Row("joyflash", dtype) for dtype in options.dtypes if "joyflash" in options.engines]
    floats = [dtype for dtype in options.dtypes if dtype not in QUANTIZED]
    rows += [Row("joyflash", dtype, _MIXED) for dtype in floats if "joyflash" in options.engines]
    for mode in options.modes:
        rows += [Row("transformers", dtype, mode) for dtype in floats if "transformers" in options.engines]
    if "llama.cpp" in options.engines:
        python = os.environ.get("JOYFLASH_LLAMA_PYTHON") or sys.executable
        rows += [Row("llama.cpp", kind, python=python) for kind in options.gguf]
    if "vllm" in options.engines:
        python = os.environ.get("JOYFLASH_VLLM_PYTHON")
        rows += [Row("vllm", "bf16", mode, python) for mode in options.modes if mode != "static"]
    return rows


def provide(row: Row, folder: Path, scratch: Path) -> None:
    """Write what the engine loads, unless an earlier row did; WorkerError when it cannot be, or nothing can load it."""
    from joyflash.convert.export import export_folder
    from joyflash.errors import JoyflashError
    from joyflash.interop.gguf_export import export_gguf

    if row.python is None:
        raise WorkerError("JOYFLASH_VLLM_PYTHON names no interpreter; tests/interop/peers/vllm_check.py says how")
    out = scratch / {"llama.cpp": f"{row.precision}.gguf"}.get(row.engine, row.engine)
    row.model = folder if row.engine == "joyflash" else out
    if row.model.exists():
        return
    try:
        if row.engine == "llama.cpp":
            export_gguf(folder, out, row.precision)  # pyright: ignore[reportArgumentType], argparse checked it
        else:
            import torch

            padded = row.engine == "vllm"
            export_folder(folder, out, "deepseek_v3", torch.bfloat16 if padded else None, padded=padded, mtp=False)
    except JoyflashError as error:
        raise WorkerError(str(error)) from error


def start(row: Row, options: argparse.Namespace) -> Worker:
    """A loaded, warm engine."""
    threads = str(options.threads)
    environment = {
        **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), threads),
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "HF_HUB_OFFLINE": "1",
    }
    worker = Worker([str(row.python), __file__, "--worker"], environment, options.timeout)
    job = {"engine": row.engine, "precision": row.precision, "mode": row.mode, "model": str(row.model)}
    job |= {"threads": options.threads, "extra_buffers": options.extra_buffers, "prompt": options.prompt}
    job |= {"sequences": max(options.batches), "length": max(options.prompt + options.new, options.prefill + 1)}
    try:
        row.version = worker.ask(job)["version"]
        repeat(row, worker, options, -1)
    except WorkerError:
        worker.close()
        raise
    row.seconds.clear()
    return worker


def repeat(row: Row, worker: Worker, options: argparse.Namespace, repetition: int) -> None:
    """One repetition of every case; its prompts are the same for every engine."""
    draw = random.Random(f"decode/{repetition}")

    def seconds(batch: int, length: int, new: int) -> float:
        prompts = [[draw.randrange(20, options.vocabulary) for _ in range(length)] for _ in range(batch)]
        done = worker.ask({"prompts": prompts, "new": new})
        row.peak_memory_mb = done["peak_memory_mb"]
        if done["tokens"] != batch * new:
            raise WorkerError(f"{done['tokens']} tokens came instead of {batch * new}")
        return done["seconds"]

    for batch in options.batches:
        for new in (1, options.new):
            row.seconds.setdefault((batch, new), []).append(seconds(batch, options.prompt, new))
    row.seconds.setdefault((1, 0), []).append(seconds(1, options.prefill, 1))


def rates(seconds: dict[tuple[int, int], list[float]], options: argparse.Namespace) -> dict[str, list[float]]:
    """Tokens per second of every case, from the seconds of its calls; WorkerError when they were too short."""
    values = {
        f"batch {batch}": decode_rates(batch, options.new, seconds[batch, 1], seconds[batch, options.new])
        for batch in options.batches
    }
    return {**values, "prefill": [options.prefill / each for each in seconds[1, 0]]}


def decode_rates(batch: int, new: int, firsts: Sequence[float], wholes: Sequence[float]) -> list[float]:
    """Tokens per second after the first ones; the call for one token counts with its median, being short and noisy."""
    first = Spread.of(firsts).median
    if min(wholes) <= first:
        raise WorkerError(f"{new} tokens took no longer than one; ask for more with --new")
    return [batch * (new - 1) / (whole - first) for whole in wholes]


def weight_bytes(model: str | Path, precision: str, batch: int) -> float:
    """Bytes of weights that a step of ``batch`` tokens reads, per token, if routing is uniform."""
    from joyflash.plan.checkpoint import open_checkpoint
    from joyflash.plan.speed import distinct_experts
    from joyflash.plan.weights import weigh

    checkpoint = open_checkpoint(str(model))
    weights, config = weigh(checkpoint, "bf16"), checkpoint.config
    used = distinct_experts(config.n_routed_experts, config.num_experts_per_tok, batch) / config.n_routed_experts
    read = weights.parameters("projection", "head", "router", "norm", "bias") + used * weights.parameters("expert")
    return read * WEIGHT_BYTES[precision] / batch


def figures(row: Row, rows: Sequence[Row], bandwidth: float) -> dict[str, Any]:
    """A row for JSON and for the tables; ``rows`` are all, for the ratio to joyflash at equal precision."""
    ours = [own for own in rows if own.engine == "joyflash" and own.precision == EQUAL.get(row.precision)]
    cases: dict[str, dict[str, Any]] = {}
    for case, values in row.values.items():
        median = Spread.of(values).median
        ratio = median / Spread.of(ours[0].values[case]).median if ours else None
        cases[case] = {**Spread.of(values).to_dict(), "values": values, "over_joyflash": ratio}
        if case in row.weight_bytes:
            read = median * row.weight_bytes[case]
            cases[case] |= {"bytes_per_token": row.weight_bytes[case], "bytes_per_second": read}
            cases[case]["share_of_bandwidth"] = read / bandwidth
    named = {name: getattr(row, name) for name in ("engine", "mode", "precision", "version", "peak_memory_mb")}
    return {**named, "tokens_per_second": cases}


def tables(rows: Sequence[Row], bandwidth: float) -> str:
    """Speeds with their ratio to joyflash, then bytes read."""
    cases, decodes = list(rows[0].values), list(rows[0].weight_bytes)
    speeds: list[list[object]] = []
    reads: list[list[object]] = []
    for row in rows:
        found = figures(row, rows, bandwidth)["tokens_per_second"]
        speeds.append([row.name, row.precision, *(Spread.of(row.values[case]) for case in cases)])
        speeds[-1] += [*(number(found[case]["over_joyflash"]) for case in cases), row.peak_memory_mb]
        reads.append([row.name, row.precision])
        for case in decodes:
            reads[-1] += [number(found[case][name] / scale) for name, scale in READ_COLUMNS]
            reads[-1].append(f"{found[case]['share_of_bandwidth']:.0%}")
    header = [f"{case} tok/s" for case in cases] + [f"{case} / joyflash" for case in cases]
    first = markdown(["engine", "precision", *header, "peak MB"], speeds)
    read_header = [f"{case} {what}" for case in decodes for what in ("MB/token", "GB/s", "share")]
    return first + "\n\n" + markdown(["engine", "precision", *read_header], reads)


def fastest(rows: Sequence[Row]) -> Iterator[str]:
    """For each case joyflash's best precision beside the best of all peers, whatever theirs."""
    ours = [row for row in rows if row.engine == "joyflash"]
    peers = [row for row in rows if row.engine != "joyflash"]
    for case in rows[0].values if ours and peers else ():
        medians = {row.key: Spread.of(row.values[case]).median for row in rows}
        own, peer = (max((row.key for row in side), key=medians.__getitem__) for side in (ours, peers))
        yield f"{case}: {own} is {medians[own] / medians[peer]:.2f} times the fastest peer, {peer}"


def run(options: argparse.Namespace, folder: Path, scratch: Path) -> tuple[list[Row], dict[str, str]]:
    """Start everything, take turns, end everything; rows with figures, and why the others have none."""
    rows = {row.key: row for row in planned(options)}
    workers: dict[str, Worker] = {}
    skipped: dict[str, str] = {}
    try:
        for key, row in rows.items():
            try:
                provide(row, folder, scratch)
                workers[key] = start(row, options)
                exported = folder if row.engine != "vllm" else row.model or folder
                row.weight_bytes = {
                    f"batch {batch}": weight_bytes(exported, row.precision, batch) for batch in options.batches
                }
            except WorkerError as error:
                skipped[key] = str(error)
            print(f"{key}: {skipped.get(key, 'warm')}", file=sys.stderr, flush=True)
        for repetition, key in measure.turns(list(workers), options.repetitions):
            if key in skipped:
                continue
            time.sleep(SETTLE_SECONDS)
            try:
                repeat(rows[key], workers[key], options, repetition)
            except WorkerError as error:
                skipped[key] = f"failed in repetition {repetition + 1}: {error}"
        for key in workers.keys() - skipped.keys():
            try:
                rows[key].values = rates(rows[key].seconds, options)
            except WorkerError as error:
                skipped[key] = str(error)
    finally:
        for worker in workers.values():
            worker.close()
    return [row for key, row in rows.items() if key not in skipped], skipped


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--model", default="nano", help="bundled name or model folder (default nano)")
    add("--engines", type=names_of(*WORKERS), default=list(WORKERS), help=f"of {','.join(WORKERS)} (default all)")
    add("--dtypes", type=names_of("fp32", "bf16", *QUANTIZED), default=["fp32", "bf16", "int8"], help="joyflash's and, "
        "int8 apart, transformers' (all three)")  # fmt: skip
    add("--modes", type=names_of("eager", "static", "compiled"), default=["eager"], help="of eager (default), static "
        "(cache; transformers only), compiled: transformers' and vLLM's")  # fmt: skip
    add("--gguf", type=names_of("f32", "f16", "q8_0"), default=["f32", "f16", "q8_0"], help="llama.cpp's (all three)")
    add("--batches", type=positives, default=[1, 8], help="sequences that decode together (default 1,8)")
    add("--prompt", type=positive, default=64, help="tokens before decoding (default 64)")
    add("--new", type=positive, default=256, help="tokens to decode, at least 2 (default 256)")
    add("--prefill", type=positive, default=2048, help="tokens of the long prompt (default 2048)")
    add("--repetitions", type=positive, default=5, help="of every engine, in turns (default 5)")
    add("--threads", type=positive, default=os.cpu_count() or 1, help="of every engine (default: all cores)")
    add("--timeout", type=positive, default=900, help="seconds that one call, or loading, may take (default 900)")
    add("--extra-buffers", action="store_true", help="let llama.cpp repack weights: faster, crashes on some machines")
    add("-o", "--out", type=Path, help="write the figures as JSON")
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    measure.clean_up_when_terminated()
    options = arguments()
    if options.new < 2:
        fail("--new is 1; decoding starts with the second token.")
    from joyflash.errors import JoyflashError
    from joyflash.model.loading import model_folder
    from joyflash.text.tokenizer import Tokenizer

    try:
        folder = model_folder(options.model).resolve()
        options.vocabulary = Tokenizer.from_pretrained(folder).vocab_size
    except JoyflashError as error:
        fail(str(error))
    here, bandwidth = measure.machine(options.threads), measure.read_bandwidth(options.threads)
    with tempfile.TemporaryDirectory() as scratch:
        rows, skipped = run(options, folder, Path(scratch))
    print(f"{folder.name}: {measure.machine_line(here)}; reads {bandwidth / 1e9:.1f} GB/s")
    print(f"{options.new} tokens after {options.prompt}, prefill {options.prefill}; median (min–max) of ", end="")
    print(f"{options.repetitions}, warm-up excluded\n")
    if rows:
        print(tables(rows, bandwidth), "", *fastest(rows), sep="\n")
    for key, reason in skipped.items():
        print(f"skipped {key}: {reason}")
    if options.out:
        settings = {name: value for name, value in vars(options).items() if name not in ("out", "model")}
        whole = {"model": folder.name, "machine": here, "settings": settings, "read_bandwidth": bandwidth}
        found = [figures(row, rows, bandwidth) for row in rows]
        measure.write_json(options.out, {**whole, "rows": found, "skipped": skipped})


if __name__ == "__main__":
    if sys.argv[1:] == ["--worker"]:
        run_worker()
    else:
        main()
