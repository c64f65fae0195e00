"""The page's own files: nothing but what is listed here is ever read."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import Response

from twinbrush.app.demo import bundled_styles
from twinbrush.base.errors import TwinbrushError

PAGE = ("studio.css", "studio.js", "marks.js", "brush.js", "api.html", "api.js")
_KINDS = {".css": "text/css", ".js": "text/javascript", ".html": "text/html", ".jpg": "image/jpeg"}


class NotThere(TwinbrushError):
    """A job or a picture that is not there (any more)."""


def page_routes(app: FastAPI) -> None:
    """Add the page, its parts and the page of the API."""
    page = resources.files(__package__ or "twinbrush.app.studio").joinpath("page")

    def read(name: str) -> Response:
        return Response(
            page.joinpath(name).read_bytes(), media_type=_KINDS[Path(name).suffix],
            headers={"cache-control": "no-cache"})

    @app.get("/", include_in_schema=False)
    def index() -> Response:
        return read("index.html")

    @app.get("/api/docs", include_in_schema=False)
    def docs() -> Response:
        return read("api.html")

    @app.get("/page/{name}", include_in_schema=False)
    def asset(name: str) -> Response:
        if name in PAGE or name in {f"{style}.jpg" for style in (*bundled_styles(), "astronaut")}:
            return read(name)
        raise NotThere("There is no such page.", "Open the studio's first page.")
