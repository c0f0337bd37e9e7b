"""What an operator decides about a server, and the bounds on what one caller may ask of it."""

from __future__ import annotations

from dataclasses import dataclass

from joyflash.loopback import is_loopback


@dataclass(frozen=True)
class ServerSettings:
    """Everything `joyflash serve` can be told about serving, with the defaults it uses.

    Attributes:
        host, port: where to listen.
        api_keys: keys that open `/v1`; empty means no key is asked for (then only on a loopback host).
        allow_open: serve without a key on a host that others can reach, or under any name and to pages of other sites.
        served_model_names: names under which the model answers; empty means the model's own name.
        any_model_name: answer under whatever name a request gives.
        hold_calls: while decoding, hold tool calls to the listed tools and their schemas.
        max_requests: requests admitted at once, running and waiting together; more are refused with 429.
        max_prompt_tokens: tokens of their prompts together; a request beyond is refused with 429 unless it is alone.
        max_choices, max_stop, max_tools, max_messages: bounds on `n`, `stop`, `tools` and `messages` of one request.
        max_prompts: most prompts of one request to `/v1/completions`.
        max_body_bytes, max_bodies_bytes: longest request body, and all together that are read or prepared at once.
        max_counted_tokens: of what is counted or tokenised for its own sake; what surely has more is refused.
        max_connections: open ones; more get a 503.
        head_seconds, body_seconds: how long a request's head may take, and its body, before it must keep a pace.
        read_seconds: how long a client may leave an answer unread.
        max_stored_responses, max_stored_bytes: what is kept in memory for `/v1/responses`.
        files_folder: where uploads and batches are kept; None = a temporary folder that ends with the server.
        max_file_bytes, max_files, max_files_bytes: bounds on one upload, on how many there are, and on all together.
        max_batches, max_batch_lines: bounds on batches, and on the lines of one.
        batch_concurrency: lines of a batch that are handed to the engine at once.
        drain_seconds: how long running requests may go on after SIGTERM or SIGINT.
        keep_alive_seconds: silence on a stream after which a comment line is sent, so that proxies keep it open.
        log_format: a line for every request on the standard error stream: "off", "text" or "json".
        log_bodies: put the requests' bodies, prompts included, into the log too.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    api_keys: tuple[str, ...] = ()
    allow_open: bool = False
    served_model_names: tuple[str, ...] = ()
    any_model_name: bool = False
    hold_calls: bool = True
    max_requests: int = 256
    max_prompt_tokens: int = 1_048_576
    max_choices: int = 16
    max_stop: int = 16
    max_tools: int = 128
    max_messages: int = 2048
    max_prompts: int = 128
    max_body_bytes: int = 8 * 1024 * 1024
    max_bodies_bytes: int = 64 * 1024 * 1024
    max_counted_tokens: int = 131_072
    max_connections: int = 4096
    head_seconds: float = 15.0
    body_seconds: float = 30.0
    read_seconds: float = 60.0
    max_stored_responses: int = 1000
    max_stored_bytes: int = 64 * 1024 * 1024
    files_folder: str | None = None
    max_file_bytes: int = 100 * 1024 * 1024
    max_files: int = 1000
    max_files_bytes: int = 1024 * 1024 * 1024
    max_batches: int = 100
    max_batch_lines: int = 50_000
    batch_concurrency: int = 32
    drain_seconds: float = 30.0
    keep_alive_seconds: float = 15.0
    log_format: str = "off"
    log_bodies: bool = False

    @property
    def only_local(self) -> bool:
        """Whether being on this machine is all that lets a caller in."""
        return not self.api_keys and not self.allow_open and is_loopback(self.host)

    def most_counted(self, context_length: int) -> int:
        """``max_counted_tokens``, but never less than a model's context."""
        return max(self.max_counted_tokens, context_length)
