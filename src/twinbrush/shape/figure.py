"""A whole figure takes the style's form: head, eyes, teeth, and with them hair, beard, headwear and bust."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from twinbrush.align.faces.art_outline import Outline
from twinbrush.config.sculpt import ShapeConfig
from twinbrush.faces import indices
from twinbrush.sculpt import base
from twinbrush.sculpt.assemble import part_mesh
from twinbrush.sculpt.follow import followed
from twinbrush.sculpt.lip_seal import with_sealed_lips
from twinbrush.sculpt.values import EAR, FACE, NECK, SKULL, Eyeball, Figure, Part, Template
from twinbrush.shape.carry import carried
from twinbrush.shape.expression import worn_by
from twinbrush.shape.eyes import cleared, eyes_after
from twinbrush.shape.head import Form, PersonHead, shaped_head
from twinbrush.shape.mouth import Cover, Opening, bag_behind, opening_of, teeth_targets
from twinbrush.shape.silhouette import with_crown, with_shoulders
from twinbrush.shape.stand import steadied
from twinbrush.shape.unfold import Unfolder, kept_apart
from twinbrush.shape.warp import Follower, fit_spline, spread

CONTROL_MM = 18.0  # between the skin's control points of the warp
BUST_MM, BUST_BELOW_MM = 45.0, -190.0  # between the bust's, and below which height they are
INNER = ("Head", "Eye", "Teeth")  # parts that the finished head moves; the others follow it
CROSSING = "The form makes {} triangles of the skin run through others; a smaller --strength may help."


@dataclass(frozen=True)
class Shape:
    """What a form makes of a figure: the vertices of each part, the template's, the eyeballs; how many triangles of
    visible skin still run through others."""

    parts: tuple[Float[np.ndarray, "_ 3"], ...]
    vertices: Float[np.ndarray, "n 3"]
    eyes: tuple[Eyeball, Eyeball]
    crossing: int = 0


def person_head(model: Template, figure: Figure) -> PersonHead:
    """Returns the figure's head on the template, and its own deviation from the mean."""
    vertices = template_vertices(model, named(figure, "Head").mesh.vertices)
    shown = np.tensordot(figure.fit.expression, model.expressions.offsets, 1)
    return PersonHead(vertices, figure.fit.vertices - model.mean - shown)


def template_vertices(model: Template, head: Float[np.ndarray, "h 3"]) -> Float[np.ndarray, "n 3"]:
    """Returns the template's vertices of a head part's, in which those at uv seams are copied."""
    origin = model.layout.origin
    vertices = np.empty((len(model.mean), 3))
    vertices[origin] = head[: len(origin)]
    return vertices


def named(figure: Figure, name: str) -> Part:
    """Returns the figure's part of that name. Raises KeyError."""
    for part in figure.parts:
        if part.name == name:
            return part
    raise KeyError(name)


def figure_eyes(figure: Figure) -> tuple[Eyeball, Eyeball]:
    """Returns the figure's eyeballs, left in the picture (the person's right) first."""
    left, right = (
        Eyeball(part.pivot, float(np.linalg.norm(part.mesh.vertices - part.pivot, axis=1).max()), part.turn[:, 2])
        for part in (named(figure, "EyeRight"), named(figure, "EyeLeft")))
    return left, right


def shape_of(
    model: Template, figure: Figure, form: Form, strength: float = ShapeConfig.strength,
    caricature: float = ShapeConfig.caricature, hair_shape: float = ShapeConfig.hair_shape,
) -> Shape:
    """Returns the figure's vertices with the style's form.

    strength: how much of the style's deviation from the mean head is added, 0 to 1.5; caricature: how much of the
    person's own is kept, 0.5 to 2; hair_shape: how far the hair's silhouette follows the style's. Strength 0 with
    caricature 1 returns the figure's own.
    """
    return shapes_of(model, figure, form, [(strength, caricature)], hair_shape)[0]


def shapes_of(
    model: Template, figure: Figure, form: Form, amounts: list[tuple[float, float]],
    hair_shape: float = ShapeConfig.hair_shape,
) -> list[Shape]:
    """Returns `shape_of` for each strength and caricature; what only the figure tells is worked out once."""
    person, eyes = person_head(model, figure), figure_eyes(figure)
    form = worn_by(model, form, figure.fit.expression)
    unfolder = Unfolder(person.vertices, kept_apart())
    heads = [head_at(model, person, eyes, unfolder, shaped_head(model, person, form, *both)) for both in amounts]
    follower = follower_of(model, figure, person.vertices, [head.vertices for head in heads])
    out: list[list[np.ndarray]] = [[] for _ in heads]
    for part in figure.parts:
        points = part.mesh.vertices
        if part.name.startswith(INNER):
            moved = [face_part(model, part, eyes, head) for head in heads]
        else:
            moved = [points + move for move in np.split(follower.displacements(points), len(heads), 1)]
        for parts, own in zip(out, moved, strict=True):
            parts.append(own)
    return [
        Shape(standing(figure, _outlined(model, figure, parts, head.vertices, form, strength, hair_shape)),
              head.vertices, head.eyes, head.crossing)
        for parts, head, (strength, _) in zip(out, heads, amounts, strict=True)]


@dataclass(frozen=True)
class ShapedHead:
    """A finished head's vertices and eyeballs, its mouth, and how many triangles of its skin cross."""

    vertices: Float[np.ndarray, "n 3"]
    eyes: tuple[Eyeball, Eyeball]
    opening: Opening
    cover: Cover
    crossing: int


def head_at(
    model: Template, person: PersonHead, eyes: tuple[Eyeball, Eyeball], unfolder: Unfolder,
    goal: Float[np.ndarray, "n 3"],
) -> ShapedHead:
    """Returns the head brought to its goal without crossings, with eyes behind its lids and a mouth behind its lips."""
    before = person.vertices
    apart = unfolder.unfolded(goal)
    after, pair = eyes_after(model, before, apart.vertices, eyes)
    apart = unfolder.unfolded(after, apart)
    opening, cover = opening_of(model, before, apart.vertices), Cover(model, before, apart.vertices)
    after = with_sealed_lips(model, bag_behind(model, before, apart.vertices, opening, cover), before)
    return ShapedHead(
        after, eyes if pair is eyes else cleared(model, after, pair), opening, cover, apart.crossing)


def face_part(
    model: Template, part: Part, eyes: tuple[Eyeball, Eyeball], head: ShapedHead
) -> Float[np.ndarray, "m 3"]:
    """Returns the vertices of one of the parts that are INNER, on the finished head. eyes: before."""
    points = part.mesh.vertices
    if part.name == "Head":
        return base.closed(model, head.vertices, part_mesh(head.vertices, model.layout)).vertices
    if part.name == "Teeth":
        return head.cover.kept_behind(points, head.opening.apply(points))
    number = 0 if part.name == "EyeRight" else 1
    old, new = eyes[number], head.eyes[number]
    return new.centre + new.radius / old.radius * (points - old.centre)


def _outlined(
    model: Template, figure: Figure, parts: list[Float[np.ndarray, "_ 3"]], skin: Float[np.ndarray, "n 3"], form: Form,
    strength: float, hair_shape: float,
) -> list[Float[np.ndarray, "_ 3"]]:
    """Hair, headwear and shoulders go part of the way to the style's outline."""
    if strength == 0:
        return parts
    outline = form.head.outline
    out = crowned(figure, parts, skin, outline, hair_shape * strength)
    chin = float(model.landmarks(skin)[indices.CHIN, 1])
    for i, part in enumerate(figure.parts):
        if part.name == "Bust":
            out[i] = with_shoulders(parts[i], skin, chin, outline, strength)
    return out


def crowned(
    figure: Figure, parts: Sequence[Float[np.ndarray, "_ 3"]], skin: Float[np.ndarray, "n 3"], outline: Outline,
    share: float,
) -> list[Float[np.ndarray, "_ 3"]]:
    """Returns the parts with hair and headwear grown a share of the way to the style's outline."""
    grown = [i for i, part in enumerate(figure.parts) if part.name.startswith(("Hair", "Headwear"))]
    out = list(parts)
    if grown:
        whole = np.concatenate([parts[i] for i in grown])
        for i in grown:
            out[i] = with_crown(parts[i], whole, skin, outline, share)
    return out


def standing(figure: Figure, parts: list[Float[np.ndarray, "_ 3"]]) -> tuple[Float[np.ndarray, "_ 3"], ...]:
    """Returns the moved parts, the bust on a socle that is only shifted."""
    return tuple(
        steadied(part.mesh.vertices, moved, part.plinth) if part.name == "Bust" else moved
        for part, moved in zip(figure.parts, parts, strict=True))


def follower_of(
    model: Template, figure: Figure, before: Float[np.ndarray, "n 3"], after: list[Float[np.ndarray, "n 3"]]
) -> Follower:
    """The warps of space that the skin's moves make, three columns each; the shoulders move together."""
    skin = np.flatnonzero(np.isin(model.labels, (FACE, SKULL, EAR, NECK)))
    chosen = skin[spread(before[skin], CONTROL_MM)]
    moves = np.concatenate([vertices - before for vertices in after], 1)
    centres, own = [before[chosen]], [moves[chosen]]
    for part in figure.parts:
        if part.name != "Bust":
            continue
        low = part.mesh.vertices[part.mesh.vertices[:, 1] < BUST_BELOW_MM]
        if len(low):
            low = low[spread(low, BUST_MM)]
            ring = np.abs(before[:, 1] - before[:, 1].min()) < 15
            centres.append(low)
            own.append(np.tile(moves[ring].mean(0) * np.tile([0, 1, 1], len(after)), (len(low), 1)))
    spline = fit_spline(np.concatenate(centres), np.concatenate(own))
    return Follower(spline, before[skin], moves[skin] - spline.displacements(before[skin]))


def shaped(
    model: Template, figure: Figure, form: Form, strength: float = ShapeConfig.strength,
    caricature: float = ShapeConfig.caricature, hair_shape: float = ShapeConfig.hair_shape,
) -> Figure:
    """Returns the figure with the style's form, its expressions carried along."""
    shape = shape_of(model, figure, form, strength, caricature, hair_shape)
    notes = (CROSSING.format(shape.crossing),) if shape.crossing else ()
    whole = with_shape(model, figure, shape)
    return replace(whole, warnings=(*whole.warnings, *notes))


def with_shape(model: Template, figure: Figure, shape: Shape) -> Figure:
    """Returns the figure with other vertices, pivots and morph targets that belong to them."""
    before = person_head(model, figure).vertices
    pivots = {"EyeRight": shape.eyes[0].centre, "EyeLeft": shape.eyes[1].centre}
    parts: list[Part] = []
    for part, vertices in zip(figure.parts, shape.parts, strict=True):
        targets = part.targets
        if part.name == "Head":
            targets = carried(model, part.targets, before, shape.vertices)
        elif part.name == "Teeth":
            targets = teeth_targets(part, vertices)
        elif part.targets:
            targets = followed(parts[0], vertices)
        pivot = pivots.get(part.name, part.pivot + vertices.mean(0) - part.mesh.vertices.mean(0))
        parts.append(replace(part, mesh=replace(part.mesh, vertices=vertices), pivot=pivot, targets=targets))
    return replace(figure, parts=tuple(parts), landmarks_xyz=model.landmarks(shape.vertices))
