"""The messages of tool-use conversations in the OpenAI shape."""

from __future__ import annotations

import json
import random

from joyflash.tasks.tool_build import Tool
from joyflash.tasks.tool_requests import Clause
from joyflash.tasks.tool_use import ToolPhrases


def opening(rng: random.Random, phrases: ToolPhrases, *, system: float = 0.22, talk: float = 0.05) -> list[dict]:
    """Sometimes a system prompt, sometimes an earlier turn of small talk."""
    messages = []
    if rng.random() < system:
        messages.append({"role": "system", "content": phrases.grammar.expand("system", rng)})
    if rng.random() < talk:
        asked, answered = rng.choice(phrases.talk)
        messages += [user(phrases.grammar.fill(asked, rng)), says(phrases.grammar.fill(answered, rng).strip())]
    return messages


def user(text: str) -> dict:
    """A message of the user."""
    return {"role": "user", "content": text}


def says(text: str) -> dict:
    """A message of the assistant in words."""
    return {"role": "assistant", "content": text}


def calls(wanted: list[Clause], rng: random.Random) -> dict:
    """The assistant's message that makes the call of each clause."""
    made = [
        {
            "id": f"call_{rng.getrandbits(32):08x}",
            "type": "function",
            "function": {"name": item.tool.name, "arguments": json.dumps(item.arguments, ensure_ascii=False)},
        }
        for item in wanted
    ]
    return {"role": "assistant", "content": None, "tool_calls": made}


def results(asked: dict, contents: list[str]) -> list[dict]:
    """The tool messages that answer the calls of ``asked`` in their order."""
    return [
        {"role": "tool", "tool_call_id": call["id"], "name": call["function"]["name"], "content": content}
        for call, content in zip(asked["tool_calls"], contents, strict=True)
    ]


def to_sample(messages: list[dict], tools: list[Tool], kind: str, language: str) -> dict:
    """The whole conversation as a sample of skill ``kind``."""
    return {"messages": messages, "tools": [tool.to_dict() for tool in tools], "kind": kind, "language": language}


def decline(absent: Tool, rng: random.Random, phrases: ToolPhrases) -> str:
    """Says that none of the listed tools can do what ``absent`` would do."""
    if absent.style in ("noun", "name") and rng.random() < 0.35:
        topic = absent.topic if absent.style == "noun" else absent.name
        return phrases.grammar.expand("decline_topic", rng, topic=topic)
    return phrases.grammar.expand("decline", rng)
