"""The plugin in a real vLLM on nano: log-probabilities, greedy tokens, and what it accepts of the MTP layer's drafts.

vLLM lives in its own environment; ``peers/vllm_check.py`` says how to make one and how this test finds it.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import torch

from joyflash.convert.export import export_folder
from joyflash.errors import CheckpointError
from joyflash.model.attention import PackedContext
from joyflash.model.checkpoint import read_model
from joyflash.model.joyflash import JoyFlash
from joyflash.model.loading import model_folder
from joyflash.text.tokenizer import Tokenizer

VARIABLE = "JOYFLASH_VLLM_PYTHON"
TEXTS = [
    "Which is bigger, 9.9 or 9.11?",
    "What is 23 + 48?",
    "The capital of France is",
    "你好，今天天气怎么样？",
]
TOKENS = 48
BF16 = 0.15
"""Natural-log units: bf16 keeps 8 bits, so a logit near 16 moves by up to 0.06, through all blocks by a few such."""
LIKELY = -4.0
"""Of what is rarer than one in fifty, rounding moves the logarithm further."""

pytestmark = [
    pytest.mark.skipif(VARIABLE not in os.environ, reason=f"{VARIABLE} names no interpreter; see peers/vllm_check.py"),
    pytest.mark.timeout(3600),
]


@pytest.fixture(scope="module", params=["hf", "deepseek_v3"])
def folder(request, tmp_path_factory) -> Path:
    """nano in bf16, padded to the only latent sizes that vLLM's kernels take, under either model type."""
    out = tmp_path_factory.mktemp("vllm") / request.param
    try:
        export_folder(model_folder("nano"), out, request.param, torch.bfloat16, padded=True)
    except CheckpointError as error:
        pytest.skip(str(error))
    return out


@pytest.fixture(scope="module")
def model(folder) -> JoyFlash:
    return read_model(folder)


@pytest.fixture(scope="module")
def prompts(folder) -> list[list[int]]:
    tokenizer = Tokenizer.from_pretrained(folder)
    return [tokenizer.encode(text) for text in TEXTS]


def run(folder: Path, prompts: list[list[int]], tokens: int, mtp: int) -> dict:
    job = {"folder": str(folder), "prompts": prompts, "tokens": tokens, "mtp": mtp}
    settings = {"VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": "2", "VLLM_ENABLE_V1_MULTIPROCESSING": "0"}
    script = Path(__file__).parent / "peers" / "vllm_check.py"
    done = subprocess.run(
        [os.environ[VARIABLE], str(script)],
        input=json.dumps(job),
        env={**settings, "HF_HUB_OFFLINE": "1", **os.environ},
        capture_output=True,
        text=True,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    assert lines, f"{done.stdout[-2000:]}\n{done.stderr[-6000:]}"
    return json.loads(lines[-1].removeprefix("RESULT "))


@pytest.fixture(scope="module")
def plain(folder, prompts) -> dict:
    """vLLM without drafts."""
    return run(folder, prompts, TOKENS, 0)


def log_probabilities(model: JoyFlash, prompt: list[int], answer: list[int]) -> torch.Tensor:
    """Ours at every place of the answer [T, V], teacher-forced."""
    with torch.no_grad():
        logits = model(torch.tensor([prompt + answer]))[0]
    return logits.log_softmax(-1)[len(prompt) - 1 : -1]


def places_off(model: JoyFlash, prompts: list[list[int]], result: dict) -> tuple[int, int]:
    """Log-probabilities as ours in fp32 within bf16's error; places where the token is not the best by more than it."""
    off = places = 0
    worst = 0.0
    pairs: list[tuple[float, float]] = []
    for prompt, answer, given in zip(prompts, result["tokens"], result["logprobs"], strict=True):
        ours = log_probabilities(model, prompt, answer)
        likely = [(i, int(token), p) for i, place in enumerate(given) for token, p in place.items() if p > LIKELY]
        pairs += [(ours[i, token].item(), p) for i, token, p in likely]
        behind = ours.max(-1).values - ours[torch.arange(len(answer)), torch.tensor(answer)]
        off, places = off + int((behind > 2 * BF16).sum()), places + len(answer)
        worst = max(worst, behind.max().item())
    difference = torch.tensor(pairs).diff(dim=1).abs()
    print(
        f"{len(pairs)} likely tokens: median difference {difference.median():.4f}, "
        f"95 % {difference.quantile(0.95):.4f}, largest {difference.max():.3f}; "
        f"{off} of {places} tokens not the best, furthest behind {worst:.3f}"
    )
    # Not the mean or the worst: rounding turns a near tie of two experts, and then one place differs by whole nats.
    assert difference.median() < BF16 / 2
    assert difference.quantile(0.95) < 2 * BF16
    return off, places


def test_log_probabilities_and_greedy_tokens(model, prompts, plain):
    assert places_off(model, prompts, plain)[0] == 0


@pytest.mark.parametrize("drafts", [1, 2, 3])
def test_drafts_are_accepted_as_often_as_ours(folder, model, prompts, drafts):
    result = run(folder, prompts, TOKENS, drafts)
    # With an earlier nano vLLM 0.32's check of several tokens at once left the best token at 1 place of 192, for every
    # k the same one, just behind its first block; bf16 in our own model does not explain it (docs/LOG.md).
    off, places = places_off(model, prompts, result)
    assert off <= places // 100
    counts = [accepted(model, prompt, answer, drafts) for prompt, answer in zip(prompts, result["tokens"], strict=True)]
    ours = sum(right for right, _ in counts) / sum(steps for _, steps in counts)
    theirs = result["accepted"]["num_accepted_tokens"] / result["accepted"]["num_drafts"]
    print(f"{drafts} drafts: {theirs:.4f} accepted a step, ours {ours:.4f}")
    assert ours > 0.2 * drafts**0.5, "nano's own drafts are no good, so agreement would say nothing"
    assert theirs == pytest.approx(ours, rel=0.05)


def accepted(model: JoyFlash, prompt: list[int], answer: list[int], drafts: int) -> tuple[int, int]:
    """Drafts that come true, and steps, where ``answer`` is what the trunk says: the rule written out, without a cache.

    A step drafts from the trunk's hidden states of all tokens but the last, each beside the token after it; every
    further draft appends the MTP layer's own last hidden state, after its norm, and the token drafted from it.
    """
    right = steps = 0
    assert model.mtp is not None
    with torch.no_grad():
        tokens = torch.tensor(prompt + answer)
        for _ in range(drafts):  # so that the last drafts too can be told right or wrong
            tokens = torch.cat((tokens, model(tokens.unsqueeze(0))[0, -1].argmax().view(1)))
        trunk_TD = model.hidden(tokens, PackedContext.of(torch.arange(len(tokens)), model.config))
        known = len(prompt) + 1
        while known < len(prompt) + TOKENS:
            hidden_TD, row = trunk_TD[: known - 1], tokens[:known]
            for _ in range(drafts):
                positions = torch.arange(len(hidden_TD))
                embedded_TD = model.model.embed_tokens(row[1:])
                out_TD = model.mtp(hidden_TD, embedded_TD, positions, PackedContext.of(positions, model.config))
                row = torch.cat((row, model.logits(out_TD[-1]).argmax().view(1)))
                hidden_TD = torch.cat((hidden_TD, out_TD[-1:]))
            guesses, truth = row[known:], tokens[known : known + drafts]
            matches = int((guesses == truth).long().cumprod(0).sum())
            right, steps, known = right + matches, steps + 1, known + matches + 1
    return right, steps
