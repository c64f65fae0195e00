"""What goes over the wire and onto the disk: orders, jobs, what was found in a picture. Everything is checked on its
way in, from either side."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from twinbrush.app.batch.options import FILE_OPTIONS

PICTURE_ID = r"^(demo-[a-z]{2,20}|[0-9a-f]{24})$"
JOB_ID = r"^[0-9a-f]{16}$"
PictureId = Annotated[str, Field(pattern=PICTURE_ID)]
JobId = Annotated[str, Field(pattern=JOB_ID)]
Preset = Literal["fast", "default", "fine"]
Point = tuple[float, float]
Box = tuple[float, float, float, float]
State = Literal["queued", "running", "done", "refused", "crashed", "cancelled"]
Role = Literal["photo", "style"]
OptionValue = bool | float | str
_OPTION = re.compile(r"^[a-z][a-z0-9]*([.-][a-z0-9]+)*$")
_WORD = re.compile(r"^(-?\d[\d.eE+-]*|[A-Za-z][\w.]*)$")  # a number or a name: never a path, never another option
_OWN = frozenset({"preset", "cache", "no-cache", "device", "threads", "help"})  # the service's own business
_FACE = frozenset({"face", "box", "clicks"})


class Strict(BaseModel):
    """Nothing that is not known, no numbers that are none; never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class FacePlace(Strict):
    """Where the face is, if it isn't to be searched for: one of box, clicks, landmarks; pixels of the upright picture.

    face: which one of several. mask: another picture, white where the person is. regions: another picture, in the
    colours of docs/regions.md.
    """

    face: Annotated[int, Field(ge=0, le=99)] | None = None
    box: Box | None = None
    clicks: Annotated[list[Point], Field(min_length=5, max_length=5)] | None = None
    landmarks: Annotated[list[Point], Field(min_length=68, max_length=68)] | None = None
    mask: PictureId | None = None
    regions: PictureId | None = None


class Order(Strict):
    """What is to be made. presets: made one after the other, the last one stays. options: of `twinbrush stylize`, named
    as on the command line, without dashes before them."""

    photo: PictureId
    style: PictureId
    presets: Annotated[list[Preset], Field(min_length=1, max_length=3)] = ["fast", "default"]
    options: Annotated[dict[str, OptionValue], Field(max_length=40)] = {}
    photo_face: FacePlace = FacePlace()
    style_face: FacePlace = FacePlace()

    @field_validator("options")
    @classmethod
    def _plain_options(cls, options: dict[str, OptionValue]) -> dict[str, OptionValue]:
        for name, value in options.items():
            bare = name.removeprefix("style.")
            if not _OPTION.match(name) or name in FILE_OPTIONS | _OWN or bare in _FACE:
                raise ValueError(f"{name[:40]}: is no option here")
            if isinstance(value, str) and not (value and all(map(_WORD.match, value.split(" ")))):
                raise ValueError(f"{name}: is neither numbers nor a name")
        return options


class Shape(Strict):
    """The form of a finished figure, changed without painting: `twinbrush reshape`."""

    strength: Annotated[float, Field(ge=0, le=1.5)] = 1.0
    caricature: Annotated[float, Field(ge=0.5, le=2)] | None = None
    hair_shape: Annotated[float, Field(ge=0, le=1)] | None = None
    relief: Annotated[float, Field(ge=0, le=1.5)] | None = None


class Trouble(Strict):
    """Why something was not done, in the command line's words. where: what can be mended; boxes: of several faces."""

    kind: str
    problem: str
    remedy: str
    where: Literal["photo", "style", "job"] = "job"
    boxes: list[Box] | None = None


class Pass(Strict):
    """One thing that a job does: a preset, the form changed, or the printable solid made besides."""

    what: Literal["stylize", "reshape", "print"] = "stylize"
    preset: Preset = "default"
    shape: Shape | None = None


class Job(Strict):
    """A job as it stands. number: they come in this order. passes: still to be done, the first one under way. made: the
    preset whose result is there. share: of all that the job was begun for, 0 to 1; remaining_seconds: a guess."""

    id: JobId
    number: int
    created: float
    order: Order
    state: State = "queued"
    passes: list[Pass] = []
    made: Preset | None = None
    shape: Shape | None = None
    printable: bool = False
    version: int = 0
    stage: str = ""
    share: float = 0.0
    remaining_seconds: float | None = None
    seconds: dict[str, float] = {}
    warnings: list[str] = []
    trouble: Trouble | None = None
    files: list[str] = []


class Look(Strict):
    """What was found in a picture. width, height: of the upright picture, in whose pixels everything is told.

    landmarks: the 68 points that can be dragged; outline: all points, for drawing; clicks: where the five points are.
    """

    width: int
    height: int
    box: Box | None = None
    others: list[Box] = []
    clicks: list[Point] = []
    landmarks: list[Point] = []
    yaw_degrees: float = 0.0
    pitch_degrees: float = 0.0
    roll_degrees: float = 0.0
    score: float = 0.0
    warnings: list[str] = []
    trouble: Trouble | None = None


class Picture(Strict):
    """A picture that is kept. name: as its owner calls it, for people only."""

    id: PictureId
    name: str
    bytes: int
    demo: bool = False


class LookAt(Strict):
    """A question: what is in this picture?"""

    role: Role = "photo"
    face: FacePlace = FacePlace()


class Slider(Strict):
    """An option with a range, as the page offers it."""

    name: str
    low: float
    high: float
    value: float


class Overview(Strict):
    """Everything at once: what the page asks for again and again. waiting: jobs before a new one would begin."""

    jobs: list[Job]
    waiting: int
    clock: float
