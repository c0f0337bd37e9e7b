"""Runs under transformers 4.57.1's own Python: compares exported folders with what joyflash computed.

Usage: python transformers_457.py TASK.json, as tests/interop/test_huggingface.py writes it (tokenizer and chat may be
missing); prints one JSON line.
That Python's environment: ``pip install torch transformers==4.57.1 safetensors jinja2``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
import transformers

from joyflash.interop.huggingface import register


def relative_error(job: dict) -> float:
    """Of the logits that AutoModelForCausalLM computes, against the stored ones."""
    model = transformers.AutoModelForCausalLM.from_pretrained(job["folder"], dtype=torch.float32)
    expected = torch.load(job["logits"])
    with torch.no_grad():
        logits = model(torch.tensor(job["tokens"])).logits
    return float((logits - expected).norm() / expected.norm())


def main() -> None:
    """Compare everything."""
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    register()
    register()
    errors = {job["name"]: relative_error(job) for job in task["jobs"]}
    found = {"transformers": transformers.__version__, "relative_error": errors}
    if "tokenizer" in task:
        tokenizer = transformers.AutoTokenizer.from_pretrained(task["tokenizer"]["folder"])
        pairs = zip(task["tokenizer"]["texts"], task["tokenizer"]["ids"], strict=True)
        found["unequal_texts"] = [
            text for text, ids in pairs if tokenizer.encode(text, add_special_tokens=False) != ids
        ]
        chat = task["chat"]
        text = tokenizer.apply_chat_template(
            chat["messages"], tools=chat["tools"], tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
        found["chat_equal"] = text == chat["text"]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
