"""The host: whatever an environment does, the run goes on, the failure is told, and other episodes are not hurt."""

from __future__ import annotations

import runpy
from dataclasses import asdict
from pathlib import Path

import pytest

from joyflash.errors import ConfigError, TrainingError
from joyflash.rl.environments.host import Domain, EnvironmentHost, need_task
from joyflash.rl.environments.protocol import Reply, Task

HOSTILE = '''
import os, re, sys, time
from joyflash.rl.environments.protocol import SingleTurn, Task, Turn

class Counter:
    """Pays after three replies the number of them that were different, a quarter each."""
    def __init__(self, task): self.seen = set(); self.left = 3
    def step(self, reply):
        self.seen.add(reply.content); self.left -= 1
        if self.left: return Turn(({"role": "user", "content": str(len(self.seen))},))
        return Turn(reward=len(self.seen) / 4)

class Hostile:
    def propose(self, rng, language, split):
        return Task(str(rng.random()), ({"role": "user", "content": "?"},))
    def start(self, task):
        def verify(text):
            if text == "raise": raise ValueError("broken")
            if text == "exit": os._exit(3)
            if text == "hang": time.sleep(1e9)
            if text == "regex": re.match("(a+)+$", "a" * 40 + "b")
            if text == "memory": return len(bytearray(1 << 40))
            if text == "recursion":
                def f(): return f()
                return f()
            if text == "print": print('{"ok": {"reward": 1}}'); return 0.5
            if text == "nan": return float("nan")
            if text == "two": return 2.0
            if text == "text": return "a lot"
            if text == "signal": os.kill(os.getpid(), 9)
            return 1.0
        return Counter(task) if task.facts.get("turns") else SingleTurn(verify)

class Broken:
    def propose(self, rng, language, split): raise RuntimeError("no ideas")
    def start(self, task): raise RuntimeError("no start")

class Unmade:
    def __init__(self): raise RuntimeError("cannot be built")
'''


@pytest.fixture(scope="module", name="file")
def _file(tmp_path_factory):
    path = tmp_path_factory.mktemp("environments") / "hostile.py"
    path.write_text(HOSTILE)
    return path


def test_every_kind_of_failure_scores_nothing_and_is_told(file):
    told = []
    domains = [Domain("hostile", f"{file}:Hostile"), Domain("broken", f"{file}:Broken")]
    with EnvironmentHost(domains, seconds=1.5, memory_bytes=2 << 30, on_failure=told.append) as host:
        task = host.task("hostile", "train", 0, 0)
        assert task is not None
        counting = Task("k", (), facts={"turns": True})
        beside = host.start("hostile", counting)
        assert host.step(beside, Reply("a")).messages[0]["content"] == "1"
        bad = ("raise", "exit", "hang", "regex", "memory", "recursion", "nan", "two", "text", "signal")
        for number, answer in enumerate(bad):
            turn = host.step(host.start("hostile", task), Reply(answer))
            assert turn.reward == 0 and turn.failure, answer
            assert len(told) == number + 1 and told[-1]["domain"] == "hostile"
        assert host.step(host.start("hostile", task), Reply("print")).reward == 0.5
        assert host.step(host.start("hostile", task), Reply("fine")).reward == 1
        # The process that knew this episode is long dead; its replies were replayed.
        assert host.step(beside, Reply("b")).messages[0]["content"] == "2"
        assert host.step(beside, Reply("c")).reward == 0.75
        assert host.task("broken", "train", 0, 0) is None
        assert "no ideas" in told[-1]["failure"]
        with pytest.raises(TrainingError, match=r"20 tries; the first failed with: RuntimeError: no ideas\.$"):
            need_task(host, "broken", "train", 0, 0)
        turn = host.step(host.start("broken", task), Reply("x"))
        assert turn.reward == 0 and "no start" in str(turn.failure)
        host.drop(host.start("hostile", task))


def test_an_episode_can_be_opened_behind_the_replies_that_it_had(file):
    with EnvironmentHost([Domain("hostile", f"{file}:Hostile")]) as host:
        had = [asdict(Reply("a")), asdict(Reply("b"))]
        episode = host.start("hostile", Task("k", (), facts={"turns": True}), had)
        assert host.step(episode, Reply("c")).reward == 0.75 and len(had) == 2


def test_what_cannot_be_made_is_refused_at_once(file):
    with pytest.raises(ConfigError, match=r"odd.*cannot be built"):
        EnvironmentHost([Domain("odd", f"{file}:Unmade")])
    with pytest.raises(ConfigError, match="one name"):
        EnvironmentHost([Domain("a", "arithmetic"), Domain("a", "comparison")])
    with pytest.raises(ConfigError, match="language"):
        Domain("a", "arithmetic", language="fr")


def test_huge_answers_pass_the_line():
    with EnvironmentHost([Domain("a", "arithmetic", options={"largest": 5})]) as host:
        task = need_task(host, "a", "train", 0, 0)
        assert host.step(host.start("a", task), Reply("9" * 3_000_000)).reward == 0
        assert host.step(host.start("a", task), Reply("x" * 3_000_000 + f" {task.facts['answer']}")).reward == 1
        assert host.step(host.start("a", task), Reply("\ud800\x00")).reward == 0


def test_the_example_runs(capsys):
    path = Path(__file__).resolve().parents[3] / "examples" / "custom_environment.py"
    runpy.run_path(str(path), run_name="__main__")
    said = capsys.readouterr().out
    assert "earns 1.0" in said and "earns 0.0" in said
