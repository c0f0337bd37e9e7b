"""lm-eval against the server: log-likelihoods over /v1/completions, answers over /v1/chat/completions, a local task.

Runs in this repository's environment: `python run_lm_eval.py URL PYTHON`, where PYTHON has lm-eval. The likelihoods
that lm-eval reads out of the server's `echo` are compared with a full forward pass. Leaves `outcome.json`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch

import joyflash

NANO = Path(joyflash.__file__).parent / "assets" / "nano"
CHOICES = """
task: joyflash_choices
dataset_path: json
dataset_kwargs: {{data_files: {{test: "{file}"}}}}
test_split: test
output_type: multiple_choice
target_delimiter: ""
doc_to_text: "{{{{question}}}}"
doc_to_choice: "{{{{choices}}}}"
doc_to_target: "{{{{gold}}}}"
metric_list: [{{metric: acc}}]
"""
ANSWERS = """
task: joyflash_answers
dataset_path: json
dataset_kwargs: {{data_files: {{test: "{file}"}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{question}}}}"
doc_to_target: "{{{{answer}}}}"
generation_kwargs: {{until: ["\\n\\n"], max_gen_toks: 48, temperature: 0.0}}
metric_list: [{{metric: exact_match, ignore_case: true, ignore_punctuation: true}}]
"""
QUESTIONS = (
    ("The capital of France is", [" Paris", " a river", " 巴黎"]),
    ("One, two, three,", [" four", " the blue house on the hill", " 5"]),
    ("你好，", ["世界", "再见了", " table"]),
    ("def add(a, b):\n    return", [" a + b", " the", " None if a else b"]),
    ("Which is larger, 9.9 or 9.11?", [" 9.9", " 9.11", " both"]),
)


class Checks:
    """Counts what holds and says what does not."""

    def __init__(self) -> None:
        self.passed = self.failed = 0

    def __call__(self, good: bool, words: str) -> None:
        self.passed += good
        self.failed += not good
        print(("ok: " if good else "FAILED: ") + words)


def main() -> int:
    """Run both models of lm-eval."""
    url, python = sys.argv[1:]
    work, check = Path.cwd(), Checks()
    write_tasks(work)
    common = f"model=nano,tokenizer={NANO},max_length=512"
    likelihoods(run(python, work, "joyflash_choices", "local-completions",
                    f"{common},base_url={url}/v1/completions"), check)  # fmt: skip
    answers(
        run(python, work, "joyflash_answers", "local-completions", f"{common},base_url={url}/v1/completions"), check
    )
    answers(run(python, work, "joyflash_answers", "local-chat-completions",
                f"model=nano,base_url={url}/v1/chat/completions", "--apply_chat_template"), check, True)  # fmt: skip
    Path("outcome.json").write_text(json.dumps({"passed": check.passed, "failed": check.failed}))
    return int(check.failed > 0)


def write_tasks(work: Path) -> None:
    """The task files and their questions."""
    rows = [{"question": text, "choices": choices, "gold": 0} for text, choices in QUESTIONS]
    (work / "choices.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = [{"question": f"Which one is bigger, {a} or {b}?", "answer": f"{a} is bigger."}
             for a, b in (("9.9", "9.11"), ("3.8", "3.12"), ("7.5", "7.41"), ("2.6", "2.59"))]  # fmt: skip
    (work / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    (work / "choices.yaml").write_text(CHOICES.format(file=work / "choices.jsonl"))
    (work / "answers.yaml").write_text(ANSWERS.format(file=work / "answers.jsonl"))


def run(python: str, work: Path, task: str, model: str, arguments: str, *more: str) -> list[dict[str, Any]]:
    """The samples of one run of lm-eval."""
    out = work / f"{task}-{model}"
    command = [
        python, "-m", "lm_eval", "--model", model, "--model_args", arguments, "--tasks", task, "--include_path",
        str(work), "--output_path", str(out), "--log_samples", "--batch_size", "2", *more,
    ]  # fmt: skip
    done = subprocess.run(command, cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        print(done.stdout[-4000:])
        raise SystemExit(f"lm-eval ended with {done.returncode}")
    newest = max(out.rglob("samples_*.jsonl"), key=lambda path: path.stat().st_mtime)
    return [json.loads(line) for line in newest.read_text().splitlines()]


def likelihoods(samples: list[dict[str, Any]], check: Checks) -> None:
    """Compare what lm-eval read with a full pass over the same tokens."""
    model, tokenizer = joyflash.load_model("nano")
    check(len(samples) == len(QUESTIONS), "every question has a sample")
    for sample, (context, choices) in zip(sorted(samples, key=lambda each: each["doc_id"]), QUESTIONS, strict=True):
        for choice, response in zip(choices, sample["resps"], strict=True):
            value, greedy = (float(response[0][0]), str(response[0][1]) == "True")
            known, whole = tokenizer.encode(context), tokenizer.encode(context + choice)
            with torch.inference_mode():
                logprobs = model(torch.tensor([whole]))[0, :, : tokenizer.vocab_size].log_softmax(-1)
            places = range(len(known), len(whole))
            expected = sum(float(logprobs[at - 1, whole[at]]) for at in places)
            best = all(int(logprobs[at - 1].argmax()) == whole[at] for at in places)
            good = abs(value - expected) < 1e-3 * max(1.0, abs(expected)) and greedy == best
            check(good, f"{context!r} + {choice!r}: {value:.4f}, full pass {expected:.4f}, greedy {greedy}")


def answers(samples: list[dict[str, Any]], check: Checks, chat: bool = False) -> None:
    """Every question has an answer; as a chat, the bundled model gets most of these right."""
    texts = [sample["resps"][0][0] for sample in samples]
    check(len(texts) == 4 and all(isinstance(text, str) and text.strip() for text in texts), f"answers: {texts}")
    if chat:
        right = sum(sample["target"].split()[0] in text for sample, text in zip(samples, texts, strict=True))
        check(right >= 3, f"{right} of 4 answers name the larger number")


if __name__ == "__main__":
    sys.exit(main())
