"""Whether calls keep their tools' schemas, whatever the model: a forced call for each of many generated schemas.

    python benchmarks/tool_schemas.py --count 500 -o tool_schemas.json

Models: the bundled one, and one of its shape with random weights, which knows nothing of tools. One reply in four is
JSON by a schema of its own. One in three is greedy, the others are drawn at T 0.6 and 1.0. Neither model ends a text of
its own will where there is nothing to say, so the tokens that end something get a bias, and repetitions a penalty;
every tenth reply goes without, as the engine then draws by a faster way. A reply that `--max-tokens` cuts off holds no
call; it is counted apart. The exit status is 1 when a finished one is not valid, or more than one in ten is cut off.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import torch

from joyflash.engine.call_grammar import ReplyRules
from joyflash.engine.engine import Engine
from joyflash.engine.request import Request, SamplingParams
from joyflash.model.checkpoint import save_model
from joyflash.model.loading import load_model, model_folder
from joyflash.text.messages import ToolDefinition
from joyflash.text.tool_calls import ArgumentsDelta, CallFinished, ContentDelta, ToolCallParser

WORDS = ("city", "unit", "days", "name", "note", "level", "items", "地点", "is_open", "max-price", "x", "guest", "when")
PATTERNS = ("^[A-Z]{2,4}$", "^[a-z]+-[0-9]{1,3}$", "[0-9]", "^(red|blue)$", r"^\d{4}-\d{2}$", "x|y$", "^[^/]{1,8}$")
TEMPERATURES = (0.0, 0.6, 1.0)
ENDS = ("\n", '"', "]", "}", "</parameter>", "</function>", "</tool_call>", '"}', '"]', ">\n")
BIAS = {"nano": 4.0, "random": 12.0}


@dataclass
class Tally:
    """What became of the replies of one model.

    Attributes:
        valid: replies.
        unfinished: texts that the bound cut off.
        wrong: schema, text and reason of each reply that is not valid.
        tokens: generated.
        seconds: by the clock.
        compile_ms: for each schema, slowest last.
    """

    valid: int = 0
    unfinished: list[str] = field(default_factory=list)
    wrong: list[tuple[str, str, str]] = field(default_factory=list)
    tokens: int = 0
    seconds: float = 0.0
    compile_ms: list[float] = field(default_factory=list)


class SchemaMaker:
    """Draws schemas of the kinds that occur in tools.

    Args:
        rng: decides everything.
    """

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self._makers = (
            *(self._string, self._string, self._integer, self._number, self._boolean, self._choice, self._union),
            *(self._array, self._object, self._reference),
        )

    def parameters(self) -> dict[str, Any]:
        """The parameters of a tool."""
        properties = {name: self.value(2) for name in self.rng.sample(WORDS, self.rng.randint(1, 6))}
        schema = {"type": "object", "properties": properties, "$defs": self._definitions()}
        return {**schema, "required": [name for name in properties if self.rng.random() < 0.6]}

    def reply(self) -> dict[str, Any]:
        """The schema of a reply."""
        return {**self._object(2), "$defs": self._definitions()}

    def value(self, depth: int) -> dict[str, Any]:
        """The schema of a value with at most ``depth`` levels inside."""
        schema = self.rng.choice(self._makers if depth else self._makers[:6])(depth)
        return {**schema, "description": "something"} if self.rng.random() < 0.2 else schema

    def _definitions(self) -> dict[str, Any]:
        tree = {"type": "array", "items": {"$ref": "#/$defs/tree"}, "maxItems": 2}
        return {"point": self._object(0), "colour": {"enum": ["red", "green", "深蓝"]}, "tree": tree}

    def _string(self, depth: int) -> dict[str, Any]:
        rng = self.rng
        low = rng.randint(0, 4)
        lengths = {"minLength": low, "maxLength": low + rng.randint(0, 12)}
        more = ({}, lengths, {"pattern": rng.choice(PATTERNS)}, {"format": rng.choice(("date", "uuid", "int64"))})
        return {"type": "string", **rng.choice(more)}

    def _integer(self, depth: int) -> dict[str, Any]:
        low = self.rng.randint(-100, 100)
        bounds = ({}, {"minimum": low}, {"minimum": low, "maximum": low + self.rng.randint(0, 5000)}, {"multipleOf": 5})
        return {"type": "integer", **self.rng.choice(bounds)}

    def _number(self, depth: int) -> dict[str, Any]:
        return {"type": "number", **self.rng.choice(({}, {"exclusiveMinimum": 0}, {"minimum": -1.5, "maximum": 2.25}))}

    def _boolean(self, depth: int) -> dict[str, Any]:
        return {"type": "boolean"}

    def _choice(self, depth: int) -> dict[str, Any]:
        enums = (["a", "b", "long one"], [1, 2, 3], ["on", False, None, 7], ["1", "true", "null"])
        return self.rng.choice([*({"enum": values} for values in enums), {"const": "fixed"}, {"type": "null"}])

    def _union(self, depth: int) -> dict[str, Any]:
        members = [self.value(depth - 1) for _ in range(2)]
        nullable = {"type": [self.rng.choice(("string", "integer", "boolean")), "null"]}
        return self.rng.choice(({"anyOf": members}, {"anyOf": [members[0], {"type": "null"}]}, nullable))

    def _array(self, depth: int) -> dict[str, Any]:
        low = self.rng.randint(0, 2)
        return {"type": "array", "items": self.value(depth - 1), "minItems": low, "maxItems": low + 3}

    def _object(self, depth: int) -> dict[str, Any]:
        names = self.rng.sample(WORDS, self.rng.randint(1, 3))
        properties = {name: self.value(max(depth - 1, 0)) for name in names}
        required = [name for name in names if self.rng.random() < 0.7]
        more = {"additionalProperties": False} if self.rng.random() < 0.7 else {}
        return {"type": "object", "properties": properties, "required": required, **more}

    def _reference(self, depth: int) -> dict[str, Any]:
        return {"$ref": f"#/$defs/{self.rng.choice(('point', 'colour', 'tree'))}"}


def random_model(folder: Path, seed: int) -> None:
    """Write a model of nano's shape with random weights, and nano's tokenizer and template."""
    model, _ = load_model("nano")
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(std=0.5 * parameter.shape[-1] ** -0.5, generator=generator)
    save_model(model, folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(model_folder("nano") / name, folder)


def requests(
    engine: Engine, count: int, seed: int, max_tokens: int, bias: float
) -> Iterator[tuple[ReplyRules, Request]]:
    """Rules with one generated schema each, and the request they make."""
    assert engine.template is not None
    ends = [engine.tokenizer.encode_with_control(text) for text in ENDS]
    logit_bias = {ids[0]: bias for ids in ends if len(ids) == 1}
    for number in range(count):
        maker = SchemaMaker(random.Random(f"{seed} {number}"))
        if number % 4 == 3:
            rules, tools = ReplyRules(schema=maker.reply(), choice="none"), ()
        else:
            tools = (ToolDefinition("do_it", "Does it.", maker.parameters()),)
            rules = ReplyRules(tools, "required", parallel=False)
        prompt = engine.template.render([{"role": "user", "content": "Do it for Berlin, please."}], tools)
        shape: dict[str, Any] = {"logit_bias": logit_bias, "frequency_penalty": 0.5} if number % 10 else {}
        params = SamplingParams(TEMPERATURES[number % 3], max_tokens=max_tokens, seed=number, **shape)
        yield rules, Request(prompt, params, str(number), engine.reply_constraint(rules))


def run(engine: Engine, count: int, seed: int, max_tokens: int, bias: float) -> Tally:
    """Have every request answered, and check the answers."""
    tally, started = Tally(), time.perf_counter()
    rules: dict[str, ReplyRules] = {}
    clock = time.perf_counter()
    for one, request in requests(engine, count, seed, max_tokens, bias):
        tally.compile_ms.append((time.perf_counter() - clock) * 1e3)
        rules[request.request_id] = one
        engine.submit(request)
        clock = time.perf_counter()
    tally.compile_ms.sort()
    pieces: dict[str, list[str]] = {request_id: [] for request_id in rules}
    while engine.has_work:
        for delta in engine.step():
            if delta.error is not None:
                raise delta.error
            pieces[delta.request_id].append(delta.text)
            tally.tokens += len(delta.token_ids)
            if delta.finish_reason == "stop":
                check(rules[delta.request_id], pieces[delta.request_id], tally)
            elif delta.finish_reason is not None:
                tally.unfinished.append("".join(pieces[delta.request_id]))
    tally.seconds = time.perf_counter() - started
    return tally


def check(rules: ReplyRules, pieces: Sequence[str], tally: Tally) -> None:
    """Judge one finished reply."""
    schema = rules.schema if rules.schema is not None else rules.tools[0].parameters
    fault = ""
    try:
        value = json.loads("".join(pieces)) if rules.schema is not None else arguments(rules.tools, pieces)
        jsonschema.Draft202012Validator(schema).validate(value)
    except (ValueError, jsonschema.ValidationError) as error:
        fault = str(error).splitlines()[0]
    if fault:
        tally.wrong.append((json.dumps(schema, ensure_ascii=False), "".join(pieces), fault))
    else:
        tally.valid += 1


def arguments(tools: Sequence[ToolDefinition], pieces: Sequence[str]) -> Any:
    """The arguments of the one call in a reply, as a client puts them together from a stream."""
    parser = ToolCallParser(tools, held=True)
    events = [event for piece in pieces for event in parser.push(piece)] + parser.finish()
    calls = [event.call for event in events if isinstance(event, CallFinished)]
    if len(calls) != 1 or calls[0].name != tools[0].name or any(isinstance(event, ContentDelta) for event in events):
        raise ValueError("not one call and nothing else")
    streamed = json.loads("".join(event.json for event in events if isinstance(event, ArgumentsDelta)))
    if streamed != calls[0].arguments:
        raise ValueError("the streamed arguments are others")
    return streamed


def main(given: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=40, help="schemas for each model")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-tokens", type=int, default=500)
    parser.add_argument("--models", default="nano,random")
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args(given)
    results, good = {}, True
    for name in options.models.split(","):
        with tempfile.TemporaryDirectory() as folder:
            if name == "random":
                random_model(Path(folder), options.seed)
            engine = Engine.from_pretrained(folder if name == "random" else name, max_batch=8, max_context=2048)
            tally = run(engine, options.count, options.seed, options.max_tokens, BIAS[name])
        results[name] = asdict(tally)
        good = good and not tally.wrong and len(tally.unfinished) <= options.count / 10
        middle = tally.compile_ms[len(tally.compile_ms) // 2]
        print(
            f"{name}: {tally.valid} valid, {len(tally.wrong)} not, {len(tally.unfinished)} unfinished; "
            f"{tally.tokens} tokens in {tally.seconds:.0f} s; "
            f"prompt and grammar {middle:.1f} ms at the median, {tally.compile_ms[-1]:.1f} at most"
        )
        for schema, text, fault in tally.wrong[:5]:
            print(f"  {fault}\n  {schema}\n  {text}", file=sys.stderr)
    if options.output is not None:
        options.output.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
