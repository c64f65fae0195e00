"""The figure's road: photo, style -> sculpted figure -> the style's form -> painted pair -> painted all the way round.

`stylize` walks all of it, `sculpt` its first half, `reshape` the middle again. Imports that take time wait until a
stage is computed.
"""

from __future__ import annotations

from dataclasses import replace

from twinbrush.config import Config
from twinbrush.export.viewer.live import LiveShapes
from twinbrush.inputs import Input
from twinbrush.meshes.front import FoundFront
from twinbrush.paint.figure import PaintedPair, PaintedTexture
from twinbrush.progress import Progress
from twinbrush.regions.values import RegionMap
from twinbrush.sculpt.values import Figure
from twinbrush.shape.head import Form
from twinbrush.stages import Stage


def sculpted(photo: Input, config: Config, progress: Progress) -> Figure:
    """Returns the figure of a photo."""
    from twinbrush.sculpt.figure import sculpt

    return sculpt(
        photo.picture.pixels, photo.face, config.sculpt, mask=photo.mask, labels=photo.labels, others=photo.others,
        progress=progress)


def sculpted_painting(photo: Input, config: Config, progress: Progress) -> Figure:
    """Returns the figure of a painting with the painting's own proportions."""
    from twinbrush.align.painted import sculpt_painting

    return sculpt_painting(photo, config.sculpt, progress=progress)


def sculpted_mesh(front: FoundFront, config: Config, progress: Progress) -> Figure:
    """Returns the figure of a mesh with a face."""
    from twinbrush.sculpt.figure import sculpt_portrait

    return sculpt_portrait(front.portrait, config.sculpt, progress=progress)


def style_regions(style: Input, config: Config, progress: Progress) -> RegionMap:
    """Returns which pixel of the style portrait is what."""
    from twinbrush.regions.engine import find_regions

    del config, progress
    return find_regions(style.picture.pixels, style.face, mask=style.mask, given=style.labels, others=style.others)


def style_form(style: Input, regions: RegionMap, config: Config, progress: Progress) -> Form:
    """Returns the style portrait's form."""
    from twinbrush.align.style_head import fit_style_head
    from twinbrush.portrait.crop import cut_crop
    from twinbrush.sculpt.template import template
    from twinbrush.shape.head import make_form

    del config, progress
    model = template()
    form = make_form(model, fit_style_head(model, cut_crop(style.picture.pixels, regions, style.face)))
    return replace(form, warnings=tuple(f"form: {note}" for note in form.warnings))


def mean_form() -> Form:
    """Returns the mean head's form, which gives nothing: with it only the person's own share is changed."""
    from twinbrush.align.style_head import mean_head
    from twinbrush.sculpt.template import template
    from twinbrush.shape.head import make_form

    model = template()
    return make_form(model, mean_head(model))


def in_form(figure: Figure, form: Form, config: Config, progress: Progress) -> Figure:
    """Returns the figure with the style's form and so much of the person's own as the options say."""
    from twinbrush.sculpt.template import template
    from twinbrush.shape.figure import shaped

    del progress
    asked = config.align
    return shaped(template(), figure, form, asked.strength, asked.caricature, asked.hair_shape)


def sliders(figure: Figure, form: Form, shown: Figure, config: Config, progress: Progress) -> LiveShapes:
    """Returns the shapes between which the viewer's sliders blend."""
    from twinbrush.sculpt.template import template
    from twinbrush.shape.live import live_shapes

    del progress
    asked = config.align
    return live_shapes(
        template(), figure, form, asked.strength, asked.caricature, asked.hair_shape, shown=shown)


def painted_pair(
    figure: Figure, style: Input, regions: RegionMap, engine: str | None, config: Config, progress: Progress
) -> PaintedPair:
    """Returns the shaped figure's stereo pair, painted. engine: sha256 of the painter's weights."""
    from twinbrush.paint.figure import paint_pair

    del engine
    return paint_pair(figure, style.picture.pixels, style.face, regions, config, progress=progress)


def painted_texture(figure: Figure, pair: PaintedPair, config: Config, progress: Progress) -> PaintedTexture:
    """Returns the shaped figure's texture, painted all the way round."""
    from twinbrush.paint.figure import paint_figure

    return paint_figure(figure, pair, config, progress=progress)


FORM_OPTIONS = ("align.strength", "align.caricature", "align.hair_shape")
FIGURE = Stage("sculpt", Figure, ("photo",), ("sculpt",), sculpted)
FIGURE_OF_PAINTING = replace(FIGURE, compute=sculpted_painting)  # the picture's key tells that it is art
FIGURE_OF_MESH = Stage("sculpt", Figure, ("front",), ("sculpt",), sculpted_mesh)
REGIONS = Stage("regions", RegionMap, ("style",), (), style_regions)
FORM = Stage("form", Form, ("style", "regions"), (), style_form)
SHAPE = Stage("shape", Figure, ("sculpt", "form"), FORM_OPTIONS, in_form)
SLIDERS = Stage("sliders", LiveShapes, ("sculpt", "form", "shape"), FORM_OPTIONS, sliders)
PAIR = Stage(
    "pair", PaintedPair, ("shape", "style", "regions", "engine"),
    ("views", "align.repose", "align.mirror_from_degrees", "stylize", "seed"), painted_pair)
TEXTURE = Stage(
    "texture", PaintedTexture, ("shape", "pair"), ("reconstruct.texture_size", "stylize", "seed"), painted_texture)
