"""The figure's road, last stage: the painted figure -> its medium in relief; and what the files show of it."""

from __future__ import annotations

from dataclasses import replace

from twinbrush.base.progress import Progress
from twinbrush.config import Config
from twinbrush.paint.values import PaintedTexture
from twinbrush.regions.inputs import Input
from twinbrush.regions.values import RegionMap
from twinbrush.relief.values import Relief, Worked
from twinbrush.road.stages import Stage
from twinbrush.sculpt.values import Figure


def relief_of_paint(
    figure: Figure, painted: PaintedTexture, style: Input, regions: RegionMap, config: Config, progress: Progress
) -> Relief:
    """Returns the painted figure's medium in relief."""
    from twinbrush.relief.tell import medium_of
    from twinbrush.relief.work import relief_of

    del progress
    medium, seen = config.surface.medium, {}
    if medium == "auto":
        medium, seen = medium_of(style.picture.pixels, style.face, regions)
    return relief_of(replace(figure, texture=painted.texture), medium, config.seed, seen)


def worked(relief: Relief, config: Config) -> Worked:
    """Returns the relief at the height that is asked for."""
    from twinbrush.relief.work import amplitude_of

    return Worked(relief, amplitude_of(relief, config.surface.relief))


RELIEF = Stage(
    "relief", Relief, ("shape", "texture", "style", "regions"), ("surface.medium", "seed"), relief_of_paint)
