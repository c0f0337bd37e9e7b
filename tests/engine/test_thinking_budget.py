"""A thought ends after its budget, and drafts do not change that."""

from __future__ import annotations

import pytest

from joyflash.engine.engine import Engine
from joyflash.engine.request import Request, SamplingParams
from joyflash.model.loading import model_folder
from joyflash.text.marks import END_OF_THOUGHT
from joyflash.text.tokenizer import Tokenizer


def ids_with_budget(mtp: int, budget: int | None) -> tuple[int, ...]:
    """Generated ids of one greedy thought."""
    engine = Engine.from_pretrained("nano", mtp=mtp, max_batch=1, max_context=512)
    assert engine.template is not None
    prompt = engine.template.render(
        [{"role": "user", "content": "which one is bigger, 9.11 or 9.9"}], enable_thinking=True
    )
    end_id = engine.tokenizer.control_tokens[END_OF_THOUGHT]
    constraint = None if budget is None else engine.thinking_budget(end_id, budget)
    engine.submit(Request(prompt, SamplingParams(temperature=0.6, seed=3, max_tokens=48), constraint=constraint))
    found: tuple[int, ...] = ()
    while engine.has_work:
        for delta in engine.step():
            found += delta.token_ids
    return found


@pytest.mark.parametrize("budget", [0, 1, 3])
def test_the_thought_ends_with_its_budget_with_and_without_drafts(budget: int) -> None:
    end_id = Tokenizer.from_pretrained(model_folder("nano")).control_tokens[END_OF_THOUGHT]
    plain = ids_with_budget(0, budget)
    free = ids_with_budget(0, None)
    assert end_id not in free[: budget + 1]
    assert plain.index(end_id) == budget
    assert plain[:budget] == free[:budget]
    assert ids_with_budget(2, budget) == plain
