"""The web chat at `/`: files as they are, with the headers that keep the page safe and current."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).parent / "static"
# Not left to the machine's own table: with `nosniff`, a module that is served as text/plain does not run.
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# The page may run scripts and styles of this server only, none that stand in the page itself, and turn no text into
# HTML; it may ask nobody but this server.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
# Kept, but asked for again by its ETag each time: after an update no page runs with half of its old modules.
REVALIDATE = "no-cache"


def add_web_chat(app: FastAPI) -> None:
    """Serve the page at `/` and its parts under `/static`."""

    @app.get("/")
    async def web_chat() -> Response:
        return _with_headers(FileResponse(STATIC / "index.html"), "index.html")

    app.mount("/static", _Parts(directory=STATIC), name="static")


class _Parts(StaticFiles):
    """The files of the page; an unchanged one is answered with 304."""

    async def get_response(self, path: str, scope: dict) -> Response:  # type: ignore[override]
        """One file's response; HTTPException 404 or 405 where there is none."""
        return _with_headers(await super().get_response(path, scope), path)


def _with_headers(response: Response, path: str) -> Response:
    response.headers["Cache-Control"] = REVALIDATE
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    if response.status_code == 200 and (suffix := Path(path).suffix) in MEDIA_TYPES:
        response.headers["Content-Type"] = MEDIA_TYPES[suffix]
    return response
