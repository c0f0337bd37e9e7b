"""`/tokenize` and `/detokenize`: what the model sees of a text or a conversation, and back."""

from __future__ import annotations

from typing import Any

from joyflash.engine.engine import Engine
from joyflash.errors import RequestError
from joyflash.server import checks
from joyflash.server.chat_fields import CHAT_FIELDS, Field, read_fields
from joyflash.server.checks import BOOLEAN, LIST, STRING
from joyflash.server.models import ModelNames
from joyflash.server.openai_request import read_chat_request
from joyflash.server.settings import ServerSettings

_CHAT = {field.name: field for field in CHAT_FIELDS}
_MODEL = Field("model", STRING, None, "a served name; another is a 404, absent is the one that there is")
CONVERSATION = ("messages", "tools", "tool_choice", "reasoning_effort", "chat_template_kwargs")

TOKENIZE_FIELDS: tuple[Field, ...] = (
    _MODEL,
    Field("prompt", STRING, None, "plain text; this or `messages`"),
    Field("messages", LIST, None, "a conversation as `/v1/chat/completions` takes it; this or `prompt`"),
    *(_CHAT[name] for name in CONVERSATION[1:]),
    Field("add_special_tokens", BOOLEAN, True, "put the begin token before `prompt`, as `/v1/completions` does"),
    Field("return_token_strs", BOOLEAN, False, "spell every token, in `token_strs`"),
)
DETOKENIZE_FIELDS: tuple[Field, ...] = (
    _MODEL,
    Field(
        "tokens",
        checks.list_of(checks.integer(0), words="an array of token ids"),
        None,
        "token ids; control tokens are spelled out, bytes that are no UTF-8 become U+FFFD",
        required=True,
    ),
)


class Tokenizing:
    """Answers both endpoints.

    Args:
        engine: brings tokenizer and template.
        names: under which names the model answers.
        settings: bounds on one request.
    """

    def __init__(self, engine: Engine, names: ModelNames, settings: ServerSettings):
        self.engine = engine
        self.names = names
        self.settings = settings

    def tokenize(self, body: dict[str, Any]) -> dict[str, Any]:
        """The body of `/tokenize`; RequestError names the field that is wrong."""
        fields = read_fields(body, TOKENIZE_FIELDS)
        model = self.names.resolve(fields["model"]) if fields["model"] is not None else self.names.names[0]
        if (fields["prompt"] is None) == (fields["messages"] is None):
            raise RequestError("Give either 'prompt' or 'messages'.", "prompt", "missing_required_parameter")
        if fields["prompt"] is not None:
            ids = self._encode(body, fields)
        else:
            if body.get("add_special_tokens") is not None:
                message = "'add_special_tokens' goes with 'prompt': a conversation has its own."
                raise RequestError(message, "add_special_tokens", "invalid_value")
            chat = {name: body[name] for name in CONVERSATION if body.get(name) is not None}
            ids = list(self._render({"model": model, **chat}))
        tokenizer = self.engine.tokenizer
        answer = {"count": len(ids), "max_model_len": self.engine.context_length, "tokens": ids}
        if fields["return_token_strs"]:
            answer["token_strs"] = [tokenizer.token_bytes(token_id).decode("utf-8", "replace") for token_id in ids]
        return answer

    def detokenize(self, body: dict[str, Any]) -> dict[str, Any]:
        """The body of `/detokenize`; RequestError names the field that is wrong."""
        fields = read_fields(body, DETOKENIZE_FIELDS)
        if fields["model"] is not None:
            self.names.resolve(fields["model"])
        known = self.engine.tokenizer.vocab_size
        for index, token_id in enumerate(fields["tokens"]):
            if token_id >= known:
                message = f"'tokens[{index}]' is {token_id}; token ids go from 0 to {known - 1}."
                raise RequestError(message, f"tokens[{index}]", "invalid_value")
        return {"prompt": self.engine.tokenizer.decode(fields["tokens"], skip_control=False)}

    def _encode(self, body: dict[str, Any], fields: dict[str, Any]) -> list[int]:
        """Ids of plain text; fields of a conversation beside it are refused, as they would do nothing."""
        for name in CONVERSATION:
            if body.get(name) is not None:
                raise RequestError(f"'{name}' goes with 'messages', not with 'prompt'.", name, "invalid_value")
        tokenizer = self.engine.tokenizer
        tokenizer.check_length(fields["prompt"], self.settings.most_counted(self.engine.context_length), "prompt")
        ids = tokenizer.encode(fields["prompt"])
        return [tokenizer.bos_id, *ids] if fields["add_special_tokens"] else ids

    def _render(self, chat: dict[str, Any]) -> tuple[int, ...]:
        """The very prompt that `/v1/chat/completions` would make of it, however long."""
        job = read_chat_request(chat, self.engine, self.settings, self.names.resolve, check_length=False)
        return tuple(job.request.prompt_ids)
