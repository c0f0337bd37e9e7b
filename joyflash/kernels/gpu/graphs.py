"""Graphs: work on fixed memory, recorded once for each shape on a GPU and replayed after that."""

from __future__ import annotations

from collections.abc import Callable, Hashable

import torch


class Graphs:
    """Runs functions that take nothing and return nothing; on a CPU it simply calls them.

    A function's first call under a key runs it as it is, which compiles its kernels, and then records it. All graphs
    share one pool of memory, since only one runs at a time.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._graphs: dict[Hashable, torch.cuda.CUDAGraph] = {}
        self._pool = torch.cuda.graph_pool_handle() if device.type == "cuda" else None

    def run(self, key: Hashable, work: Callable[[], None]) -> None:
        """Do ``work``; under an equal key it must be the same launches on the same memory."""
        if self._device.type != "cuda":
            work()
            return
        with torch.cuda.device(self._device):  # not the current one of every thread
            graph = self._graphs.get(key)
            if graph is not None:
                graph.replay()
                return
            work()
            torch.cuda.synchronize(self._device)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, pool=self._pool):
                work()
            self._graphs[key] = graph
