"""The HTTP API and the page. Every refusal is {kind, problem, remedy, where}, in the command line's words."""

from __future__ import annotations

import contextlib
import io
import threading
import zipfile
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import Body, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response

from twinbrush import __version__
from twinbrush.app.batch.crew import Outcome, Worker
from twinbrush.app.demo import bundled_styles
from twinbrush.app.studio.board import Board, QueueFull
from twinbrush.app.studio.guard import Guard
from twinbrush.app.studio.models import (
    Job,
    JobId,
    Look,
    LookAt,
    Order,
    Overview,
    Picture,
    PictureId,
    Shape,
    Slider,
    Trouble,
)
from twinbrush.app.studio.pages import NotThere, page_routes
from twinbrush.app.studio.pictures import DEMO_PHOTO, Pictures, TooLarge
from twinbrush.app.studio.shelf import Shelf
from twinbrush.app.studio.tasks import Tasks, sliders
from twinbrush.app.studio.work import THUMB
from twinbrush.base.errors import BadOption, TwinbrushError
from twinbrush.base.files import output_error
from twinbrush.base.printable import printable

OBJ = ("figure.obj", "figure.mtl", "figure.png")
_FOREVER = {"cache-control": "private, max-age=31536000, immutable"}
_NEVER = {"cache-control": "no-store"}


class Refused(TwinbrushError):
    """What a worker would not do, in its own words."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.problem, trouble.remedy)
        self.kind = trouble.kind


# of refusals; others: 422
_STATUS: dict[type[TwinbrushError], int] = {NotThere: 404, TooLarge: 413, QueueFull: 429}


class Studio:
    """Everything the service holds: pictures, jobs, and two processes: one that works, one that looks. Raises
    OutputError."""

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        kept = folder / "kept"
        self.pictures = Pictures(folder / "pictures")
        try:
            kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise output_error(kept, error) from error
        self.tasks = Tasks(kept, self.pictures)
        self.shelf = Shelf(folder / "jobs")
        self.board = Board(self.shelf, self.tasks, command, kept / "worker.log")
        self._looker, self._looking = Worker(command, kept / "looker.log"), threading.Lock()
        self.pictures.keep_only(self.board.pictures())

    def job(self, number: str) -> Job:
        """A job by its number. Raises NotThere."""
        if (job := self.board.job(number)) is None:
            raise NotThere("There is no such job.", "It may have been removed: look at the list.")
        return job

    def known(self, number: str) -> Picture:
        """A picture's description. Raises NotThere."""
        if (picture := self.pictures.known(number)) is None:
            raise NotThere("There is no such picture.", "Choose it again.")
        return picture

    def look(self, number: str, asked: LookAt) -> Look:
        """What is in a picture; a refusal stands in it, with the picture's size."""
        self.known(number)
        outcome = self._asked(self.tasks.look(number, asked.role, asked.face))
        if outcome.state == "done":
            return Look.model_validate(outcome.answer)
        trouble = self.tasks.trouble(outcome, {asked.role: number})
        size = self._asked(self.tasks.look(number, asked.role, asked.face, only_preview=True))
        width, height = (int(size.answer.get(side, 0)) for side in ("width", "height"))
        return Look(width=width, height=height, trouble=trouble.model_copy(update={"where": asked.role}))

    def regions(self, number: str, asked: LookAt) -> Path:
        """A PNG of which pixel is what, for a brush to correct. Raises TwinbrushError."""
        self.known(number)
        task = self.tasks.regions(number, asked.role, asked.face)
        path = Path(task["drawn"])
        if not path.is_file():
            outcome = self._asked(task)
            if outcome.state != "done":
                raise Refused(self.tasks.trouble(outcome, {asked.role: number}))
        return path

    def preview(self, number: str) -> Path:
        """A small JPEG of a picture. Raises TwinbrushError."""
        path = self.pictures.preview(number)
        if not path.exists():
            self.known(number)
            self._asked(self.tasks.look(number, "photo", LookAt().face, only_preview=True))
        if not path.exists():
            raise NotThere("The picture cannot be shown.", "Choose another one.")
        return path

    def end(self) -> None:
        """End all processes."""
        self.board.end()
        self._looker.close()

    def _asked(self, task: dict[str, Any]) -> Outcome:
        with self._looking:
            return self._looker.perform(task)


def make_app(folder: Path, port: int, command: Sequence[str]) -> FastAPI:
    """The service over a folder. command: what its workers are started with. Raises OutputError."""
    studio = Studio(folder, command)

    @contextlib.asynccontextmanager
    async def living(app: FastAPI) -> AsyncGenerator[None]:
        del app
        studio.board.start()
        yield
        studio.end()

    app = FastAPI(
        title="Twinbrush studio", version=__version__, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json",
        lifespan=living, description="A photo and a style portrait in, a stylized 3D figure out. On this machine only.")
    app.state.studio = studio
    _refusals(app)
    _picture_routes(app, studio)
    _job_routes(app, studio)
    _file_routes(app, studio)
    page_routes(app)
    app.add_middleware(Guard, port=port)  # pyright: ignore[reportArgumentType]
    return app


def _refusals(app: FastAPI) -> None:
    @app.exception_handler(TwinbrushError)
    def refused(request: Request, error: Exception) -> JSONResponse:
        del request
        assert isinstance(error, TwinbrushError)
        status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 422)
        trouble = Trouble(kind=getattr(error, "kind", type(error).__name__), problem=printable(error.problem),
                          remedy=printable(error.remedy))
        return JSONResponse(trouble.model_dump(), status)

    @app.exception_handler(RequestValidationError)
    def misread(request: Request, error: Exception) -> JSONResponse:
        del request
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:])[:80]
        text = f"{place}: {str(first['msg']).removeprefix('Value error, ')}."
        trouble = Trouble(kind="BadRequest", problem=printable(text), remedy="See /api/docs.")
        return JSONResponse(trouble.model_dump(), 422)


def _picture_routes(app: FastAPI, studio: Studio) -> None:
    @app.post("/api/pictures", status_code=201)
    async def upload(request: Request, name: Annotated[str, Query(max_length=300)] = "picture") -> Picture:
        """Keep a picture: the file's bytes are the request's body. `name` is shown to people and is never a path."""
        return await studio.pictures.take(request.stream(), name)

    @app.get("/api/demo")
    def demo() -> list[Picture]:
        """The bundled photo, then the bundled style portraits."""
        return [studio.known(DEMO_PHOTO), *(studio.known(f"demo-{name}") for name in bundled_styles())]

    @app.get("/api/options")
    def options() -> list[Slider]:
        """The options that the page offers as sliders; all others of `twinbrush stylize` are taken, too."""
        return sliders()

    @app.get("/api/pictures/{number}")
    def picture(number: PictureId) -> Picture:
        """A picture's description."""
        return studio.known(number)

    @app.get("/api/pictures/{number}/preview.jpg")
    def preview(number: PictureId) -> FileResponse:
        """A small JPEG of the picture, upright."""
        return FileResponse(studio.preview(number), media_type="image/jpeg", headers=_FOREVER)

    @app.post("/api/pictures/{number}/look")
    def look(number: PictureId, asked: LookAt) -> Look:
        """What is found in the picture: faces, landmarks, pose; or why it would be refused."""
        return studio.look(number, asked)


    @app.post("/api/pictures/{number}/regions", response_class=FileResponse)
    def regions(number: PictureId, asked: LookAt) -> FileResponse:
        """Which pixel is what, as a PNG in the legend's colours (docs/regions.md), at most 1024 pixels wide or high.

        Corrected and enlarged to the picture's size it is uploaded and named in an order as `regions` of a face."""
        return FileResponse(studio.regions(number, asked), media_type="image/png", headers=_NEVER)


def _job_routes(app: FastAPI, studio: Studio) -> None:
    @app.get("/api/jobs")
    def jobs() -> Overview:
        """All jobs, newest first."""
        return studio.board.overview()

    @app.post("/api/jobs", status_code=201)
    def order(order: Order) -> Job:
        """Order a figure; it waits for its turn."""
        return studio.board.add(order)

    @app.get("/api/jobs/{number}")
    def job(number: JobId) -> Job:
        """One job: its state, stage, share, remaining seconds, files."""
        return studio.job(number)

    @app.delete("/api/jobs/{number}", status_code=204)
    def remove(number: JobId) -> None:
        """Remove an ended job and its files."""
        studio.board.remove(studio.job(number))

    @app.post("/api/jobs/{number}/cancel")
    def cancel(number: JobId) -> Job:
        """Give a job up; finished stages are kept."""
        return studio.board.cancel(studio.job(number))

    @app.post("/api/jobs/{number}/again")
    def again(number: JobId) -> Job:
        """Begin a failed or cancelled job once more, from the stages that it kept."""
        return studio.board.again(studio.job(number))

    @app.post("/api/jobs/{number}/reshape")
    def reshape(number: JobId, shape: Annotated[Shape, Body()]) -> Job:
        """Give a finished figure another form; nothing is painted again."""
        return studio.board.more(studio.job(number), "reshape", shape)

    @app.post("/api/jobs/{number}/print")
    def make_print(number: JobId) -> Job:
        """Make the printable solid (STL, 3MF) of a finished figure, too."""
        return studio.board.more(studio.job(number), "print")


def _file_routes(app: FastAPI, studio: Studio) -> None:
    @app.get("/api/jobs/{number}/thumb.jpg")
    def thumb(number: JobId) -> FileResponse:
        """A small picture of the figure from the front."""
        path = studio.shelf.folder / studio.job(number).id / THUMB
        if not path.is_file():
            raise NotThere("There is no picture yet.", "Wait for it.")
        return FileResponse(path, media_type="image/jpeg", headers={"cache-control": "private, no-cache"})

    @app.get("/api/jobs/{number}/figure.zip")
    def obj(number: JobId) -> Response:
        """OBJ, MTL and PNG together."""
        found, packed = studio.job(number), io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name in OBJ:
                archive.write(_file(studio, found, name), name)
        headers = {"content-disposition": 'attachment; filename="figure.zip"', **_NEVER}
        return Response(packed.getvalue(), media_type="application/zip", headers=headers)

    @app.get("/api/jobs/{number}/files/{name}")
    def file(number: JobId, name: str, download: bool = False) -> FileResponse:
        """One of the files that the job lists."""
        path = _file(studio, studio.job(number), name)
        kind = "text/html" if name == "viewer.html" else None
        return FileResponse(path, media_type=kind, filename=name if download else None, headers=_NEVER)


def _file(studio: Studio, job: Job, name: str) -> Path:
    try:
        path = studio.shelf.file(job, name)
    except BadOption as error:
        raise NotThere(error.problem, error.remedy) from error
    if not path.is_file():
        raise NotThere(f"{name}: is not there any more.", "Make the figure again.")
    return path
