"""A whole figure takes the style's form: head, eyes, teeth, and with them hair, beard, headwear and bust."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from twinbrush.config.sculpt import ShapeConfig
from twinbrush.faces import indices
from twinbrush.sculpt import base
from twinbrush.sculpt.assemble import part_mesh
from twinbrush.sculpt.follow import followed
from twinbrush.sculpt.values import EAR, FACE, NECK, SKULL, Eyeball, Figure, Part, Template
from twinbrush.shape.carry import carried
from twinbrush.shape.eyes import cleared, eyes_after
from twinbrush.shape.head import Form, PersonHead, shaped_head
from twinbrush.shape.mouth import Cover, bag_behind, opening_of
from twinbrush.shape.silhouette import with_crown, with_shoulders
from twinbrush.shape.unfold import kept_apart, unfolded
from twinbrush.shape.warp import Follower, fit_spline, spread

CONTROL_MM = 18.0  # between the skin's control points of the warp
BUST_MM, BUST_BELOW_MM = 45.0, -190.0  # between the bust's, and below which height they are
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
    origin = model.layout.origin
    vertices = np.empty((len(model.mean), 3))
    vertices[origin] = named(figure, "Head").mesh.vertices[: len(origin)]
    shown = np.tensordot(figure.fit.expression, model.expressions.offsets, 1)
    return PersonHead(vertices, figure.fit.vertices - model.mean - shown)


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
    person = person_head(model, figure)
    eyes = figure_eyes(figure)
    moved = shaped_head(model, person, form, strength, caricature)
    skin = kept_apart()
    moved, _ = unfolded(person.vertices, moved, skin)
    after, pair = eyes_after(model, person.vertices, moved, eyes)
    after, crossing = unfolded(person.vertices, after, skin)
    opening = opening_of(model, person.vertices, after)
    cover = Cover(model, person.vertices, after)
    after = bag_behind(model, person.vertices, after, opening, cover)
    pair = eyes if pair is eyes else cleared(model, after, pair)
    follower = follower_of(model, figure, person.vertices, after)
    parts: list[np.ndarray] = []
    for part in figure.parts:
        points = part.mesh.vertices
        if part.name == "Head":
            parts.append(base.closed(model, after, part_mesh(after, model.layout)).vertices)
        elif part.name.startswith("Eye"):
            old, new = (eyes[0], pair[0]) if part.name == "EyeRight" else (eyes[1], pair[1])
            parts.append(new.centre + new.radius / old.radius * (points - old.centre))
        elif part.name == "Teeth":
            parts.append(cover.kept_behind(points, opening.apply(points)))
        else:
            parts.append(points + follower.displacements(points))
    parts = _outlined(model, figure, parts, after, form, strength, hair_shape)
    return Shape(tuple(parts), after, pair, crossing)


def _outlined(
    model: Template, figure: Figure, parts: list[Float[np.ndarray, "_ 3"]], skin: Float[np.ndarray, "n 3"], form: Form,
    strength: float, hair_shape: float,
) -> list[Float[np.ndarray, "_ 3"]]:
    """Hair, headwear and shoulders go part of the way to the style's outline."""
    if strength == 0:
        return parts
    outline = form.head.outline
    grown = [i for i, part in enumerate(figure.parts) if part.name.startswith(("Hair", "Headwear"))]
    out = list(parts)
    if grown:
        whole = np.concatenate([parts[i] for i in grown])
        for i in grown:
            out[i] = with_crown(parts[i], whole, skin, outline, hair_shape * strength)
    chin = float(model.landmarks(skin)[indices.CHIN, 1])
    for i, part in enumerate(figure.parts):
        if part.name == "Bust":
            out[i] = with_shoulders(parts[i], skin, chin, outline, strength)
    return out


def follower_of(
    model: Template, figure: Figure, before: Float[np.ndarray, "n 3"], after: Float[np.ndarray, "n 3"]
) -> Follower:
    """The warp of space that the skin's move makes; the shoulders move together."""
    skin = np.flatnonzero(np.isin(model.labels, (FACE, SKULL, EAR, NECK)))
    chosen = skin[spread(before[skin], CONTROL_MM)]
    moves = after - before
    centres, own = [before[chosen]], [moves[chosen]]
    for part in figure.parts:
        if part.name != "Bust":
            continue
        low = part.mesh.vertices[part.mesh.vertices[:, 1] < BUST_BELOW_MM]
        if len(low):
            low = low[spread(low, BUST_MM)]
            ring = np.abs(before[:, 1] - before[:, 1].min()) < 15
            centres.append(low)
            own.append(np.tile(moves[ring].mean(0) * [0, 1, 1], (len(low), 1)))
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
            factor = np.ptp(vertices[:, 0]) / np.ptp(part.mesh.vertices[:, 0])
            targets = {name: (rows, factor * offsets) for name, (rows, offsets) in part.targets.items()}
        elif part.targets:
            targets = followed(parts[0], vertices)
        pivot = pivots.get(part.name, part.pivot + vertices.mean(0) - part.mesh.vertices.mean(0))
        parts.append(replace(part, mesh=replace(part.mesh, vertices=vertices), pivot=pivot, targets=targets))
    return replace(figure, parts=tuple(parts), landmarks_xyz=model.landmarks(shape.vertices))
