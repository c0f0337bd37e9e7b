"""What drafting with the MTP layer gains: every setting beside no drafts, on the same prompts and seeds.

    python benchmarks/mtp.py --batches 1,2,4,8 --repetitions 5 -o mtp.json

Kinds of text, as in Spec-Bench: "tools" (conversations whose answer is a call), "template" (repeating, looking up,
comparing numbers in fixed words), "talk" (short questions), "free" (sentences to continue), half English and half
Chinese; the first three from the held-out side of joyflash.tasks. A batch is kept full: when one text ends, the next
begins. Settings take turns; every repetition has prompts of its own, and a speed-up is the ratio to no drafts on the
same ones. One unmeasured repetition of every case warms up: there auto learns its costs, and a compiled step compiles.

Columns: "decode" counts only steps in which no sequence still reads its prompt, "all" everything from the first prompt
to the last token: these prompts are long and their answers short. "accepted a step" is drafts accepted in a pass of the
model, over the whole batch; "length" is what a sequence gains when it drafts, 1 + accepted / drafting steps;
"acceptance" is accepted / drafted at draft position 1, 2, …; "equal" counts the texts that are byte for byte those
without drafts.
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import measure
from measure import Spread, fail, markdown, names_of, number, positive, positives

if TYPE_CHECKING:
    from joyflash.engine.engine import Engine
    from joyflash.engine.request import Request

SKILLS = {"tools": ("call", "call_many"), "template": ("copying", "compare"), "talk": ("talk",)}
FREE = (
    "The old lighthouse stood at the edge of the cliff. Every evening the keeper climbed the stairs and",
    "He closed the door behind him and listened. The street was quiet, and",
    "To bake bread you need flour, water, salt and yeast. First",
    "My grandmother used to tell us a story about a fox who",
    "Rivers carry water from the mountains to the sea. On their way they",
    "The train was late again. On the platform people began to",
    "A good teacher listens before she speaks. She knows that",
    "In the winter of that year the lake froze over, and the children",
    "春天来了，河边的柳树发出了新芽。孩子们",
    "从前有一个小村庄，村里住着一位老木匠。他",
    "这座城市的早晨总是很热闹。街道两旁",
    "要做好一道菜，首先要选好材料。然后",
    "昨天晚上下了一场大雨，今天早上",
    "读书可以让人明白很多道理。一个人如果",
    "火车慢慢离开了车站。她站在窗前，",
    "人们常说时间就是金钱。其实",
)
KINDS = (*SKILLS, "free")
SETTINGS = ("0", "1", "2", "3", "auto")


@dataclass(frozen=True)
class Counts:
    """Passes of the model, and drafts and right drafts at position 1, 2, …; an engine's own counts only grow."""

    steps: int = 0
    drafted: tuple[int, ...] = ()
    accepted: tuple[int, ...] = ()

    @classmethod
    def of(cls, engine: Engine) -> Counts:
        """An engine's counts so far."""
        now = engine.statistics
        return cls(now.steps, tuple(now.drafted), tuple(now.accepted))

    def __sub__(self, before: Counts) -> Counts:
        return self._combined(before, -1)

    def __add__(self, other: Counts) -> Counts:
        return self._combined(other, 1)

    def _combined(self, other: Counts, sign: int) -> Counts:
        def both(mine: Sequence[int], theirs: Sequence[int]) -> tuple[int, ...]:
            return tuple(a + sign * b for a, b in itertools.zip_longest(mine, theirs, fillvalue=0))

        steps = self.steps + sign * other.steps
        return Counts(steps, both(self.drafted, other.drafted), both(self.accepted, other.accepted))

    @property
    def acceptance(self) -> list[float]:
        """Share of right drafts at each position that was drafted."""
        return [right / made for right, made in zip(self.accepted, self.drafted, strict=True) if made]

    @property
    def length(self) -> float | None:
        """Tokens that a sequence gains in a step in which it drafts; None if none ever did."""
        return 1 + sum(self.accepted) / self.drafted[0] if self.drafted and self.drafted[0] else None


@dataclass(frozen=True)
class Pass:
    """One setting over the prompts of one repetition."""

    seconds: float
    tokens: int
    texts: tuple[str, ...]
    counts: Counts
    decode_seconds: float
    decode_tokens: int

    @property
    def speeds(self) -> tuple[float, float]:
        """Tokens per second in decoding steps (of everything, where there was none), and of everything."""
        whole = self.tokens / self.seconds
        return (self.decode_tokens / self.decode_seconds if self.decode_tokens else whole), whole


@dataclass
class Case:
    """All repetitions of one batch size, kind and setting."""

    batch: int
    kind: str
    setting: str
    passes: list[Pass] = field(default_factory=list)

    def row(self, base: Case) -> list[object]:
        """Cells of the table; ``base`` is the same case without drafts."""
        counts = self.counts
        accepted = sum(counts.accepted) / counts.steps if counts.steps else None
        acceptance = " ".join(f"{share:.2f}" for share in counts.acceptance) or "–"
        speeds = [Spread.of(each) for which in (0, 1) for each in (self.speeds(which), self.speed_ups(base, which))]
        figures = [number(accepted), number(counts.length), acceptance, "{}/{}".format(*self.equal(base))]
        return [self.batch, self.kind, self.setting, *speeds, *figures]

    @property
    def counts(self) -> Counts:
        """Of all repetitions."""
        return sum((each.counts for each in self.passes), Counts())

    def speeds(self, which: int) -> list[float]:
        """Tokens per second of every repetition: 0 in decoding steps, 1 of everything."""
        return [each.speeds[which] for each in self.passes]

    def speed_ups(self, base: Case, which: int) -> list[float]:
        """The same over those without drafts, repetition by repetition."""
        return [own / plain for own, plain in zip(self.speeds(which), base.speeds(which), strict=True)]

    def equal(self, base: Case) -> tuple[int, int]:
        """Texts that are those without drafts, and all."""
        pairs = [
            pair
            for own, plain in zip(self.passes, base.passes, strict=True)
            for pair in zip(own.texts, plain.texts, strict=True)
        ]
        return sum(own.encode() == plain.encode() for own, plain in pairs), len(pairs)

    def to_dict(self, base: Case) -> dict[str, Any]:
        """For JSON."""
        counts, (equal, texts) = self.counts, self.equal(base)
        return {
            "batch": self.batch,
            "kind": self.kind,
            "mtp": self.setting,
            **{
                name: {
                    "tokens_per_second": Spread.of(self.speeds(which)).to_dict(),
                    "speed_up": {
                        **Spread.of(self.speed_ups(base, which)).to_dict(),
                        "values": self.speed_ups(base, which),
                    },
                }
                for which, name in enumerate(("decode", "all"))
            },
            "tokens": sum(each.tokens for each in self.passes),
            "steps": counts.steps,
            "drafted": counts.drafted,
            "accepted": counts.accepted,
            "length": counts.length,
            "equal_texts": equal,
            "texts": texts,
        }


def prompts_of(engine: Engine, kind: str, count: int, repetition: int) -> list[list[int]]:
    """Token ids of a repetition's prompts, half English and half Chinese."""
    if kind == "free":
        half = len(FREE) // 2
        places = range(repetition * count, (repetition + 1) * count)
        return [engine.encode_prompt(FREE[(place % 2) * half + place // 2 % half]) for place in places]
    from joyflash.tasks import generate

    if engine.template is None:
        fail(f"{engine.model_name} has no chat template; leave only --kinds free.")
    # Each language by itself, so that the halves are halves. Copying drills that are calls belong to no kind, and some
    # conversations that call list no tools: a repetition skips ahead further than it draws.
    streams = [
        filter(
            lambda sample: bool(sample["tools"]) == (kind == "tools"),
            generate(
                17, "heldout", mixture={(skill, language): 1.0 for skill in SKILLS[kind]}, start=4 * repetition * count
            ),
        )
        for language in ("en", "zh")
    ]
    samples = [next(streams[place % 2]) for place in range(count)]
    return [engine.template.render(sample["messages"][:-1], sample["tools"]) for sample in samples]


def complete(engine: Engine, requests: Sequence[Request], batch: int) -> Pass:
    """Complete all requests with ``batch`` of them at work for as long as there are so many."""
    waiting = deque(requests)
    texts = {request.request_id: "" for request in requests}
    tokens = at_work = decode_tokens = 0
    decode_seconds = 0.0
    reading: set[str] = set()  # requests of which no token has come
    before, start = Counts.of(engine), time.perf_counter()
    while waiting or engine.has_work:
        while waiting and at_work < batch:
            request = waiting.popleft()
            engine.submit(request)
            reading.add(request.request_id)
            at_work += 1
        decoding, begun = not reading, time.perf_counter()
        deltas = engine.step()
        if decoding:
            decode_seconds += time.perf_counter() - begun
            decode_tokens += sum(len(delta.token_ids) for delta in deltas)
        for delta in deltas:
            if delta.error is not None:
                raise delta.error
            texts[delta.request_id] += delta.text
            tokens += len(delta.token_ids)
            if delta.token_ids or delta.finish_reason is not None:
                reading.discard(delta.request_id)
            at_work -= delta.finish_reason is not None
    seconds = time.perf_counter() - start
    return Pass(seconds, tokens, tuple(texts.values()), Counts.of(engine) - before, decode_seconds, decode_tokens)


def requests_of(engine: Engine, kind: str, repetition: int, options: argparse.Namespace) -> list[Request]:
    """The requests of a repetition; their seeds depend on nothing else."""
    from joyflash.engine.request import Request, SamplingParams

    prompts = prompts_of(engine, kind, options.prompts, repetition)
    first = repetition * options.prompts
    return [
        Request(ids, SamplingParams(temperature=options.temperature, max_tokens=options.max_tokens, seed=first + place))
        for place, ids in enumerate(prompts)
    ]


def run(engines: dict[str, Engine], options: argparse.Namespace) -> list[Case]:
    """Every case, settings in turns; repetition 0 warms up."""
    cases = []
    for batch, kind in itertools.product(options.batches, options.kinds):
        group = {setting: Case(batch, kind, setting) for setting in engines}
        for repetition, setting in measure.turns(list(engines), options.repetitions + 1):
            done = complete(engines[setting], requests_of(engines[setting], kind, repetition, options), batch)
            if repetition:
                group[setting].passes.append(done)
        cases += group.values()
    return cases


def bases(cases: Sequence[Case]) -> dict[tuple[int, str], Case]:
    """The case without drafts of each batch size and kind."""
    return {(case.batch, case.kind): case for case in cases if case.setting == "0"}


def report(cases: Sequence[Case]) -> str:
    """The table."""
    speeds = ["decode tok/s", "decode speed-up", "all tok/s", "all speed-up"]
    header = ["batch", "kind", "mtp", *speeds, "accepted a step", "length", "acceptance", "equal"]
    base = bases(cases)
    return markdown(header, [case.row(base[case.batch, case.kind]) for case in cases])


def load(options: argparse.Namespace) -> dict[str, Engine]:
    """An engine for each setting, all over one step: copies of the weights would differ in speed by where they lie."""
    import torch

    from joyflash.engine.block_pool import BlockPool
    from joyflash.engine.engine import Engine
    from joyflash.engine.setup import StepOptions, make_step
    from joyflash.engine.speculation import DraftPolicy
    from joyflash.errors import JoyflashError
    from joyflash.model.loading import load_quantized, model_folder
    from joyflash.text.template import ChatTemplate

    torch.set_num_threads(options.threads)
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[options.dtype]
    chunk, most = 256, max(options.batches)
    step_options = StepOptions(most, None, None, chunk, prefix_cache=False, mtp=None, compiled=None)
    try:
        folder = model_folder(options.model)
        model, quantized, tokenizer = load_quantized(folder, dtype=dtype)
        step, pool, chosen = make_step(model, step_options, torch.device("cpu"), dtype, quantized)
        if chosen is None:
            fail(f"{options.model} has no MTP layer.")
        policies = {name: DraftPolicy(int(name)) for name in SETTINGS if name not in ("0", "auto")}
        template = ChatTemplate.from_pretrained(folder, tokenizer)
        return {
            setting: Engine(
                step,
                BlockPool(pool.blocks, pool.block_size, prefix_cache=False),  # every batch size has the same prompts
                tokenizer,
                template,
                model_name=folder.resolve().name,
                policy={"0": None, "auto": chosen, **policies}[setting],
                prefill_chunk=chunk,
                max_batch=most,
            )
            for setting in dict.fromkeys(["0", *options.settings])
        }
    except JoyflashError as error:
        fail(str(error))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--model", default="nano", help="bundled name or model folder (default nano)")
    add("--settings", type=names_of(*SETTINGS), default=list(SETTINGS), help="of 0,1,2,3,auto (default all; 0 always)")
    add("--batches", type=positives, default=[1, 2, 4, 8], help="sequences at work (default 1,2,4,8)")
    add("--kinds", type=names_of(*KINDS), default=list(KINDS), help=f"of {','.join(KINDS)} (default all)")
    add("--prompts", type=positive, default=16, help="of each kind and repetition (default 16)")
    add("--max-tokens", type=positive, default=128, help="of each text (default 128)")
    add("--repetitions", type=positive, default=5, help="measured ones (default 5)")
    add("--temperature", type=float, default=0.6, help="default 0.6")
    add("--dtype", choices=("fp32", "bf16"), default="fp32", help="of weights and cache (default fp32)")
    add("--threads", type=positive, default=os.cpu_count() or 1, help="default: all cores")
    add("-o", "--out", type=Path, help="write the figures as JSON")
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    from joyflash.errors import JoyflashError

    options = arguments()
    if options.temperature < 0:
        fail(f"--temperature is {options.temperature:g}; it must be at least 0.")
    engines = load(options)
    here = measure.machine(options.threads)
    try:
        cases = run(engines, options)
    except JoyflashError as error:
        fail(str(error))
    print(f"{engines['0'].model_name} {options.dtype}: {measure.machine_line(here)}; n = {options.repetitions},")
    print(f"median (min–max), warm-up excluded; {options.prompts} prompts a repetition, T {options.temperature:g}\n")
    print(report(cases))
    if options.out:
        base = bases(cases)
        settings = {name: value for name, value in vars(options).items() if name not in ("out", "model")}
        rows = [case.to_dict(base[case.batch, case.kind]) for case in cases]
        figures = {"model": engines["0"].model_name, "machine": here, "settings": settings, "rows": rows}
        measure.write_json(options.out, figures)


if __name__ == "__main__":
    main()
