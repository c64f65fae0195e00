"""The paper's road (`--method paper`): sculpted figure -> its painted stereo pair, whose warps are learned with it ->
what both views see triangulated, the rest following. Then the ring, as on every road (`paint_road.TEXTURE`).

Imports that take time wait until a stage is computed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twinbrush.base.progress import Progress
from twinbrush.config import Config
from twinbrush.paint.values import PaintedPair, Triangulated
from twinbrush.regions.inputs import Input
from twinbrush.regions.values import RegionMap
from twinbrush.road.sculpt_road import FORM_OPTIONS, SliderRow, in_form
from twinbrush.road.stages import Stage
from twinbrush.sculpt.values import Figure

if TYPE_CHECKING:
    from twinbrush.shape.live import LiveShapes


def painted_pair(
    figure: Figure, start: Figure | None, style: Input, regions: RegionMap, engine: str | None, config: Config,
    progress: Progress,
) -> PaintedPair:
    """Returns the unshaped figure's stereo pair, pictures and warps learned together. start: the figure in the form
    where the warps start. engine: sha256 of the painter's weights."""
    from twinbrush.paint.figure import paint_pair  # imports torch: only now

    del engine
    return paint_pair(
        figure, style.picture.pixels, style.face, regions, config, start=start, progress=progress)


def triangulated(figure: Figure, pair: PaintedPair, config: Config, progress: Progress) -> Triangulated:
    """Returns the shape that the pair's learned warps tell of."""
    from twinbrush.paint.front import pair_views
    from twinbrush.paint.paper.triangulated import triangulated
    from twinbrush.paint.surface import surface_of_figure

    surface = surface_of_figure(figure)
    views = pair_views(surface, config.views, progress=progress)
    plain = config.reconstruct.shape == "paper"
    return triangulated(surface, views, pair, config.align.strength, plain=plain)


def in_learned_shape(figure: Figure, found: Triangulated, config: Config, progress: Progress) -> Figure:
    """Returns the figure in the learned shape, its displacement scaled to the asked strength."""
    from twinbrush.paint.paper.triangulated import displaced_figure

    del progress
    return displaced_figure(figure, found, config.align.strength)


def strength_row(figure: Figure, found: Triangulated, config: Config, progress: Progress) -> SliderRow:
    """Returns the shapes between which the viewer's slider of the strength blends."""
    from twinbrush.paint.paper.triangulated import displaced_shapes
    from twinbrush.shape.live import STRENGTHS

    del config, progress
    shapes = displaced_shapes(figure, found, STRENGTHS)
    return SliderRow(STRENGTHS, np.stack([np.concatenate(shape.parts).astype(np.float64) for shape, _ in shapes]))


def live_shapes(by_strength: SliderRow, config: Config) -> LiveShapes:
    """Returns what the viewer's slider blends: what was learned of the style has no caricature of its own."""
    from twinbrush.shape.live import LiveShapes

    asked = config.align
    return LiveShapes(
        by_strength.values, by_strength.shapes, (), by_strength.shapes[:0], asked.strength, asked.caricature)


START = Stage("start", Figure, ("sculpt", "form"), FORM_OPTIONS, in_form)
PAIR = Stage(
    "pair", PaintedPair, ("sculpt", "start", "style", "regions", "engine"),
    ("views", "align.strength", "align.repose", "align.mirror_from_degrees", "stylize", "seed"), painted_pair)
TRIANGULATED = Stage(
    "triangulated", Triangulated, ("sculpt", "pair"), ("views", "reconstruct.shape", "align.strength"), triangulated)
SHAPE = Stage("shape", Figure, ("sculpt", "triangulated"), ("align.strength",), in_learned_shape)
STRENGTH_ROW = Stage("strengths", SliderRow, ("sculpt", "triangulated"), (), strength_row)
