"""Rollouts: many episodes at once through the engine, which shares its weights with the trainer.

Token in, token out. What the engine sampled is kept as ids with the log-probabilities it had; what an environment
answers is tokenised once and appended. A reply is turned into text only to be read by the environment.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import torch

from joyflash.engine.engine import Engine
from joyflash.engine.request import Delta, Request, SamplingParams
from joyflash.errors import ConfigError, TemplateError, TrainingError
from joyflash.rl.environments.host import EnvironmentHost
from joyflash.rl.environments.protocol import Call, Reply, Task
from joyflash.rl.trajectory import Trajectory
from joyflash.text.messages import ToolDefinition
from joyflash.text.thinking import split_thinking
from joyflash.text.tool_calls import parse_tool_calls

_NEUTRAL: dict[str, Any] = {
    "temperature": 1.0,
    "top_p": 1.0,
    "top_k": 0,
    "min_p": 0.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "logit_bias": None,
    "stop": (),
    "stop_token_ids": (),
    "ignore_eos": False,
}
_OWN: dict[str, Any] = {"max_tokens": None, "seed": None, "n": 1, "logprobs": None, "prompt_logprobs": None}
"""What rollouts set themselves."""


def check_sampling(params: SamplingParams) -> None:
    """Refuse sampling that draws from another distribution than the one whose log-probabilities are trained on.

    Raises:
        ConfigError: a temperature other than 1, truncation, a penalty, a bias, another end or what rollouts set
            themselves is asked for.
    """
    check_own(params)
    for name, neutral in _NEUTRAL.items():
        value = getattr(params, name)
        if value != neutral and not (name == "top_k" and value == -1):
            raise ConfigError(
                f"Rollouts for training are drawn from the model itself: {name} must be {neutral!r}, not {value!r}. "
                "Log-probabilities of anything else would not be the policy's."
            )


def check_own(params: SamplingParams) -> None:
    """Refuse settings that rollouts choose for each attempt, and would replace in silence.

    Raises:
        ConfigError: one of them is given.
    """
    for name, usual in _OWN.items():
        if getattr(params, name) != usual:
            raise ConfigError(
                f"sampling must leave out {name}: rollouts set it themselves (reply_tokens and seed are settings of "
                "their own)."
            )


class Rollouts:
    """Episodes in flight.

    Args:
        engine: made by ``Engine.sharing``; used by nobody else between ``begin`` and the last ``step``.
        host: where the environments run.
        reply_tokens: most tokens of one reply.
        thinking: let replies begin with a thought.
        params: further settings of sampling; only neutral ones are accepted, see ``check_sampling``.
        for_training: log-probabilities of the sampled tokens will be trained on; without, any sampling will do.

    Attributes:
        version: of the weights; the trainer sets it with every change of them.
    """

    def __init__(
        self,
        engine: Engine,
        host: EnvironmentHost,
        *,
        reply_tokens: int = 256,
        thinking: bool = False,
        params: SamplingParams | None = None,
        for_training: bool = True,
    ) -> None:
        if engine.template is None:
            raise TemplateError(f"{engine.model_name} has no chat template, so no task can be put to it.")
        self._params = params or SamplingParams(temperature=1.0)
        if for_training:
            check_sampling(self._params)
        self.engine, self.host = engine, host
        self.version = 0
        self._template = engine.template
        self._reply_tokens, self._thinking = reply_tokens, thinking
        asked = self._template.render([{"role": "user", "content": "?"}], enable_thinking=thinking)
        self._begins_in_thought = self._template.opens_thought(asked)
        if thinking and not self._begins_in_thought:
            raise ConfigError(f"thinking is on, but the chat template of {engine.model_name} opens no thought.")
        self._active: dict[str, tuple[Trajectory, str]] = {}  # by request: the attempt and its episode
        self._deltas: dict[str, list[Delta]] = {}
        self._count = 0

    @property
    def in_flight(self) -> list[Trajectory]:
        """Attempts that go on, in the order of their last submission."""
        return [trajectory for trajectory, _ in self._active.values()]

    def new(self, domain: str, task: Task, group: int, sample: int, seed: int) -> Trajectory:
        """An attempt that has not begun."""
        ids = self._template.render(task.messages, task.tools, enable_thinking=self._thinking)
        return Trajectory(domain, group, sample, seed, task, ids)

    def begin(self, trajectory: Trajectory) -> None:
        """Put an attempt in flight, from the beginning or from where it was saved.

        Raises:
            TrainingError: its prompt does not fit the engine's context.
        """
        if len(trajectory.ids) >= self.engine.context_length:
            raise TrainingError(
                f"A prompt of domain {trajectory.domain} has {len(trajectory.ids)} tokens; the engine's context is "
                f"{self.engine.context_length}. Make the tasks shorter or max_context larger."
            )
        self._submit(trajectory, self.host.start(trajectory.domain, trajectory.task, trajectory.replies))

    def step(self) -> list[Trajectory]:
        """Advance the engine by a step; return the attempts that have ended with it.

        Raises:
            TrainingError: the engine failed at a sequence, for example over numbers that are not finite.
        """
        ended = []
        for delta in self.engine.step():
            self._deltas[delta.request_id].append(delta)
            if delta.error is not None:
                raise TrainingError(f"A rollout failed: {delta.error}") from delta.error
            if delta.finish_reason is None:
                continue
            trajectory, episode = self._active.pop(delta.request_id)
            self._take(trajectory, self._deltas.pop(delta.request_id))
            if self._go_on(trajectory, episode, delta):
                self._submit(trajectory, episode)
            else:
                ended.append(trajectory)
        return ended

    def run(self, trajectories: Sequence[Trajectory]) -> None:
        """Bring attempts to their end."""
        for trajectory in trajectories:
            self.begin(trajectory)
        while self._active:
            self.step()

    def weights_changed(self, version: int) -> None:
        """Go on with new weights: replies in the middle keep their tokens; what the old weights cached is lost."""
        self.pause()
        self.version = version
        self.engine.weights_changed()
        self.resume()

    def pause(self) -> None:
        """Take what has been sampled into the attempts in flight and leave the engine idle."""
        for request_id, (trajectory, _) in self._active.items():
            self._take(trajectory, self._deltas[request_id])
            self._deltas[request_id] = []
        self.engine.reset()

    def resume(self) -> None:
        """Submit the attempts in flight again after ``pause``; each goes on with the noise of its seed and place."""
        paused, self._active, self._deltas = self._active, {}, {}
        for trajectory, episode in paused.values():
            self._submit(trajectory, episode)

    def _submit(self, trajectory: Trajectory, episode: str) -> None:
        room = self.engine.context_length - len(trajectory.ids)
        left = self._reply_tokens - self._said(trajectory)
        params = dataclasses.replace(
            self._params, seed=trajectory.seed, max_tokens=max(1, min(left, room)), logprobs=0, n=1
        )
        self._count += 1
        request = Request(list(trajectory.ids), params, request_id=f"rollout-{self._count}")
        self.engine.submit(request)
        self._active[request.request_id] = (trajectory, episode)
        self._deltas[request.request_id] = []

    def _said(self, trajectory: Trajectory) -> int:
        """Tokens of the reply that a trajectory stands in the middle of."""
        if trajectory.spans and trajectory.spans[-1][1] == len(trajectory.ids):
            first, end = trajectory.spans[-1]
            return end - first
        return 0

    def _take(self, trajectory: Trajectory, deltas: Sequence[Delta]) -> None:
        """Add what the engine sampled since the last time."""
        tokens = [token for delta in deltas for token in delta.token_ids]
        entries = [entry for delta in deltas for entry in delta.logprobs or ()]
        if [entry.token_id for entry in entries] != tokens:
            raise TrainingError("The engine reported other tokens than it gave log-probabilities for.")
        if tokens:
            start = len(trajectory.ids)
            if self._said(trajectory):
                start = trajectory.spans.pop()[0]
            trajectory.ids += tokens
            trajectory.spans.append((start, len(trajectory.ids)))
            trajectory.log_probs += [entry.logprob for entry in entries]
            trajectory.versions += [self.version] * len(tokens)
        if deltas and deltas[-1].routes_TLK is not None:
            trajectory.routes_TLK = _joined(trajectory.routes_TLK, deltas[-1].routes_TLK)

    def _go_on(self, trajectory: Trajectory, episode: str, last: Delta) -> bool:
        """Tell the environment; append its answer. False at the end."""
        first, end = trajectory.spans[-1]
        reply = self.read_reply(trajectory.ids[first:end], trajectory.task, cut_off=last.finish_reason == "length")
        turn = self.host.step(episode, reply)
        trajectory.replies.append(dataclasses.asdict(reply))
        if turn.reward is None:
            trajectory.answers.append([dict(message) for message in turn.messages])
            more = self.continuation(turn.messages, trajectory.task)
            if len(trajectory.ids) + len(more) < self.engine.context_length:
                trajectory.ids += more
                return True
            self.host.drop(episode)
            reply = dataclasses.replace(reply, cut_off=True)
        trajectory.reward = turn.reward or 0.0
        trajectory.failure = turn.failure
        trajectory.cut_off = reply.cut_off
        return False

    def read_reply(self, ids: Sequence[int], task: Task, *, cut_off: bool) -> Reply:
        """A reply's tokens as an environment reads them: thought, text and calls apart."""
        tokenizer = self.engine.tokenizer
        decoder = tokenizer.stream_decoder()
        ended = list(ids[:-1]) if ids and ids[-1] == tokenizer.eos_id else list(ids)
        split = split_thinking(decoder.push(ended) + decoder.flush(), self._begins_in_thought)
        tools = [ToolDefinition.from_dict(tool) for tool in task.tools]
        content, calls = parse_tool_calls(split.content, tools) if tools else (split.content, [])
        made = tuple(Call(call.name, call.arguments_json) for call in calls)
        return Reply(content, split.reasoning, made, cut_off)

    def continuation(self, messages: Sequence[dict[str, Any]], task: Task) -> list[int]:
        """Tokens between two replies: results or a user's words, and the next turn's opening.

        They are what the template adds behind an assistant's turn, whatever that turn says.

        Raises:
            TemplateError: the template writes earlier turns differently when more follow.
        """
        opening = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "!"}]
        before = self._template.render(opening, task.tools, add_generation_prompt=False)
        after = self._template.render([*opening, *messages], task.tools, enable_thinking=self._thinking)
        if after[: len(before)] != before:
            raise TemplateError(
                "The chat template rewrites a finished turn when others follow; rollouts need one that appends."
            )
        end = len(before) - 1 - before[::-1].index(self.engine.tokenizer.eos_id)
        return after[end + 1 :]


def _joined(old_TLK: torch.Tensor | None, new_TLK: torch.Tensor) -> torch.Tensor:
    """The newer routes where they were recorded, else the older ones."""
    if old_TLK is None:
        return new_TLK
    joined_TLK = new_TLK.clone()
    count = min(len(old_TLK), len(new_TLK))
    missing = new_TLK[:count] < 0
    joined_TLK[:count][missing] = old_TLK[:count][missing]
    return joined_TLK
