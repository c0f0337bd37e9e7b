"""A chat template as llama.cpp wants it written: the same text for every conversation, from another source.

llama.cpp (as of build 11549) picks a built-in parser of Qwen3-Coder's calls for any template whose source holds
``<tool_call>``, ``<function=`` and ``<parameter=``. That parser expects Qwen's own turns, so that every answer of
another model ends in an error 500. Where the source does not hold one of the three as it is, llama.cpp derives the
parser from what the template renders, and reads answers, thoughts and calls.
"""

from __future__ import annotations

from jinja2 import Environment, TemplateSyntaxError

from joyflash.text.marks import CALL, FUNCTION, PARAMETER

_MARKS = (CALL, FUNCTION, PARAMETER)
_CUT = "<param", "eter="


def for_llama_cpp(template: str) -> str:
    """The template with ``<parameter=`` in two halves, if it holds all three marks; otherwise as it is.

    In a string of an expression the halves are joined by ``~`` in brackets; in plain text the second one becomes an
    expression, but not inside ``raw``. A template that is no valid Jinja stays as it is, for llama.cpp to report.
    """
    if not all(mark in template for mark in _MARKS):
        return template
    try:
        tokens = list(Environment(keep_trailing_newline=True).lex(template))
    except TemplateSyntaxError:
        return template
    first, second = _CUT
    parts: list[str] = []
    raw = False
    for _, kind, value in tokens:
        raw = kind == "raw_begin" or (raw and kind != "raw_end")
        if kind == "string":
            quote = value[0]
            joined = value.replace(first + second, f"{first}{quote} ~ {quote}{second}")
            value = value if joined == value else f"({joined})"
        elif kind == "data" and not raw:
            value = value.replace(first + second, f"{first}{{{{ '{second}' }}}}")
        parts.append(value)
    return "".join(parts)
