"""The Jinja dialect of chat templates, as transformers defines it, in a sandbox: templates are downloaded code."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, ClassVar, NoReturn

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.nodes import Node
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from joyflash.errors import RequestError, TemplateError


class GenerationTag(Extension):
    """``{% generation %} … {% endgeneration %}``: templates mark what the assistant writes; rendering ignores it."""

    tags: ClassVar[set[str]] = {"generation"}

    def parse(self, parser: Parser) -> Node | list[Node]:
        """Parse to the body alone."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def compile_template(source: str, name: str) -> jinja2.Template:
    """Compile a chat template; TemplateError names its place ``name`` and line."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[GenerationTag, loopcontrols]
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = _now
    try:
        return environment.from_string(source)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(f"{name}, line {error.lineno}: {error.message}. Correct the template.") from error


def render_template(template: jinja2.Template, name: str, **variables: Any) -> str:
    """Render; what the template refuses is a RequestError, any other failure a TemplateError naming ``name``."""
    try:
        return template.render(**variables)
    except RequestError:
        raise
    except Exception as error:  # a template is a program: anything may go wrong in it
        raise TemplateError(f"{name} failed on this conversation: {type(error).__name__}: {error}") from error


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """Unlike Jinja's own filter it escapes no HTML and keeps the order of keys."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _refuse(message: str) -> NoReturn:
    raise RequestError(f"The chat template refuses these messages: {message}", "messages")


def _now(form: str) -> str:
    return datetime.now().strftime(form)
