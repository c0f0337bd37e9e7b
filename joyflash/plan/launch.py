"""The command that serves a model with joyflash, vLLM or SGLang, for `joyflash plan` and `joyflash serve`."""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NoReturn

from joyflash.errors import ConfigError, MissingExtraError

EngineName = Literal["joyflash", "vllm", "sglang"]
ENGINES: tuple[EngineName, ...] = ("joyflash", "vllm", "sglang")
OTHER_ENGINES = {"vllm": "vLLM", "sglang": "SGLang"}
TOOL_PARSER = "qwen3_coder"  # the vendor's name for the format, in both engines
SAMPLING = {"temperature": 0.6, "top_p": 1.0}
# What our SGLang plugin sets; given here too, for a SGLang that loads no plugins.
SGLANG_ENVIRONMENT = {"SGLANG_EXTERNAL_MODEL_PACKAGE": "joyflash.interop.sglang_models"}


@dataclass(frozen=True)
class LaunchSettings:
    """What to serve and how; None leaves a choice to the engine.

    Attributes:
        model: folder.
        host, port, api_keys, served_names: where, for whom and under which names to answer.
        gpus: devices that share the model.
        context: tokens of the longest request.
        concurrency: requests that run at once.
        prefill_chunk: prompt tokens that one step takes.
        mtp: tokens that the MTP layer drafts per step.
        own_mtp: the same for joyflash's own server; None = as many as pay.
        online_fp8: quantise a bf16 checkpoint to fp8 while loading it.
        whole_experts: divide the routed experts over devices one by one instead of by their width.
        memory_share: of a device's memory that the engine may take in all (vLLM's measure).
        static_share: for weights and cache, of a device's memory that is free before them (SGLang's measure).
    """

    model: str
    host: str = "127.0.0.1"
    port: int = 8000
    api_keys: tuple[str, ...] = ()
    served_names: tuple[str, ...] = ()
    gpus: int = 1
    context: int | None = None
    concurrency: int | None = None
    prefill_chunk: int | None = None
    mtp: int = 0
    own_mtp: int | None = None
    online_fp8: bool = False
    whole_experts: bool = False
    memory_share: float | None = None
    static_share: float | None = None


@dataclass(frozen=True)
class Launch:
    """A command line with the environment variables it needs and what to know about it."""

    engine: EngineName
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The command as one line for a shell; keys of callers are not shown."""
        shown = list(self.argv)
        for index, word in enumerate(shown[:-1]):
            if word == "--api-key":
                while index + 1 < len(shown) and not shown[index + 1].startswith("--"):
                    index += 1
                    shown[index] = "***"
        return " ".join([*(f"{name}={shlex.quote(value)}" for name, value in self.environment.items()), _joined(shown)])


def launch(engine: str, settings: LaunchSettings) -> Launch:
    """Build the command of one engine.

    Raises:
        ConfigError: the engine is unknown, or cannot do what the settings ask.
    """
    if engine == "vllm":
        return _vllm(settings)
    if engine == "sglang":
        return _sglang(settings)
    if engine == "joyflash":
        return _joyflash(settings)
    raise ConfigError(f"No engine is called {engine!r}; there are {', '.join(ENGINES)}.")


def start(command: Launch) -> NoReturn:
    """Replace this process by the engine's server.

    Raises:
        MissingExtraError: the engine is not installed; the message says what to install.
    """
    argv = list(command.argv)
    beside = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    if command.engine == "sglang":
        program = sys.executable if importlib.util.find_spec("sglang") else None
    else:
        program = shutil.which(argv[0], path=beside)
    if program is None:
        raise MissingExtraError(
            f"{OTHER_ENGINES.get(command.engine, command.engine)} is not installed beside joyflash. Install it with: "
            f"pip install 'joyflash[{command.engine}]'  (it wants a GPU), or leave out --engine."
        )
    print(f"joyflash starts: {command.line}", file=sys.stderr, flush=True)
    os.execvpe(program, [program, *argv[1:]], {**os.environ, **command.environment})


def _joyflash(settings: LaunchSettings) -> Launch:
    if settings.gpus > 1:
        raise ConfigError("joyflash's own engine runs on one device; for more use --engine vllm or sglang.")
    argv = ["joyflash", "serve", "--model", settings.model, *_address(settings)]
    for name in settings.served_names:
        argv += ["--served-model-name", name]
    for key in settings.api_keys:
        argv += ["--api-key", key]
    argv += _options({"--context": settings.context, "--concurrency": settings.concurrency, "--mtp": settings.own_mtp})
    return Launch(
        "joyflash",
        tuple(argv),
        notes=("joyflash's own server runs on the CPU; joyflash plan --gpu cpu says what fits there.",),
    )


def _vllm(settings: LaunchSettings) -> Launch:
    """Flags of vLLM 0.32 (its ``engine/arg_utils.py``)."""
    argv = ["vllm", "serve", settings.model, *_address(settings)]
    if settings.served_names:
        argv += ["--served-model-name", *settings.served_names]
    if settings.api_keys:
        argv += ["--api-key", *settings.api_keys]
    argv += _options(
        {
            "--tensor-parallel-size": settings.gpus,
            "--max-model-len": settings.context,
            "--max-num-seqs": settings.concurrency,
            "--max-num-batched-tokens": settings.prefill_chunk,
            "--gpu-memory-utilization": settings.memory_share,
            "--quantization": "fp8" if settings.online_fp8 else None,
        }
    )
    if settings.whole_experts:
        argv.append("--enable-expert-parallel")
    argv += ["--enable-auto-tool-choice", "--tool-call-parser", TOOL_PARSER]
    argv += ["--override-generation-config", _compact(SAMPLING)]
    if settings.mtp:
        argv += ["--speculative-config", _compact({"method": "mtp", "num_speculative_tokens": settings.mtp})]
    note = "vLLM loads joyflash's plugin by itself when both are installed in one environment."
    return Launch("vllm", tuple(argv), notes=(note,))


def _sglang(settings: LaunchSettings) -> Launch:
    """Flags of SGLang 0.5.23 (its ``srt/server_args.py``)."""
    if len(settings.served_names) > 1 or len(settings.api_keys) > 1:
        raise ConfigError("SGLang takes one --served-model-name and one --api-key; drop the others.")
    argv = ["python", "-m", "sglang.launch_server", "--model-path", settings.model, *_address(settings)]
    argv += _options(
        {
            "--served-model-name": settings.served_names[0] if settings.served_names else None,
            "--api-key": settings.api_keys[0] if settings.api_keys else None,
            "--tp-size": settings.gpus,
            "--ep-size": settings.gpus if settings.whole_experts else None,
            "--context-length": settings.context,
            "--max-running-requests": settings.concurrency,
            "--chunked-prefill-size": settings.prefill_chunk,
            "--mem-fraction-static": settings.static_share,
            "--quantization": "fp8" if settings.online_fp8 else None,
            "--tool-call-parser": TOOL_PARSER,
            "--sampling-defaults": "model",
        }
    )
    argv += ["--preferred-sampling-params", _compact(SAMPLING)]
    if settings.mtp:
        argv += _options(
            {
                "--speculative-algorithm": "EAGLE",
                "--speculative-draft-model-path": settings.model,
                "--speculative-num-steps": settings.mtp,
                "--speculative-eagle-topk": 1,
                "--speculative-num-draft-tokens": settings.mtp + 1,
            }
        )
    note = (
        "SGLang's chat API takes its sampling defaults from the folder's generation_config.json only; "
        f"it should say {_compact(SAMPLING)}."
    )
    return Launch("sglang", tuple(argv), SGLANG_ENVIRONMENT, (note,))


def _address(settings: LaunchSettings) -> list[str]:
    return ["--host", settings.host, "--port", str(settings.port)]


def _options(values: Mapping[str, object]) -> list[str]:
    return [word for name, value in values.items() if value is not None for word in (name, str(value))]


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _joined(words: list[str]) -> str:
    return " ".join(word if word == "***" else shlex.quote(word) for word in words)
