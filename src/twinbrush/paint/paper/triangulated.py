"""The paper's shape on a figure (III.D): what both views of the pair see is triangulated, everything else follows.

Unseen skin, hair and bust follow by the smoothest displacement, the eyeballs by the similarity nearest to it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int

from twinbrush.base.mesh import Mesh
from twinbrush.paint.paper.control import ControlPoints, control_points
from twinbrush.paint.stylization import Stylization
from twinbrush.paint.surface import FigureSurface, places
from twinbrush.paint.values import PaintedPair, Triangulated
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import Figure
from twinbrush.shape.displacement import SMOOTH_MM, quality, sound_displacement
from twinbrush.shape.figure import (
    CROSSING,
    INNER,
    Shape,
    face_part,
    figure_eyes,
    head_at,
    person_head,
    standing,
    template_vertices,
    with_shape,
)
from twinbrush.shape.smooth import DisplacementSmoother, taubin
from twinbrush.shape.solve import Sighting, solve_shape
from twinbrush.shape.unfold import Unfolder, kept_apart
from twinbrush.views.triangulate import reprojection_error, triangulate
from twinbrush.views.values import ViewSet

INSIDE = ("Eye", "Teeth")  # what lies inside and is seen through openings: no data of its own
DISBELIEF_MM = 4.0  # points seen farther than this from the direct deformation count less and less


def triangulated(
    surface: FigureSurface, views: ViewSet, front: PaintedPair, strength: float, *, plain: bool
) -> Triangulated:
    """Returns the shape that the pair's learned warps tell of.

    views: the unwarped pair, of `surface`. strength: that the warps were asked for. plain: the paper to the letter,
    triangulation and Taubin smoothing; else each view's word counts against the landmarks' direct deformation
    (`reconstruct.solve`), as far as the warps were learned.
    """
    everywhere: Bool[np.ndarray, "v"] = np.ones(len(surface.mesh.vertices), bool)
    pair = front.pair
    factor, share = pair.log.get("strength_factor", 1.0), pair.log.get("learned_share", 1.0)
    moved_xyz = front.aligned.moved_xyz
    control = control_points(surface.mesh.vertices, everywhere, views.landmarks_xyz, moved_xyz).scaled(factor * share)
    seen = np.logical_and.reduce(np.concatenate([views.vertex_visible, pair.warped.vertex_visible]))
    seen &= ~surface.of(*INSIDE)
    solve = _plain if plain else _believed
    displacement, metrics = solve(surface, views, control, pair, seen)
    displacement, reduced, warnings = _sound(surface.mesh, surface.place, displacement, metrics)
    return Triangulated(displacement, strength, metrics | {"strength_factor": factor * reduced}, warnings)


def displaced_figure(figure: Figure, found: Triangulated, strength: float) -> Figure:
    """Returns the figure in the shape that was found, as far as `strength` goes: the displacement is scaled.

    figure: the unshaped one. strength: 0 to 1.5; one that `found` was learned at gives its own shape. Where that
    strength was 0 there is nothing to scale. A displacement that would turn faces over is reduced, with a warning.
    """
    shape, warnings = displaced_shapes(figure, found, (strength,))[0]
    whole = with_shape(template(), figure, shape)
    return replace(whole, warnings=(*whole.warnings, *warnings))


def displaced_shapes(
    figure: Figure, found: Triangulated, strengths: tuple[float, ...]
) -> list[tuple[Shape, tuple[str, ...]]]:
    """Returns the parts' vertices at each strength, with what is to be told of it."""
    model, whole = template(), figure.whole()
    place, person, eyes = places(whole), person_head(model, figure), figure_eyes(figure)
    unfolder = Unfolder(person.vertices, kept_apart())
    ends = np.cumsum([len(part.mesh.vertices) for part in figure.parts])
    out: list[tuple[Shape, tuple[str, ...]]] = []
    for strength in strengths:
        displacement, warnings = found.displacement, ()
        if strength != found.strength:
            ratio = strength / found.strength if found.strength else 0.0
            displacement, _, warnings = _sound(whole, place, ratio * displacement, {})
        pieces = np.split(whole.vertices + displacement, ends[:-1])
        goal = next(piece for part, piece in zip(figure.parts, pieces, strict=True) if part.name == "Head")
        head = head_at(model, person, eyes, unfolder, template_vertices(model, goal))
        parts = standing(figure, [
            face_part(model, part, eyes, head) if part.name.startswith(INNER) else piece
            for part, piece in zip(figure.parts, pieces, strict=True)])
        crossing = (CROSSING.format(head.crossing),) if head.crossing else ()
        out.append((Shape(parts, head.vertices, head.eyes, head.crossing), (*warnings, *crossing)))
    return out


def _sound(
    mesh: Mesh, place: Int[np.ndarray, "v"], displacement: Float[np.ndarray, "v 3"], metrics: dict[str, float]
) -> tuple[Float[np.ndarray, "v 3"], float, tuple[str, ...]]:
    """The displacement without folds, one for all copies of a vertex; numbers are added to `metrics`."""
    first = np.unique(place, return_index=True)[1]
    solid = Mesh(mesh.vertices[first], place[mesh.faces])
    sound, reduced, warnings = sound_displacement(solid, displacement[first])
    metrics |= quality(solid, sound)
    return sound[place], reduced, warnings


def _believed(
    surface: FigureSurface, views: ViewSet, control: ControlPoints, pair: Stylization, seen: Bool[np.ndarray, "v"]
) -> tuple[Float[np.ndarray, "v 3"], dict[str, float]]:
    """One least squares over both views (N = 2), steadied by the direct deformation."""
    rest = surface.mesh.vertices
    direct = control.deformation().apply(rest) - rest

    def sightings() -> list[Sighting]:
        return [
            Sighting(camera, pixels, seen.astype(np.float64))
            for camera, pixels in zip(views.cameras, pair.warped.vertex_pixels, strict=True)]

    solved = solve_shape(
        rest, surface.mesh.faces, sightings, smooth_length=SMOOTH_MM, prior=direct, disbelief=DISBELIEF_MM)
    return solved.displacement, {"skew_px": solved.skew_px, "seen_by_views": float(seen.mean())}


def _plain(
    surface: FigureSurface, views: ViewSet, control: ControlPoints, pair: Stylization, seen: Bool[np.ndarray, "v"]
) -> tuple[Float[np.ndarray, "v 3"], dict[str, float]]:
    """Eq. 4-5 vertex by vertex and Taubin smoothing; unseen parts are filled."""
    first = np.unique(surface.place, return_index=True)[1]
    rest, faces = surface.mesh.vertices[first], surface.place[surface.mesh.faces]
    target = control.deformation().apply(rest) - rest
    both = seen[first]
    pixels = pair.warped.vertex_pixels[:, first[both]]
    points = triangulate(views.cameras, pixels)
    skew = reprojection_error(views.cameras, pixels, points)
    target[both] = points - rest[both]
    filled = DisplacementSmoother.of(rest, faces).solve(target, both.astype(np.float64), SMOOTH_MM)
    filled[both] = target[both]
    moved = taubin(rest + filled, faces)
    numbers = {"skew_px": float(np.sqrt((skew**2).mean())), "seen_by_views": float(both.mean())}
    return (moved - rest)[surface.place], numbers
