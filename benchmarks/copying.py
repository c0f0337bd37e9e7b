"""Which entries of the vocabulary a model can copy from a request into a tool call.

    python benchmarks/copying.py --model nano

Each letter group (of two letters and more) and each Chinese character that is one token stands once, with a random
partner, as a value in one of three requests; teacher-forced, the token is copied if it is the likeliest in its place in
the call. Counted by eighths of the vocabulary, most frequent entries first. Names of people and places hold rare
entries, so if one in five cannot be copied, far more than one name in five is spoiled.
"""

from __future__ import annotations

import argparse
import json
import random
import re

import torch

from joyflash.model.joyflash import JoyFlash
from joyflash.model.loading import load_model, model_folder
from joyflash.text.template import ChatTemplate
from joyflash.text.tokenizer import Tokenizer

ENTRIES = {"en": "[A-Za-z]{2,}", "zh": "[一-鿿]"}
BETWEEN = {"en": "-", "zh": ""}
REQUESTS = {
    "en": ("Please track the parcel of {}.", "Where is my parcel from {}?", "{} parcel, please"),
    "zh": ("帮我查一下{}的快递", "{}公司的快递到哪了？", "查{}的快递，谢谢。"),
}
TOOLS = {
    language: [
        {
            "type": "function",
            "function": {
                "name": name,
                "description": about,
                "parameters": {"type": "object", "properties": {key: {"type": "string"}}, "required": [key]},
            },
        }
        for name, about, key in tools
    ]
    for language, tools in {
        "en": (("track_parcel", "Track the parcel of a company.", "company"), ("get_weather", "Weather", "city")),
        "zh": (("chaxun_kuaidi", "查一家公司的快递", "gongsi"), ("get_weather", "查天气", "city")),
    }.items()
}


def entries_of(tokenizer: Tokenizer, language: str) -> list[int]:
    """Ids of the ordinary tokens that spell one entry of ``language``, in the vocabulary's order."""
    controls = set(tokenizer.control_tokens.values())
    spelled = ((i, tokenizer.token_bytes(i).decode("utf-8", "replace")) for i in range(tokenizer.vocab_size))
    return [i for i, text in spelled if i not in controls and re.fullmatch(ENTRIES[language], text)]


@torch.inference_mode()
def copied(model: JoyFlash, template: ChatTemplate, tokenizer: Tokenizer, language: str, batch: int) -> dict[int, bool]:
    """For each entry whether it is copied, in the order in which they were asked for."""
    rng, found = random.Random(0), {}
    ids = entries_of(tokenizer, language)
    rng.shuffle(ids)
    function = TOOLS[language][0]["function"]
    key = function["parameters"]["required"][0]
    rows = []
    for first, second in zip(ids[::2], ids[1::2], strict=False):
        value = BETWEEN[language].join(tokenizer.decode([i]) for i in (first, second))
        call = {"name": function["name"], "arguments": json.dumps({key: value}, ensure_ascii=False)}
        messages = [
            {"role": "user", "content": rng.choice(REQUESTS[language]).format(value)},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "0", "type": "function", "function": call}]},
        ]
        tokens, _ = template.render_training(messages, TOOLS[language])
        gap = 1 + len(tokenizer.encode(BETWEEN[language]))
        starts = [i for i in range(len(tokens) - gap) if tokens[i] == first and tokens[i + gap] == second]
        if len(starts) > 1:  # else the tokenizer joins the two otherwise
            rows.append((tokens, {first: starts[-1], second: starts[-1] + gap}))
    for start in range(0, len(rows), batch):
        part = rows[start : start + batch]
        width = max(len(tokens) for tokens, _ in part)
        logits = model(torch.tensor([tokens + [0] * (width - len(tokens)) for tokens, _ in part]))
        for row, (_, places) in zip(logits, part, strict=True):
            found |= {token: int(row[place - 1].argmax()) == token for token, place in places.items()}
    return found


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nano", help="a folder or the name of a bundled model")
    parser.add_argument("--batch", type=int, default=32, help="requests computed at once")
    options = parser.parse_args()
    model, tokenizer = load_model(options.model)
    template = ChatTemplate.from_pretrained(model_folder(options.model), tokenizer)
    for language in ENTRIES:
        found = copied(model.eval(), template, tokenizer, language, options.batch)
        order = sorted(found)
        eighths = [order[len(order) * k // 8 : len(order) * (k + 1) // 8] for k in range(8)]
        shares = " ".join(f"{sum(found[i] for i in part) / len(part):.2f}" for part in eighths)
        missed = "  ".join(tokenizer.decode([i]) for i in [i for i in order if not found[i]][-12:])
        print(f"{language}: {sum(found.values())} of {len(found)} copied; by eighths {shares}")
        print(f"    the rarest that are not: {missed}")


if __name__ == "__main__":
    main()
