"""`twinbrush stylize` of a photo, and `reshape` of its results: the figure's road from the inputs to the files."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from twinbrush import relief_road, road
from twinbrush.config import Config, check, named_files
from twinbrush.figure_export import Shown, export_figure, remember_shown
from twinbrush.figure_outputs import FigureScene, figure_metrics, pair_metrics, picture_file
from twinbrush.inputs import Input
from twinbrush.outputs import Result
from twinbrush.run import Run, gone
from twinbrush.stages import Walk

if TYPE_CHECKING:
    from twinbrush.paint.values import PaintedPair, PaintedTexture
    from twinbrush.relief.values import Worked


@dataclass(frozen=True)
class Changes:
    """What `reshape` changes; None: as it was. As the options of the same names."""

    strength: float | None = None
    caricature: float | None = None
    hair_shape: float | None = None
    relief: float | None = None

    def of(self, config: Config) -> Config:
        """Returns the options with the changes."""
        given = {item.name: getattr(self, item.name) for item in fields(self)}
        align = {name: value for name, value in given.items() if value is not None and name != "relief"}
        surface = {} if self.relief is None else {"relief": self.relief}
        return replace(
            config, align=replace(config.align, **align), surface=replace(config.surface, **surface))


@dataclass(frozen=True)
class FigureRun:
    """What `reshape` must know of a photo's finished run. given: {what the walk was given: its key}; key: {stage: key
    of its kept result}."""

    config: Config
    given: dict[str, str]
    key: dict[str, str]
    content: Input
    art: Input


def stylize_photo(run: Run, content: Input, art: Input, out: Path, config: Config) -> Result:
    """Returns the files of a photo's figure in the style's form and paint. Raises TwinbrushError."""
    from twinbrush.paint_road import PAIR, TEXTURE  # imports torch: only now
    from twinbrush.stylize import check_engine

    run.warn(tuple(f"photo: {w}" for w in content.warnings) + tuple(f"style: {w}" for w in art.warnings))
    engine = check_engine(config.stylize)
    given = {"photo": content.key, "style": art.key, "engine": engine or ""}
    walk = _begun(run, config, content, art, given)
    walk.give("engine", engine, given["engine"])
    _shaped(walk)
    pair, painted = walk.through(PAIR), walk.through(TEXTURE)
    worked = None
    if config.surface.relief != 0:
        worked = relief_road.worked(walk.through(relief_road.RELIEF), config)
    kept = {name: walk.keys[name] for name in ("pair", "texture", "relief") if name in walk.keys}
    run.remember(FigureRun(config, given, kept, content, art))
    result = _exported(walk, pair, painted, out, worked=worked)
    remember_shown(run, Shown("shape", walk.keys["shape"], kept["texture"]))
    return result


def reshape_figure(
    run: Run, out: Path, known: FigureRun, changes: Changes, *, stills: bool = False
) -> Result:
    """Returns the same run's files with another shape or relief; nothing is painted. stills: also stills, sheet and
    turntable.

    Raises BadOption when stages are gone.
    """
    from twinbrush.paint.values import PaintedPair, PaintedTexture
    from twinbrush.relief.values import Relief

    config = changes.of(known.config)
    check(config)
    walk = _begun(run, config, known.content, known.art, known.given)
    pair = run.stage("pair", known.key.get("pair", ""), PaintedPair, lambda: gone(out, "pair"))
    painted = run.stage("texture", known.key.get("texture", ""), PaintedTexture, lambda: gone(out, "texture"))
    _shaped(walk)
    worked = None
    if config.surface.relief != 0:
        walk.give("texture", painted, known.key["texture"])
        kept = known.key.get("relief", "")
        relief = run.stage("relief", kept, Relief, lambda: relief_road.RELIEF.compute(
            *(walk.values[name] for name in relief_road.RELIEF.needs), config, run.progress))
        worked = relief_road.worked(relief, config)
    result = _exported(walk, pair, painted, out, worked=worked, stills=stills)
    remember_shown(run, Shown("shape", walk.keys["shape"], known.key["texture"]))
    return result


def _begun(run: Run, config: Config, content: Input, art: Input, given: dict[str, str]) -> Walk:
    walk = Walk(run, config)
    walk.give("photo", content, given["photo"])
    walk.give("style", art, given["style"])
    return walk


def _shaped(walk: Walk) -> None:
    """The figure in the style's form, and the shapes of the viewer's sliders."""
    for stage in (
        road.FIGURE, road.REGIONS, road.FORM, road.SHAPE, road.STRENGTH_ROW, road.CARICATURE_ROW,
    ):  # fmt: skip
        walk.through(stage)


def _exported(
    walk: Walk, pair: PaintedPair, painted: PaintedTexture, out: Path, *, worked: Worked | None, stills: bool = True
) -> Result:
    content, art, config = walk.values["photo"], walk.values["style"], walk.config
    metrics = figure_metrics(walk.values["sculpt"]) | pair_metrics(pair) | painted.log
    scene = FigureScene(
        replace(walk.values["shape"], texture=painted.texture),
        {"photo": picture_file(content), "style": picture_file(art)},
        (("Photo", content.picture.pixels), ("Style", art.picture.pixels)),
        config, {name: float(value) for name, value in metrics.items()},
        road.live_shapes(walk.values["strengths"], walk.values["caricatures"], config), pair.pair,
        None if worked is None or worked.amplitude_mm == 0 else worked)
    given = (content.picture.path, art.picture.path, *named_files(config))
    return export_figure(walk.run, scene, out, config.export, given, stills=stills)
