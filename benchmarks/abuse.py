"""Whether `joyflash serve` stands abuse: no crash, no answer but refusals, good clients served in time, memory back.

    python benchmarks/abuse.py -o abuse.json
    python benchmarks/abuse.py --attacks "big bodies,disconnects" --seconds 20 --serve "--mtp 0"

Starts the server, then runs one attack after the other (`abuse_attacks.py`), each in a process of its own. All the
while a polite client in another process asks `/health` and a short chat question in turns, tries again after
`Retry-After` like the vendors' SDKs, and times both from the first try to the answer. The attacks run twice: what the
first round leaves behind (libraries, caches, the allocator's reserves) is the baseline; a leak shows in the second.

Exit status 1 when a rule is broken: the server ended; a status of 5xx other than 503 and 529, or one of these or 429
without `Retry-After`; the polite client got an error or waited longer than --patience (chat) or --health-patience;
a traceback in the server's log; after the attacks, requests in flight, cache held, more open files or more memory than
the baseline and --slack MB; or an exit status other than 0 after SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import IO, Any

import httpx
import measure
from abuse_attacks import ATTACKS, REFUSALS, Address, question
from measure import fail, markdown, number, percentile, positive

IDLE_WITHIN = 60.0
"""Seconds after an attack within which the server must be idle."""
FINE = {"200", *REFUSALS}
BAD = ("no answer", "let be")
"""Of attacks: the server left a caller without an answer, or let a slow one be."""


@dataclass
class Polite:
    """What the polite client met: seconds of each kind of request, refusals, and what should not be."""

    health: list[float] = field(default_factory=list)
    chat: list[float] = field(default_factory=list)
    refused: int = 0
    faults: list[str] = field(default_factory=list)


def be_polite(url: str, ready: Event, over: Event, sink: Connection) -> None:
    """Be ready, then ask in turns until ``over``; send what was met."""
    met = Polite()
    with httpx.Client(base_url=url, timeout=120) as http:
        http.get("/health")
        ready.set()
        while not over.is_set():
            for seconds, method, path, body in (
                (met.health, "GET", "/health", None),
                (met.chat, "POST", "/v1/chat/completions", question("which one is bigger, 9.11 or 9.9?")),
            ):
                try:
                    seconds.append(_until_answered(http, method, path, body, met))
                except (httpx.HTTPError, ValueError) as error:
                    met.faults.append(f"{path}: {type(error).__name__}: {error}"[:200])
            time.sleep(0.1)
    sink.send(met)


def _until_answered(http: httpx.Client, method: str, path: str, body: dict[str, Any] | None, met: Polite) -> float:
    """Seconds until the 200; a refusal is waited out."""
    start = time.perf_counter()
    while True:
        response = http.request(method, path, json=body)
        if response.status_code == 200:
            return time.perf_counter() - start
        if str(response.status_code) not in REFUSALS:
            raise ValueError(f"{response.status_code} {response.text[:100]}")
        met.refused += 1
        time.sleep(float(response.headers["retry-after"]))


def attack(name: str, address: Address, seconds: float, sink: Connection) -> None:
    """Run one attack; send the counts of its answers."""
    sink.send(asyncio.run(ATTACKS[name](address, seconds)))


class Server:
    """`joyflash serve` and what can be seen of it from outside.

    Args:
        options: further options of the command.
        log: its standard error stream.
    """

    def __init__(self, options: str, log: IO[str]):
        program = "from joyflash.cli import main; main()"
        command = [sys.executable, "-c", program, "serve", "--port", "0", *shlex.split(options)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout
        found = re.search(r"chat at (http://([\d.]+):(\d+))/", self.process.stdout.readline())
        if found is None:
            fail("the server did not start")
        self.url, self.address = found[1], (found[2], int(found[3]))

    def memory(self) -> float:
        """MB that it holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]

    def files(self) -> int:
        """Open files, connections among them."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def idle(self) -> str:
        """Wait until nothing is in flight; what still is, if that takes too long."""
        end, names = time.monotonic() + IDLE_WITHIN, ("requests_in_flight", "choices_running", "cache_held_tokens")
        while True:
            page = httpx.get(f"{self.url}/metrics", timeout=60).text
            held = {name: float(re.search(rf"(?m)^joyflash_{name} (\S+)", page)[1]) for name in names}  # type: ignore[index]
            if not any(held.values()):
                return ""
            if time.monotonic() > end:
                return f"still held {IDLE_WITHIN:g} s later: {held}"
            time.sleep(0.2)


def one_attack(server: Server, name: str, seconds: float) -> dict[str, Any]:
    """An attack with the polite client beside it: answers, latencies, memory at its most and after."""
    processes = multiprocessing.get_context("spawn")
    ready, over, (attack_ends, attack_sends) = processes.Event(), processes.Event(), processes.Pipe()
    polite_ends, polite_sends = processes.Pipe()
    polite = processes.Process(target=be_polite, args=(server.url, ready, over, polite_sends), daemon=True)
    attacker = processes.Process(target=attack, args=(name, server.address, seconds, attack_sends), daemon=True)
    polite.start()
    ready.wait(120)
    attacker.start()
    peak = 0.0
    while not attack_ends.poll(0.1):
        peak = max(peak, server.memory())
        if not attacker.is_alive() and not attack_ends.poll():
            fail(f"the attack {name!r} ended by itself")
    answers: Counter[str] = attack_ends.recv()
    over.set()
    met: Polite = polite_ends.recv()
    attacker.join()
    polite.join()
    held = server.idle()
    time.sleep(1.0)
    return {
        "attack": name, "answers": dict(answers), "health": met.health, "chat": met.chat, "refused": met.refused,
        "faults": [*met.faults, *filter(None, [held])], "peak_mb": peak, "after_mb": server.memory(),
        "files": server.files(),
    }  # fmt: skip


def faults_of(row: dict[str, Any], options: argparse.Namespace) -> list[str]:
    """The rules that one attack broke."""
    found = [f"the polite client: {fault}" for fault in row["faults"]]
    for status, count in row["answers"].items():
        if (status.startswith("5") and status not in FINE) or status in BAD or "without" in status:
            found.append(f"{count} answers {status}")
    for kind, bound in (("chat", options.patience), ("health", options.health_patience)):
        if not row[kind]:
            found.append(f"the polite client had no answer from {kind}")
        elif max(row[kind]) > bound:
            found.append(f"{kind} took {max(row[kind]):.1f} s, more than {bound:g}")
    return [f"{row['attack']}: {fault}" for fault in found]


def table(rows: list[dict[str, Any]]) -> str:
    """The figures for reading."""
    header = ["attack", "answers", "health ms*", "chat ms*", "429", "peak MB", "after MB", "files"]
    lines = []
    for row in rows:
        answers = ", ".join(f"{count} × {status}" for status, count in sorted(row["answers"].items()))
        times = [
            "/".join(number(percentile(row[kind] or [0.0], at) * 1e3) for at in (50, 99, 100))
            for kind in ("health", "chat")
        ]
        memory = [f"{row[name]:.0f}" for name in ("peak_mb", "after_mb")]
        lines.append([row["attack"], answers, *times, row["refused"], *memory, row["files"]])
    return markdown(header, lines)


def run(options: argparse.Namespace, log: IO[str]) -> tuple[list[dict[str, Any]], list[str], dict[str, Any]]:
    """Two rounds of the attacks; rows, broken rules, and memory at the start, after each round and at the end."""
    server = Server(options.serve, log)
    rows: list[dict[str, Any]] = []
    broken: list[str] = []
    memory: dict[str, Any] = {}
    try:
        memory["start_mb"] = server.memory()
        for turn in (1, 2):
            for name in options.attacks:
                rows.append({"round": turn, **one_attack(server, name, options.seconds)})
                print(table(rows[-1:]).splitlines()[-1], flush=True)
                broken += faults_of(rows[-1], options)
                if server.process.poll() is not None:
                    return rows, [*broken, f"the server ended with {server.process.returncode}"], memory
            time.sleep(5.0)
            memory[f"round_{turn}_mb"], memory[f"round_{turn}_files"] = server.memory(), server.files()
    finally:
        server.process.terminate()
        try:
            memory["exit_status"] = server.process.wait(60)
        except subprocess.TimeoutExpired:
            server.process.kill()
            memory["exit_status"] = "none"
    if memory["round_2_mb"] > memory["round_1_mb"] + options.slack:
        broken.append(f"memory grew from {memory['round_1_mb']:.0f} to {memory['round_2_mb']:.0f} MB in round 2")
    if memory["round_2_files"] > memory["round_1_files"] + 3:
        broken.append(f"open files grew from {memory['round_1_files']} to {memory['round_2_files']}")
    if memory["exit_status"] != 0:
        broken.append(f"after SIGTERM the server's exit status was {memory['exit_status']}")
    return rows, broken, memory


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--attacks", type=measure.names_of(*ATTACKS), default=list(ATTACKS), help=f"of {', '.join(ATTACKS)}")
    add("--seconds", type=positive, default=10, help="of each attack (default 10)")
    add("--serve", default="", metavar="OPTIONS", help='more options of the server, e.g. "--mtp 0"')
    add("--patience", type=float, default=15.0, help="seconds that a polite chat may take (default 15)")
    add("--health-patience", type=float, default=2.0, help="seconds that /health may take (default 2)")
    add("--slack", type=float, default=64.0, help="MB that the second round may leave behind (default 64)")
    add("-o", "--out", type=Path, help="write the figures as JSON")
    return parser.parse_args()


def main() -> None:
    """Attack, print, judge."""
    measure.clean_up_when_terminated()
    options = arguments()
    here = measure.machine(os.cpu_count() or 1)
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        rows, broken, memory = run(options, log)
        log.seek(0)
        text = log.read()
    if "Traceback" in text:
        broken.append("a traceback in the server's log: " + text[text.index("Traceback") :][:2000])
    print(f"\n{options.seconds} s each; * median/p99/most; {measure.machine_line(here)}\n")
    print(f"{table(rows)}\n\n{json.dumps(memory)}")
    if options.out:
        measure.write_json(options.out, {"machine": here, "rows": rows, "memory": memory, "broken": broken})
    print("\n".join(f"broken: {fault}" for fault in broken) or "no rule was broken")
    raise SystemExit(1 if broken else 0)


if __name__ == "__main__":
    main()
