"""The paper's shape on a figure (III.D): what both views of the pair see is triangulated, everything else follows.

Unseen skin, hair and bust follow by the smoothest displacement, the eyeballs by the similarity nearest to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool, Float

from twinbrush.correspond.values import AlignedStyle
from twinbrush.mesh import Mesh
from twinbrush.paint.surface import FigureSurface
from twinbrush.reconstruct.shape import DISBELIEF_MM, SMOOTH_MM, quality, sound_displacement
from twinbrush.reconstruct.smooth import DisplacementSmoother, taubin
from twinbrush.reconstruct.solve import Sighting, solve_shape
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import Eyeball, Figure
from twinbrush.shape.eyes import cleared
from twinbrush.shape.figure import Shape, figure_eyes, template_vertices, with_shape
from twinbrush.stylize.control import ControlPoints, control_points
from twinbrush.stylize.values import Stylization
from twinbrush.views.triangulate import reprojection_error, triangulate
from twinbrush.views.values import ViewSet

INNER = ("Eye", "Teeth")  # what lies inside and is seen through openings: no data of its own


@dataclass(frozen=True)
class TriangulatedFigure:
    """figure: in the triangulated shape, its colours as before. metrics: numbers for the manifest."""

    figure: Figure
    metrics: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def triangulated_figure(
    figure: Figure, surface: FigureSurface, views: ViewSet, aligned: AlignedStyle, pair: Stylization, *, plain: bool
) -> TriangulatedFigure:
    """Returns the figure in the shape that the pair's learned warps tell of.

    views: the unwarped pair, of `surface`. plain: the paper to the letter, triangulation and Taubin smoothing; else
    each view's word counts against the landmarks' direct deformation (`reconstruct.solve`).
    """
    displacement, metrics, warnings = learned_displacement(surface, views, aligned, pair, plain=plain)
    return TriangulatedFigure(_moved(figure, surface, displacement), metrics, warnings)


def learned_displacement(
    surface: FigureSurface, views: ViewSet, aligned: AlignedStyle, pair: Stylization, *, plain: bool
) -> tuple[Float[np.ndarray, "v 3"], dict[str, float], tuple[str, ...]]:
    """Returns how far each vertex of the surface moves, mm; numbers for the manifest; warnings (see above)."""
    everywhere: Bool[np.ndarray, "v"] = np.ones(len(surface.mesh.vertices), bool)
    factor = pair.log.get("strength_factor", 1.0)
    control = control_points(surface.mesh.vertices, everywhere, views.landmarks_xyz, aligned.moved_xyz).scaled(factor)
    seen = np.logical_and.reduce(np.concatenate([views.vertex_visible, pair.warped.vertex_visible]))
    seen &= ~surface.of(*INNER)
    solve = _plain if plain else _believed
    displacement, metrics = solve(surface, views, control, pair, seen)
    first = np.unique(surface.place, return_index=True)[1]
    solid = Mesh(surface.mesh.vertices[first], surface.place[surface.mesh.faces])
    displacement, reduced, warnings = sound_displacement(solid, displacement[first])
    metrics |= {"strength_factor": factor * reduced, **quality(solid, displacement)}
    return displacement[surface.place], metrics, warnings


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


def _moved(figure: Figure, surface: FigureSurface, displacement: Float[np.ndarray, "v 3"]) -> Figure:
    """The figure with every vertex displaced, its eyeballs kept round."""
    model = template()
    ends = np.cumsum([len(part.mesh.vertices) for part in figure.parts])
    pieces = np.split(surface.mesh.vertices + displacement, ends[:-1])
    parts = {part.name: piece for part, piece in zip(figure.parts, pieces, strict=True)}
    head = template_vertices(model, parts["Head"])
    old = figure_eyes(figure)
    meshes = {part.name: part.mesh.vertices for part in figure.parts}
    right, left = (
        _carried(eye, meshes[name], parts[name]) for eye, name in zip(old, ("EyeRight", "EyeLeft"), strict=True))
    eyes = cleared(model, head, (right, left))
    for before, after, name in zip(old, eyes, ("EyeRight", "EyeLeft"), strict=True):
        parts[name] = after.centre + after.radius / before.radius * (meshes[name] - before.centre)
    return with_shape(model, figure, Shape(tuple(parts[part.name] for part in figure.parts), head, eyes))


def _carried(eye: Eyeball, before: Float[np.ndarray, "n 3"], after: Float[np.ndarray, "n 3"]) -> Eyeball:
    """The eyeball moved and grown as its vertices are on the whole."""
    spread = [float(np.sqrt(((points - points.mean(0)) ** 2).sum(1).mean())) for points in (before, after)]
    growth = spread[1] / max(spread[0], 1e-9)
    centre = after.mean(0) + growth * (eye.centre - before.mean(0))
    return replace(eye, centre=centre, radius=growth * eye.radius)
