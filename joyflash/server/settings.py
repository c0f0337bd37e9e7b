"""What an operator decides about a server, and the bounds on what one caller may ask of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ServerSettings:
    """Everything `joyflash serve` can be told about serving, with the defaults it uses.

    Attributes:
        host, port: where to listen.
        api_keys: keys that open `/v1`; empty means no key is asked for (then only on a loopback host).
        allow_open: serve without a key on a host that others can reach.
        served_model_names: names under which the model answers; empty means the model's own name.
        any_model_name: answer under whatever name a request gives.
        hold_calls: while decoding, hold tool calls to the listed tools and their schemas.
        max_requests: requests admitted at once, running and waiting together; more are refused with 429.
        max_choices, max_stop, max_tools, max_messages: bounds on `n`, `stop`, `tools` and `messages` of one request.
        max_body_bytes: longest request body.
        drain_seconds: how long running requests may go on after SIGTERM or SIGINT.
        keep_alive_seconds: silence on a stream after which a comment line is sent, so that proxies keep it open.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    api_keys: tuple[str, ...] = ()
    allow_open: bool = False
    served_model_names: tuple[str, ...] = ()
    any_model_name: bool = False
    hold_calls: bool = True
    max_requests: int = 256
    max_choices: int = 16
    max_stop: int = 16
    max_tools: int = 128
    max_messages: int = 2048
    max_body_bytes: int = 8 * 1024 * 1024
    drain_seconds: float = 30.0
    keep_alive_seconds: float = 15.0
