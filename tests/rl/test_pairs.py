"""Pairs by rejection sampling: best against worst, every attempt judged, killed calls go on, the file trains."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from joyflash.cli import app
from joyflash.data.preferences import parse_preference
from joyflash.errors import ConfigError, TrainingError
from joyflash.model.checkpoint import save_model
from joyflash.model.loading import model_folder
from joyflash.rl import pairs as module
from joyflash.rl.environments.host import Domain
from joyflash.rl.environments.protocol import Task
from joyflash.rl.pair_source import read_source
from joyflash.rl.pairs import DomainCount, PairSettings, choose, choose_against_known, make_pairs, why_none
from joyflash.rl.trajectory import Trajectory
from joyflash.text.tokenizer import Tokenizer
from joyflash.train.pretrain import copy_tokenizer
from tests.rl.conftest import small_model

ENVIRONMENT = '''
import json
from joyflash.rl.environments.protocol import Task, Turn
class Letters:
    """Pays for Chinese characters, after one reply or more; some prompts repeat, one fails."""
    def __init__(self, turns=1, words=100000): self.turns, self.words = turns, words
    def propose(self, rng, language, split):
        word = str(rng.randrange(self.words))
        known = {"role": "assistant", "content": "\u597d"} if self.turns == 1 else None
        return Task(word, ({"role": "user", "content": word},), reply=known)
    def start(self, task): return Attempt(self.turns)
class Attempt:
    def __init__(self, turns): self.left, self.text = turns, ""
    def step(self, reply):
        self.left -= 1; self.text += reply.content
        if "q" in self.text: raise ValueError("no q")
        if self.left: return Turn(({"role": "user", "content": "more"},))
        right = sum("\\u4e00" <= c <= "\\u9fff" for c in self.text)
        return Turn(reward=right / max(1, len(self.text)))
'''
END = Tokenizer.from_pretrained(model_folder("nano")).eos_id
TASK = Task("k", ({"role": "user", "content": "?"},))


def _attempt(sample: int, text: str, reward: float | None, **more) -> Trajectory:
    reply = {"content": text, "reasoning": "", "calls": (), "cut_off": False}
    return Trajectory("d", 0, sample, 0, TASK, [1], replies=[reply], reward=reward, **more)


@pytest.fixture(scope="module", name="start")
def _start(tmp_path_factory):
    folder = tmp_path_factory.mktemp("start")
    save_model(small_model(), folder, torch.float32)
    copy_tokenizer(model_folder("nano"), folder)
    (folder / "letters.py").write_text(ENVIRONMENT)
    return folder


def _settings(start: Path, **more) -> PairSettings:
    place = f"{start}/letters.py:Letters"
    domains = (Domain("one", place, prompts=20), Domain("two", place, prompts=3, options={"turns": 2, "words": 9}))
    sampling = {"temperature": 1.0, "logit_bias": {END: 8.0}}  # a random model would hardly ever end
    given = {"domains": domains, "samples": 4, "reply_tokens": 12, "max_context": 128, "sampling": sampling}
    return PairSettings(**{**given, **more})


def _make(start, engine_of, out, said=None, **more):
    engine = engine_of(small_model(), max_context=128)
    return make_pairs(_settings(start, **more), engine, start, out, (said if said is not None else []).append)


def test_the_best_stands_against_the_worst():
    attempts = [_attempt(0, "a", 0.5), _attempt(1, "b", 1.0), _attempt(2, "c", 0.0), _attempt(3, "d", 1.0)]
    attempts += [_attempt(4, "e", 0.0), _attempt(5, "f", None, failure="crashed"), _attempt(6, "g", 1.0, cut_off=True)]
    attempts += [_attempt(7, "c", 0.0)]  # the same text again

    def texts(most, margin=0.0):
        found = choose(attempts, most=most, margin=margin)
        return [tuple(each.replies[0]["content"] for each in pair) for pair in found]

    assert texts(1) == [("b", "c")]
    assert texts(9) == [("b", "c"), ("d", "e")]  # then come equals, and what stands the wrong way round
    assert texts(9, margin=0.99) == [("b", "c"), ("d", "e")]
    assert choose([_attempt(0, "a", 1.0), _attempt(1, "b", 1.0)], most=2, margin=0.0) == []
    assert choose([_attempt(0, "a", 0.7), _attempt(1, "b", 0.5)], most=1, margin=0.2 + 1e-9) == []


def test_pairs_are_better_and_worse_answers_to_one_prompt(start, engine_of, tmp_path):
    out, said = tmp_path / "pairs.jsonl", []
    counts = _make(start, engine_of, out, said)
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert len(rows) == sum(each.pairs for each in counts.values()) > 5
    assert counts["one"].attempts == 4 * counts["one"].prompts and 0 < counts["one"].reward < 1
    assert counts["one"].unusable > 0  # some were cut off
    for row in rows:
        assert row["chosen_reward"] > row["rejected_reward"]
        pair = parse_preference(row)
        assert pair.prompt[0].content == row["prompt"][0]["content"] and pair.domain in ("one", "two")
    summary = json.loads((tmp_path / "pairs.summary.json").read_text())
    assert summary["one"]["pairs"] == counts["one"].pairs
    assert not list(tmp_path.glob("*.part")) and any("20/20 prompts" in line for line in said)
    with pytest.raises(TrainingError, match="exists"):
        _make(start, engine_of, out)


def test_where_no_attempt_is_right_a_known_reply_may_be_the_better_one(start, engine_of, tmp_path):
    wrong = [_attempt(0, "a", 0.5), _attempt(1, "b", 0.0), _attempt(2, "c", 1.0, cut_off=True), _attempt(3, "b", 0.0)]
    assert [each.sample for each in choose_against_known(wrong, most=5, margin=0.0)] == [1, 0]
    assert [each.sample for each in choose_against_known(wrong, most=1, margin=0.0)] == [1]
    assert [each.sample for each in choose_against_known(wrong, most=5, margin=0.5)] == [1]
    assert choose_against_known([*wrong, _attempt(4, "d", 1.0)], most=5, margin=0.0) == []
    counts = _make(start, engine_of, tmp_path / "pairs.jsonl", known_replies=True)
    rows = [json.loads(line) for line in (tmp_path / "pairs.jsonl").read_text("utf-8").splitlines()]
    known = [row for row in rows if row["chosen"] == [{"role": "assistant", "content": "好"}]]
    assert len(known) == counts["one"].known > 5 and counts["two"].known == 0
    assert all(row["chosen_reward"] == 1.0 > row["rejected_reward"] for row in rows if row["domain"] == "one")
    assert any(row["domain"] == "one" for row in rows if row not in known)  # its own attempt was right
    assert any(row["domain"] == "two" and row["chosen_reward"] < 1 for row in rows)  # knows none: its own best


def test_known_replies_are_refused_where_no_environment_knows_any(start, engine_of, tmp_path):
    place, said = f"{start}/letters.py:Letters", []
    two_turns = Domain("two", place, prompts=2, options={"turns": 2})
    with pytest.raises(ConfigError, match=r"letters\.py:Letters: no environment here knows replies of its own"):
        _make(start, engine_of, tmp_path / "pairs.jsonl", domains=(two_turns,), known_replies=True)
    assert not list(tmp_path.iterdir())  # nothing that would stand in the way of the corrected call
    domains = (two_turns, Domain("one", place, prompts=2))
    _make(start, engine_of, tmp_path / "pairs.jsonl", said, domains=domains, known_replies=True)
    assert "without known replies" in said[0]


def test_prompts_that_do_not_fit_the_context_are_counted_and_left_out(start, engine_of, tmp_path):
    path = start / "long.py"
    path.write_text(ENVIRONMENT.replace('"content": word}', '"content": word * (1 + 40 * (int(word) % 3 == 0))}'))
    domains = (Domain("long", f"{path}:Letters", prompts=20),)
    counts = _make(start, engine_of, tmp_path / "pairs.jsonl", domains=domains)["long"]
    assert 2 < counts.too_long < 15 and counts.prompts == 20 - counts.too_long and counts.repeated == 0
    assert counts.attempts == 4 * counts.prompts and counts.pairs > 2


def test_turns_between_replies_are_kept_and_repeated_prompts_left_out(start, engine_of, tmp_path):
    place = f"{start}/letters.py:Letters"
    domains = (Domain("two", place, prompts=12, options={"turns": 2, "words": 5}),)
    counts = _make(start, engine_of, tmp_path / "pairs.jsonl", domains=domains, samples=12, reply_tokens=40)
    assert counts["two"].prompts + counts["two"].repeated == 12 and counts["two"].prompts <= 5
    rows = [json.loads(line) for line in (tmp_path / "pairs.jsonl").read_text("utf-8").splitlines()]
    for row in rows:
        for side in ("chosen", "rejected"):
            assert [message["role"] for message in row[side]] == ["assistant", "user", "assistant"]


def test_a_killed_call_goes_on_and_writes_the_same_file(start, engine_of, tmp_path, monkeypatch):
    whole, cut = tmp_path / "whole.jsonl", tmp_path / "cut.jsonl"
    _make(start, engine_of, whole)
    real, calls = module.append_rows, []

    def append(path, rows):
        calls.append(len(rows))
        if len(calls) == 3:  # the mark, 16 prompts, and then it dies
            raise KeyboardInterrupt
        real(path, rows)

    monkeypatch.setattr(module, "append_rows", append)
    with pytest.raises(KeyboardInterrupt):
        _make(start, engine_of, cut)
    monkeypatch.setattr(module, "append_rows", real)
    part = tmp_path / "cut.jsonl.part"
    part.write_bytes(part.read_bytes() + b'{"domain": "one", "ind')  # a line that the kill cut short
    with pytest.raises(TrainingError, match="begun with other settings"):
        _make(start, engine_of, cut, samples=3)
    said: list[str] = []
    _make(start, engine_of, cut, said)
    assert cut.read_bytes() == whole.read_bytes()
    assert said[0].startswith("one  20/20")  # the first sixteen were not attempted again


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"domains": ()}, "Name an environment"),
        ({"samples": 1}, "at least 2 samples"),
        ({"margin": 1.0}, "below 1"),
        ({"known_replies": True, "thinking": True}, "teach not to think"),
        ({"split": "test"}, "train or heldout"),
        ({"sampling": {"heat": 1}}, "SamplingParams has not"),
    ],
)
def test_settings_are_checked(start, setting, message):
    with pytest.raises(ConfigError, match=message):
        _settings(start, **setting)


def test_sources_are_recipes_and_environments():
    given = {"language": "en", "options": "{}", "prompts": None, "reply_tokens": None}
    recipe = read_source("recipes/nano/rl.py", **given)
    assert {domain.name for domain in recipe.domains} >= {"sums_en", "shop_en"} and recipe.reply_tokens == 96
    few = read_source("recipes/nano/rl.py", **{**given, "prompts": 3, "reply_tokens": 8}, samples=2)
    assert {domain.prompts for domain in few.domains} == {3} and (few.reply_tokens, few.samples) == (8, 2)
    one = read_source("arithmetic", **{**given, "language": "zh", "options": '{"largest": 9}'})
    assert one.domains == (Domain("arithmetic_zh", "arithmetic", "zh", prompts=256, options={"largest": 9}),)
    for source, change, message in [
        ("arithmetic", {"options": "{"}, "not JSON"),
        ("arithmetic", {"options": "[]"}, "JSON object"),
        ("recipes/nano/rl.py", {"language": "zh"}, "leave --language"),
        ("recipes/nano/sft.py", {}, "must define"),
    ]:
        with pytest.raises(ConfigError, match=message):
            read_source(source, **{**given, **change})


def test_the_command_makes_pairs_that_dpo_reads(tmp_path):
    out = tmp_path / "pairs.jsonl"
    command = ["pairs", "arithmetic", "--out", str(out), "--prompts", "8", "--samples", "4", "--temperature", "1.7"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "arithmetic_en: 8 prompts" in result.output and "Train on them: joyflash dpo" in result.output
    checked = CliRunner().invoke(app, ["data", "check", str(out), "--row-tokens", "4"])
    assert checked.exit_code == 0 and "good pairs, 0 bad rows" in checked.output


def test_a_refused_option_leaves_nothing_behind(tmp_path):
    out = tmp_path / "pairs.jsonl"
    command = ["pairs", "tool_requests", "--out", str(out), "--options", '{"skill": "talk"}']
    result = CliRunner().invoke(app, command)
    assert result.exit_code != 0 and not list(tmp_path.iterdir())


def test_an_option_that_no_task_can_be_made_with_leaves_nothing_behind(tmp_path):
    """The environment takes it, and fails at each task; the corrected call is not held up by the refused one."""
    out = tmp_path / "pairs.jsonl"
    result = CliRunner().invoke(app, ["pairs", "arithmetic", "--out", str(out), "--options", '{"largest": -5}'])
    assert result.exit_code == 2 and "the first failed with: ValueError: empty range" in result.stderr
    assert not list(tmp_path.iterdir())


def test_without_a_pair_the_command_fails_and_names_the_likely_reason(tmp_path):
    out = tmp_path / "pairs.jsonl"
    command = ["pairs", "arithmetic", "--out", str(out), "--prompts", "2", "--samples", "2"]
    for options, reason in ((["--reply-tokens", "1"], "raise --reply-tokens"), (["--temperature", "0"], "the same")):
        result = CliRunner().invoke(app, [*command, *options])
        assert result.exit_code == 1 and not out.exists(), result.output
        assert result.stderr.startswith("error: No pair was made") and reason in result.stderr
        assert result.stderr.count("\n") == 1 and "Train on them" not in result.output


def test_the_reasons_for_no_pair():
    assert "larger max_context" in why_none([DomainCount(too_long=3)])
    assert "All attempts" in why_none([DomainCount(prompts=2, attempts=8, unusable=3, undecided=2), DomainCount()])
    for unusable, undecided in ((4, 2), (2, 1)):  # half of them, or what won or lost elsewhere was cut off
        found = why_none([DomainCount(prompts=2, attempts=8, unusable=unusable, undecided=undecided)])
        assert f"{unusable} of 8 attempts were cut off" in found


def test_pairs_of_tool_calls_are_read_with_their_tools(tmp_path):
    out = tmp_path / "pairs.jsonl"
    command = ["pairs", "tool_requests", "--out", str(out), "--prompts", "16", "--samples", "2", "--known-replies"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "decided by the known reply" in result.output and "0 too long for the context" in result.output
    pairs = [parse_preference(json.loads(line)) for line in out.read_text("utf-8").splitlines()]
    assert len(pairs) > 3 and all(pair.tools for pair in pairs)
    assert any(pair.chosen[0].tool_calls for pair in pairs)
