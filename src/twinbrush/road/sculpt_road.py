"""The figure's road, first half: photo -> sculpted figure -> the style's form. `sculpt` ends here, `stylize` goes on.

Imports that take time wait until a stage is computed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from twinbrush.base.progress import Progress
from twinbrush.config import Config
from twinbrush.meshes.front import FoundFront
from twinbrush.regions.inputs import Input
from twinbrush.regions.values import RegionMap
from twinbrush.road.stages import Stage, Walk
from twinbrush.sculpt.values import Figure
from twinbrush.shape.head import Form
from twinbrush.shape.live import LiveShapes


def sculpted(photo: Input, config: Config, progress: Progress) -> Figure:
    """Returns the figure of a photo."""
    from twinbrush.sculpt.figure import sculpt

    return sculpt(
        photo.picture.pixels, photo.face, config.sculpt, mask=photo.mask, labels=photo.labels, others=photo.others,
        progress=progress)


def sculpted_painting(photo: Input, config: Config, progress: Progress) -> Figure:
    """Returns the figure of a painting with the painting's own proportions."""
    from twinbrush.shape.painted import sculpt_painting

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


def style_head(style: Input, regions: RegionMap, config: Config, progress: Progress) -> Form:
    """Returns the style portrait's own form: once for all persons."""
    from twinbrush.align.faces.style_head import fit_style_head
    from twinbrush.sculpt.portrait.crop import cut_crop
    from twinbrush.sculpt.template import template
    from twinbrush.shape.head import make_form

    del config, progress
    model = template()
    form = make_form(model, fit_style_head(model, cut_crop(style.picture.pixels, regions, style.face)))
    return replace(form, warnings=tuple(f"form: {note}" for note in form.warnings))


def style_form(form: Form, figure: Figure, config: Config, progress: Progress) -> Form:
    """Returns the style portrait's form as the figure's person wears it: once for all strengths and caricatures."""
    from twinbrush.sculpt.template import template
    from twinbrush.shape.expression import worn_by

    del config, progress
    return worn_by(template(), form, figure.fit.expression)


def mean_form() -> Form:
    """Returns the mean head's form, which gives nothing: with it only the person's own share is changed."""
    from twinbrush.align.faces.style_head import mean_head
    from twinbrush.sculpt.template import template
    from twinbrush.shape.head import make_form

    model = template()
    return make_form(model, mean_head(model))


def in_form(figure: Figure, form: Form, config: Config, progress: Progress) -> Figure:
    """Returns the figure with the style's form and so much of the person's own as the options say, cut in planes if
    that is asked for."""
    from twinbrush.sculpt.template import template
    from twinbrush.shape.facets import in_planes
    from twinbrush.shape.figure import shaped

    del progress
    asked, model = config.align, template()
    whole = shaped(model, figure, form, asked.strength, asked.caricature, asked.hair_shape)
    return in_planes(model, whole, asked.facets)


@dataclass(frozen=True)
class SliderRow:
    """The figure's vertices at several values of one slider, the other one as it is asked for.

    values: (s,) ascending. shapes: (s, n, 3) mm, of `figure_outputs.figure_mesh`.
    """

    values: tuple[float, ...]
    shapes: Float[np.ndarray, "s n 3"]


def strength_row(figure: Figure, form: Form, config: Config, progress: Progress) -> SliderRow:
    """Returns the shapes between which the viewer's slider of the strength blends."""
    from twinbrush.sculpt.template import template
    from twinbrush.shape.live import STRENGTHS, shapes_at

    del progress
    asked = config.align
    wanted = [(value, asked.caricature) for value in STRENGTHS]
    shapes = shapes_at(template(), figure, form, wanted, asked.hair_shape)
    return SliderRow(STRENGTHS, np.stack(shapes))


def caricature_row(figure: Figure, form: Form, shown: Figure, config: Config, progress: Progress) -> SliderRow:
    """Returns the shapes between which the viewer's slider of the caricature blends. shown: the one of them that is
    there already."""
    from twinbrush.sculpt.template import template
    from twinbrush.shape.live import CARICATURES, shapes_at, vertices_of

    del progress
    asked = config.align
    others = [(asked.strength, value) for value in CARICATURES if value != asked.caricature]
    found = iter(shapes_at(template(), figure, form, others, asked.hair_shape))
    shapes = [vertices_of(shown) if value == asked.caricature else next(found) for value in CARICATURES]
    return SliderRow(CARICATURES, np.stack(shapes))


def hair_row(figure: Figure, form: Form, config: Config, progress: Progress) -> SliderRow:
    """Returns the shapes between which the viewer's slider of the hair blends."""
    from twinbrush.sculpt.template import template
    from twinbrush.shape.live import HAIR_SHAPES, hairs_at

    del progress
    asked = config.align
    shapes = hairs_at(template(), figure, form, asked.strength, asked.caricature, HAIR_SHAPES)
    return SliderRow(HAIR_SHAPES, np.stack(shapes))


@dataclass(frozen=True)
class PlaneMoves:
    """How far the figure's vertices were moved onto its planes (n, 3), mm; None: it is not cut in planes."""

    moves: Float[np.ndarray, "n 3"] | None


def plane_moves(figure: Figure, form: Form, shown: Figure, config: Config, progress: Progress) -> PlaneMoves:
    """Returns what cutting the shown figure in planes moved: the sliders' shapes are moved alike."""
    from twinbrush.sculpt.template import template
    from twinbrush.shape.live import shapes_at, vertices_of

    del progress
    asked = config.align
    if not asked.facets:
        return PlaneMoves(None)
    plain = shapes_at(template(), figure, form, [(asked.strength, asked.caricature)], asked.hair_shape)[0]
    return PlaneMoves(vertices_of(shown) - plain)


def live_shapes(
    by_strength: SliderRow, by_caricature: SliderRow, by_hair: SliderRow, planes: PlaneMoves, config: Config
) -> LiveShapes:
    """Returns what the viewer's sliders blend."""
    asked = config.align
    rows = [by_strength.shapes, by_caricature.shapes, by_hair.shapes]
    if planes.moves is not None:
        cut = [0.0 if value == asked.caricature else 1.0 for value in by_caricature.values]  # the shown one is, already
        rows = [rows[0] + planes.moves, rows[1] + np.array(cut)[:, None, None] * planes.moves, rows[2] + planes.moves]
    return LiveShapes(
        by_strength.values, rows[0], by_caricature.values, rows[1], asked.strength, asked.caricature, by_hair.values,
        rows[2], asked.hair_shape)


FORM_OPTIONS = ("align.strength", "align.caricature", "align.hair_shape", "align.facets")
FIGURE = Stage("sculpt", Figure, ("photo",), ("sculpt",), sculpted)
FIGURE_OF_PAINTING = replace(FIGURE, compute=sculpted_painting)  # the picture's key tells that it is art
FIGURE_OF_MESH = Stage("sculpt", Figure, ("front",), ("sculpt",), sculpted_mesh)
REGIONS = Stage("regions", RegionMap, ("style",), (), style_regions)
STYLE_HEAD = Stage("style-head", Form, ("style", "regions"), (), style_head)
FORM = Stage("form", Form, ("style-head", "sculpt"), (), style_form)
SHAPE = Stage("shape", Figure, ("sculpt", "form"), FORM_OPTIONS, in_form)
# `reshape` changes the strength alone as a rule: the row along it is kept
STRENGTH_ROW = Stage(
    "strengths", SliderRow, ("sculpt", "form"), ("align.caricature", "align.hair_shape"), strength_row)
CARICATURE_ROW = Stage(
    "caricatures", SliderRow, ("sculpt", "form", "shape"), ("align.strength", "align.hair_shape"), caricature_row)
PLANES = Stage("planes", PlaneMoves, ("sculpt", "form", "shape"), FORM_OPTIONS, plane_moves)
HAIR_ROW = Stage("hairs", SliderRow, ("sculpt", "form"), ("align.strength", "align.caricature"), hair_row)


def begin_style(walk: Walk) -> None:
    """Begin to read the style, beside the sculpting."""
    walk.ahead(REGIONS, STYLE_HEAD)


def walk_to_shape(walk: Walk, figure: Stage[Figure] = FIGURE, *, rows: bool) -> Figure:
    """Returns the figure in the style's form. rows: what the viewer's sliders need is begun beside it."""
    begin_style(walk)
    for stage in (figure, REGIONS, STYLE_HEAD, FORM):
        walk.through(stage)
    if rows:
        walk.ahead(STRENGTH_ROW, HAIR_ROW)
    shaped = walk.through(SHAPE)
    if rows:
        walk.ahead(CARICATURE_ROW, PLANES)
    return shaped


def live_of(walk: Walk) -> LiveShapes:
    """Returns what the viewer's sliders blend."""
    strengths, caricatures, hairs = (walk.through(row) for row in (STRENGTH_ROW, CARICATURE_ROW, HAIR_ROW))
    return live_shapes(strengths, caricatures, hairs, walk.through(PLANES), walk.config)
