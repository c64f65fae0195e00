"""Heads from other tools as portraits: which way a mesh looks, its landmarks lifted to the surface, its regions.

The mesh is turned about and rendered; the face detector and the landmark network (faces/) judge the pictures. The
clearest face is turned to the front by its own pose, seen again from there, and once more with the portrait's camera.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, UInt8
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

from twinbrush.base.camera import INTERPUPILLARY_MM, Camera, look_at_origin, project
from twinbrush.base.errors import FaceNotFound, FaceUnusable
from twinbrush.base.mesh import Mesh, Region
from twinbrush.base.progress import Progress, Step, ignore
from twinbrush.base.rasterize import Raster, interpolate, rasterize
from twinbrush.base.shade import shade
from twinbrush.config import FaceConfig, PortraitConfig
from twinbrush.faces import detect as detector
from twinbrush.faces.face import find_face_with_warnings, make_face
from twinbrush.faces.landmarks import fit_landmarks, halvings, roi_from_eyes
from twinbrush.faces.pose import shape_residual
from twinbrush.faces.values import Face
from twinbrush.meshes.orient import WORLD_DIAGONAL_MM
from twinbrush.meshes.regions import CHIN, continued_regions, placed_regions
from twinbrush.meshes.values import SourceModel
from twinbrush.regions.engine import find_regions
from twinbrush.sculpt.portrait.geometry import CAMERA_DISTANCE_IPD, eye_centres, make_frame
from twinbrush.sculpt.portrait.values import Portrait

_SIZE, _FINAL_SIZE = 384, 1024
_DISTANCE_MM = 3.0 * WORLD_DIAGONAL_MM
_AZIMUTHS = range(0, 360, 45)
# A face counts when the landmark network is sure of it from more than one place and it has a face's shape.
_MIN_FLAG, _MAX_SPREAD, _MAX_RESIDUAL = 0.8, 0.10, 0.11
_SURE = 0.8  # detector's score times the network's: below it the mesh is looked at from above and below, too
_SIDE_FACE_HEIGHTS = (2.2, 3.0)  # of the portrait's picture, least and most
_ON_SURFACE_MM = 12.0  # a landmark farther from where the others say it is has been lifted to another surface
_NEAR_PX = 2.5  # from the silhouette
_CLAY_SHADE = 0.55  # of the light and shade on clay that is painted: all of it would be dark patches on skin


@dataclass(frozen=True)
class FoundFront:
    """portrait: its mesh has the model's vertices, faces and uv, in the portrait's frame (base/camera.py); to_portrait
    (4, 4): model world -> that frame (a similarity); warnings: what the user should know."""

    portrait: Portrait
    to_portrait: Float[np.ndarray, "4 4"]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _View:
    """One look at the mesh: turn (3, 3) is world -> viewer (x right, y up, z toward the viewer)."""

    turn: Float[np.ndarray, "3 3"]
    vertices: Float[np.ndarray, "v 3"]
    camera: Camera
    image: Float[np.ndarray, "h w 3"]


def find_portrait(
    model: SourceModel, config: PortraitConfig, *, any_up: bool = True, progress: Progress = ignore
) -> FoundFront | None:
    """The mesh as a portrait, or None when it has no face. any_up: try all ways up, not only y.

    Raises ModelFileError when the networks are not there.
    """
    found = _best_view(model, any_up, progress)
    if found is None:
        return None
    view, face = found
    for _ in range(2):
        turned = _look(model, face.rotation.T @ view.turn)
        again = _face_in(turned.image)
        if again is None:
            break
        view, face = turned, again
    to_portrait = _portrait_frame(model, view, face)
    return _portrait(model, to_portrait, config, progress)


def _best_view(model: SourceModel, any_up: bool, progress: Progress) -> tuple[_View, Face] | None:
    """The clearest face over all directions; any_up: in each of the picture's four turns, from above and below, too.

    Six directions along the axes by four turns are all 24 ways a mesh can be placed; the others lie between them."""
    best: tuple[_View, Face] | None = None
    turns = [_direction(azimuth, 0) for azimuth in _AZIMUTHS]
    turns += [_direction(azimuth, tilt) for azimuth in (-30, 30) for tilt in (-15, 15)]
    others = [_direction(azimuth, tilt) for tilt in (-45, 45) for azimuth in _AZIMUTHS] if any_up else []
    others += [_direction(0, tilt) for tilt in (-90, 90)] if any_up else []
    for number, turn in enumerate([*turns, *others]):
        progress(Step("front", number, len(turns) + len(others)))
        if number == len(turns) and best is not None and best[1].score > _SURE:
            break
        view = _look(model, turn, quick=True)
        for quarters in range(4 if any_up else 1):
            face = _face_in(np.ascontiguousarray(np.rot90(view.image, quarters)))
            if face is not None and (best is None or _merit(face) > _merit(best[1])):
                rolled = Rotation.from_euler("z", 90 * quarters, degrees=True).as_matrix() @ turn
                best = view if quarters == 0 else _look(model, rolled, quick=True), face
    return best


def _direction(azimuth_degrees: float, tilt_degrees: float) -> Float[np.ndarray, "3 3"]:
    """The turn of the mesh that shows this side of it: about y, then toward (or away from) the viewer."""
    return Rotation.from_euler("yx", (-azimuth_degrees, tilt_degrees), degrees=True).as_matrix()


def _merit(face: Face) -> float:
    """Sure, upright and seen from the front."""
    return face.score * float(np.cos(face.yaw_radians)) * float(np.cos(face.roll_radians / 2))


def _look(model: SourceModel, turn: Float[np.ndarray, "3 3"], *, quick: bool = False) -> _View:
    """The whole mesh, turned, seen from the front."""
    vertices = model.mesh.vertices @ turn.T
    focal = 0.47 * _SIZE * _DISTANCE_MM / (0.5 * WORLD_DIAGONAL_MM)
    camera = look_at_origin(0.0, 0.0, _DISTANCE_MM, focal, _SIZE, _SIZE)
    return _View(turn, vertices, camera, _picture(model, vertices, camera, 1 if quick else 2))


def _picture(
    model: SourceModel, vertices: Float[np.ndarray, "v 3"], camera: Camera, samples: int
) -> Float[np.ndarray, "h w 3"]:
    """Its own colours, or clay under the photographer's lights."""
    mode = "textured" if model.coloured else "clay"
    return shade(model.mesh.moved(vertices), camera, mode=mode, ssaa=samples).astype(np.float32)


def _face_in(image: Float[np.ndarray, "h w 3"]) -> Face | None:
    """The surest face of a small rendering, verified by its landmarks."""
    height, width = image.shape[:2]
    levels = halvings(image)
    names = (detector.SHORT_RANGE, detector.FULL_RANGE)
    best: Face | None = None
    for candidate in detector.detect(image, [detector.whole_image(width, height)], names, detector.DOUBTFUL)[:3]:
        roi = roi_from_eyes(candidate.points_xy[0], candidate.points_xy[1], candidate.box_xyxy)
        fit = fit_landmarks(levels, roi, passes=3)
        if fit.flag < _MIN_FLAG or fit.spread > _MAX_SPREAD or shape_residual(fit.landmarks) > _MAX_RESIDUAL:
            continue
        face = make_face(fit, candidate.score * fit.flag)
        if best is None or face.score > best.score:
            best = face
    return best


def _portrait_frame(model: SourceModel, view: _View, face: Face) -> Float[np.ndarray, "4 4"]:
    """Origin between the eyes (on the surface), 63 mm between them, axes of the view."""
    raster = _raster(model.mesh, view.vertices, view.camera)
    landmarks = _landmarks(model.mesh, view.vertices, raster, face)
    left, right = eye_centres(landmarks)
    scale = INTERPUPILLARY_MM / float(np.linalg.norm(right - left))
    matrix = np.eye(4)
    matrix[:3, :3] = scale * view.turn
    matrix[:3, 3] = -scale * (left + right) / 2
    return matrix


def _raster(mesh: Mesh, vertices: Float[np.ndarray, "v 3"], camera: Camera) -> Raster:
    pixels, depth = project(camera, vertices)
    return rasterize(pixels, depth, mesh.faces, camera.width, camera.height)


def _lifted(
    mesh: Mesh, vertices: Float[np.ndarray, "v 3"], raster: Raster, points_xy: Float[np.ndarray, "n 2"]
) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "n"]]:
    """Surface points seen at pixels (between pixel centres: of the nearest one), and how many pixels away that was."""
    rows, columns = np.nonzero(raster.face_index >= 0)
    away, nearest = KDTree(np.stack([columns, rows], 1)).query(points_xy, k=3)
    surface = interpolate(raster.face_index, raster.barycentric, mesh.faces, vertices)[rows, columns]
    weight = 1 / (away + 0.05)
    weight /= weight.sum(1, keepdims=True)
    return np.einsum("nk,nkc->nc", weight, surface[nearest]), away[:, 0]


def _portrait(
    model: SourceModel, to_portrait: Float[np.ndarray, "4 4"], config: PortraitConfig, progress: Progress
) -> FoundFront | None:
    """The portrait's own picture and everything on it; None when the face is not found there after all."""
    vertices = model.mesh.vertices @ to_portrait[:3, :3].T + to_portrait[:3, 3]
    rough = _camera(vertices, 1.0, _FINAL_SIZE)
    try:
        camera = _camera(vertices, _extent(vertices, rough), _FINAL_SIZE)
        image = _picture(model, vertices, camera, 2)
        limits = replace(config, min_face_px=40.0)
        found = find_face_with_warnings(image, FaceConfig(face=0), where=model.path.name, portrait=limits)
    except (FaceNotFound, FaceUnusable):
        return None
    progress(Step("front", 1, 2, "regions"))
    face = found.face
    raster = _raster(model.mesh, vertices, camera)
    covered = raster.face_index >= 0
    landmarks = _landmarks(model.mesh, vertices, raster, face)
    parts = find_regions(image, face, mask=covered.astype(np.float32))
    if model.coloured:
        regions = np.where(covered, np.where(parts.regions == Region.BACKGROUND, Region.CLOTH, parts.regions), 0)
        regions = regions.astype(np.uint8)
        seen, on_vertices = _vertex_regions(vertices, camera, raster, regions)
        on_vertices = continued_regions(model, on_vertices, seen, vertices[:, 1] < landmarks[CHIN, 1])
    else:
        surface = interpolate(raster.face_index, raster.barycentric, model.mesh.faces, vertices)
        regions = np.zeros(covered.shape, np.uint8)
        lowest = float(vertices[:, 1].min())
        regions[covered] = placed_regions(surface[covered], landmarks, lowest)
        on_vertices = placed_regions(vertices, landmarks, lowest)
    mesh = replace(model.mesh, vertices=vertices, regions=on_vertices)
    if not model.coloured and mesh.texture is not None:
        mesh = mesh.painted(_CLAY_SHADE * mesh.texture + (1 - _CLAY_SHADE) * mesh.texture.mean((0, 1)))
    warnings = tuple(dict.fromkeys((*found.warnings, *parts.warnings)))
    if not model.coloured:
        warnings += (f"{model.path.name}: without colours, hair, skin and cloth are told apart by place only.",)
    portrait = Portrait(mesh, landmarks, camera, image, covered.astype(np.float64), regions, face, warnings)
    return FoundFront(portrait, to_portrait, warnings)


def _camera(vertices: Float[np.ndarray, "v 3"], half_extent: float, size: int) -> Camera:
    """The portrait's camera (sculpt/portrait/geometry.py): on the axis through the eyes' middle; half_extent: of the
    picture, at the eyes' depth, mm. The eyes stand a little above the middle."""
    distance = CAMERA_DISTANCE_IPD * INTERPUPILLARY_MM
    focal = size / (2 * half_extent) * distance
    intrinsics = np.array([[focal, 0, (size - 1) / 2], [0, focal, (size - 1) * 0.46], [0, 0, 1.0]])
    pose = np.concatenate([np.diag([1.0, -1.0, -1.0]), np.array([[0.0], [0.0], [distance]])], axis=1)
    return Camera(intrinsics, pose, size, size)


def _extent(vertices: Float[np.ndarray, "v 3"], unit: Camera) -> float:
    """Half the side of the picture, mm: all of the mesh, within limits in heights of a face (about 1.95 x the eyes)."""
    face_height = 1.95 * INTERPUPILLARY_MM
    pixels, depth = project(unit, vertices)
    pixels = pixels[depth > 0]
    mm = np.abs(pixels - unit.intrinsics[:2, 2]) / unit.intrinsics[0, 0] * unit.world_to_camera[2, 3]
    reach = 1.06 * float(max(mm[:, 0].max(), mm[:, 1].max() / 1.08))
    least, most = (0.5 * heights * face_height for heights in _SIDE_FACE_HEIGHTS)
    return float(np.clip(reach, least, most))


def _landmarks(
    mesh: Mesh, vertices: Float[np.ndarray, "v 3"], raster: Raster, face: Face
) -> Float[np.ndarray, "468 3"]:
    """On the surface where it is; where it is not (open eyes and mouths, past the silhouette) where the network's own
    face, laid over all the others by a similarity, has them."""
    on, away = _lifted(mesh, vertices, raster, face.landmarks[:, :2])
    height, width = raster.face_index.shape
    own = make_frame(face, width, height).landmarks_xyz
    near = away < _NEAR_PX
    keep, fitted, scale = near, on, 1.0
    for _ in range(6):
        rotation, scale, shift = similarity(own[keep], on[keep])
        fitted = scale * own @ rotation.T + shift
        off = np.linalg.norm(fitted - on, axis=1)
        keep = near & (off <= max(2.5 * float(np.median(off[keep])), 4 * scale))
    good = near & (np.linalg.norm(fitted - on, axis=1) < _ON_SURFACE_MM * scale)
    return np.where(good[:, None], on, fitted)


def similarity(
    source: Float[np.ndarray, "n 3"], target: Float[np.ndarray, "n 3"]
) -> tuple[Float[np.ndarray, "3 3"], float, Float[np.ndarray, "3"]]:
    """rotation, scale, shift with target = scale * rotation @ source + shift, least squares (Umeyama 1991)."""
    a, b = source - source.mean(0), target - target.mean(0)
    u, values, vt = np.linalg.svd(b.T @ a)
    sign = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * sign) @ vt
    scale = float((values * sign).sum() / (a**2).sum())
    return rotation, scale, target.mean(0) - scale * rotation @ source.mean(0)


def _vertex_regions(
    vertices: Float[np.ndarray, "v 3"], camera: Camera, raster: Raster, regions: UInt8[np.ndarray, "h w"]
) -> tuple[Bool[np.ndarray, "v"], UInt8[np.ndarray, "v"]]:
    """Which vertices the picture sees, and what it shows there; hidden ones are what the nearest seen one is."""
    pixels, depth = project(camera, vertices)
    column, row = np.clip(np.round(pixels).astype(np.int64), 0, [camera.width - 1, camera.height - 1]).T
    inside = (np.abs(pixels - np.stack([column, row], 1)) <= 0.5 + 1e-9).all(1)
    seen: Bool[np.ndarray, "v"] = inside & (depth <= raster.depth[row, column] + 2.0)
    label = regions[row, column]
    seen &= label != Region.BACKGROUND
    if not seen.any():
        return seen, np.full(len(vertices), Region.SKIN, np.uint8)
    nearest = KDTree(vertices[seen]).query(vertices[~seen], workers=1)[1]
    label[~seen] = label[seen][nearest]
    return seen, label.astype(np.uint8)
