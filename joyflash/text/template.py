"""Conversations to ids by a checkpoint's own chat template, with every control token written by the template alone."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from joyflash.errors import TemplateError, TokenizerError
from joyflash.text.jinja_environment import compile_template, render_template
from joyflash.text.marks import BEGIN_OF_THOUGHT, END_OF_THOUGHT
from joyflash.text.messages import Message, ToolDefinition
from joyflash.text.tokenizer import Tokenizer

TEMPLATE_FILE = "chat_template.jinja"
_PRIVATE_USE = range(0x100000, 0x10FFFE)
_TAIL = 32  # tokens in which a mark of ordinary characters at a prompt's end lies


class ChatTemplate:
    """A chat template bound to its tokenizer.

    Text of messages and tools that looks like a control token is broken by a private character before rendering and
    mended after the rendered text was cut at its real control tokens, so it encodes as ordinary characters.

    Args:
        source: the Jinja text.
        tokenizer: encodes, and names the control tokens and ``bos_token``, ``eos_token``, ``pad_token``.
        name: where the template comes from; used in errors.
    """

    def __init__(self, source: str, tokenizer: Tokenizer, name: str = "the chat template"):
        self.source = source
        self._tokenizer = tokenizer
        self._name = name
        self._template = compile_template(source, name)
        names = tokenizer.control_tokens
        self._control = re.compile(f"({_any_of(names)})") if names else None

    @classmethod
    def from_pretrained(cls, folder: str | Path, tokenizer: Tokenizer) -> ChatTemplate:
        """Load ``chat_template.jinja``, else the ``chat_template`` of ``tokenizer_config.json``, else the built-in one.

        Raises:
            TemplateError: the template is damaged, or there is none and the tokenizer lacks the built-in one's tokens.
        """
        path = Path(folder) / TEMPLATE_FILE
        if path.is_file():
            try:
                return cls(path.read_text(encoding="utf-8"), tokenizer, str(path))
            except (OSError, UnicodeDecodeError) as error:
                raise TemplateError(f"{path} cannot be read: {error}. Copy the file again.") from error
        config_path = Path(folder) / "tokenizer_config.json"
        source = _template_of_config(config_path) if config_path.is_file() else None
        if source is not None:
            return cls(source, tokenizer, f"the chat_template of {config_path}")
        missing = [token for token in ("<|User|>", "<|Assistant|>") if token not in tokenizer.control_tokens]
        if missing or tokenizer.bos_token is None or tokenizer.eos_token is None:
            raise TemplateError(
                f"{folder} has no chat template, and its tokenizer lacks the tokens of the built-in one "
                f"(<|User|>, <|Assistant|>, a bos and an eos token). Put a {TEMPLATE_FILE} there."
            )
        return cls(default_template_text(), tokenizer, "the built-in chat template")

    def render(
        self,
        messages: Sequence[Message | Mapping[str, Any]],
        tools: Sequence[ToolDefinition | Mapping[str, Any]] = (),
        *,
        enable_thinking: bool = False,
        add_generation_prompt: bool = True,
        most_tokens: int | None = None,
        param: str = "messages",
    ) -> list[int]:
        """Ids of a prompt.

        Args:
            messages, tools: typed, or OpenAI-shaped dicts, which are checked.
            enable_thinking: the generation prompt opens a thought.
            add_generation_prompt: end with the beginning of the assistant's turn.
            most_tokens: a text that by its length alone must have more is refused before it is encoded, which would
                take long.
            param: the caller's name of the conversation, for that refusal.

        Raises:
            RequestError: a dict has a wrong form, or the template refuses the conversation.
            ContextLengthError: the text has more than ``most_tokens``.
            TemplateError: the template itself fails.
        """
        prepared, sentinel = self._prepare(messages, tools)
        text = self._render(
            prepared, len(messages), enable_thinking=enable_thinking, add_generation_prompt=add_generation_prompt
        )
        if most_tokens is not None:
            self._tokenizer.check_length(text, most_tokens, param)
        return self._encode(text, sentinel)

    def opens_thought(self, prompt_ids: Sequence[int]) -> bool:
        """Whether a prompt ends inside a thought, so that the reply begins with reasoning.

        Not every template reads ``enable_thinking``: what the reply is follows from the prompt, not from the wish.
        """
        marks = [self._tokenizer.control_tokens.get(mark) for mark in (BEGIN_OF_THOUGHT, END_OF_THOUGHT)]
        if None not in marks:
            return next((i == marks[0] for i in reversed(prompt_ids) if i in marks), False)
        tail = self._tokenizer.decode(prompt_ids[-_TAIL:], skip_control=False)
        return tail.rstrip().endswith(BEGIN_OF_THOUGHT)

    def render_text(
        self,
        messages: Sequence[Message | Mapping[str, Any]],
        tools: Sequence[ToolDefinition | Mapping[str, Any]] = (),
        *,
        enable_thinking: bool = False,
        add_generation_prompt: bool = True,
    ) -> str:
        """The prompt as text, for reading: in it, look-alikes cannot be told from control tokens."""
        prepared, sentinel = self._prepare(messages, tools)
        return self._render(
            prepared, len(messages), enable_thinking=enable_thinking, add_generation_prompt=add_generation_prompt
        ).replace(sentinel, "")

    def render_training(
        self,
        messages: Sequence[Message | Mapping[str, Any]],
        tools: Sequence[ToolDefinition | Mapping[str, Any]] = (),
    ) -> tuple[list[int], list[float]]:
        """Ids of a finished conversation and the loss weight of each: 0 but where the assistant writes.

        There it is the message's own ``weight``, 1 unless given. The assistant writes what follows its generation
        prompt: reasoning, content, calls and the token that ends its turn. The template gets
        ``keep_reasoning=True``, so that reasoning stays in every turn.

        Raises:
            TemplateError: the prompt of some turn is not the beginning of the whole text, so a model trained on it
                would meet other prompts than it learned.
        """
        typed = _typed(messages)
        prepared, sentinel = self._prepare(typed, tools)
        whole = self._render(prepared, len(messages), keep_reasoning=True)
        ids: list[int] = []
        weights: list[float] = []
        done = 0
        for i, message in enumerate(prepared["messages"]):
            if message["role"] != "assistant":
                continue
            thinking = bool(message.get("reasoning_content"))
            prompt = self._render(
                prepared, i, keep_reasoning=True, add_generation_prompt=True, enable_thinking=thinking
            )
            is_last = i + 1 == len(messages)
            through = whole if is_last else self._render(prepared, i + 1, keep_reasoning=True)
            if not (whole.startswith(prompt) and whole.startswith(through) and len(prompt) >= done):
                raise TemplateError(
                    f"{self._name} renders the prompt of messages[{i}] differently from the finished conversation; "
                    "it cannot be used for training."
                )
            for start, end, weight in ((done, len(prompt), 0.0), (len(prompt), len(through), typed[i].weight)):
                piece = self._encode(whole[start:end], sentinel)
                ids += piece
                weights += [weight] * len(piece)
            done = len(through)
        rest = self._encode(whole[done:], sentinel)
        return ids + rest, weights + [0.0] * len(rest)

    def _prepare(
        self,
        messages: Sequence[Message | Mapping[str, Any]],
        tools: Sequence[ToolDefinition | Mapping[str, Any]],
    ) -> tuple[dict[str, Any], str]:
        """What the template reads, look-alikes broken, and the character that breaks them."""
        offered = [
            tool if isinstance(tool, ToolDefinition) else ToolDefinition.from_dict(tool, f"tools[{i}]")
            for i, tool in enumerate(tools)
        ]
        plain = {
            "messages": [_template_form(message) for message in in_order_of_calls(_typed(messages))],
            "tools": [tool.to_dict() for tool in offered] or None,
        }
        sentinel = _unused_character(plain)
        return _map_text(plain, lambda text: self._break_look_alikes(text, sentinel)), sentinel

    def _break_look_alikes(self, text: str, sentinel: str) -> str:
        if self._control is None:
            return text
        return self._control.sub(lambda found: found.group()[0] + sentinel + found.group()[1:], text)

    def _render(self, prepared: dict[str, Any], count: int, **options: bool) -> str:
        """Text of the first ``count`` messages, sentinels still in it."""
        variables = {
            "bos_token": self._tokenizer.bos_token or "",
            "eos_token": self._tokenizer.eos_token or "",
            "pad_token": self._tokenizer.pad_token or "",
            "add_generation_prompt": False,
            "enable_thinking": False,
            **options,
        }
        return render_template(
            self._template, self._name, messages=prepared["messages"][:count], tools=prepared["tools"], **variables
        )

    def _encode(self, text: str, sentinel: str) -> list[int]:
        """Ids of rendered text: its control tokens as such, all between them as ordinary text."""
        if self._control is None:
            return self._tokenizer.encode(text.replace(sentinel, ""))
        ids: list[int] = []
        for i, piece in enumerate(self._control.split(text)):
            if i % 2:
                ids.append(self._tokenizer.control_tokens[piece])
            elif piece:
                ids += self._tokenizer.encode(piece.replace(sentinel, ""))
        return ids


def in_order_of_calls(messages: Sequence[Message]) -> list[Message]:
    """The messages, each run of results in the order of the calls that they answer.

    A template shows no ids: the model takes the first result for the first call's. Results that name no call of the
    turn before them come last.
    """
    ordered: list[Message] = []
    places: dict[str | None, int] = {}
    for is_result, run in itertools.groupby(messages, lambda message: message.role == "tool"):
        if is_result:
            ordered += sorted(run, key=lambda message: places.get(message.tool_call_id, len(places)))
        else:
            ordered += run
            places = {call.id: place for place, call in enumerate(ordered[-1].tool_calls)}
    return ordered


def default_template_text() -> str:
    """The built-in template of the released model, for a folder that brings none."""
    return resources.files("joyflash.text").joinpath("default_chat_template.jinja").read_text(encoding="utf-8")


def _template_of_config(path: Path) -> str | None:
    """``chat_template`` of a ``tokenizer_config.json``: text, or a list of named templates with a ``default``."""
    try:
        value = json.loads(path.read_text(encoding="utf-8")).get("chat_template")
    except (OSError, ValueError, AttributeError) as error:
        raise TokenizerError(f"{path} cannot be read as a JSON object: {error}. Copy the file again.") from error
    if isinstance(value, list):
        named = {entry.get("name"): entry.get("template") for entry in value if isinstance(entry, dict)}
        value = named.get("default")
    return value if isinstance(value, str) else None


def _typed(messages: Sequence[Message | Mapping[str, Any]]) -> list[Message]:
    return [m if isinstance(m, Message) else Message.from_dict(m, f"messages[{i}]") for i, m in enumerate(messages)]


def _any_of(names: Iterable[str]) -> str:
    """A pattern of any of ``names``, the longest that fits.

    Beginnings that names share are written once: one alternative per name would be tried for every ``<`` of a text,
    and tokenizers have a thousand.
    """
    after: dict[str, list[str]] = {}
    for name in names:
        if name:
            after.setdefault(name[0], []).append(name[1:])
    if not after:
        return ""
    either = "|".join(re.escape(first) + _any_of(rest) for first, rest in after.items())
    return f"(?:{either}){'?' if '' in names else ''}"


def _template_form(message: Message) -> dict[str, Any]:
    """The form templates expect: the OpenAI shape with arguments as an object."""
    form = message.to_dict()
    if message.tool_calls:
        form["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    return form


def _map_text(value: Any, change: Callable[[str], Any]) -> Any:
    """``value`` with ``change`` applied to every text in it, keys included."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {_map_text(key, change): _map_text(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_map_text(item, change) for item in value]
    return value


def _unused_character(value: Any) -> str:
    """A private-use character that no text in ``value`` holds."""
    used: set[str] = set()
    _map_text(value, used.update)
    return next(character for code in _PRIVATE_USE if (character := chr(code)) not in used)
