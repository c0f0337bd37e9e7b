"""Sampling parameters are checked."""

import dataclasses
import math

import pytest

from joyflash.engine.request import SamplingParams
from joyflash.errors import RequestError

WRONG = [
    {"temperature": -0.1},
    {"temperature": math.nan},
    {"temperature": "hot"},
    {"top_p": 1.1},
    {"top_p": True},
    {"min_p": -0.5},
    {"top_k": -2},
    {"top_k": 1.5},
    {"max_tokens": -1},
    {"max_tokens": "4"},
    {"n": 0},
    {"seed": 1.0},
    {"seed": True},
    {"presence_penalty": 2.1},
    {"frequency_penalty": -3},
    {"logprobs": 21},
    {"logprobs": -1},
    {"ignore_eos": 1},
    {"stop": ""},
    {"stop": ["a", ""]},
    {"stop": ["a", 3]},
    {"stop": 5},
    {"stop_token_ids": [-1]},
    {"stop_token_ids": "12"},
    {"stop_token_ids": 3},
    {"logit_bias": {1: 101}},
    {"logit_bias": {"1": 1}},
    {"logit_bias": [1]},
]


@pytest.mark.parametrize("fields", WRONG, ids=str)
def test_a_wrong_field_is_named(fields):
    with pytest.raises(RequestError) as caught:
        SamplingParams(**fields)
    assert caught.value.param == next(iter(fields))
    assert caught.value.param in str(caught.value)


def test_defaults_and_edges_are_accepted():
    params = SamplingParams(temperature=0, top_p=0.0, top_k=-1, min_p=1, logprobs=0, seed=-(2**63), stop="end")
    assert params.stop == ("end",)
    assert dataclasses.replace(params, stop=["a", "b"]).stop == ("a", "b")
    assert SamplingParams().temperature == 0.6


@pytest.mark.parametrize("params", [{}, {"temperature": 0.0}, {"top_k": -1, "seed": 3, "stop": "x", "n": 2}])
def test_what_the_model_can_draw_by_itself(params):
    assert SamplingParams(**params).draws_plainly


@pytest.mark.parametrize(
    "params",
    [
        {"top_k": 5},
        {"top_p": 0.9},
        {"min_p": 0.1},
        {"presence_penalty": 0.5},
        {"frequency_penalty": -0.5},
        {"logit_bias": {3: 1.0}},
        {"logprobs": 0},
    ],
    ids=lambda params: next(iter(params)),
)
def test_what_needs_the_sampler(params):
    assert not SamplingParams(**params).draws_plainly
