"""The routes: a thin layer that reads a body, asks the chat service, and sends what comes back."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles

from joyflash.engine.async_engine import AsyncEngine
from joyflash.server.admission import Admission
from joyflash.server.body import read_json_object
from joyflash.server.errors import as_api_error
from joyflash.server.gate import Gate
from joyflash.server.models import ModelNames
from joyflash.server.openai_chat import OpenAIChat
from joyflash.server.settings import ServerSettings
from joyflash.server.streaming import EventStream, until_disconnect

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
    _add_chat_route(app, door, OpenAIChat(async_engine, names, settings), settings)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


async def _answer_routing_error(request: Request, error: Exception) -> Response:
    return as_api_error(error, request.scope["request_id"]).response()


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
    async def list_models() -> JSONResponse:
        return JSONResponse(names.listing())

    @app.get("/v1/models/{name:path}")
    async def show_model(name: str) -> JSONResponse:
        return JSONResponse(names.entry(name))


def _add_chat_route(app: FastAPI, door: Admission, chat: OpenAIChat, settings: ServerSettings) -> None:
    @app.post("/v1/chat/completions")
    async def complete_chat(request: Request) -> Response:
        door.check_open()
        job = chat.prepare(await read_json_object(request, settings.max_body_bytes))
        with ExitStack() as stack:
            stack.enter_context(door.admit())
            deltas = chat.start(job)
            if not job.stream:
                return JSONResponse(await until_disconnect(request, chat.complete(job, deltas)))
            leave = stack.pop_all().close  # the place is held until the stream's end
            return EventStream(chat.chunks(job, deltas), settings.keep_alive_seconds, leave)
