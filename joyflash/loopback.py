"""Which addresses lead back to this machine."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens on `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_on_this_machine(url: str) -> bool:
    """Whether ``url`` leads to this machine, so that no proxy of the environment can help, or may listen."""
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:  # no URL; whoever opens it says so
        return False
