"""What hostile and clumsy clients do to a server, one coroutine each; `benchmarks/abuse.py` runs them.

Every attack takes the server's address and how long to go on, and returns how often it got which answer: a status,
`503 without Retry-After` and `429 without Retry-After` where the promise is broken, or `closed` where the server ended
the connection without an answer. They speak HTTP through bare sockets: a client library would refuse to send most of
this.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
import struct
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from itertools import cycle
from typing import Any

Address = tuple[str, int]
Attack = Callable[[Address, float], Coroutine[Any, Any, Counter[str]]]
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

CHAT, COMPLETIONS, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/completions", "/v1/messages", "/v1/responses"
GENERATING = (CHAT, COMPLETIONS, MESSAGES, RESPONSES)
REFUSALS = ("429", "503", "529")
PATIENCE_SECONDS = 120.0
LONG_ENOUGH_SECONDS = 60.0
"""For a server to lose its patience with slow senders."""


def question(text: str = "hello", **fields: Any) -> dict[str, Any]:
    """A chat request."""
    return {"model": "nano", "messages": [{"role": "user", "content": text}], "max_tokens": 16, **fields}


def head(path: str, length: int | None, *more: str, method: str = "POST") -> bytes:
    """The head of a request with a JSON body."""
    lines = [f"{method} {path} HTTP/1.1", "Host: test", "Connection: close", "Content-Type: application/json", *more]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


def post(path: str, body: bytes | dict[str, Any], *more: str) -> bytes:
    """A whole request."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return head(path, len(data), *more) + data


@contextlib.asynccontextmanager
async def connected(address: Address, receive_buffer: int | None = None) -> AsyncIterator[Connection]:
    """A connection that is cut, not closed in order, at the end."""
    plain = socket.socket()
    plain.setblocking(False)
    if receive_buffer:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await asyncio.get_running_loop().sock_connect(plain, address)
    reader, writer = await asyncio.open_connection(sock=plain, limit=receive_buffer or 1 << 16)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def answer(reader: asyncio.StreamReader) -> str:
    """The status of the answer, once all of it is there."""
    try:
        text = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_SECONDS)).decode("latin-1").lower()
        status = text.split(" ", 2)[1]
        length = next((line.partition(":")[2] for line in text.split("\r\n") if line.startswith("content-length:")), "")
        rest = reader.readexactly(int(length)) if length else reader.read()
        await asyncio.wait_for(rest, PATIENCE_SECONDS)
    except TimeoutError:
        return "no answer"
    except (OSError, asyncio.IncompleteReadError):
        return "closed"
    return f"{status} without Retry-After" if status in REFUSALS and "retry-after:" not in text else status


async def exchange(address: Address, data: bytes) -> str:
    """Send bytes, wait for the answer."""
    try:
        async with connected(address) as (reader, writer):
            with contextlib.suppress(OSError):  # refused before all was sent: the answer may be there
                writer.write(data)
                await asyncio.wait_for(writer.drain(), PATIENCE_SECONDS)
            return await answer(reader)
    except OSError:
        return "closed"


async def flood(address: Address, seconds: float, requests: Iterator[bytes], at_once: int) -> Counter[str]:
    """Send requests, so many at once, for some time."""
    end, seen = time.monotonic() + seconds, Counter[str]()

    async def caller() -> None:
        while time.monotonic() < end:
            seen[await exchange(address, next(requests))] += 1

    await asyncio.gather(*(caller() for _ in range(at_once)))
    return seen


async def trickle(address: Address, seconds: float, begin: bytes, drop: bytes) -> str:
    """Begin a request and send a little of the rest every half second, until the server has had enough."""
    end = time.monotonic() + max(seconds, LONG_ENOUGH_SECONDS)
    try:
        async with connected(address) as (reader, writer):
            writer.write(begin)
            while time.monotonic() < end:
                reading = asyncio.create_task(answer(reader))
                done, _ = await asyncio.wait({reading}, timeout=0.5)
                if done:
                    return reading.result()
                reading.cancel()
                await asyncio.wait({reading})
                writer.write(drop)
    except OSError:
        return "closed"
    return "let be"


async def slow_heads(address: Address, seconds: float) -> Counter[str]:
    """50 clients that send a header byte by byte, and 50 that say nothing at all."""
    begun = [(f"POST {CHAT} HTTP/1.1\r\nHost: test\r\nX-Slow: ".encode(), b"a"), (b"", b"")]
    return Counter(await asyncio.gather(*(trickle(address, seconds, *each) for each in begun for _ in range(50))))


async def slow_bodies(address: Address, seconds: float) -> Counter[str]:
    """50 clients that announce a body and send it byte by byte."""
    return Counter(await asyncio.gather(*(trickle(address, seconds, head(CHAT, 1 << 20), b" ") for _ in range(50))))


async def slow_readers(address: Address, seconds: float) -> Counter[str]:
    """50 clients that ask for long streams and read them 64 bytes at a time."""
    body = question("count", stream=True, max_tokens=1000, ignore_eos=True, logprobs=True, top_logprobs=20)
    request = post(CHAT, body)

    async def one() -> str:
        end = time.monotonic() + seconds
        async with connected(address, receive_buffer=2048) as (reader, writer):
            writer.write(request)
            status = (await reader.read(64)).decode("latin-1").split(" ")[1]
            while time.monotonic() < end and await reader.read(64):
                await asyncio.sleep(0.5)
        return status

    return Counter(await asyncio.gather(*(one() for _ in range(50))))


def big_bodies() -> Iterator[bytes]:
    """10 MB; and what is just short enough to be read: one long text, many messages, many small values."""
    text = "word " * 1_600_000
    numbers = b'{"model":"nano","prompt":[' + b",".join([b"1"] * 4_000_000) + b"]}"
    lists = b'{"model":"nano","prompt":[' + b",".join([b"[]"] * 2_700_000) + b"]}"
    return cycle(
        [
            post(CHAT, b" " * 10_000_000),
            post(CHAT, question(text)),
            post(CHAT, {**question(), "messages": question("x" * 3000)["messages"] * 2000}),
            post(COMPLETIONS, numbers),
            post(COMPLETIONS, lists),
            post("/tokenize", {"model": "nano", "prompt": text}),
            post(MESSAGES + "/count_tokens", question("\u4e2d" * 1_000_000)),
        ]
    )


def nested(depth: int, inner: Any, wrap: Callable[[Any], Any]) -> Any:
    """A value wrapped so many times."""
    for _ in range(depth):
        inner = wrap(inner)
    return inner


def with_schema(schema: Any) -> Iterator[bytes]:
    """A schema as that of a tool and of the reply."""
    tool = {"type": "function", "function": {"name": "f", "parameters": schema}}
    yield post(CHAT, question(tools=[tool], tool_choice="required"))
    reply = {"type": "json_schema", "json_schema": {"name": "s", "schema": schema, "strict": True}}
    yield post(CHAT, question(response_format=reply))


def deep_bodies() -> Iterator[bytes]:
    """JSON and schemas nested deeply, wide, recursive, or cheap to write and dear to compile."""
    a_string, number = {"type": "string"}, {"type": "number"}
    properties = {f"p{index}": a_string for index in range(2000)}
    loop = {"$ref": "#/$defs/n"}
    schemas: list[dict[str, Any]] = [
        nested(28, a_string, lambda inner: {"type": "object", "properties": {"a": inner}}),
        nested(28, a_string, lambda inner: {"type": "array", "items": inner}),
        nested(14, number, lambda inner: {"anyOf": [inner, {"type": "array", "items": inner}]}),
        {"type": "object", "properties": properties, "required": list(properties)},
        {"type": "object", "properties": properties},
        {"type": "object", "properties": {"a": {"enum": [f"value {index}" for index in range(50_000)]}}},
        {"type": "object", "properties": {"a": {"anyOf": [{"const": index} for index in range(5000)]}}},
        {"type": "object", "properties": {"a": {"type": "array", "items": number, "minItems": 1_000_000}}},
        {"type": "object", "properties": {"a": {"type": "string", "minLength": 1_000_000, "maxLength": 2_000_000}}},
        {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a{1,1000}){1,1000}$"}}},
        {"type": "object", "properties": {"a": {"type": "string", "pattern": "(" * 5000 + ")" * 5000}}},
        {"type": "object", "properties": {"a": {"type": "string", "pattern": "(a|aa|b?)*" * 40 + "c"}}},
        {"type": "object", "properties": {"a": loop}, "$defs": {"n": {"type": "array", "items": loop}}},
        {"type": "object", "properties": {"a": loop}, "$defs": {"n": {"anyOf": [loop, loop]}}},
        {"type": "object", "properties": {"a": {"allOf": [{"multipleOf": 7919 + index} for index in range(64)]}}},
    ]  # fmt: skip
    bodies = [request for schema in schemas for request in with_schema(schema)]
    for path in GENERATING:
        bodies.append(post(path, b'{"model":' + b"[" * 100_000 + b"]" * 100_000 + b"}"))
        bodies.append(post(path, b'{"a":' * 100_000 + b"1" + b"}" * 100_000))
    return cycle(bodies)


def tool(index: int) -> dict[str, Any]:
    """One of many tools."""
    city = {"type": "string", "description": "a city", "enum": [f"city {each}" for each in range(20)]}
    parameters = {"type": "object", "properties": {"city": city, "days": {"type": "integer"}}, "required": ["city"]}
    return {"type": "function", "function": {"name": f"tool_{index}", "parameters": parameters}}


def many_tools() -> Iterator[bytes]:
    """10,000 tools, and as many as are allowed."""
    flat = [{"name": f"tool_{index}", "input_schema": {"type": "object"}} for index in range(10_000)]
    fits = [{"type": "function", "function": {"name": f"t{index}"}} for index in range(128)]
    return cycle(
        [
            post(CHAT, question(tools=[tool(index) for index in range(10_000)])),
            post(MESSAGES, question(tools=flat)),
            post(RESPONSES, {"model": "nano", "input": "x", "tools": [{"type": "function", **each} for each in flat]}),
            post(CHAT, question(tools=[tool(index) for index in range(128)])),
            post(CHAT, question(tools=fits, tool_choice="required")),
        ]
    )


def bad_text() -> Iterator[bytes]:
    """Bytes that are no text, in body, header, path and query."""
    bad = [b"\xff\xfe", b'{"model":"\xc3\x28"}', b'{"model":"\\ud800"}', b'\xef\xbb\xbf{"n":1}', b"\x00" * 1000]
    bodies = [post(path, data) for path in GENERATING for data in bad]
    odd = [b"X-Odd: \xff\xfe\x80", b"Authorization: Bearer \xff\xfe", b"x-api-key: \xe4\xbd\xa0"]
    end = b" HTTP/1.1\r\nConnection: close\r\nHost: test\r\n"
    heads = [b"GET /v1/models" + end + line + b"\r\n\r\n" for line in odd]
    paths = [b"/\xff\xfe", b"/%ff%fe", b"/v1/models/%ff", b"/v1/models/%00", b"/static/%c0%ae%c0%ae/x", b"/?q=\xff"]
    return cycle([*bodies, *heads, *(b"GET " + path + end + b"\r\n" for path in paths)])


def bad_heads() -> Iterator[bytes]:
    """Floods of headers, and what is no HTTP."""
    many = [f"X-{index}: {index}" for index in range(10_000)]
    crossed = head(CHAT, 5, "Transfer-Encoding: chunked") + b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n"
    chunked = head(CHAT, None, "Transfer-Encoding: chunked")
    whole = [
        post(CHAT, question(), *many),
        post(CHAT, question(), "X-Long: " + "a" * 10_000_000),
        post(CHAT, question(), "Authorization: Bearer " + "a" * 60_000),
        b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: test\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        random.Random(0).randbytes(4096) + b"\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        crossed,
        chunked + b"zz\r\n{}\r\n0\r\n\r\n",
        chunked + b"ffffffffffffffffff\r\n{}\r\n",
        head(CHAT, None, "Content-Length: -1"),
        head(CHAT, None, "Content-Length: 5", "Content-Length: 6"),
        head(CHAT, None, "Upgrade: websocket", "Connection: Upgrade"),
    ]
    return cycle(whole)


async def disconnects(address: Address, seconds: float) -> Counter[str]:
    """Clients that cut the connection: in the head, in the body, while they wait, in the middle of a stream."""
    end, seen, draw = time.monotonic() + seconds, Counter[str](), random.Random(0)
    streamed, whole = (post(CHAT, question("count", stream=on, max_tokens=400)) for on in (True, False))

    async def caller() -> None:
        while time.monotonic() < end:
            request = draw.choice((streamed, whole))
            with contextlib.suppress(OSError):
                async with connected(address) as (reader, writer):
                    cut = draw.choice((draw.randrange(len(request)), len(request)))
                    writer.write(request[:cut])
                    await asyncio.sleep(draw.choice((0.0, 0.01, 0.2)))
                    if cut == len(request) and request is streamed and draw.random() < 0.5:
                        await reader.read(400)
                seen["cut"] += 1

    await asyncio.gather(*(caller() for _ in range(100)))
    return seen


async def thousand(address: Address, seconds: float) -> Counter[str]:
    """1,000 clients that ask at the same moment, again as soon as they are answered."""
    requests = cycle([post(CHAT, question()), post(MESSAGES, question()), post(CHAT, question(stream=True))])
    return await flood(address, seconds, requests, 1000)


ATTACKS: dict[str, Attack] = {
    "slow heads": slow_heads,
    "slow bodies": slow_bodies,
    "slow readers": slow_readers,
    "big bodies": lambda address, seconds: flood(address, seconds, big_bodies(), 8),
    "deep JSON and schemas": lambda address, seconds: flood(address, seconds, deep_bodies(), 8),
    "many tools": lambda address, seconds: flood(address, seconds, many_tools(), 8),
    "invalid UTF-8": lambda address, seconds: flood(address, seconds, bad_text(), 20),
    "header floods": lambda address, seconds: flood(address, seconds, bad_heads(), 20),
    "disconnects": disconnects,
    "1000 at once": thousand,
}
