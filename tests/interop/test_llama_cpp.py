"""What llama.cpp computes from our GGUF files: the same ids, probabilities and text as our engine.

Either package serves: ``llama-cpp-python`` compiles for many minutes; ``xllamacpp`` carries llama.cpp prebuilt. Neither
is in an extra, and without them this file skips. ``PYTHONPATH`` may name a folder that holds one of them.
"""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
import torch

from joyflash.engine.engine import Engine
from joyflash.engine.request import SamplingParams
from joyflash.interop.gguf_export import export_gguf
from joyflash.model.loading import ASSETS, load_model
from tests.interop.test_gguf_export import CONFIGS, SMALL, small_folder

REAL_HEADS = dataclasses.replace(
    SMALL, q_lora_rank=96, kv_lora_rank=512, qk_nope_head_dim=128, qk_rope_head_dim=64, v_head_dim=128
)
SHAPES = {**CONFIGS, "real_heads": REAL_HEADS}
PASSAGE = (
    "A triangle has three sides. The sum of its angles is 180 degrees, so a triangle with two equal angles of 45 "
    "degrees has a right angle. Which is larger, 9.11 or 9.9? 请比较两个数，然后回答哪一个更大。\n"
    "def area(width, height):\n    return width * height\n\nprint(area(3, 4))  # 12\n"
)
TEXTS = [
    PASSAGE,
    "don't stop at 1234567 items, it's  spaced\t\tout \n\n\r\n  and ends here  ",
    "naïve café – “quoted” … 数据库，日本語のテキスト。한국어 ελληνικά",
    "🙂👩‍👩‍👧 emoji & symbols: €5 ±3 a_b=c;x->y {k: 'v'}",
    "",
]
QUESTIONS = ["Which is larger, 9.11 or 9.9?", "Hello!", "9.11和9.9哪个大？"]


class LlamaCppPython:
    """The file in llama-cpp-python, with every logit and a float32 cache."""

    def __init__(self, path: Path, context: int):
        import llama_cpp

        self.llama = llama_cpp.Llama(
            model_path=str(path),
            n_ctx=context,
            n_batch=context,
            n_ubatch=context,
            n_threads=1,
            n_threads_batch=1,
            logits_all=True,
            type_k=llama_cpp.GGML_TYPE_F32,
            type_v=llama_cpp.GGML_TYPE_F32,
            verbose=False,
        )

    def tokenize(self, text: str) -> list[int]:
        """Ids of ordinary text."""
        return self.llama.tokenize(text.encode(), add_bos=False, special=False)

    def log_probs(self, ids: list[int]) -> torch.Tensor:
        """Log-probabilities [T, V] after each of ``ids``, float64."""
        self.llama.reset()
        self.llama.eval(ids)
        return torch.from_numpy(self.llama.scores[: len(ids)].copy()).double().log_softmax(dim=-1)

    def greedy(self, ids: list[int], count: int) -> str:
        """At most ``count`` most likely tokens as text."""
        self.llama.reset()
        self.llama.eval(ids)
        tokens: list[int] = []
        while len(tokens) < count:
            best = int(self.llama.scores[self.llama.n_tokens - 1].argmax())
            if best == self.llama.token_eos():
                break
            tokens.append(best)
            self.llama.eval([best])
        return self.llama.detokenize(tokens).decode("utf-8", "replace")


class XLlamaCpp:
    """The file in xllamacpp's server, asked over HTTP."""

    def __init__(self, path: Path, context: int):
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx = params.n_batch = params.n_ubatch = context
        params.n_parallel, params.port = 1, 0
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
        params.warmup = params.fit_params = False
        params.verbosity = 0
        params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
        params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
        self.server = xllamacpp.Server(params)

    def _post(self, route: str, **body: Any) -> dict[str, Any]:
        data = json.dumps(body).encode()
        request = Request(self.server.listening_address + route, data, {"Content-Type": "application/json"})
        with urlopen(request, timeout=120) as reply:
            return json.load(reply)

    def tokenize(self, text: str) -> list[int]:
        return self._post("/tokenize", content=text, add_special=False, parse_special=False)["tokens"]

    def log_probs(self, ids: list[int]) -> torch.Tensor:
        # The server gives no probabilities for a token that ends within a character, so every step must choose an "a";
        # the probabilities are the model's own, before this bias.
        bias = [[self.tokenize("a")[0], 10_000]]
        rows = []
        for end in range(1, len(ids) + 1):
            body = {"n_predict": 1, "temperature": 0, "n_probs": 1_000_000, "logit_bias": bias}
            reply = self._post("/completion", prompt=ids[:end], **body)
            top = reply["completion_probabilities"][0]["top_logprobs"]
            row = torch.empty(len(top), dtype=torch.float64)
            for entry in top:
                row[entry["id"]] = entry["logprob"]
            rows.append(row)
        return torch.stack(rows)

    def greedy(self, ids: list[int], count: int) -> str:
        return self._post("/completion", prompt=ids, n_predict=count, temperature=0)["content"]


BINDINGS = {"llama_cpp": LlamaCppPython, "xllamacpp": XLlamaCpp}


@pytest.fixture(params=BINDINGS, scope="module")
def llama_cpp(request):
    """A constructor (path, context)."""
    pytest.importorskip(request.param, reason=f"needs {request.param}; see this file's first lines")
    return BINDINGS[request.param]


def our_log_probs(model, ids: list[int]) -> torch.Tensor:
    with torch.no_grad():
        return model(torch.tensor([ids]))[0].double().log_softmax(dim=-1)


def perplexity(log_probs_TV: torch.Tensor, ids: list[int]) -> float:
    """Of all tokens but the first."""
    chosen = log_probs_TV[:-1].gather(1, torch.tensor(ids[1:]).unsqueeze(1))
    return math.exp(-chosen.mean().item())


@pytest.fixture(scope="module")
def nano(tmp_path_factory) -> Path:
    return export_gguf(ASSETS / "nano", tmp_path_factory.mktemp("gguf") / "nano.gguf", "f32").path


def test_ids_are_the_same(llama_cpp, nano):
    llama = llama_cpp(nano, 256)
    _, tokenizer = load_model("nano")
    for text in TEXTS:
        assert llama.tokenize(text) == tokenizer.encode(text), text


def test_perplexity_of_nano_is_within_a_thousandth(llama_cpp, nano):
    model, tokenizer = load_model("nano")
    ids = [tokenizer.bos_id, *tokenizer.encode(PASSAGE)]
    theirs, ours = llama_cpp(nano, 512).log_probs(ids), our_log_probs(model, ids)
    assert perplexity(theirs, ids) == pytest.approx(perplexity(ours, ids), rel=1e-3)
    assert (theirs.exp() - ours.exp()).abs().max() < 1e-3


def test_greedy_text_of_nano_is_equal(llama_cpp, nano):
    engine = Engine.from_pretrained("nano", mtp=0, max_batch=1, max_context=512)
    llama = llama_cpp(nano, 512)
    for question in QUESTIONS:
        prompt = engine.encode_prompt([{"role": "user", "content": question}])
        ours = engine.generate([prompt], SamplingParams(temperature=0, max_tokens=64))[0].text
        assert llama.greedy(prompt, 64) == ours, question


@pytest.mark.parametrize("shape", SHAPES)
def test_random_models_of_other_shapes_agree(shape, llama_cpp, tmp_path):
    config = SHAPES[shape]
    folder = small_folder(tmp_path / "m", config)
    path = export_gguf(folder, tmp_path / "m.gguf", "f32").path
    ids = torch.randint(6, 290, (100,), generator=torch.Generator().manual_seed(1)).tolist()
    model, _ = load_model(folder)
    theirs, ours = llama_cpp(path, 128).log_probs(ids), our_log_probs(model, ids)
    assert (theirs - ours).abs().max() < 1e-3
    assert perplexity(theirs, ids) == pytest.approx(perplexity(ours, ids), rel=1e-3)
