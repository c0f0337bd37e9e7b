"""How readily a model calls: its shares of right decisions as the logit of a call is lowered where replies begin.

    python benchmarks/call_threshold.py --model nano
    python benchmarks/call_threshold.py --model runs/mean --lower 0.75 --out runs/calibrated

Requests are the generators'. A reply begins with ``<tool_call>`` or with text, and one row of the output head says how
likely the first is. ``--out`` writes the model with that row moved along the direction that tells beginnings of replies
from other places, a least-squares fit over hidden states. What follows a call looks much like a beginning, so further
calls are lowered by most of the same: the printed lines say by how much.

Letters: N places at which something is predicted, D hidden, V vocabulary.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from torch import Tensor

from joyflash.convert.export import check_new, finish
from joyflash.data.conversations import parse_conversation, render_conversation
from joyflash.data.packing import pack
from joyflash.data.samples import Sample
from joyflash.model.attention import PackedContext
from joyflash.model.checkpoint import save_model
from joyflash.model.joyflash import JoyFlash
from joyflash.model.loading import load_model, model_folder
from joyflash.tasks import SKILLS
from joyflash.text.marks import CALL, END_OF_THOUGHT
from joyflash.text.template import ChatTemplate
from joyflash.text.tokenizer import Tokenizer
from joyflash.train.objective import targets

ROW = 2048
TEMPERATURE = 0.6
COUNTS = {"call": 120, "call_many": 60, "no_tool": 200, "session": 40, "answer": 60, "talk": 40, "compare": 20}
"""Conversations of each skill and language. The first three decide, the others show where else a model predicts."""
DECIDING = ("call", "call_many", "no_tool")


@dataclass(frozen=True)
class Places:
    """Where the model predicts in conversations of one skill and language.

    Attributes:
        hidden_ND: what the output head reads.
        begins_N: whether a reply begins there.
        calls_N: whether a call is right there.
    """

    hidden_ND: Tensor
    begins_N: Tensor
    calls_N: Tensor


COLUMNS = tuple(column.name for column in fields(Places))


def samples(skill: str, language: str, count: int, template: ChatTemplate) -> list[Sample]:
    """Rendered conversations that fit a row; every other one under the words held out from training."""
    found: list[Sample] = []
    number = 0
    while len(found) < count:
        rng = random.Random(f"threshold/{skill}/{language}/{number}")
        row = SKILLS[skill](rng, language, "heldout" if number % 2 else "train")
        number += 1
        sample = render_conversation(parse_conversation(row), template)
        found += [sample] if len(sample) <= ROW else []
    return found


@torch.no_grad()
def places(
    model: JoyFlash, tokenizer: Tokenizer, template: ChatTemplate, skill: str, language: str, count: int
) -> Places:
    """Run the model over ``count`` conversations."""
    rows: list[list[Sample]] = [[]]
    for sample in samples(skill, language, count, template):
        if sum(map(len, rows[-1])) + len(sample) > ROW:
            rows.append([])
        rows[-1].append(sample)
    begin, call = tokenizer.control_id(END_OF_THOUGHT), tokenizer.control_id(CALL)
    parts = []
    for row in rows:
        packed = pack(row, ROW, tokenizer.eos_id)
        index_N, target_N, _ = targets(packed, 1)
        hidden_TD = model.hidden(packed.tokens_T, PackedContext.of(packed.positions_T, model.config))
        parts.append((hidden_TD[index_N], packed.tokens_T[index_N] == begin, target_N == call))
    return Places(*(torch.cat(columns) for columns in zip(*parts, strict=True)))


def direction(found: Places) -> Tensor:
    """[D]: 1 on the mean of hidden states where replies begin, as near to 0 elsewhere as least squares bring it."""
    hidden_ND, begins_N = found.hidden_ND.double(), found.begins_N
    weights_N = torch.where(begins_N, 1 / begins_N.sum(), 1 / (~begins_N).sum()).double()
    weighted_DN = (hidden_ND * weights_N.unsqueeze(1)).T
    squares_DD = weighted_DN @ hidden_ND
    ridge_DD = 1e-4 * squares_DD.diag().mean() * torch.eye(len(squares_DD), dtype=torch.float64)
    fitted_D = torch.linalg.solve(squares_DD + ridge_DD, weighted_DN @ begins_N.double())
    return (fitted_D / (hidden_ND[begins_N] @ fitted_D).mean()).float()


@torch.no_grad()
def decisions(model: JoyFlash, tokenizer: Tokenizer, part: Places, along_D: Tensor, lower: float) -> Tensor:
    """[N] probability of the right decision at each beginning, at the server's temperature."""
    call = tokenizer.control_id(CALL)
    hidden_ND = part.hidden_ND[part.begins_N]
    logits_NV = model.logits(hidden_ND)[:, : tokenizer.vocab_size].float()
    logits_NV[:, call] -= lower * (hidden_ND @ along_D)
    calls_N = (logits_NV / TEMPERATURE).softmax(dim=-1)[:, call]
    return torch.where(part.calls_N[part.begins_N], calls_N, 1 - calls_N)


def main(argv: Sequence[str] | None = None) -> None:
    """Print the shares, and write a model if one is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nano", help="a folder or the name of a bundled model")
    parser.add_argument("--lower", type=float, default=0.0, help="by how much --out lowers the logit, in nats")
    parser.add_argument("--out", type=Path, help="new folder for the model with that row of its head moved")
    options = parser.parse_args(argv)
    if options.out:
        check_new(options.out)
    model, tokenizer = load_model(options.model, dtype=torch.float32)
    template = ChatTemplate.from_pretrained(model_folder(options.model), tokenizer)
    found = {
        (skill, language): places(model.eval(), tokenizer, template, skill, language, count)
        for language in ("en", "zh")
        for skill, count in COUNTS.items()
    }
    whole = Places(*(torch.cat([getattr(part, name) for part in found.values()]) for name in COLUMNS))
    along_D = direction(whole)
    along_N = whole.hidden_ND @ along_D
    for where, chosen_N in (
        ("where replies begin", whole.begins_N),
        ("at further calls", ~whole.begins_N & whole.calls_N),
        ("elsewhere", ~whole.begins_N & ~whole.calls_N),
    ):
        part_N = along_N[chosen_N]
        print(f"falls {where} by {part_N.mean():.2f} ± {part_N.std():.2f} of what is asked for (n = {len(part_N):,})")
    for lower in (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0):
        shares = []
        for language in ("en", "zh"):
            parts = [decisions(model, tokenizer, found[skill, language], along_D, lower) for skill in DECIDING]
            called, declined = (100 * float(part.mean()) for part in (torch.cat(parts[:2]), parts[2]))
            shares.append(f"{language} called {called:.1f} declined {declined:.1f} mean {(called + declined) / 2:.1f}")
        print(f"lower {lower:.1f}: {'; '.join(shares)}")
    if options.out:
        with torch.no_grad():
            model.lm_head.weight[tokenizer.control_id(CALL)] -= options.lower * along_D
        save_model(model, options.out)
        finish(model_folder(options.model), options.out, model.config)
        print(f"Lowered by {options.lower} in {options.out}.")


if __name__ == "__main__":
    main()
