"""The suites: whose they are, which version, how they run, and what is left out and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

PYTEST = (
    "pytest==9.2.0",
    "pytest-asyncio==1.5.0",
    "pytest-xdist==3.8.0",
    "respx==0.23.1",
    "time-machine==3.6.0",
    "nest-asyncio==1.6.0",
    "dirty-equals==0.11",
    "inline-snapshot==0.36.1",
    "rich==15.0.0",
    "aiohttp==3.14.5",
)
ALL_PARAMS = (
    "all_params",
    "they send every parameter of the API at once with made-up values (files, stored prompts, hosted tools, audio), "
    "many of which this server refuses by name",
)


@dataclass(frozen=True)
class Suite:
    """One suite.

    Attributes:
        name: on the command line.
        source: the distribution that holds the tests, `NAME==ION`; None where they are ours (`command` runs them).
        wheel: take the wheel and not the source distribution.
        folder: inside the source, where the tests run.
        needs: what its environment gets, pinned.
        paths: test files, for pytest.
        select: pytest's `-k`.
        marks: pytest's `-m`.
        left_out: what is deselected, by pattern, and why; joined to `select` as `and not`.
        environment: `{url}`, `{port}` and `{here}` are filled in.
        command: what to run instead of pytest; `{python}` (the suite's), `{own}` (ours), `{url}`, `{here}`,
            `{work}`, `{source}` are filled in.
        serve: options of `joyflash serve`.
    """

    name: str
    source: str | None = None
    wheel: bool = False
    folder: str = ""
    needs: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    select: str = ""
    marks: str = ""
    left_out: tuple[tuple[str, str], ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    serve: tuple[str, ...] = ("--any-model-name", "--context", "2048")

    @property
    def expression(self) -> str:
        """pytest's `-k` with what is left out."""
        parts = [f"({self.select})"] if self.select else []
        return " and ".join([*parts, *(f"not {pattern}" for pattern, _ in self.left_out)])


HERE = Path(__file__).parent
SUITES: tuple[Suite, ...] = (
    Suite(
        "openai",
        source="openai==3.54.0",
        needs=(*PYTEST, "openai==3.54.0"),
        paths=(
            "tests/api_resources/chat/test_completions.py",
            "tests/api_resources/test_completions.py",
            "tests/api_resources/test_models.py",
        ),
        select="create or (test_models and (retrieve or list))",
        left_out=(ALL_PARAMS,),
        environment={"TEST_API_BASE_URL": "{url}/v1"},
    ),
    Suite(
        "openai-responses",
        source="openai==3.54.0",
        needs=(*PYTEST, "openai==3.54.0"),
        paths=("tests/api_resources/test_responses.py",),
        select="create",
        left_out=(ALL_PARAMS,),
        environment={"TEST_API_BASE_URL": "{url}/v1"},
    ),
    Suite(
        "anthropic",
        source="anthropic==2.12.0",
        needs=(*PYTEST, "anthropic==2.12.0", "http-snapshot==0.1.9"),
        paths=("tests/api_resources/test_messages.py", "tests/api_resources/test_models.py"),
        left_out=(ALL_PARAMS,),
        environment={"TEST_API_BASE_URL": "{url}"},
    ),
    Suite(
        "sglang",
        source="sglang==0.5.23",
        wheel=True,
        needs=("openai==3.54.0", "anthropic==2.12.0", "requests==2.34.2"),
        command=("{python}", "{here}/run_sglang.py", "{url}", "{source}"),
    ),
    Suite(
        "llama-cpp",
        source="llama-cpp-python==0.3.36",
        folder="vendor/llama.cpp/tools/server/tests",
        needs=("pytest==9.2.0", "requests==2.34.2", "wget==3.2", "openai==3.54.0", "filelock==4.3.1", "numpy==2.4.6",
               "prometheus-client==0.26.0"),
        paths=("unit/test_compat_anthropic.py",),
        marks="not slow",
        left_out=(
            ("image", "the model reads text only"),
            ("vision", "the model reads text only"),
            ("in_template", "they look at llama.cpp's own template endpoint"),
            ("history_in_count", "they look at llama.cpp's own template endpoint"),
            ("empty_messages", "llama.cpp answers an empty list of messages; Anthropic and this server refuse it"),
        ),
        environment={"DEBUG_EXTERNAL": "1", "PORT": "{port}"},
    ),
    Suite(
        "schemathesis",
        needs=("schemathesis==4.32.5",),
        command=("{python}", "{here}/run_schemathesis.py", "{url}"),
        serve=("--any-model-name", "--context", "256"),
    ),
    Suite(
        "lm-eval",
        needs=("lm-eval[api]==0.4.13", "transformers==5.23.0"),
        command=("{own}", "{here}/run_lm_eval.py", "{url}", "{python}"),
        environment={"HF_DATASETS_OFFLINE": "1", "HF_HOME": "{work}/hf"},
        serve=("--context", "1024"),
    ),
)  # fmt: skip
