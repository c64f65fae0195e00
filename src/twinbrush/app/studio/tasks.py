"""An order of the studio -> a worker's task: options, places of faces, and the command line's words for what fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from twinbrush.app.batch.crew import Outcome
from twinbrush.app.batch.options import options_from
from twinbrush.app.batch.work import save_config
from twinbrush.app.studio.models import FacePlace, Job, Order, Pass, Role, Slider, Trouble
from twinbrush.app.studio.pictures import Pictures
from twinbrush.app.studio.work import THUMB
from twinbrush.base import store
from twinbrush.base.files import write_atomically
from twinbrush.base.printable import printable
from twinbrush.config import DEFAULT, LIMITS, PRESETS, Config, FaceConfig, check_used
from twinbrush.config.roads import option_name, road_of

# What the page offers as sliders: (section, field); ranges and defaults stand in config/.
SLIDERS = (
    ("align", "strength"), ("align", "caricature"), ("align", "hair_shape"), ("stylize", "identity"),
    ("stylize", "style_strength"))


def sliders() -> list[Slider]:
    """The options that the page offers as sliders, with their ranges and defaults."""
    ranges = {(section, name): (low, high) for section, name, low, high in LIMITS}
    return [
        Slider(name=option_name(*place).removeprefix("--"), low=ranges[place][0], high=ranges[place][1],
               value=getattr(getattr(DEFAULT, place[0]), place[1])) for place in SLIDERS]


class Tasks:
    """Makes tasks. folder: where the files that go with them are kept."""

    def __init__(self, folder: Path, pictures: Pictures) -> None:
        self.folder, self.pictures = folder, pictures

    def config(self, order: Order, preset: str) -> Config:
        """The options of an order. Raises TwinbrushError for what the command line would refuse."""
        words: list[str] = []
        for name, value in order.options.items():
            if isinstance(value, bool):
                words.append(f"--{name}" if value else f"--no-{name}")
            else:
                words += [f"--{name}", *(value.split() if isinstance(value, str) else [f"{value:g}"])]
        config = options_from(words, PRESETS[preset])
        check_used(config, road_of(config.stylize.method))
        return replace(config, photo_face=self.face(order.photo_face), style_face=self.face(order.style_face))

    def face(self, place: FacePlace) -> FaceConfig:
        """Where a face is, as the engine takes it. Raises BadImage for a mask that is not kept any more."""
        mask, regions = (None if given is None else self.pictures.path(given) for given in (place.mask, place.regions))
        clicks = None if place.clicks is None else tuple(value for point in place.clicks for value in point)
        landmarks = None if place.landmarks is None else self._landmark_file(place.landmarks)
        return FaceConfig(place.face, place.box, clicks, landmarks, mask, regions)

    def stylize(self, job: Job, now: Pass, out: Path, lend: Mapping[str, str]) -> dict[str, Any]:
        """The task of one preset of a job. Raises TwinbrushError."""
        config = self.config(job.order, now.preset)
        if now.what == "print" or job.printable:
            config = replace(config, export=replace(config.export, stl=True, threemf=True))
        if now.what == "print" and job.shape is not None:
            asked = {name: value for name, value in job.shape.model_dump().items() if value is not None}
            relief = asked.pop("relief", config.surface.relief)
            config = replace(
                config, align=replace(config.align, **asked), surface=replace(config.surface, relief=relief))
        return {
            "kind": "stylize", "photo": str(self.pictures.path(job.order.photo)),
            "style": str(self.pictures.path(job.order.style)), "out": str(out), "config": str(self._kept(config)),
            "lend": dict(lend), "thumb": str(out.parent / THUMB)}

    def reshape(self, now: Pass, out: Path) -> dict[str, Any]:
        """The task of a job's figure in another form."""
        assert now.shape is not None
        return {"kind": "reshape", "out": str(out), "thumb": str(out.parent / THUMB), **now.shape.model_dump()}

    def look(self, number: str, role: Role, place: FacePlace, *, only_preview: bool = False) -> dict[str, Any]:
        """The task of looking at a picture. Raises TwinbrushError."""
        face = self.face(place)
        config = replace(DEFAULT, photo_face=face) if role == "photo" else replace(DEFAULT, style_face=face)
        return {
            "kind": "look", "picture": str(self.pictures.path(number)), "art": role == "style",
            "config": str(self._kept(config)), "preview": str(self.pictures.preview(number)),
            "only_preview": only_preview}

    def regions(self, number: str, role: Role, place: FacePlace) -> dict[str, Any]:
        """The task of naming a picture's pixels, for a brush to correct. Raises TwinbrushError."""
        face = self.face(place)
        config = replace(DEFAULT, photo_face=face) if role == "photo" else replace(DEFAULT, style_face=face)
        key = store.stage_key("drawn regions", number, role, face)[:24]
        return {
            "kind": "regions", "picture": str(self.pictures.path(number)), "art": role == "style",
            "config": str(self._kept(config)), "drawn": str(self.pictures.preview(number).with_name(f"{key}.png"))}

    def trouble(self, outcome: Outcome, pictures: Mapping[Role, str]) -> Trouble:
        """Why a task gave nothing, in the command line's words, with the pictures' names as their owner knows them.
        pictures: the ones that took part."""
        if outcome.state != "refused":
            kind = {"crashed": "Crash", "died": "Died", "cancelled": "Cancelled"}.get(outcome.state, "Crash")
            return Trouble(kind=kind, problem=printable(outcome.why), remedy="Try it again.")
        problem, remedy = str(outcome.answer["problem"]), str(outcome.answer["remedy"])
        where: Role | None = None
        for role, number in pictures.items():
            picture, path = self.pictures.known(number), self.pictures.path(number)
            if where is None and path.name in problem:
                where = role
            name = path.name if picture is None else picture.name
            problem = problem.replace(str(path), name).replace(path.name, name)
        return Trouble(
            kind=str(outcome.answer["kind"]), problem=printable(problem), remedy=printable(remedy),
            where=where or "job", boxes=outcome.answer.get("boxes"))

    def _kept(self, config: Config) -> Path:
        path = self.folder / f"options-{store.stage_key('options', config)[:24]}.npz"
        if not path.exists():
            save_config(path, config)
        return path

    def _landmark_file(self, points: list[tuple[float, float]]) -> Path:
        text = "".join(f"{x:.2f} {y:.2f}\n" for x, y in points).encode()
        path = self.folder / f"landmarks-{store.stage_key('landmarks', text)[:24]}.txt"
        return path if path.exists() else write_atomically(path, text)
