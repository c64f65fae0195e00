"""The figure's road, second half: shaped figure and style -> painted stereo pair -> painted all the way round."""

from __future__ import annotations

from twinbrush.base.progress import Progress
from twinbrush.config import Config
from twinbrush.paint.figure import paint_figure, paint_pair
from twinbrush.paint.values import PaintedPair, PaintedTexture
from twinbrush.regions.inputs import Input
from twinbrush.regions.values import RegionMap
from twinbrush.road.stages import Stage
from twinbrush.sculpt.values import Figure


def painted_pair(
    figure: Figure, style: Input, regions: RegionMap, engine: str | None, config: Config, progress: Progress
) -> PaintedPair:
    """Returns the shaped figure's stereo pair, painted. engine: sha256 of the painter's weights."""
    del engine
    return paint_pair(figure, style.picture.pixels, style.face, regions, config, progress=progress)


def painted_texture(figure: Figure, pair: PaintedPair, config: Config, progress: Progress) -> PaintedTexture:
    """Returns the shaped figure's texture, painted all the way round."""
    return paint_figure(figure, pair, config, progress=progress)


PAIR = Stage(
    "pair", PaintedPair, ("shape", "style", "regions", "engine"),
    ("views", "align.repose", "align.mirror_from_degrees", "stylize", "seed"), painted_pair)
TEXTURE = Stage(
    "texture", PaintedTexture, ("shape", "pair"), ("reconstruct.texture_size", "stylize", "seed"), painted_texture)
