"""Arithmetic on text, without ever running it."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from joyflash.agent.tools import Tool, ToolError, object_schema

ALLOWED = "only numbers, brackets and + - * / // % ** are allowed"
MAX_LENGTH, MAX_BITS = 1000, 4096
BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}


def calculate(expression: str) -> int | float:
    """The value of an arithmetic expression such as ``2 * (3 + 4) ** 2``.

    Raises:
        ToolError: it is something else, too long, too large or not defined; the message suits a model.
    """
    if len(expression) > MAX_LENGTH:
        raise ToolError(f"the expression is longer than {MAX_LENGTH} characters")
    try:
        return _value(ast.parse(expression.strip(), mode="eval").body)
    except SyntaxError:
        raise ToolError(f"'{expression}' is not an expression; {ALLOWED}") from None
    except (ValueError, ArithmeticError, RecursionError, MemoryError) as error:
        raise ToolError(str(error) or "the expression is nested too deeply") from error


def _value(node: ast.expr) -> int | float:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return node.value
    if isinstance(node, ast.BinOp) and type(node.op) in BINARY:
        left, right = _value(node.left), _value(node.right)
        if isinstance(node.op, ast.Pow) and isinstance(left, int) and abs(right) * left.bit_length() > MAX_BITS:
            raise ToolError("the result is too large")
        result = BINARY[type(node.op)](left, right)
        if isinstance(result, complex):
            raise ToolError("the result is not a real number")
        if isinstance(result, int) and result.bit_length() > MAX_BITS:
            raise ToolError("the result is too large")
        return result
    if isinstance(node, ast.UnaryOp) and type(node.op) in UNARY:
        return UNARY[type(node.op)](_value(node.operand))
    raise ToolError(ALLOWED)


def calculator() -> Tool:
    """The tool."""
    expression = {"type": "string", "description": "For example (3.5 + 4) * 2 ** 10."}
    return Tool(
        "calculator",
        "Compute the value of an arithmetic expression.",
        object_schema({"expression": expression}, ["expression"]),
        lambda arguments: str(calculate(arguments["expression"])),
    )
