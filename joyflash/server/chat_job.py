"""One checked chat request in the house's own form, whichever vendor's shape it came in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from joyflash.engine.call_grammar import ReplyRules
from joyflash.engine.engine import Engine
from joyflash.engine.request import Constraint, Request, SamplingParams
from joyflash.engine.stops import HiddenText
from joyflash.errors import RequestError, TemplateError
from joyflash.text.marks import CALL, CALL_END, END_OF_THOUGHT
from joyflash.text.messages import Message, ToolDefinition, first_stray_result


@dataclass(frozen=True)
class ChatJob:
    """A checked chat request.

    Attributes:
        model: the name to answer under.
        request: what the engine gets.
        tools: functions that the answer may call; empty when there are none or calls are not wanted.
        held: the answer is held to the tools' schemas, or to one of its own.
        json: an answer that is no call is JSON.
        thinking: the answer begins with reasoning.
        parallel: more than one call is allowed.
        stream, include_usage: how the caller wants the answer.
        continuous_usage: every chunk of a stream carries the usage so far, drafts counted.
        top_logprobs: alternatives a token, or None when no log-probabilities were asked for.
        end_of_thought_id: the token that ends reasoning, if the tokenizer has one.
    """

    model: str
    request: Request
    tools: tuple[ToolDefinition, ...]
    held: bool
    json: bool
    thinking: bool
    parallel: bool
    stream: bool
    include_usage: bool
    continuous_usage: bool
    top_logprobs: int | None
    end_of_thought_id: int | None

    @property
    def prompt_token_count(self) -> int:
        """Tokens of the prompt."""
        return len(self.request.prompt_ids)


@dataclass(frozen=True)
class ToolUse:
    """Which functions may be called, and whether one must be.

    Attributes:
        tools: as listed by the caller.
        choice: "none", "auto" or "required".
        name: the one function to call, or None.
        parallel: more than one call is allowed.
    """

    tools: tuple[ToolDefinition, ...] = ()
    choice: str = "auto"
    name: str | None = None
    parallel: bool = True


@dataclass(frozen=True)
class ReplySchema:
    """The JSON Schema of an answer that is no call.

    Attributes:
        schema: any JSON Schema.
        strict: refuse it unless every word of it can be held.
        param: the caller's name for it.
    """

    schema: Any
    strict: bool
    param: str


def build_job(
    engine: Engine,
    messages: Sequence[Message],
    use: ToolUse,
    params: SamplingParams,
    *,
    model: str,
    thinking: bool,
    stream: bool,
    hold_calls: bool,
    thinking_budget: int | None = None,
    reply_schema: ReplySchema | None = None,
    most_tokens: int | None = None,
    param: str = "messages",
    include_usage: bool = False,
    continuous_usage: bool = False,
) -> ChatJob:
    """Render the prompt and put constraints on the answer.

    Args:
        engine: renders the prompt.
        messages, use, params: the conversation, its tools, and how to sample.
        model: the name to answer under.
        thinking, stream, include_usage, continuous_usage: see ChatJob.
        hold_calls: hold calls to their tools' schemas even where nothing else asks for a constraint.
        thinking_budget: tokens after which the thought is ended; None lets it run.
        reply_schema: holds an answer that is no call; None leaves it free.
        most_tokens: refuses a prompt that surely has more before any work; None = the context.
        param: the caller's name of the conversation.

    Raises:
        ContextLengthError: the prompt is far too long.
        RequestError: the template refuses the conversation, a result answers no call, a schema cannot be held, or the
            model cannot think or keep a budget.
        TemplateError: the model has no chat template.
    """
    if engine.template is None:
        raise TemplateError(f"The model '{model}' has no chat template, so it cannot chat.")
    stray = first_stray_result(messages)
    if stray is not None:
        where = f"{param}[{stray}].tool_call_id" if param == "messages" else param
        given = f"'{(messages[stray].tool_call_id or '')[:80]}'"
        raise RequestError(f"'{where}': the result of {given} answers no call before it.", where, "invalid_value")
    tools = () if use.choice == "none" else use.tools
    most = engine.context_length if most_tokens is None else most_tokens
    prompt_ids = engine.template.render(messages, tools, enable_thinking=thinking, most_tokens=most, param=param)
    opened = engine.template.opens_thought(prompt_ids)
    if thinking and not opened:
        fields = "'reasoning_effort', 'reasoning', 'thinking' or 'enable_thinking'"
        message = f"'{model}' does not think: its chat template opens no thought. Leave out {fields}."
        raise RequestError(message, None, "unsupported_parameter")
    thinking = opened  # a template may always open one
    constraint: Constraint | None = None
    asked = use.choice != "auto" or not use.parallel or any(tool.strict for tool in tools) or reply_schema is not None
    if hold_calls or asked or not tools:
        # Without tools the constraint forbids calls: a history that has some must not tempt the model into another.
        rules = ReplyRules(tools, use.choice if tools else "none", use.name, use.parallel, thinking)
        if reply_schema is not None:
            rules = replace(
                rules, schema=reply_schema.schema, strict=reply_schema.strict, schema_param=reply_schema.param
            )
        constraint = engine.reply_constraint(rules)
    held = constraint is not None  # a budget alone holds no call
    end_of_thought = engine.tokenizer.control_tokens.get(END_OF_THOUGHT)
    if thinking and thinking_budget is not None:
        if end_of_thought is None:
            message = f"'thinking.budget_tokens' cannot be kept: '{model}' has no token that ends a thought."
            raise RequestError(message, "thinking.budget_tokens", "unsupported_parameter")
        constraint = engine.thinking_budget(end_of_thought, thinking_budget, constraint)
    # Stop strings are a matter of what the caller reads as text: not of thoughts, nor of how calls are spelled.
    marks = {"begin": CALL, "end": CALL_END, "only_first": reply_schema is not None} if tools else {}
    hidden = HiddenText(opened=END_OF_THOUGHT if thinking else "", **marks)
    return ChatJob(
        model=model,
        request=Request(prompt_ids=prompt_ids, params=params, constraint=constraint, hidden=hidden),
        tools=tools,
        held=held,
        json=reply_schema is not None,
        thinking=thinking,
        parallel=use.parallel,
        stream=stream,
        include_usage=include_usage,
        continuous_usage=continuous_usage,
        top_logprobs=params.logprobs,
        end_of_thought_id=end_of_thought,
    )
