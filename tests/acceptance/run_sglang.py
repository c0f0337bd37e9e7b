"""SGLang's test kits against the server: they ask for a base URL, a key and a model, and nothing of SGLang itself.

Runs in the suite's environment: `python run_sglang.py URL SOURCE`, where SOURCE is the unpacked wheel. The modules of
SGLang that the kits import without need are replaced by empty ones. Leaves `outcome.json` in the working folder.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import types
import unittest
from pathlib import Path
from typing import Any

import openai

MODEL = "nano"
KITS = (
    ("basic_api_contract_kit", "BasicAPIContractMixin"),
    ("anthropic_messages_kit", "AnthropicMessagesMixin"),
    ("json_mode_kit", "JSONModeMixin"),
)
STUBS = {
    "sglang.srt.entrypoints.anthropic.protocol": ("AnthropicMessagesRequest",),
    "sglang.srt.entrypoints.anthropic.serving": ("AnthropicServing",),
    "sglang.srt.utils": ("kill_process_tree",),
    "sglang.test.test_utils": (
        "DEFAULT_TIMEOUT_FOR_SERVER_LAUNCH", "DEFAULT_URL_FOR_TEST", "ModelLaunchSettings", "popen_launch_server",
    ),
}  # fmt: skip
LEFT_OUT = {
    "test_health_generate": "an endpoint of SGLang's own",
    "test_get_server_info": "an endpoint of SGLang's own",
    "test_get_model_info": "an endpoint of SGLang's own",
    "test_json_mode_response": "greedy, the bundled model does not end its text within the 128 tokens of this test",
    "test_json_mode_with_streaming": "the same; that JSON replies are valid when they end is tested in tests/server",
    "test_tool_result_image_content_conversion": "it calls SGLang's own converter, no server",
}
TOOLS_LEFT_OUT = {
    "none": "it asks the model not to speak of a tool that it cannot see, which is the model's matter",
    "multiturn": "it needs a model that uses a result; the bundled one is too small for this one",
    "thinking": "it is for one model of another maker",
    "parallel": "it needs a model that decides on two calls by itself",
}


def main() -> int:
    """Run the kits, then the list of tool-call tests."""
    url, source = sys.argv[1], Path(sys.argv[2])
    add_stubs()
    passed, failed, skipped = run_kits(url, source / "sglang" / "test" / "kits")
    runner = load(source / "sglang" / "test" / "tool_call_test_runner.py")
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="EMPTY", max_retries=0)
    for name, test, _ in runner._TESTS:
        if name in TOOLS_LEFT_OUT:
            skipped += 1
            print(f"left out: tool call {name}: {TOOLS_LEFT_OUT[name]}")
            continue
        try:
            test(client, MODEL)
        except Exception as error:
            failed += 1
            print(f"FAILED tool call {name}: {type(error).__name__}: {str(error)[:400]}")
        else:
            passed += 1
            print(f"ok tool call {name}")
    Path("outcome.json").write_text(json.dumps({"passed": passed, "failed": failed, "skipped": skipped}))
    return int(failed > 0)


def add_stubs() -> None:
    """Empty modules with the names that the kits import."""
    for name, attributes in STUBS.items():
        parts = name.split(".")
        for end in range(1, len(parts) + 1):
            sys.modules.setdefault(".".join(parts[:end]), types.ModuleType(".".join(parts[:end])))
        for attribute in attributes:
            setattr(sys.modules[name], attribute, object)


def load(path: Path) -> Any:
    """A module from its file, without the package around it."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def run_kits(url: str, kits: Path) -> tuple[int, int, int]:
    """How many tests of the kits passed, failed, and were left out."""
    suite = unittest.TestSuite()
    skipped = 0
    for file, mixin in KITS:
        members = {"base_url": url, "api_key": "EMPTY", "model": MODEL, "served_model_name": MODEL,
                   "client": openai.OpenAI(base_url=f"{url}/v1", api_key="EMPTY", max_retries=0)}  # fmt: skip
        case = type(mixin, (getattr(load(kits / f"{file}.py"), mixin), unittest.TestCase), members)
        for name in unittest.TestLoader().getTestCaseNames(case):
            if name in LEFT_OUT:
                skipped += 1
                print(f"left out: {name}: {LEFT_OUT[name]}")
            else:
                suite.addTest(case(name))
    result = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(suite)
    bad = len(result.failures) + len(result.errors)
    return result.testsRun - bad, bad, skipped


if __name__ == "__main__":
    sys.exit(main())
