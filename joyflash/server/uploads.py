"""Reading a multipart upload piece by piece: a few small fields and one file, which never lies in memory whole."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from joyflash.errors import RequestError
from joyflash.server import checks
from joyflash.server.chat_fields import Field, read_fields
from joyflash.server.checks import OBJECT, Check
from joyflash.server.errors import ApiError
from joyflash.server.intake import pieces_in_time
from joyflash.server.settings import ServerSettings

SPARE_BYTES = 64 * 1024
"""What the envelope around a file may add."""
PIECE = 1 << 18
_SECONDS = checks.integer(3600, 2_592_000)

UPLOAD_FIELDS: tuple[Field, ...] = (
    Field("file", Check("a file", lambda value, param: value), None, "the content", required=True),
    Field("purpose", checks.one_of("batch"), None, 'only "batch"', required=True),
    Field(
        "expires_after",
        OBJECT,
        None,
        "`anchor` (`created_at`) and `seconds` (3600 to 2592000) after which the file is deleted; absent: never",
    ),
)


@dataclass
class Upload:
    """What a form holds: the file's name and content, its purpose, and seconds until it expires, if it does."""

    name: str
    purpose: str
    file: UploadFile
    seconds: int | None

    async def pieces(self) -> AsyncIterator[bytes]:
        """The content."""
        while piece := await self.file.read(PIECE):
            yield piece


async def read_upload(request: Request, settings: ServerSettings) -> Upload:
    """Read a form of `POST /v1/files`.

    Raises:
        ApiError: 415 for what is no form, 413 for what is too long, 408 for what comes too slowly.
        RequestError: a field is unknown, missing or wrong; `param` names it.
    """
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != "multipart/form-data":
        raise ApiError(415, "The content type must be multipart/form-data.", code="unsupported_media_type")
    if "boundary=" not in content_type:
        raise ApiError(400, "The content type names no boundary.", code="invalid_form")
    parser = MultiPartParser(
        request.headers, _bounded(request, settings), max_files=1, max_fields=8, max_part_size=4096
    )
    try:
        form = await parser.parse()
    except (MultiPartException, UnicodeDecodeError, ValueError) as error:
        reason = getattr(error, "message", "") or "it cannot be decoded"
        raise ApiError(400, f"The form cannot be read: {reason}.", code="invalid_form") from None
    body: dict[str, Any] = {}
    expiry: dict[str, Any] = {}
    for name, value in form.multi_items():
        if name.startswith("expires_after[") and name.endswith("]"):
            expiry[name[len("expires_after[") : -1]] = value
        else:
            body[name] = value
    if expiry:
        body["expires_after"] = expiry
    fields = read_fields(body, UPLOAD_FIELDS)
    file = fields["file"]
    if not isinstance(file, UploadFile):
        raise RequestError("'file' must be a file, with a name.", "file", "invalid_value")
    return Upload(file.filename or "upload.jsonl", fields["purpose"], file, _read_expiry(fields["expires_after"]))


def _read_expiry(value: dict[str, Any] | None) -> int | None:
    if value is None:
        return None
    checks.refuse_unknown(value, ("anchor", "seconds"), "expires_after")
    checks.one_of("created_at")(value.get("anchor"), "expires_after.anchor")
    given = value.get("seconds")
    number = int(given) if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 9 else given
    return _SECONDS(number, "expires_after.seconds")


async def _bounded(request: Request, settings: ServerSettings) -> AsyncGenerator[bytes, None]:
    """The body in pieces; ApiError 413 as soon as it is longer than any good one."""
    length = 0
    async for piece in pieces_in_time(request, settings.body_seconds):
        length += len(piece)
        if length > settings.max_file_bytes + SPARE_BYTES:
            message = f"The file is longer than the {settings.max_file_bytes:,} bytes that this server takes."
            raise ApiError(413, message, "file", "request_too_large", {"Connection": "close"})
        yield piece
