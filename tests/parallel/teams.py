"""Run a function in several processes that form a gloo team, one thread each."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

import torch
import torch.multiprocessing as multiprocessing

from joyflash.parallel.team import joined_team

PRELOADED = ("torch._dynamo", "torch.distributed.checkpoint", "joyflash.train.distributed")


def run_team(world: int, function: Callable[..., Any], *arguments: Any) -> list[Any]:
    """``function(team, *arguments)`` in each of ``world`` processes; what each returned, by rank.

    The function must be importable; tensors come back as they are.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context("forkserver")  # imports torch once; spawned processes would each
    context.set_forkserver_preload([*PRELOADED, __name__])
    results = context.SimpleQueue()
    processes = [
        context.Process(target=_member, args=(rank, world, port, results, function, arguments)) for rank in range(world)
    ]
    for process in processes:
        process.start()
    found = dict(results.get() for _ in processes)
    for process in processes:
        process.join()
    errors = {rank: error for rank, (_, error) in found.items() if error is not None}
    assert not errors, errors
    return [found[rank][0] for rank in range(world)]


def _member(rank: int, world: int, port: int, results: Any, function: Callable[..., Any], arguments: Any) -> None:
    torch.set_num_threads(1)
    os.environ |= {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(world),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    try:
        with joined_team() as team:
            value = function(team, *arguments)
        results.put((rank, (_plain(value), None)))
    except BaseException as error:
        import traceback

        results.put((rank, (None, f"{type(error).__name__}: {error}\n{traceback.format_exc()}")))


def _plain(value: Any) -> Any:
    """Tensors as numpy arrays, so that a process may end before its result is read."""
    if isinstance(value, torch.Tensor):
        return value.detach().numpy().copy()
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
