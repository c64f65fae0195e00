"""Depth of the face between its landmarks: a thin-plate spline over the picture plane (Duchon 1977; Bookstein 1989)."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

from twinbrush.faces import indices
from twinbrush.faces.face_model import mean_face
from twinbrush.mesh import vertex_normals
from twinbrush.portrait.geometry import Frame

MIN_FACING, GRAZING = 0.02, 0.2  # cosines: flatter points are left out; flatter ones are trusted no less
SMOOTHING = 1e-4  # ridge relative to the kernel's mean size: rounds off the landmarks' noise of about 0.3 mm
HIDDEN_NEAR_MM, HIDDEN_DEEPER_MM = 3.5, 9.0  # near in the picture and so much deeper: hidden
STRIDE = 2  # the spline is evaluated on every second pixel and interpolated: it has no finer detail


def spline_depth(
    frame: Frame, landmarks_xy: Float[np.ndarray, "468 2"], shape: tuple[int, int]
) -> Float[np.ndarray, "h w"]:
    """World z (mm) of the face's surface for all pixels in the landmarks' bounding box (NaN elsewhere)."""
    points, depths, ridge = _usable_points(frame, landmarks_xy)
    x0, y0 = np.maximum(np.floor(landmarks_xy.min(0)).astype(int) - 8, 0)
    x1, y1 = np.minimum(np.ceil(landmarks_xy.max(0)).astype(int) + 8, [shape[1] - 1, shape[0] - 1])
    xs, ys = np.arange(x0, x1 + STRIDE, STRIDE), np.arange(y0, y1 + STRIDE, STRIDE)
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2).astype(np.float64)
    coarse = _thin_plate(points, depths, ridge, grid).reshape(len(ys), len(xs))
    fine_x, fine_y = np.meshgrid((np.arange(x0, x1 + 1) - x0) / STRIDE, (np.arange(y0, y1 + 1) - y0) / STRIDE)
    depth = np.full(shape, np.nan)
    depth[y0 : y1 + 1, x0 : x1 + 1] = cv2.remap(
        coarse, fine_x.astype(np.float32), fine_y.astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return depth


def hidden_landmarks(frame: Frame, landmarks_xy: Float[np.ndarray, "468 2"]) -> Bool[np.ndarray, "468"]:
    """Landmarks covered by nearer parts of the face (the far cheek behind the nose...)."""
    millimetres = landmarks_xy / frame.pixels_per_mm
    distance = np.linalg.norm(millimetres[:, None] - millimetres[None], axis=-1)
    deeper = frame.landmarks_xyz[None, :, 2] - frame.landmarks_xyz[:, None, 2]
    return ((distance < HIDDEN_NEAR_MM) & (deeper > HIDDEN_DEEPER_MM)).any(axis=1)


def _usable_points(
    frame: Frame, landmarks_xy: Float[np.ndarray, "468 2"]
) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, "n"], Float[np.ndarray, "n"]]:
    """Positions, depths and ridge factors of visible landmarks; lips that touch give one line of points instead of
    two (two serrate it)."""
    facing = _facing(frame)
    keep = ~hidden_landmarks(frame, landmarks_xy) & (facing > MIN_FACING)
    points, depths = landmarks_xy.copy(), frame.landmarks_xyz[:, 2].copy()
    near = 2.0 * frame.pixels_per_mm
    for upper, lower in zip(indices.LIPS_INNER_UPPER[1:-1], indices.LIPS_INNER_LOWER[1:-1], strict=True):
        if np.linalg.norm(points[upper] - points[lower]) < near or points[upper, 1] > points[lower, 1]:
            points[upper] = (points[upper] + points[lower]) / 2
            depths[upper] = (depths[upper] + depths[lower]) / 2
            keep[lower] = False
    return points[keep], depths[keep], 1 / np.maximum(facing[keep], GRAZING) ** 2


def _facing(frame: Frame) -> Float[np.ndarray, "468"]:
    """Cosine between the surface's normal at each landmark and the line of sight: near 0 at the face's sides, where a
    small error in the picture plane is a large one in depth."""
    from scipy.spatial import Delaunay

    faces = Delaunay(mean_face()[:, :2]).simplices.astype(np.int64)
    a, b, c = (mean_face()[faces[:, k], :2] for k in range(3))
    clockwise = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]) < 0
    faces[clockwise] = faces[clockwise][:, ::-1]
    points = frame.landmarks_xyz
    sight = np.array([0.0, 0.0, frame.distance_mm]) - points
    sight /= np.linalg.norm(sight, axis=1, keepdims=True)
    return (vertex_normals(points, faces) * sight).sum(1)


def _thin_plate(
    points: Float[np.ndarray, "n 2"], values: Float[np.ndarray, "n"], ridge: Float[np.ndarray, "n"],
    at: Float[np.ndarray, "m 2"],
) -> Float[np.ndarray, "m"]:
    centre, scale = points.mean(0), float(points.std())
    points, at = (points - centre) / scale, (at - centre) / scale
    count = len(points)
    kernel = _kernel(points, points)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = kernel + SMOOTHING * np.abs(kernel).mean() * np.diag(ridge)
    system[:count, count] = system[count, :count] = 1
    system[:count, count + 1 :] = points
    system[count + 1 :, :count] = points.T
    weights = np.linalg.solve(system, np.concatenate([values, np.zeros(3)]))
    result = np.empty(len(at))
    for start in range(0, len(at), 4096):  # blocks keep the kernel matrix in the cache
        block = at[start : start + 4096]
        result[start : start + 4096] = _kernel(block, points) @ weights[:count] + weights[count] + block @ weights[
            count + 1 :]
    return result


def _kernel(a: Float[np.ndarray, "m 2"], b: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "m n"]:
    squared = ((a**2).sum(1)[:, None] + (b**2).sum(1)[None]) - 2 * a @ b.T
    squared = np.maximum(squared, 1e-12)
    return squared * np.log(squared)
