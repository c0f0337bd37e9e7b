"""`/v1/files` and `/v1/batches`: the routes, and the fields that a batch takes."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from joyflash.server import checks
from joyflash.server.admission import Admission
from joyflash.server.batch_runner import BatchRunner
from joyflash.server.batch_store import BatchStore
from joyflash.server.chat_fields import Field, read_fields
from joyflash.server.checks import STRING
from joyflash.server.file_store import FileStore
from joyflash.server.intake import Intake
from joyflash.server.paging import read_page
from joyflash.server.settings import ServerSettings
from joyflash.server.uploads import read_upload

ENDPOINTS = ("/v1/chat/completions", "/v1/completions", "/v1/responses")

BATCH_FIELDS: tuple[Field, ...] = (
    Field("input_file_id", STRING, None, "an uploaded file; another is a 404", required=True),
    Field("endpoint", checks.one_of(*ENDPOINTS), None, "what every line asks", required=True),
    Field(
        "completion_window",
        checks.one_of("24h"),
        None,
        "a batch that is not done by then expires; its answers so far are kept",
        required=True,
    ),
    Field("metadata", checks.METADATA, None, "given back with the batch"),
    Field("output_expires_after", checks.refused("outputs stay until they are deleted"), None, "refused"),
)


def add_file_routes(app: FastAPI, door: Admission, files: FileStore, settings: ServerSettings, intake: Intake) -> None:
    """Upload, list, show, read and delete files."""

    @app.post("/v1/files")
    async def upload_file(request: Request) -> JSONResponse:
        door.check_open()
        with intake.upload():
            upload = await read_upload(request, settings)
            return JSONResponse(await files.upload(upload.name, upload.purpose, upload.pieces(), upload.seconds))

    @app.get("/v1/files")
    async def list_files(request: Request) -> JSONResponse:
        purpose = request.query_params.get("purpose")
        return JSONResponse(read_page(files.listing(purpose), request.query_params, more=("purpose",)))

    @app.get("/v1/files/{file_id}")
    async def show_file(file_id: str) -> JSONResponse:
        return JSONResponse(files.get(file_id))

    @app.get("/v1/files/{file_id}/content")
    async def read_file(file_id: str) -> Response:
        files.get(file_id)
        return FileResponse(files.content(file_id), media_type="application/octet-stream")

    @app.delete("/v1/files/{file_id}")
    async def delete_file(file_id: str) -> JSONResponse:
        files.delete(file_id)
        return JSONResponse({"id": file_id, "object": "file", "deleted": True})


def add_batch_routes(
    app: FastAPI, door: Admission, batches: BatchStore, files: FileStore, runner: BatchRunner, intake: Intake
) -> None:
    """Create, list, show and cancel batches."""

    @app.post("/v1/batches")
    async def create_batch(request: Request) -> JSONResponse:
        door.check_open()
        async with intake.json_object(request) as given:
            fields = read_fields(given.value, BATCH_FIELDS)
        files.get(fields["input_file_id"], "input_file_id")
        batch = batches.create(fields["endpoint"], fields["input_file_id"], fields["metadata"])
        runner.add(batch)
        return JSONResponse(batch)

    @app.get("/v1/batches")
    async def list_batches(request: Request) -> JSONResponse:
        return JSONResponse(read_page(batches.listing(), request.query_params))

    @app.get("/v1/batches/{batch_id}")
    async def show_batch(batch_id: str) -> JSONResponse:
        return JSONResponse(batches.get(batch_id))

    @app.post("/v1/batches/{batch_id}/cancel")
    async def cancel_batch(batch_id: str) -> JSONResponse:
        door.check_open()
        batch = batches.get(batch_id)
        runner.cancel(batch)
        return JSONResponse(batch)
