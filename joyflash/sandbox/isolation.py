"""What the kernel gave one run: which walls stand between the program and the machine."""

from __future__ import annotations

from dataclasses import dataclass

WALLS = {
    "processes": "a PID namespace: the program sees and can signal nothing but its own processes",
    "network": "an empty network namespace",
    "files": "a file system of its own: interpreter and libraries read-only, /tmp in memory, nothing else",
    "system_calls": "a seccomp filter: no sockets, mounts, namespaces, tracing, memory files or kernel interfaces",
    "user": "a user without rights outside, without capabilities, and no way to gain any",
}


@dataclass(frozen=True)
class Isolation:
    """Which walls stand; see ``WALLS`` for what each keeps out.

    Attributes:
        present: names of the walls that the kernel gave.
        reasons: for a wall that is missing, why.
    """

    present: frozenset[str]
    reasons: dict[str, str]

    @property
    def missing(self) -> tuple[str, ...]:
        """Walls that could not be had, in the order of ``WALLS``."""
        return tuple(name for name in WALLS if name not in self.present)

    @property
    def complete(self) -> bool:
        """Whether all walls stand."""
        return not self.missing

    def __str__(self) -> str:
        lines = [
            f"{name:13} {'yes' if name in self.present else 'NO '}  {what}"
            + (f" ({self.reasons[name]})" if name in self.reasons else "")
            for name, what in WALLS.items()
        ]
        return "\n".join(lines)
