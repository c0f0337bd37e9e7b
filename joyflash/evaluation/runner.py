"""Asks a server all items under all seeds, in parallel, keeping every answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from joyflash.evaluation.cache import AnswerCache, request_key
from joyflash.evaluation.client import ChatClient, RefusedError
from joyflash.evaluation.item import EvalItem
from joyflash.evaluation.scoring import Answer, expression_of, normalize_expression, score


@dataclass(frozen=True)
class Sampling:
    """How answers are sampled; ``extra`` holds further fields of the request body that the server understands."""

    temperature: float = 0.6
    top_p: float = 1.0
    max_tokens: int = 512
    extra: Mapping[str, Any] = field(default_factory=dict)

    def options(self, seed: int) -> dict[str, Any]:
        """The fields of a request body."""
        return {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_tokens,
            "seed": seed,
            **self.extra,
        }


@dataclass(frozen=True)
class Result:
    """One item's answer under one seed and its score."""

    item: EvalItem
    seed: int
    answer: Answer
    score: float


def ask(client: ChatClient, item: EvalItem, options: Mapping[str, Any]) -> Answer:
    """The server's answer to an item; a refused request is an answer with ``error``."""
    start = time.perf_counter()
    try:
        message, tokens = client.chat(item.messages, item.tools, options)
        calls = message.get("tool_calls") or []
        content = message.get("content") or ""
        if item.expect["type"] == "two_step" and calls:
            results = _tool_results(item, calls)
            if results is not None:
                assistant = {"role": "assistant", "tool_calls": calls}
                final, more = client.chat([*item.messages, assistant, *results], (), options)
                content, tokens = final.get("content") or "", tokens + more
    except RefusedError as error:
        return Answer(error=str(error), seconds=time.perf_counter() - start)
    plain = [{"name": str(f.get("name")), "arguments": str(f.get("arguments"))} for f in map(_function, calls)]
    return Answer(content, plain, tokens, time.perf_counter() - start)


def run_items(
    items: Sequence[EvalItem],
    client: ChatClient,
    cache: AnswerCache,
    *,
    sampling: Sampling,
    seeds: Sequence[int] = (0,),
    concurrency: int = 8,
    on_result: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """Ask every item under every seed.

    Args:
        cache: answers kept from before are not asked again; refused requests are not kept.
        concurrency: requests in flight at a time.
        on_result: called with each result as it comes, in this thread.

    Returns:
        the results in the order of ``items``, for each item in the order of ``seeds``.
    """
    tasks = [(item, seed) for item in items for seed in seeds]
    results: dict[int, Result] = {}
    keys: dict[int, str] = {}

    def finish(number: int, answer: Answer) -> None:
        item, seed = tasks[number]
        results[number] = Result(item, seed, answer, score(item, answer))
        on_result(results[number])

    for number, (item, seed) in enumerate(tasks):
        request = {"model": client.model, "messages": item.messages, "tools": item.tools, **sampling.options(seed)}
        keys[number] = request_key({**request, "steps": 2 if item.expect["type"] == "two_step" else 1})
        kept = cache.get(keys[number])
        if kept is not None:
            finish(number, kept)

    waiting = iter([number for number in range(len(tasks)) if number not in results])
    running: dict[Future[Answer], int] = {}
    executor = ThreadPoolExecutor(max_workers=concurrency)
    try:
        while True:
            while len(running) < concurrency and (number := next(waiting, None)) is not None:
                item, seed = tasks[number]
                running[executor.submit(ask, client, item, sampling.options(seed))] = number
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                number = running.pop(future)
                answer = future.result()
                if answer.error is None:
                    cache.put(keys[number], answer)
                finish(number, answer)
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
    return [results[number] for number in range(len(tasks))]


def _function(call: Mapping[str, Any]) -> Mapping[str, Any]:
    return call.get("function") or {}


def _tool_results(item: EvalItem, calls: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]] | None:
    """The tool messages that answer ``calls``; None when a call is not one that the item has a result for."""
    results = {normalize_expression(key): value for key, value in item.expect["results"].items()}
    messages = []
    for call in calls:
        function = _function(call)
        name = str(function.get("name"))
        expression = expression_of({"name": name, "arguments": str(function.get("arguments"))}, item.expect["tool"])
        if expression not in results:
            return None
        messages.append({"role": "tool", "tool_call_id": call.get("id"), "name": name, "content": results[expression]})
    return messages
