"""The engine over the real model code: the bundled size with random weights, and the bundled tokenizer."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch

import joyflash
from joyflash.engine.block_pool import BlockPool
from joyflash.engine.call_grammar import ReplyRules
from joyflash.engine.engine import Engine
from joyflash.engine.request import Request, SamplingParams
from joyflash.errors import CheckpointError, ConfigError
from joyflash.kernels.cpu import build
from joyflash.kernels.cpu.packed import PackedMatrix
from joyflash.model.cache import PagedCache
from joyflash.model.checkpoint import save_model
from joyflash.model.config import preset
from joyflash.model.joyflash import JoyFlash
from joyflash.model.step import TorchStep
from joyflash.text.messages import ToolDefinition
from joyflash.text.template import ChatTemplate
from joyflash.text.tokenizer import Tokenizer
from joyflash.text.tool_calls import parse_tool_calls

NANO = Path(next(iter(joyflash.__path__))) / "assets" / "nano"
TOOL = ToolDefinition(
    "lookup",
    "",
    {
        "type": "object",
        "properties": {"word": {"type": "string"}, "language": {"type": "string"}},
        "required": ["word"],
    },
)


@pytest.fixture(scope="module")
def model():
    """Random weights everywhere, so that every layer matters."""
    generator = torch.Generator().manual_seed(0)
    model = JoyFlash(dataclasses.replace(preset("nano"), max_position_embeddings=1024))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(std=0.5 * parameter.shape[-1] ** -0.5, generator=generator)
            else:
                parameter.fill_(1.0)
        model.lm_head.weight.normal_(std=0.2, generator=generator)
    return model.eval()


@pytest.fixture
def engine(model):
    tokenizer = Tokenizer.from_pretrained(NANO)
    step = TorchStep(model, PagedCache(model.config, blocks=64), context_length=256)
    template = ChatTemplate.from_pretrained(NANO, tokenizer)
    return Engine(step, BlockPool(64, 16), tokenizer, template, model_name="nano", prefill_chunk=16, max_batch=4)


def test_greedy_text_is_the_models_own(engine, model):
    prompts = ["The quick brown fox jumps over the lazy dog and runs away from it at once.", "你好", "1"]
    outputs = engine.generate(prompts, SamplingParams(temperature=0, max_tokens=6, ignore_eos=True, logprobs=1))
    for prompt, output in zip(prompts, outputs, strict=True):
        ids = engine.encode_prompt(prompt)
        with torch.no_grad():
            logprobs_TV = model(torch.tensor([[*ids, *output.token_ids]]))[0].log_softmax(-1)
        expected_TV = logprobs_TV[len(ids) - 1 : -1]
        assert tuple(expected_TV.argmax(-1).tolist()) == output.token_ids
        for entry, expected_V in zip(output.logprobs, expected_TV, strict=True):
            assert entry.logprob == pytest.approx(float(expected_V[entry.token_id]), abs=1e-4)


def test_a_seed_gives_the_same_text_alone_and_batched(engine):
    prompts = ["One text", "Another one, which is a little longer than a single chunk of tokens is.", "三"]
    params = SamplingParams(temperature=1.0, seed=11, max_tokens=12, ignore_eos=True)
    together = [output.token_ids for output in engine.generate(prompts, params)]
    assert together == [engine.generate([prompt], params)[0].token_ids for prompt in prompts]


def test_a_conversation_is_rendered_by_the_template(engine):
    conversation = [{"role": "user", "content": "Hello!"}]
    ids = engine.encode_prompt(conversation)
    assert ids == engine.template.render(conversation)
    output = engine.generate([conversation], SamplingParams(max_tokens=4))[0]
    assert output.prompt_token_count == len(ids)


def test_an_untrained_model_can_be_made_to_call(engine):
    """Names and structure are held; the one value is cut short by a bias towards its end."""
    ends = {engine.tokenizer.control_id("</parameter>"): 20, engine.tokenizer.encode("\n")[0]: 20}
    for seed in range(5):
        constraint = engine.reply_constraint(ReplyRules((TOOL,), "required", parallel=False))
        params = SamplingParams(temperature=1.0, seed=seed, max_tokens=120, logit_bias=ends)
        engine.submit(Request([0, 5], params, "r", constraint))
        text, reason = "", None
        while engine.has_work:
            for delta in engine.step():
                text, reason = text + delta.text, delta.finish_reason
        assert reason == "stop", text
        content, calls = parse_tool_calls(text, [TOOL])
        assert not content and len(calls) == 1 and calls[0].name == "lookup", text
        assert {"word"} <= calls[0].arguments.keys() <= {"word", "language"}, text


def test_from_pretrained_reads_a_folder(tmp_path, model):
    save_model(model, tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((NANO / name).read_bytes())
    engine = Engine.from_pretrained(tmp_path, mtp=0, max_batch=2, max_context=64)
    assert (engine.context_length, engine.model_name) == (64, tmp_path.name)
    assert json.loads((tmp_path / "config.json").read_text())["max_position_embeddings"] == 1024
    assert engine.generate(["a"], SamplingParams(max_tokens=2))[0].token_ids
    with pytest.raises(ConfigError, match="max_batch"):
        Engine.from_pretrained(tmp_path, max_batch=0)
    with pytest.raises(ConfigError, match="between 0 and 4"):
        Engine.from_pretrained(tmp_path, mtp=5)
    with pytest.raises(CheckpointError, match="no-such-model"):
        Engine.from_pretrained("no-such-model")


@pytest.mark.skipif(build.compiler() is None, reason="the compiled step needs a C compiler")
@pytest.mark.parametrize("mtp", [0, 1, None])
def test_only_an_engine_that_drafts_has_weights_for_drafts(mtp):
    engine = Engine.from_pretrained("nano", mtp=mtp, max_context=64, max_batch=2)
    weights = engine._runner.model._step._weights.model
    assert isinstance(weights["draft_head"], PackedMatrix) == (mtp != 0)
