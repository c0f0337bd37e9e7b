"""The bundled tokenizer and template, and a tool, for all tests of text."""

from __future__ import annotations

from pathlib import Path

import pytest

import joyflash.text
from joyflash.text.messages import ToolDefinition
from joyflash.text.template import ChatTemplate
from joyflash.text.tokenizer import Tokenizer


@pytest.fixture(scope="session")
def nano_folder() -> Path:
    return Path(joyflash.text.__file__).parents[1] / "assets" / "nano"


@pytest.fixture(scope="session")
def tokenizer(nano_folder: Path) -> Tokenizer:
    return Tokenizer.from_pretrained(nano_folder)


@pytest.fixture(scope="session")
def template(nano_folder: Path, tokenizer: Tokenizer) -> ChatTemplate:
    return ChatTemplate.from_pretrained(nano_folder, tokenizer)


@pytest.fixture(scope="session")
def booking() -> ToolDefinition:
    """A tool with a parameter of every type."""
    parameters = {
        "type": "object",
        "properties": {
            "title": {"type": "string", "description": "What it is called."},
            "seats": {"type": "integer"},
            "price": {"type": "number"},
            "window": {"type": "boolean"},
            "extras": {"type": "array", "items": {"type": "string"}},
            "guest": {"$ref": "#/$defs/Guest"},
            "limit": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            "note": {"type": ["string", "null"]},
            "tags": {"type": ["string", "array"]},
            "level": {"enum": [1, 2, "top"]},
        },
        "required": ["title"],
        "$defs": {"Guest": {"type": "object", "properties": {"name": {"type": "string"}}}},
    }
    definition = {"name": "book_table", "description": "Book a table.", "parameters": parameters}
    return ToolDefinition.from_dict({"type": "function", "function": definition})
