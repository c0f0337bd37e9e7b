"""The routes: a thin layer that reads a body, asks the chat service, and sends what comes back."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles

from joyflash.engine.async_engine import AsyncEngine
from joyflash.server.admission import Admission
from joyflash.server.anthropic_messages import AnthropicMessages
from joyflash.server.body import read_json_object
from joyflash.server.error_shapes import error_response, speaks_anthropic
from joyflash.server.errors import as_api_error
from joyflash.server.gate import Gate
from joyflash.server.models import ModelNames
from joyflash.server.openai_chat import OpenAIChat
from joyflash.server.settings import ServerSettings
from joyflash.server.streaming import ANTHROPIC_FRAMES, OPENAI_FRAMES, EventStream, Frames, until_disconnect

STATIC = Path(__file__).parent / "static"


def create_app(async_engine: AsyncEngine, settings: ServerSettings, admission: Admission | None = None) -> FastAPI:
    """Build the web application around a running engine.

    Args:
        async_engine: answers the requests; the caller starts and closes it.
        settings: names, keys and bounds.
        admission: counts requests in flight; give one to drain it from outside.
    """
    app = FastAPI(title="joyflash", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.add_exception_handler(HTTPException, _answer_routing_error)
    app.add_middleware(Gate, api_keys=settings.api_keys)
    door = admission or Admission(settings.max_requests)
    names = ModelNames(async_engine.engine.model_name, settings)
    _add_process_routes(app, door)
    _add_model_routes(app, names)
    chat, messages = OpenAIChat(async_engine, names, settings), AnthropicMessages(async_engine, names, settings)
    _add_chat_routes(app, door, chat, messages, settings)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


async def _answer_routing_error(request: Request, error: Exception) -> Response:
    return error_response(as_api_error(error, request.scope["request_id"]), request.scope)


def _add_process_routes(app: FastAPI, door: Admission) -> None:
    """The web chat, and the two questions that a load balancer asks."""

    @app.get("/")
    async def web_chat() -> FileResponse:
        return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/ready")
    async def ready() -> dict[str, str]:
        door.check_open()
        return {"status": "ready"}


def _add_model_routes(app: FastAPI, names: ModelNames) -> None:
    @app.get("/v1/models")
    async def list_models(request: Request) -> JSONResponse:
        return JSONResponse(names.anthropic_listing() if speaks_anthropic(request.scope) else names.listing())

    @app.get("/v1/models/{name:path}")
    async def show_model(request: Request, name: str) -> JSONResponse:
        return JSONResponse(names.anthropic_entry(name) if speaks_anthropic(request.scope) else names.entry(name))


def _add_chat_routes(
    app: FastAPI, door: Admission, chat: OpenAIChat, messages: AnthropicMessages, settings: ServerSettings
) -> None:
    @app.post("/v1/chat/completions")
    async def complete_chat(request: Request) -> Response:
        return await _answer(request, door, chat, OPENAI_FRAMES, settings)

    @app.post("/v1/messages")
    async def create_message(request: Request) -> Response:
        return await _answer(request, door, messages, ANTHROPIC_FRAMES, settings)

    @app.post("/v1/messages/count_tokens")
    async def count_tokens(request: Request) -> Response:
        door.check_open()
        return JSONResponse(messages.count(await read_json_object(request, settings.max_body_bytes)))


async def _answer(
    request: Request, door: Admission, service: OpenAIChat | AnthropicMessages, frames: Frames, settings: ServerSettings
) -> Response:
    """One generation, whole or as a stream; it holds a place at the door until its end."""
    door.check_open()
    body = await read_json_object(request, settings.max_body_bytes)
    job = await asyncio.to_thread(service.prepare, body)  # large schemas take a while to compile
    with ExitStack() as stack:
        stack.enter_context(door.admit())
        deltas = service.start(job)
        if not job.stream:
            return JSONResponse(await until_disconnect(request, service.complete(job, deltas)))
        leave = stack.pop_all().close  # the place is held until the stream's end
        return EventStream(service.chunks(job, deltas), frames, settings.keep_alive_seconds, leave)
