"""A model that recites: the real engine, tokenizer, template and parser run around it, only the network is missing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

import joyflash
from joyflash.engine.async_engine import AsyncEngine
from joyflash.engine.block_pool import BlockPool
from joyflash.engine.engine import Engine
from joyflash.text.template import ChatTemplate
from joyflash.text.tokenizer import Tokenizer
from tests.engine.fakes import FakeStep

NANO = Path(joyflash.__file__).parent / "assets" / "nano"
DREAM = "\0dream"
"""A reply of this kind is random letters, so that the seed decides what it says."""

Script = Callable[[str], str]
"""From the prompt's text, control tokens spelled out, to the reply."""


class ScriptedModel:
    """Gives the next token of the scripted reply all the probability; `gate` can hold it up."""

    def __init__(self, tokenizer: Tokenizer, script: Script):
        self.tokenizer = tokenizer
        self.script = script
        self.gate = threading.Event()
        self.gate.set()
        self.steps = 0
        start = tokenizer.control_id("<|Assistant|>")
        self._assistant_id = start
        self._letters = [tokenizer.encode(letter)[0] for letter in "abcdefghijklmnopqrstuvwxyz"]

    def predict(self, tokens: list[int]) -> Tensor:
        """Logits after ``tokens``."""
        self.gate.wait(20)
        self.steps += 1
        return self._next_logits(tokens)

    def _next_logits(self, tokens: list[int]) -> Tensor:
        logits_V = torch.full([self.tokenizer.vocab_size], -50.0)
        begin = len(tokens) - tokens[::-1].index(self._assistant_id) + 1 if self._assistant_id in tokens else None
        if begin is None or begin > len(tokens):
            return logits_V
        reply = self.script(self.tokenizer.decode(tokens[:begin], skip_control=False))
        said = tokens[begin:]
        if reply == DREAM:
            logits_V[self._letters] = 0.0
            logits_V[self.tokenizer.eos_id] = -1.0
            return logits_V
        wanted = [*self.tokenizer.encode_with_control(reply), self.tokenizer.eos_id]
        logits_V[wanted[len(said)] if len(said) < len(wanted) else self.tokenizer.eos_id] = 50.0
        return logits_V


def scripted_engine(
    script: Script, slots: int = 4, max_waiting: int = 256, context: int = 2048
) -> tuple[AsyncEngine, ScriptedModel]:
    """An engine whose model recites; close the engine at the end of the test."""
    tokenizer = Tokenizer.from_pretrained(NANO)
    model = ScriptedModel(tokenizer, script)
    engine = Engine(
        FakeStep(model.predict, block_size=16, context_length=context),
        BlockPool(slots * context // 16, 16),
        tokenizer,
        ChatTemplate.from_pretrained(NANO, tokenizer),
        model_name="nano",
        max_batch=slots,
    )
    return AsyncEngine(engine, max_waiting=max_waiting), model


def call(name: str, **arguments: str) -> str:
    """A tool call as the model writes it."""
    lines = [f"<parameter={key}>\n{value}\n</parameter>\n" for key, value in arguments.items()]
    return f"<tool_call>\n<function={name}>\n{''.join(lines)}</function>\n</tool_call>"


def script(prompt: str) -> str:
    """What the tests' model says, by words of the last turn."""
    turn = prompt.rpartition("<|User|>")[2]
    if "<tool_response>" in turn:
        return f"The result is {turn.partition('<tool_response>')[2].partition('</tool_response>')[0].strip()}."
    if "dream" in turn:
        return DREAM
    if "count" in turn:
        return " ".join(str(number) for number in range(1, 200))
    if "two calls" in turn:
        return "Two at once.\n" + call("add", a="1", b="2") + "\n" + call("add", a="3", b="4")
    if "call" in turn:
        return "Let me see.\n" + call("add", a="1", b="22")
    if "think" in turn:
        return "First this, then that.<|end_of_thought|>So it is."
    return "Hello, world! 你好。"
