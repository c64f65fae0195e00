"""A shaped figure and a style portrait -> the figure's painted texture: the pair, then all the way round."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from twinbrush.base.progress import Progress, ignore
from twinbrush.config import Config
from twinbrush.faces.values import Face
from twinbrush.paint.accents import with_accents
from twinbrush.paint.bake import finish_texture
from twinbrush.paint.beards import with_own_beard
from twinbrush.paint.engine import stylize
from twinbrush.paint.even_light import with_even_light
from twinbrush.paint.front import aligned_style, pair_views, wide_style
from twinbrush.paint.hair_strokes import with_strokes
from twinbrush.paint.level import with_persons_step
from twinbrush.paint.lips_inside import with_lips_inside
from twinbrush.paint.living_eyes import with_living_eyes
from twinbrush.paint.mouths import with_dark_mouth
from twinbrush.paint.palette import with_clothes, with_plain_hair, with_plain_skin
from twinbrush.paint.planes import plane_by_plane, planes_of
from twinbrush.paint.retouch import with_retouched_skin
from twinbrush.paint.round.waves import paint_in_waves
from twinbrush.paint.surface import FigureSurface, surface_of_figure
from twinbrush.paint.tone import like_person
from twinbrush.paint.values import PaintedPair, PaintedTexture
from twinbrush.regions.values import RegionMap
from twinbrush.sculpt.values import Figure


def paint_pair(
    figure: Figure, image: Float[np.ndarray, "h w 3"], face: Face, regions: RegionMap, config: Config, *,
    start: Figure | None = None, progress: Progress = ignore,
) -> PaintedPair:
    """Returns the figure's stereo pair, painted in the style portrait `image`.

    figure: with the style's form already; the paper's method takes it without, and learns the form's warps. start: the
    same figure in the form where these warps start. face, regions: the style's, in pixels of `image`. Raises BadOption,
    ModelFileError.
    """
    start_xyz = None if start is None else start.whole().vertices
    return paint_pair_on(
        surface_of_figure(figure), image, face, regions, config, start_xyz=start_xyz, progress=progress)


def paint_pair_on(
    surface: FigureSurface, image: Float[np.ndarray, "h w 3"], face: Face, regions: RegionMap, config: Config, *,
    start_xyz: Float[np.ndarray, "v 3"] | None = None, progress: Progress = ignore,
) -> PaintedPair:
    """`paint_pair` for any surface with a face."""
    paper, surface = config.stylize.method == "paper", _lit(surface, config)
    views = pair_views(surface, config.views, progress=progress)
    strength = config.align.strength if paper else 0.0
    aligned = aligned_style(
        image, face, regions, surface, views, config.align, strength=strength, progress=progress)
    clothed = with_plain_skin(with_plain_hair(with_clothes(aligned)))
    wide = wide_style(image, face, regions, surface, views, config.align, config.stylize.ring.scale)
    beside = with_plain_hair(with_clothes(wide.style))
    if not paper and config.stylize.skin == "person" and surface.coloured:
        clothed, beside = (like_person(style, views) for style in (clothed, beside))
    # the paper's pair sees the style as it is, the ring after it only what lends paint
    seen = replace(aligned, start_xyz=start_xyz) if paper else clothed
    pair = stylize(views, seen, config.stylize, seed=config.seed, progress=progress)
    return PaintedPair(clothed, pair, replace(wide, style=beside))


def paint_figure(
    figure: Figure, front: PaintedPair, config: Config, *, progress: Progress = ignore
) -> PaintedTexture:
    """Returns the figure's texture: its painted pair continued all the way round.

    figure: the one that `front` shows. Raises BadOption, ModelFileError.
    """
    height = config.reconstruct.texture_size // 2
    wide = figure.texture.shape[1] // figure.texture.shape[0]
    surface = surface_of_figure(figure)
    painted = paint_surface(surface, front, config, (height, wide * height), progress=progress)
    planes = planes_of(figure)
    return painted if planes is None else replace(painted, texture=plane_by_plane(painted.texture, surface, planes))


def paint_surface(
    surface: FigureSurface, front: PaintedPair, config: Config, shape: tuple[int, int], *, progress: Progress = ignore
) -> PaintedTexture:
    """`paint_figure` for any surface with a face. shape: rows and columns of the texture."""
    surface = _lit(surface, config)
    painted = paint_in_waves(
        surface, front, config.stylize, shape, seed=config.seed, progress=progress)
    assert painted.guide.texture is not None
    baked = finish_texture(painted.paint, with_dark_mouth(painted.guide.texture, surface))
    texture, texels = baked.texture, painted.paint.texels
    person = config.stylize.skin == "person"
    if person:
        texture = with_own_beard(texture, surface, front.aligned, texels)
    texture = with_strokes(texture, surface, front.aligned, texels)
    if person:
        texture = with_persons_step(texture, surface, texels)
    if config.stylize.method != "paper":
        texture = with_lips_inside(texture, surface, texels)
    texture = with_accents(texture, surface, front.aligned, texels)
    texture = with_living_eyes(texture, surface, front.aligned, texels)
    return PaintedTexture(texture, {**front.pair.log, **painted.log, **baked.metrics})


def _lit(surface: FigureSurface, config: Config) -> FigureSurface:
    """The surface as it is painted, without the photo's light and stains; the paper's method paints it as it is."""
    return surface if config.stylize.method == "paper" else with_retouched_skin(with_even_light(surface))
