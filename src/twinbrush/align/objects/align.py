"""An object and a style picture brought together: from which side, how it is deformed, and the style's canvas.

The reference view is the front, unless the object's silhouette from another side is clearly more like the style's. The
canvas is the style in the pixel frame of that view: where the deformed object (strength 1) lies, the style's lies too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, Int
from scipy import ndimage

from twinbrush.align.clean import flat_border
from twinbrush.align.objects.deform import Deformation, fit_deformation
from twinbrush.align.objects.matches import Matches
from twinbrush.align.objects.matching import best_view
from twinbrush.base.camera import Camera, project, unproject
from twinbrush.base.errors import BadMesh
from twinbrush.base.mesh import Mesh
from twinbrush.base.rasterize import rasterize
from twinbrush.config import ObjectConfig
from twinbrush.views.render import render_mesh_views
from twinbrush.views.rig import around
from twinbrush.views.values import ViewSet

SIDES = (0, 45, -45, 90, -90, 135, -135, 180)  # degrees: where the style's view is looked for, the front first
SIDE_SIZE, MATCH_SIZE = 160, 512  # pixels
CLEARLY = 0.88  # of the front's cost: another side is taken only when it is that much more like the style
DISTANCE = 4.0  # of the cameras, in diagonals of the object
OPENED = 2  # pixels of the style's object's rim that are not used: the background shines through there
COVER = 1.06  # a style without a like object is laid over the whole view, and a little more


@dataclass(frozen=True)
class StyleObject:
    """The style picture (h, w, 3), the mask of the object in it, which pixels of it may lend paint, what to say,
    whether the user gave the mask (then nothing else is painted with), and where it shows eyes, nose or mouth of a
    face: they belong on nothing else."""

    image: Float[np.ndarray, "h w 3"]
    mask: Bool[np.ndarray, "h w"]
    paint: Bool[np.ndarray, "h w"]
    warnings: tuple[str, ...] = ()
    own_mask: bool = False
    features: Bool[np.ndarray, "h w"] | None = None


@dataclass(frozen=True)
class ObjectAlignment:
    """azimuth_degrees: of the reference view. target_xyz (v, 3): every vertex at strength 1. source_xyz, goal_xyz (k,
    3): matched points of the surface and where they are to go. like: the style shows an object like ours: its
    proportions are taken, and its place guides the paint; if not, the whole picture lends its brushwork.
    style_to_match (2, 3): style pixels -> pixels of the camera of `match_camera`."""

    azimuth_degrees: float
    match_camera: Camera
    matches: Matches
    deformation: Deformation
    target_xyz: Float[np.ndarray, "v 3"]
    source_xyz: Float[np.ndarray, "k 3"]
    goal_xyz: Float[np.ndarray, "k 3"]
    like: bool
    style_to_match: Float[np.ndarray, "2 3"]
    metrics: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def reference_azimuth(mesh: Mesh, style: StyleObject, config: ObjectConfig) -> tuple[float, float]:
    """Degrees of the side from which the object is most like the style's, and how unlike they are (0 to 0.45)."""
    masks = [_mask(mesh, degrees) for degrees in SIDES]
    best = best_view(np.stack(masks), style.mask, config)
    front = float(best.costs[0].min())
    if best.alike and best.cost < CLEARLY * front:
        return float(SIDES[best.index]), best.cost
    return 0.0, front


def _mask(mesh: Mesh, degrees: float) -> Bool[np.ndarray, "h w"]:
    camera = view_from(mesh.vertices, degrees, SIDE_SIZE)
    pixels, depth = project(camera, mesh.vertices)
    return rasterize(pixels, depth, mesh.faces, SIDE_SIZE, SIDE_SIZE).face_index >= 0


def view_from(vertices: Float[np.ndarray, "v 3"], degrees: float, size: int) -> Camera:
    """One camera at eye level that sees all of `vertices`."""
    distance = DISTANCE * float(np.linalg.norm(np.ptp(vertices, axis=0)))
    return around(vertices, np.radians([degrees]), np.zeros(1), size=size, distance_mm=distance)[0]


def align_object(
    mesh: Mesh,
    style: StyleObject,
    config: ObjectConfig,
    match: Callable[[ViewSet], Matches],
    *,
    azimuth_degrees: float | None = None,
) -> ObjectAlignment:
    """Matches in the reference view, lifted to the surface, and the deformation they ask for.

    match: who finds them in that view (objects.py). azimuth_degrees: the reference view, None: found.
    Raises BadMask for a style mask without an object, BadMesh for a mesh of which the view shows nothing.
    """
    found, unlike = reference_azimuth(mesh, style, config)
    azimuth = found if azimuth_degrees is None else azimuth_degrees
    camera = view_from(mesh.vertices, azimuth, MATCH_SIZE)
    if not _mask(mesh, azimuth).any():
        raise BadMesh(
            "The mesh shows no surface from its front: it is flat and seen from its edge.",
            "Say where its front is: --forward x, for instance.",
        )
    views = render_mesh_views(mesh, np.zeros((0, 3)), (camera,))
    matches = match(views)
    like = matches.source != "ellipse"
    source, goal = _lifted(views, matches)
    if not like:
        goal = source.copy()
    deformation = fit_deformation(mesh.vertices, source, goal, matches.confidence, camera)
    target = deformation.apply(mesh.vertices) if like else mesh.vertices.copy()
    away = np.linalg.norm(matches.content_xy - matches.target_xy, axis=1)
    return ObjectAlignment(
        azimuth_degrees=azimuth,
        match_camera=camera,
        matches=matches,
        deformation=deformation,
        target_xyz=target,
        source_xyz=source,
        goal_xyz=goal,
        like=like,
        style_to_match=matches.style_to_content if like else _covering(views, style),
        metrics={
            "matches": float(len(matches)),
            "silhouette_unlikeness": unlike,
            "match_distance_before": float(away.mean()) / MATCH_SIZE,
            "match_distance_after": _left_over(camera, deformation, source, matches) if like else 0.0,
            "reference_azimuth": azimuth,
        },
        warnings=(*style.warnings, *matches.warnings),
    )


def _lifted(views: ViewSet, matches: Matches) -> tuple[Float[np.ndarray, "k 3"], Float[np.ndarray, "k 3"]]:
    """Matched pixels as points of the surface (outlines: the nearest pixel on it), and their goals at that depth."""
    camera, covered = views.cameras[0], views.coverage[0]
    rows, columns = _nearest_covered(covered)
    x, y = (np.clip(np.round(matches.content_xy[:, k]).astype(int), 0, camera.width - 1) for k in range(2))
    depth = views.depth[0][rows[y, x], columns[y, x]].astype(np.float64)
    return unproject(camera, matches.content_xy, depth), unproject(camera, matches.target_xy, depth)


def _nearest_covered(covered: Bool[np.ndarray, "h w"]) -> tuple[Int[np.ndarray, "h w"], Int[np.ndarray, "h w"]]:
    nearest = np.asarray(ndimage.distance_transform_edt(~covered, return_distances=False, return_indices=True))
    return nearest[0], nearest[1]


def _left_over(
    camera: Camera, deformation: Deformation, source: Float[np.ndarray, "k 3"], matches: Matches
) -> float:
    """Mean distance of the matches from their goals at strength 1, in widths of the view."""
    moved = project(camera, deformation.apply(source))[0]
    return float(np.linalg.norm(moved - matches.target_xy, axis=1).mean()) / camera.width


def _covering(views: ViewSet, style: StyleObject) -> Float[np.ndarray, "2 3"]:
    """The similarity that lays the style's picture (or the part the user cut out) over the object, centre on centre."""
    low, high = _bounds(views.coverage[0])
    style_low, style_high = _bounds(style.mask if style.own_mask else np.ones_like(style.mask))
    scale = COVER * float(((high - low) / (style_high - style_low + 1)).max())
    shift = (low + high) / 2 - scale * (style_low + style_high) / 2
    return np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])


def _bounds(mask: Bool[np.ndarray, "h w"]) -> tuple[Float[np.ndarray, "2"], Float[np.ndarray, "2"]]:
    rows, columns = np.nonzero(mask)
    return np.array([columns.min(), rows.min()], float), np.array([columns.max(), rows.max()], float)


@dataclass(frozen=True)
class Canvas:
    """The style in a camera's pixel frame. usable: pixels that may lend paint. scale: pixels per pixel of the style."""

    image: Float32[np.ndarray, "h w 3"]
    usable: Bool[np.ndarray, "h w"]
    scale: float


def canvas_for(camera: Camera, style: StyleObject, alignment: ObjectAlignment) -> Canvas:
    """The style as it lies in the pixels of `camera`, which looks from the reference side (any framing)."""
    matrix = _between(alignment, camera) @ np.vstack([alignment.style_to_match, [0, 0, 1]])
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    size = (camera.width, camera.height)
    picture = style.image.astype(np.float32)
    if scale < 0.9:
        picture = cv2.GaussianBlur(picture, (0, 0), 0.45 * float(np.sqrt(1 / scale**2 - 1)))
    image = cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    known = style.paint if alignment.like or style.own_mask else ~flat_border(style.image)
    if not alignment.like and style.features is not None:
        known = known & ~style.features
    inside = cv2.warpAffine(known.astype(np.float32), matrix, size, flags=cv2.INTER_LINEAR) > 0.5
    usable = ndimage.binary_erosion(inside, iterations=OPENED)
    return Canvas(np.clip(image, 0, 1), np.asarray(usable if usable.any() else inside), scale)


def _between(alignment: ObjectAlignment, camera: Camera) -> Float[np.ndarray, "2 3"]:
    """Pixels of the matching camera -> pixels of another one with the same direction, in the plane of the object."""
    first = alignment.match_camera
    middle = alignment.target_xyz.mean(0)
    depth = float(project(first, middle[None])[1][0])
    last = first.width - 1.0
    corners = np.array([[0.0, 0.0], [last, 0.0], [0.0, last]])
    there = project(camera, unproject(first, corners, np.full(3, depth)))[0]
    return cv2.getAffineTransform(corners.astype(np.float32), there.astype(np.float32)).astype(np.float64)
