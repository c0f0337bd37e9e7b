"""Policies: every tensor of the released layout goes where it should."""

from __future__ import annotations

import pytest
import torch

from joyflash.errors import ConfigError
from joyflash.model.config import flash_48b_a3b
from joyflash.model.joyflash import JoyFlash
from joyflash.model.layout import to_hugging_face
from joyflash.quantization.formats import FORMATS
from joyflash.quantization.policy import POLICIES, policy_of, savings_table


@pytest.fixture(scope="module")
def flash() -> dict[str, torch.Tensor]:
    with torch.device("meta"):
        model = JoyFlash(flash_48b_a3b())
    return dict(to_hugging_face(flash_48b_a3b(), model.state_dict()))


def bytes_of(policy: str, flash: dict[str, torch.Tensor]) -> int:
    formats = {name: policy_of(policy).format_of(name) for name in flash}
    return sum(f.bytes(tuple(t.shape)) if (f := formats[n]) else 2 * t.numel() for n, t in flash.items())


def test_int4_is_the_released_choice(flash):
    chosen = [name for name in flash if POLICIES["int4"].format_of(name)]
    assert len(chosen) == 29_952 and all(".mlp.experts." in name for name in chosen)
    assert bytes_of("int4", flash) / 1e9 == pytest.approx(30.86, abs=0.02)  # the published size


def test_int8_takes_every_matrix_of_a_product(flash):
    left = {name for name in flash if not POLICIES["int8"].format_of(name)}
    assert {name for name in left if not name.endswith(("norm.weight", "_bias"))} == {
        "model.embed_tokens.weight",
        *(f"model.layers.{layer}.mlp.gate.weight" for layer in range(1, 40)),
    }
    assert all(flash[name].dim() == 1 for name in left if name.endswith(("norm.weight", "_bias")))


def test_the_mixture_gives_experts_four_bits_and_the_rest_eight(flash):
    bits = {name: f.bits for name in flash if (f := POLICIES["int4-int8"].format_of(name))}
    assert set(bits) == {name for name in flash if POLICIES["int8"].format_of(name)}
    assert all((value == 4) == (".mlp.experts." in name) for name, value in bits.items())
    others = sum(flash[name].numel() for name, value in bits.items() if value == 8)
    assert bytes_of("int4", flash) - bytes_of("int4-int8", flash) == others * (2 - 8.5 / 8)


@pytest.mark.parametrize("policy", POLICIES)
def test_our_names_and_theirs_take_the_same_format(policy, flash):
    with torch.device("meta"):
        model = JoyFlash(flash_48b_a3b())
    ours = sum(p.numel() for n, p in model.named_parameters() if POLICIES[policy].format_of(n))
    theirs = sum(t.numel() for n, t in flash.items() if POLICIES[policy].format_of(n) and "shared_head" not in n)
    assert ours == theirs > 4e10


def test_the_table_adds_up():
    tensors = {"lm_head.weight": ((10, 64), 1280), "model.norm.weight": ((64,), 128)}
    lines = savings_table({"lm_head.weight": FORMATS["int8"]}, tensors).splitlines()
    assert [line.split()[-4:] for line in lines[1:]] == [
        ["1", "640", "0.0", "0.0"],
        ["1", "64", "0.0", "0.0"],
        ["2", "704", "0.0", "0.0"],
    ]
    expert = "model.layers.1.mlp.experts.0.up_proj.weight"
    tensors = {expert: ((1000, 6400), 12_800_000)}
    assert savings_table({expert: FORMATS["int4"]}, tensors).splitlines()[1].split()[-2:] == ["12.8", "3.6"]


def test_unknown_policies_are_named():
    with pytest.raises(ConfigError, match="'q4'; there are int8, int4, int4-int8"):
        policy_of("q4")
