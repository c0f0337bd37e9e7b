"""Pairs for DPO by rejection sampling: several attempts at each prompt, the best set against the worst."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from joyflash.engine.engine import Engine
from joyflash.engine.request import SamplingParams
from joyflash.errors import ConfigError, TrainingError
from joyflash.rl.collector import sampling_seed
from joyflash.rl.environments.host import Domain, EnvironmentHost, need_task
from joyflash.rl.environments.protocol import Task
from joyflash.rl.rollout import Rollouts, check_own
from joyflash.rl.spool import append_rows, recover_rows
from joyflash.rl.trajectory import Trajectory
from joyflash.tasks.words import Split

_AT_ONCE = 16
"""Prompts that are attempted together."""


@dataclass(frozen=True)
class PairSettings:
    """What is attempted how often, and what makes a pair.

    Attributes:
        domains: environments, with the number of their prompts.
        samples: attempts at each prompt.
        per_prompt: most pairs of a prompt: best and worst, second best and second worst, ...
        margin: a pair's rewards differ by more than this.
        known_replies: where no attempt earns the full reward, the reply that the environment knows, if it does, is the
            better one of each pair.
        split: side of the problems. Nothing of "heldout" is ever in the training of an environment.
        sampling: fields of SamplingParams; nothing is trained on log-probabilities here, so any will do.
        reply_tokens, thinking, max_context, max_batch, seed, environment_seconds: as in ``RLRecipe``.
    """

    domains: tuple[Domain, ...]
    samples: int = 8
    per_prompt: int = 1
    margin: float = 0.0
    known_replies: bool = False
    split: Split = "train"
    sampling: Mapping[str, Any] = field(default_factory=lambda: {"temperature": 1.0})
    reply_tokens: int = 128
    thinking: bool = False
    max_context: int = 1024
    max_batch: int = 32
    seed: int = 0
    environment_seconds: float = 30.0

    def __post_init__(self) -> None:
        if not self.domains:
            raise ConfigError("Name an environment, or a recipe with domains.")
        if self.samples < 2 or self.per_prompt < 1 or self.reply_tokens < 1 or self.max_batch < 1:
            raise ConfigError("A pair needs at least 2 samples; per_prompt, reply_tokens and max_batch are at least 1.")
        if not 0 <= self.margin < 1:
            raise ConfigError(f"margin is {self.margin}; rewards lie between 0 and 1, so it must be below 1.")
        if self.known_replies and self.thinking:
            raise ConfigError("known_replies have no thought: pairs of them would teach not to think. Leave one out.")
        if self.split not in ("train", "heldout"):
            raise ConfigError(f"split is train or heldout, not {self.split!r}.")
        check_own(self.sampling_params)

    @property
    def sampling_params(self) -> SamplingParams:
        """How attempts are sampled; ConfigError where a field does not exist."""
        try:
            return SamplingParams(**self.sampling)
        except TypeError as error:
            raise ConfigError(f"sampling has a field that SamplingParams has not: {error}.") from error


@dataclass
class DomainCount:
    """What came of a domain.

    Attributes:
        prompts: different ones that were attempted; ``repeated``: proposals that had come before.
        reward: mean over all attempts; ``failed``: share of attempts with less than the full reward.
        too_long: prompts that do not fit the context, and were not attempted.
        unusable: attempts that were cut off or could not be scored, and are part of no pair.
        undecided: prompts whose attempts are all of one reward.
        known: prompts that the environment's own reply decided, whatever the rewards.
        pairs: written.
    """

    prompts: int = 0
    repeated: int = 0
    too_long: int = 0
    attempts: int = 0
    reward: float = 0.0
    failed: float = 0.0
    unusable: int = 0
    undecided: int = 0
    known: int = 0
    pairs: int = 0


@dataclass
class _Prompt:
    """A line of the file of what is done: one prompt with all that came of it."""

    domain: str
    index: int
    key: str
    rewards: list[float] = field(default_factory=list)
    unusable: int = 0
    known: bool = False
    too_long: bool = False
    pairs: list[dict[str, Any]] = field(default_factory=list)


def make_pairs(
    settings: PairSettings, engine: Engine, model: Path, out: Path, notify: Callable[[str], None] = print
) -> dict[str, DomainCount]:
    """Sample attempts, write the pairs to ``out`` and what came of each domain to ``out`` with ``.summary.json``.

    Every 16 prompts are on the disk when they are done. The same call goes on where a killed one stopped, and the file
    that it writes is the one that it would have written.

    Args:
        settings: what to attempt.
        engine: of the model in the folder ``model``.
        out: must not exist.
        notify: is told how far it is.

    Raises:
        TrainingError: ``out`` exists, or was begun with other settings or another model, or a domain makes no task.
        ConfigError: an environment cannot be made, or replies are wanted that no environment knows.
    """
    if out.exists():
        raise TrainingError(f"{out} exists; give the pairs another name, or remove it.")
    spool = out.with_name(out.name + ".part")
    failures: list[Mapping[str, Any]] = []
    with EnvironmentHost(
        list(settings.domains), seconds=settings.environment_seconds, on_failure=failures.append
    ) as host:
        rollouts = Rollouts(
            engine,
            host,
            reply_tokens=settings.reply_tokens,
            thinking=settings.thinking,
            params=settings.sampling_params,
            for_training=False,
        )
        tasks = [need_task(host, domain.name, settings.split, settings.seed, 0) for domain in settings.domains]
        failures.clear()  # those of the first tasks come again
        if settings.known_replies:
            _check_known(settings, tasks, notify)
        done = _begun(spool, _mark(settings, model))  # not before all that may refuse the settings
        for domain in settings.domains:
            _attempt(settings, domain, rollouts, done, spool, notify)
    prompts = [_Prompt(**row) for row in done]
    counts = {
        domain.name: count(settings, [p for p in prompts if p.domain == domain.name]) for domain in settings.domains
    }
    if failures:
        notify(
            f"{len(failures)} failures of environments; the first: {failures[0]['domain']}: {failures[0]['failure']}"
        )
    partial = out.with_name(out.name + ".writing")
    rows = (row for prompt in prompts for row in prompt.pairs)
    partial.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    summary = {name: dataclasses.asdict(each) for name, each in counts.items()}
    out.with_suffix(".summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    partial.replace(out)
    spool.unlink()
    return counts


def choose(attempts: Sequence[Trajectory], *, most: int, margin: float) -> list[tuple[Trajectory, Trajectory]]:
    """Best with worst, second best with second worst, ..., as long as their rewards differ by more than ``margin``.

    Attempts that were cut off or could not be scored take no part, nor does the same text a second time. Among equal
    rewards the earlier sample comes first, so that neither length nor likelihood decides.
    """
    usable = _usable(attempts)
    best = sorted(usable, key=lambda attempt: (-_reward(attempt), attempt.sample))
    worst = sorted(usable, key=lambda attempt: (_reward(attempt), attempt.sample))
    pairs = zip(best[:most], worst[:most], strict=True)
    return [(good, bad) for good, bad in pairs if _reward(good) - _reward(bad) > margin]


def choose_against_known(attempts: Sequence[Trajectory], *, most: int, margin: float) -> list[Trajectory]:
    """Attempts that stand against the environment's own reply: the worst ones, if none earns the full reward."""
    usable = _usable(attempts)
    if any(_reward(attempt) >= 1.0 for attempt in usable):
        return []
    worst = sorted(usable, key=lambda attempt: (_reward(attempt), attempt.sample))
    return [attempt for attempt in worst[:most] if 1.0 - _reward(attempt) > margin]


def _usable(attempts: Sequence[Trajectory]) -> list[Trajectory]:
    usable: dict[str, Trajectory] = {}
    for attempt in attempts:
        if not attempt.cut_off and attempt.failure is None:
            usable.setdefault(json.dumps(attempt.messages(), sort_keys=True), attempt)
    return list(usable.values())


def count(settings: PairSettings, prompts: Sequence[_Prompt]) -> DomainCount:
    """What came of the prompts of a domain."""
    tried = [prompt for prompt in prompts if prompt.rewards]
    rewards = [reward for prompt in tried for reward in prompt.rewards]
    total = max(1, len(rewards))
    return DomainCount(
        prompts=len(tried),
        repeated=len(prompts) - len(tried) - sum(prompt.too_long for prompt in prompts),
        too_long=sum(prompt.too_long for prompt in prompts),
        attempts=len(rewards),
        reward=sum(rewards) / total,
        failed=sum(reward < 1.0 for reward in rewards) / total,
        unusable=sum(prompt.unusable for prompt in tried),
        undecided=sum(max(prompt.rewards) - min(prompt.rewards) <= settings.margin for prompt in tried),
        known=sum(prompt.known for prompt in tried),
        pairs=sum(len(prompt.pairs) for prompt in tried),
    )


def why_none(counts: Iterable[DomainCount]) -> str:
    """The likely reason why no domain gave a pair, and which options of ``joyflash pairs`` may change that."""
    found = list(counts)
    attempts, unusable = sum(each.attempts for each in found), sum(each.unusable for each in found)
    if not attempts:
        return "No prompt fits the context: take shorter ones, or a recipe with a larger max_context."
    if 2 * unusable >= attempts or any(each.undecided < each.prompts for each in found):
        return f"{unusable} of {attempts} attempts were cut off or could not be scored: raise --reply-tokens."
    return (
        "All attempts at a prompt earned the same: take other --options, more --samples or a higher --temperature, or "
        "--known-replies where the environment knows any."
    )


def _attempt(
    settings: PairSettings,
    domain: Domain,
    rollouts: Rollouts,
    done: list[dict[str, Any]],
    spool: Path,
    notify: Callable[[str], None],
) -> None:
    """Attempt the prompts of a domain that are not in ``done`` yet, and add them there and to the file."""
    here = [row for row in done if row["domain"] == domain.name]
    seen = {row["key"] for row in here}
    for start in range(len(here), domain.prompts, _AT_ONCE):
        prompts: list[_Prompt] = []
        groups: list[list[Trajectory]] = []
        for index in range(start, min(start + _AT_ONCE, domain.prompts)):
            task = need_task(rollouts.host, domain.name, settings.split, settings.seed, index)
            prompts.append(_Prompt(domain.name, index, task.key))
            numbers = range(0 if task.key in seen else settings.samples)
            seen.add(task.key)
            seeds = [sampling_seed(settings.seed, "pairs", domain.name, index, sample) for sample in numbers]
            group = [rollouts.new(domain.name, task, index, n, seeds[n]) for n in numbers]
            prompts[-1].too_long = bool(group) and len(group[0].ids) >= rollouts.engine.context_length
            groups.append([] if prompts[-1].too_long else group)
        rollouts.run([attempt for group in groups for attempt in group])
        for prompt, group in zip(prompts, groups, strict=True):
            prompt.rewards = [_reward(attempt) for attempt in group]
            prompt.unusable = sum(attempt.cut_off or attempt.failure is not None for attempt in group)
            prompt.pairs, prompt.known = _pairs(settings, domain, group)
        rows = [dataclasses.asdict(prompt) for prompt in prompts]
        append_rows(spool, rows)
        done += rows
        made = sum(len(row["pairs"]) for row in done if row["domain"] == domain.name)
        notify(f"{domain.name}  {start + len(prompts)}/{domain.prompts} prompts  {made} pairs")


def _check_known(settings: PairSettings, tasks: Sequence[Task], notify: Callable[[str], None]) -> None:
    """Refuse to ask for replies where no environment knows any, and name those that do not; ``tasks``: one a domain."""
    without = [domain.environment for domain, task in zip(settings.domains, tasks, strict=True) if task.reply is None]
    names = ", ".join(dict.fromkeys(without))
    if len(without) == len(tasks):
        raise ConfigError(f"{names}: no environment here knows replies of its own; leave known replies out.")
    if without:
        notify(f"{names}: without known replies; there the best attempt is the better one.")


def _pairs(settings: PairSettings, domain: Domain, group: Sequence[Trajectory]) -> tuple[list[dict[str, Any]], bool]:
    """Lines of the preference file from the attempts at one prompt, and whether the environment's reply is in them."""
    most, margin = settings.per_prompt, settings.margin
    reply = group[0].task.reply if group else None
    if settings.known_replies and reply is not None:
        beaten = choose_against_known(group, most=most, margin=margin)
        if beaten:
            return [_row(domain, [reply], 1.0, bad) for bad in beaten], True
    chosen = choose(group, most=most, margin=margin)
    return [_row(domain, good.messages(), _reward(good), bad) for good, bad in chosen], False


def _row(domain: Domain, chosen: list[dict[str, Any]], reward: float, bad: Trajectory) -> dict[str, Any]:
    """A line of the preference file."""
    return {
        "prompt": list(bad.task.messages),
        "tools": list(bad.task.tools),
        "chosen": chosen,
        "rejected": bad.messages(),
        "domain": domain.name,
        "language": domain.language,
        "chosen_reward": reward,
        "rejected_reward": _reward(bad),
    }


def _reward(attempt: Trajectory) -> float:
    return attempt.reward or 0.0


def _begun(spool: Path, mark: str) -> list[dict[str, Any]]:
    """What a killed call has done; an empty file with the mark of this call where there was none."""
    rows = recover_rows(spool)
    if not rows:
        spool.parent.mkdir(parents=True, exist_ok=True)
        spool.unlink(missing_ok=True)
        append_rows(spool, [{"mark": mark}])
        return []
    if rows[0].get("mark") != mark:
        raise TrainingError(
            f"{spool} was begun with other settings or another model. Remove it, or give the pairs another name."
        )
    return rows[1:]


def _mark(settings: PairSettings, model: Path) -> str:
    """What must be the same for a call to go on with another's work."""
    digest = hashlib.sha256(json.dumps(dataclasses.asdict(settings), sort_keys=True, default=dict).encode())
    for path in sorted(model.glob("*.safetensors")):
        with path.open("rb") as file:
            digest.update(f"{path.name} {path.stat().st_size}".encode())
            file.seek(max(0, path.stat().st_size - (1 << 20)))
            digest.update(file.read())
    return digest.hexdigest()
