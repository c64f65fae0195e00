"""`twinbrush stylize` of a photo, and `reshape` of its results: the figure's road from the inputs to the files."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from twinbrush.base.errors import BadOption
from twinbrush.config import Config, check, named_files
from twinbrush.export.figure_outputs import FigureScene, figure_metrics, pair_metrics, picture_file
from twinbrush.export.outputs import Result
from twinbrush.regions.inputs import Input
from twinbrush.road import paper_road, relief_road, sculpt_road
from twinbrush.road.figure_export import Shown, export_figure, remember_shown
from twinbrush.road.run import Run, gone, restrengthened
from twinbrush.road.stages import Walk

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

    def of(self, old: Config, out: Path) -> Config:
        """Returns the options of a finished run with the changes. Raises BadOption."""
        surface = old.surface if self.relief is None else replace(old.surface, relief=self.relief)
        if old.stylize.method == "paper":
            if self.caricature is not None or self.hair_shape is not None:
                raise BadOption(
                    "--caricature, --hair-shape: shape a figure in a style's form; this one has the shape that "
                    "--method paper learned.", "Leave them out for this folder; --strength scales that shape.")
            scaled = old if self.strength is None else restrengthened(old, self.strength, out)
            return replace(scaled, surface=surface)
        given = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "relief"}
        shape = {name: value for name, value in given.items() if value is not None}
        return replace(old, align=replace(old.align, **shape), surface=surface)


T = TypeVar("T")
_KEPT = ("pair", "texture", "triangulated", "relief")  # stages whose keys `reshape` must know


@dataclass(frozen=True)
class FigureRun:
    """What `reshape` must know of a photo's finished run. given: {what the walk was given: its key}; key: {stage: key
    of its kept result}."""

    config: Config
    given: dict[str, str]
    key: dict[str, str]
    content: Input
    art: Input


def stylize_photo(
    run: Run, content: Input, art: Input, engine: str | None, out: Path, config: Config
) -> Result:
    """Returns the files of a photo's figure in the style's form and paint. engine: sha256 of the painter's weights.
    Raises TwinbrushError."""
    from twinbrush.road.paint_road import PAIR, TEXTURE  # imports torch: only now

    run.warn(tuple(f"photo: {w}" for w in content.warnings) + tuple(f"style: {w}" for w in art.warnings))
    given = {"photo": content.key, "style": art.key, "engine": engine or ""}
    with _begun(run, config, content, art, given) as walk:
        walk.give("engine", engine, given["engine"])
        if config.stylize.method == "paper":
            pair = _learned(walk)
            _in_learned_shape(walk)
        else:
            sculpt_road.walk_to_shape(walk, rows=True)
            pair = walk.through(PAIR)
        painted = walk.through(TEXTURE)
        worked = None
        if config.surface.relief != 0:
            worked = relief_road.worked(walk.through(relief_road.RELIEF), config)
        kept = {name: walk.keys[name] for name in _KEPT if name in walk.keys}
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
    from twinbrush.paint.values import PaintedPair, PaintedTexture, Triangulated
    from twinbrush.relief.values import Relief

    def kept(name: str, kind: type[T]) -> T:
        return run.stage(name, known.key.get(name, ""), kind, lambda: gone(out, name))

    config = changes.of(known.config, out)
    check(config)
    with _begun(run, config, known.content, known.art, known.given) as walk:
        pair, painted = kept("pair", PaintedPair), kept("texture", PaintedTexture)
        if config.stylize.method == "paper":
            walk.through(sculpt_road.FIGURE)
            walk.give("triangulated", kept("triangulated", Triangulated), known.key["triangulated"])
            _in_learned_shape(walk)
        else:
            sculpt_road.walk_to_shape(walk, rows=True)
        worked = None
        if config.surface.relief != 0 and "relief" in known.key:
            worked = relief_road.worked(kept("relief", Relief), config)
        elif config.surface.relief != 0:
            walk.give("texture", painted, known.key["texture"])
            if "regions" not in walk.values:
                walk.through(sculpt_road.REGIONS)
            worked = relief_road.worked(walk.through(relief_road.RELIEF), config)
        result = _exported(walk, pair, painted, out, worked=worked, stills=stills)
        remember_shown(run, Shown("shape", walk.keys["shape"], known.key["texture"]))
    return result


def _begun(run: Run, config: Config, content: Input, art: Input, given: dict[str, str]) -> Walk:
    walk = Walk(run, config)
    walk.give("photo", content, given["photo"])
    walk.give("style", art, given["style"])
    return walk


def _learned(walk: Walk) -> PaintedPair:
    """The unshaped figure's pair by the paper's method."""
    walk.ahead(sculpt_road.REGIONS)
    walk.through(sculpt_road.FIGURE)
    walk.through(sculpt_road.REGIONS)
    if walk.config.stylize.warm_start:
        walk.through(sculpt_road.STYLE_HEAD)
        walk.through(sculpt_road.FORM)
        walk.through(paper_road.START)
    else:
        walk.give("start", None, "")
    pair = walk.through(paper_road.PAIR)
    walk.through(paper_road.TRIANGULATED)
    return pair


def _in_learned_shape(walk: Walk) -> None:
    """The figure in the shape that was learned, and the shapes of the viewer's slider."""
    walk.through(paper_road.SHAPE)
    walk.through(paper_road.STRENGTH_ROW)


def _exported(
    walk: Walk, pair: PaintedPair, painted: PaintedTexture, out: Path, *, worked: Worked | None, stills: bool = True
) -> Result:
    content, art, config = walk.values["photo"], walk.values["style"], walk.config
    metrics = figure_metrics(walk.values["sculpt"]) | pair_metrics(pair) | painted.log
    if "triangulated" in walk.values:
        metrics |= walk.values["triangulated"].metrics
        live = paper_road.live_shapes(walk.values["strengths"], config)
    else:
        live = sculpt_road.live_of(walk)
    scene = FigureScene(
        replace(walk.values["shape"], texture=painted.texture),
        {"photo": picture_file(content), "style": picture_file(art)},
        (("Photo", content.picture.pixels), ("Style", art.picture.pixels)),
        config, {name: float(value) for name, value in metrics.items()},
        live, pair.pair, None if worked is None or worked.amplitude_mm == 0 else worked, before=walk.values["sculpt"])
    given = (content.picture.path, art.picture.path, *named_files(config))
    return export_figure(walk.run, scene, out, config.export, given, stills=stills)
