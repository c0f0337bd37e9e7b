"""The chat template of a GGUF file: other source, same text; and llama.cpp's server answers with it."""

from __future__ import annotations

import json
from urllib.request import Request, urlopen

import pytest
from jinja2 import Environment
from jinja2.ext import loopcontrols

from joyflash.interop.gguf_export import export_gguf
from joyflash.interop.gguf_template import for_llama_cpp
from joyflash.model.loading import ASSETS
from tests.interop.test_llama_cpp import XLlamaCpp

CALL = "<tool_call>\n<function=f>\n<parameter=x>"
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
CONVERSATION = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Weather in Paris and Rome?"},
    {
        "role": "assistant",
        "content": None,
        "reasoning_content": "Two calls.",
        "tool_calls": [{"function": {"name": "get_weather", "arguments": {"city": c}}} for c in ("Paris", "Rome")],
    },
    {"role": "tool", "content": "sunny"},
    {"role": "tool", "content": "rain"},
    {"role": "assistant", "content": "Sunny, and rain."},
    {"role": "user", "content": "Thanks"},
]


def rendered(source: str, **values: object) -> str:
    return (
        Environment(extensions=[loopcontrols], trim_blocks=True, lstrip_blocks=True).from_string(source).render(values)
    )


@pytest.mark.parametrize("tools", [None, [TOOL]])
@pytest.mark.parametrize("count", [2, 5, 7])
@pytest.mark.parametrize("thinking", [False, True])
def test_nanos_template_renders_the_same_from_another_source(tools, count, thinking):
    source = (ASSETS / "nano" / "chat_template.jinja").read_text(encoding="utf-8")
    changed = for_llama_cpp(source)
    assert changed != source and "<parameter=" not in changed
    values = {
        "messages": CONVERSATION[:count],
        "tools": tools,
        "add_generation_prompt": True,
        "enable_thinking": thinking,
        "bos_token": "<s>",
        "eos_token": "</s>",
    }
    assert rendered(changed, **values) == rendered(source, **values)


@pytest.mark.parametrize(
    "source",
    [
        CALL,
        "{{ '" + CALL.replace("\n", "\\n") + "' | upper }}",
        '{% set x = "' + CALL.replace("\n", "\\n") + '" %}\n{{ x ~ "<parameter=y>" }}',
        "{% if true %}\n  " + CALL + "{% endif %}  \n{{- '<parameter=' -}}  z",
    ],
    ids=["text", "filter", "double quotes", "blocks"],
)
def test_other_templates_render_the_same(source):
    changed = for_llama_cpp(source)
    assert "<parameter=" not in changed
    assert rendered(changed) == rendered(source) != ""


@pytest.mark.parametrize(
    "source",
    ["{{ '<parameter=' }}", "", "{% raw %}" + CALL + "{% endraw %}", "{{ broken <tool_call> <function= <parameter= %}"],
)
def test_what_needs_no_change_stays(source):
    assert for_llama_cpp(source) == source


def test_llama_cpps_server_reads_answers_and_calls(tmp_path):
    pytest.importorskip("xllamacpp", reason="needs xllamacpp; see test_llama_cpp.py")
    llama = XLlamaCpp(export_gguf(ASSETS / "nano", tmp_path / "nano.gguf", "f32").path, 1024)

    def ask(text: str, **more: object) -> dict:
        body = {"messages": [{"role": "user", "content": text}], "temperature": 0, "max_tokens": 80, **more}
        body["chat_template_kwargs"] = {"enable_thinking": False}
        data = json.dumps(body).encode()
        url = f"{llama.server.listening_address}/v1/chat/completions"
        with urlopen(Request(url, data, {"Content-Type": "application/json"}), timeout=120) as reply:
            return json.load(reply)["choices"][0]["message"]

    assert "9.9" in ask("Which is bigger, 9.9 or 9.11?")["content"]
    (call,) = ask("What is the weather in Paris?", tools=[TOOL])["tool_calls"]
    assert call["function"]["name"] == "get_weather"
    assert json.loads(call["function"]["arguments"]).keys() == {"city"}
