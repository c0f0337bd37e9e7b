"""The routes: a thin layer that reads a body, asks the service behind it, and sends what comes back."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack
from typing import Any, Protocol

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from joyflash.engine.async_engine import AsyncEngine
from joyflash.server import checks
from joyflash.server.admission import Admission
from joyflash.server.anthropic_messages import AnthropicMessages
from joyflash.server.batches import Batches
from joyflash.server.completions import OpenAICompletions
from joyflash.server.error_shapes import error_response, speaks_anthropic
from joyflash.server.errors import ApiError, as_api_error
from joyflash.server.gate import Gate
from joyflash.server.intake import Intake
from joyflash.server.metrics import CONTENT_TYPE, Metrics
from joyflash.server.models import ModelNames
from joyflash.server.openai_chat import OpenAIChat
from joyflash.server.openapi import openapi_document
from joyflash.server.paging import INCLUDE, read_page
from joyflash.server.record import Deltas, NotedDeltas, RequestRecord
from joyflash.server.request_log import RequestLog
from joyflash.server.responses import OpenAIResponses
from joyflash.server.responses_store import ResponseStore
from joyflash.server.settings import ServerSettings
from joyflash.server.streaming import (
    ANTHROPIC_FRAMES,
    OPENAI_FRAMES,
    RESPONSE_FRAMES,
    EventStream,
    Frames,
    until_disconnect,
)
from joyflash.server.tokenizing import Tokenizing
from joyflash.server.web_chat import add_web_chat


class Job(Protocol):
    """A checked request, as the routes see it."""

    @property
    def model(self) -> str:
        """The name to answer under."""
        ...

    @property
    def stream(self) -> bool:
        """Whether the answer is wanted as a stream."""
        ...

    @property
    def prompt_token_count(self) -> int:
        """Tokens of all prompts."""
        ...


class Service(Protocol):
    """One endpoint that generates: from a body to an answer, whole or in parts."""

    def prepare(self, body: dict[str, Any]) -> Any:
        """Check and translate a body into a Job."""
        ...

    def start(self, job: Any) -> Deltas:
        """Put it in line."""
        ...

    async def complete(self, job: Any, deltas: Deltas) -> dict[str, Any]:
        """The whole answer."""
        ...

    def chunks(self, job: Any, deltas: Deltas) -> AsyncGenerator[dict[str, Any], None]:
        """The answer in parts."""
        ...


def create_app(async_engine: AsyncEngine, settings: ServerSettings, admission: Admission | None = None) -> FastAPI:
    """Build the web application around a running engine.

    Args:
        async_engine: answers the requests; the caller starts and closes it.
        settings: names, keys and bounds.
        admission: counts requests in flight; give one to drain it from outside.
    """
    names = ModelNames(async_engine.engine.model_name, settings)
    chat, completions = OpenAIChat(async_engine, names, settings), OpenAICompletions(async_engine, names, settings)
    responses, messages = (
        OpenAIResponses(async_engine, names, settings),
        AnthropicMessages(async_engine, names, settings),
    )
    services = {"/v1/chat/completions": chat, "/v1/completions": completions, "/v1/responses": responses}
    batches = Batches(services, names.names[0], settings)
    app = FastAPI(
        title="joyflash", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False,
        lifespan=batches.lifespan,
    )  # fmt: skip
    app.add_exception_handler(HTTPException, _answer_routing_error)
    door = admission or Admission(settings.max_requests, settings.max_prompt_tokens)
    intake = Intake(settings)
    metrics = Metrics(async_engine, door)
    app.add_middleware(Gate, settings=settings, metrics=metrics, log=RequestLog(settings))
    _add_process_routes(app, async_engine, door, metrics)
    _add_model_routes(app, names)
    _add_token_routes(app, Tokenizing(async_engine.engine, names, settings), intake)
    frames = {"/v1/responses": RESPONSE_FRAMES, "/v1/messages": ANTHROPIC_FRAMES}
    for path, service in {**services, "/v1/messages": messages}.items():
        _add_generating_route(app, path, door, service, frames.get(path, OPENAI_FRAMES), settings, intake)
    _add_counting_routes(app, door, messages, responses, intake)
    _add_stored_response_routes(app, responses.store)
    batches.add_routes(app, door, intake)
    add_web_chat(app)
    return app


async def _answer_routing_error(request: Request, error: Exception) -> Response:
    return error_response(as_api_error(error, request.scope["request_id"]), request.scope)


def _add_process_routes(app: FastAPI, async_engine: AsyncEngine, door: Admission, metrics: Metrics) -> None:
    """What load balancers and Prometheus ask, and the description of this API."""
    document = openapi_document()

    def check_engine() -> None:
        if (trouble := async_engine.trouble) is not None:
            raise ApiError(503, trouble, code="engine_failed")

    @app.get("/openapi.json")
    async def describe() -> JSONResponse:
        return JSONResponse(document)

    @app.get("/health")
    async def health() -> dict[str, str]:
        check_engine()
        return {"status": "ok"}

    @app.get("/ready")
    async def ready() -> dict[str, str]:
        door.check_room()
        check_engine()
        return {"status": "ready"}

    @app.get("/metrics")
    async def show_metrics() -> Response:
        return Response(metrics.page(), headers={"Content-Type": CONTENT_TYPE})


def _add_model_routes(app: FastAPI, names: ModelNames) -> None:
    @app.get("/v1/models")
    async def list_models(request: Request) -> JSONResponse:
        return JSONResponse(names.anthropic_listing() if speaks_anthropic(request.scope) else names.listing())

    @app.get("/v1/models/{name:path}")
    async def show_model(request: Request, name: str) -> JSONResponse:
        return JSONResponse(names.anthropic_entry(name) if speaks_anthropic(request.scope) else names.entry(name))


def _add_token_routes(app: FastAPI, tokenizing: Tokenizing, intake: Intake) -> None:
    def add(path: str, work: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        @app.post(path)
        async def answer(request: Request) -> JSONResponse:
            async with intake.json_object(request) as given:
                return JSONResponse(await given.run(work))

    add("/tokenize", tokenizing.tokenize)
    add("/detokenize", tokenizing.detokenize)


def _add_generating_route(
    app: FastAPI,
    path: str,
    door: Admission,
    service: Service,
    frames: Frames,
    settings: ServerSettings,
    intake: Intake,
) -> None:
    @app.post(path)
    async def generate(request: Request) -> Response:
        return await _answer(request, door, service, frames, settings, intake)


def _add_counting_routes(
    app: FastAPI, door: Admission, messages: AnthropicMessages, responses: OpenAIResponses, intake: Intake
) -> None:
    @app.post("/v1/messages/count_tokens")
    async def count_tokens(request: Request) -> Response:
        door.check_open()
        async with intake.json_object(request) as given:
            return JSONResponse(await given.run(messages.count))

    @app.post("/v1/responses/input_tokens")
    async def count_input_tokens(request: Request) -> Response:
        door.check_open()
        async with intake.json_object(request) as given:
            return JSONResponse(await given.run(responses.count))


def _add_stored_response_routes(app: FastAPI, store: ResponseStore) -> None:
    @app.get("/v1/responses/{response_id}")
    async def show_response(request: Request, response_id: str) -> JSONResponse:
        checks.refuse_unknown(request.query_params, (*INCLUDE, "stream"))
        checks.one_of("false", why="A response is stored when it is complete.")(
            request.query_params.get("stream", "false"), "stream"
        )
        return JSONResponse(store.get(response_id).body)

    @app.delete("/v1/responses/{response_id}")
    async def delete_response(response_id: str) -> JSONResponse:
        store.delete(response_id)
        return JSONResponse({"id": response_id, "object": "response", "deleted": True})

    @app.get("/v1/responses/{response_id}/input_items")
    async def list_input_items(request: Request, response_id: str) -> JSONResponse:
        return JSONResponse(read_page(store.get(response_id).input_items, request.query_params))


async def _answer(
    request: Request, door: Admission, service: Service, frames: Frames, settings: ServerSettings, intake: Intake
) -> Response:
    """One generation, whole or as a stream; it holds a place at the door until its end."""
    door.check_open()
    record: RequestRecord = request.scope["record"]
    async with intake.json_object(request) as given:
        record.body = given.value if settings.log_bodies else None
        job: Job = await given.run(service.prepare)  # large schemas take a while to compile
    record.model, record.stream, record.prompt_tokens = job.model, job.stream, job.prompt_token_count
    with ExitStack() as stack:
        stack.enter_context(door.admit(job.prompt_token_count))
        deltas = NotedDeltas(service.start(job), record)
        if not job.stream:
            return JSONResponse(await until_disconnect(request, service.complete(job, deltas)))
        leave = stack.pop_all().close  # the place is held until the stream's end
        return EventStream(service.chunks(job, deltas), frames, settings.keep_alive_seconds, leave)
