"""Checkpoints of several processes: each writes its parts, and any number of processes can go on from them.

PyTorch's distributed checkpoints (DCP) in the safetensors format: no pickle, and every part says where in the whole it
belongs. Beside them lie ``team.json`` with the plain numbers and the checksum of every file. The folder ``step-N``
appears whole or not at all. Copying the state is all that training waits for; a thread writes it.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageReader, HuggingFaceStorageWriter
from torch.distributed.checkpoint.state_dict_loader import load as read_parts
from torch.distributed.checkpoint.state_dict_saver import save as write_parts

from joyflash.errors import TrainingError
from joyflash.parallel.team import PATIENCE, Team
from joyflash.train.checkpoint import Progress
from joyflash.train.run_folder import (
    BETWEEN,
    CHECKSUMS,
    TEAM_PROGRESS,
    checkpoints,
    checksum,
    planned,
    publish,
    remove_leftovers,
    remove_older,
)
from joyflash.train.team_state import TeamState

WRITING_FAILED = (OSError, RuntimeError, ValueError, CheckpointException)  # the last is no Exception


class TeamCheckpoints:
    """Writes and reads the checkpoints of one run; every process has one and calls the same methods.

    Args:
        state: what is saved.
        team: the processes.
    """

    def __init__(self, state: TeamState, team: Team):
        self._state = state
        self._team = team
        # The writing thread's own: training talks at the same time.
        group = dist.new_group(backend="gloo", timeout=PATIENCE)
        assert isinstance(group, dist.ProcessGroup)
        self._group = group
        self._writing: threading.Thread | None = None
        self._failure: BaseException | None = None

    def save(self, folder: Path, progress: Progress, *, keep: int) -> None:
        """Begin to write ``folder/step-N`` from a copy of the present state; the one before is finished first.

        Raises:
            TrainingError: the one before could not be written.
        """
        self.finish()
        if self._team.leads:
            folder.mkdir(parents=True, exist_ok=True)
            remove_leftovers(folder)
        self._team.wait()
        tensors, numbers = self._state.copied()
        numbers |= {"step": progress.step, "data": progress.data, "processes": self._team.world}
        self._writing = threading.Thread(target=self._write, args=(folder, tensors, numbers, progress.between, keep))
        self._writing.start()

    def finish(self) -> None:
        """Wait until what was begun is on the disk.

        Raises:
            TrainingError: it could not be written; the checkpoints before stay.
        """
        self.settle()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise TrainingError(
                f"A checkpoint cannot be written ({failure}). Make room or give the folder write permission, then go "
                "on from the one before with --resume."
            ) from failure

    def settle(self) -> None:
        """Wait until nothing is being written any more, well or not: the writers need the team's processes.

        It ends without a process that is gone: gloo reports a broken connection, and one that is silent after
        PATIENCE.
        """
        if self._writing is not None:
            self._writing.join()
            self._writing = None

    def load(self, folder: Path, notify: Callable[[str], None]) -> Progress:
        """Restore the newest readable checkpoint; it may come from another number of processes.

        Args:
            notify: is told, in a sentence, of each damaged one that was passed over.

        Raises:
            TrainingError: there is none, every one is damaged, or it belongs to another model.
        """
        found = self._listed(checkpoints, folder)
        if not found:
            raise TrainingError(f"{folder} holds no checkpoint to go on from; start without --resume.")
        damages: list[str] = []
        for checkpoint in reversed(found):
            damage = self._damage(checkpoint)
            if damage:
                damages.append(f"The checkpoint {checkpoint} cannot be read ({damage}).")
                continue
            for each in damages:
                notify(f"{each} Going on from {checkpoint.name} instead.")
            return self._restore(checkpoint)
        raise TrainingError(" ".join([*damages, "None is left to go on from: start again in another folder."]))

    @torch.no_grad()
    def average(self, folder: Path, last: int) -> list[int]:
        """Put the mean of the weights of the newest ``last`` planned checkpoints into the model; return their steps.

        Raises:
            TrainingError: there are fewer, or one cannot be read.
        """
        self.finish()
        self._team.wait()
        found = self._listed(planned, folder)[-last:]
        if len(found) < last:
            raise TrainingError(
                f"{folder} holds {len(found)} checkpoints, {last} are to be merged. Validate more often or merge fewer."
            )
        sums: dict[str, torch.Tensor] = {}
        for checkpoint in found:
            if damage := self._damage(checkpoint):
                raise TrainingError(f"The checkpoint {checkpoint} cannot be merged: it cannot be read ({damage}).")
            tensors = self._state.weights_to_load()
            read_parts(tensors, storage_reader=HuggingFaceStorageReader(str(checkpoint)), process_group=self._group)
            for name, part in self._state.parts(tensors).items():
                sums[name] = sums.get(name, 0) + part.double() * (1 / last)
        self._state.take_weights(sums)
        return [int(checkpoint.name.removeprefix("step-")) for checkpoint in found]

    def _listed(self, which: Callable[[Path], list[Path]], folder: Path) -> list[Path]:
        """What the leader sees: on another machine a shared disk may still show the folder as it was."""
        return [folder / name for name in self._team.gather([each.name for each in which(folder)])[0]]

    def _write(self, folder: Path, tensors: dict[str, Any], numbers: dict[str, Any], between: bool, keep: int) -> None:
        target = folder / f"step-{numbers['step']:07d}"
        partial = folder / f".{target.name}.partial"
        try:
            if self._team.device.type == "cuda":
                torch.cuda.set_device(self._team.device)  # DCP waits for the thread's own GPU, which is 0 at first
            writer = HuggingFaceStorageWriter(str(partial), save_distributed=True)
            write_parts(tensors, storage_writer=writer, process_group=self._group)
            mine = {path.name: checksum(path) for path in sorted(partial.glob(f"shard-{self._team.rank + 1:05d}-*"))}
            gathered: list[Any] = [None] * self._team.world
            dist.all_gather_object(gathered, mine, group=self._group)
            if not dist.is_initialized() or not all(gathered):  # DCP alone would write one process's part as the whole
                raise RuntimeError("not every process gave its part")
            if self._team.leads:
                (partial / TEAM_PROGRESS).write_text(json.dumps(numbers))
                if between:
                    (partial / BETWEEN).touch()
                sums = {name: value for each in gathered for name, value in each.items()}
                publish(partial, target, sums | {TEAM_PROGRESS: checksum(partial / TEAM_PROGRESS)})
                remove_older(folder, target, keep)
            dist.barrier(group=self._group)
        except WRITING_FAILED as error:
            self._failure = error
            if self._team.leads:
                shutil.rmtree(partial, ignore_errors=True)

    def _damage(self, checkpoint: Path) -> str | None:
        """What is wrong with a checkpoint's files; each process checks a part of them, all come to know."""
        found = None
        try:
            if not (checkpoint / TEAM_PROGRESS).is_file() and (checkpoint / "model.safetensors").is_file():
                raise TrainingError(
                    f"{checkpoint} was written by a single process without torchrun. Go on without torchrun, or start "
                    "from its model."
                )
            sums = json.loads((checkpoint / CHECKSUMS).read_text())
            processes = json.loads((checkpoint / TEAM_PROGRESS).read_text())["processes"]
            parts = sum(name.startswith("shard-") for name in sums)
            if parts != processes:
                found = f"it has the parts of {parts} processes; {processes} wrote it"
            for name in [*sums][self._team.rank :: self._team.world]:
                if checksum(checkpoint / name) != sums[name]:
                    found = f"{name} is not what was written"
        except (OSError, ValueError, KeyError) as error:
            found = str(error)
        return next((each for each in self._team.gather(found) if each), None)

    def _restore(self, checkpoint: Path) -> Progress:
        numbers = json.loads((checkpoint / TEAM_PROGRESS).read_text())
        tensors = self._state.to_load()
        try:
            read_parts(tensors, storage_reader=HuggingFaceStorageReader(str(checkpoint)), process_group=self._group)
            self._state.take(tensors, numbers)
        except (CheckpointException, RuntimeError, ValueError, KeyError) as error:
            raise TrainingError(
                f"The checkpoint {checkpoint} cannot be loaded: it is of another model or recipe "
                f"({' '.join(str(error).split())[:300]}). Resume with the recipe that the run began with."
            ) from error
        return Progress(int(numbers["step"]), numbers["data"])
