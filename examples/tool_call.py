"""Let the model call functions, run them, and let it answer with the results. Start a server first: `make serve`."""

from __future__ import annotations

import argparse
import ast
import json
import operator
import os
import sys
from collections.abc import Callable
from typing import Any

from openai import APIConnectionError, APIStatusError, OpenAI

TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "my_calculator",
            "description": "A calculator that can evaluate a mathematical equation and compute its results.",
            "parameters": {
                "type": "object",
                "properties": {
                    "expression": {"type": "string", "description": "The mathematical expression to evaluate."}
                },
                "required": ["expression"],
            },
        },
    },
    {
        "type": "function",
        "function": {
            "name": "rewrite",
            "description": "Rewrite a given text for improved clarity",
            "parameters": {
                "type": "object",
                "properties": {"text": {"type": "string", "description": "The input text to rewrite"}},
            },
        },
    },
]
BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}


def my_calculator(expression: str) -> str:
    """Evaluate arithmetic. Numbers, brackets and + - * / // % are understood; nothing else is ever run."""

    def value(node: ast.expr) -> int | float:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return node.value
        if isinstance(node, ast.BinOp) and type(node.op) in BINARY:
            return BINARY[type(node.op)](value(node.left), value(node.right))
        if isinstance(node, ast.UnaryOp) and type(node.op) in UNARY:
            return UNARY[type(node.op)](value(node.operand))
        raise ValueError("only numbers, brackets and + - * / // % are allowed")

    if len(expression) > 200:
        return "Error: the expression is too long"
    try:
        return str(value(ast.parse(expression.strip(), mode="eval").body))
    except (SyntaxError, ValueError, ArithmeticError, RecursionError) as error:
        return f"Error: {error}"


def rewrite(text: str = "") -> str:
    """Give the text back; a stand-in for something cleverer."""
    return str(text)


FUNCTIONS: dict[str, Callable[..., str]] = {"my_calculator": my_calculator, "rewrite": rewrite}


def run_call(call: Any) -> dict[str, str]:
    """Run one call of the model; its result as a message. A bad call becomes an error that the model can read."""
    name = call.function.name
    try:
        content = FUNCTIONS[name](**json.loads(call.function.arguments))
    except (KeyError, TypeError, ValueError) as error:
        content = f"Error: cannot run {name}({call.function.arguments}): {error}"
    return {"role": "tool", "tool_call_id": call.id, "name": name, "content": content}


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    default_url = os.environ.get("OPENAI_BASE_URL", "http://127.0.0.1:8000/v1")
    parser.add_argument("--base-url", default=default_url, help="where the server answers; or set OPENAI_BASE_URL")
    parser.add_argument("--model", help="model name; the first one that the server lists if absent")
    parser.add_argument("--seed", type=int, help="the same seed gives the same answer")
    parser.add_argument("--temperature", type=float, help="the server's default if absent; 0 is greedy")
    question = "use my functions to compute the results for the equations: 6+1"
    parser.add_argument("question", nargs="?", default=question)
    return parser.parse_args()


def main() -> None:
    """Ask with tools, run the calls, ask again with their results, print the answer."""
    options = read_options()
    client = OpenAI(base_url=options.base_url, api_key=os.environ.get("OPENAI_API_KEY", "EMPTY"))
    model = options.model or client.models.list().data[0].id
    sampling = {name: value for name in ("seed", "temperature") if (value := getattr(options, name)) is not None}
    messages: list[Any] = [{"role": "user", "content": options.question}]
    first = client.chat.completions.create(model=model, messages=messages, tools=TOOLS, max_tokens=4096, **sampling)
    message = first.choices[0].message
    if not message.tool_calls:
        print(message.content)
        return
    for call in message.tool_calls:
        print(f"call: {call.function.name}({call.function.arguments})", file=sys.stderr)
    messages.append({"role": "assistant", "tool_calls": message.tool_calls})
    messages += [run_call(call) for call in message.tool_calls]
    second = client.chat.completions.create(model=model, messages=messages, max_tokens=4096, **sampling)
    print(second.choices[0].message.content)


if __name__ == "__main__":
    try:
        main()
    except APIConnectionError as error:
        sys.exit(f"No server answers at {error.request.url}. Start one with `make serve`, or give --base-url.")
    except APIStatusError as error:
        sys.exit(f"The server refused: {error.message}")
