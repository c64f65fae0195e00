"""Photo + face -> 3D portrait: segmentation, crop, relief, mesh."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from twinbrush.config import PortraitConfig
from twinbrush.faces import indices
from twinbrush.faces.values import Face
from twinbrush.maths.filters import push_colours
from twinbrush.mesh import Mesh
from twinbrush.portrait.border import outline
from twinbrush.portrait.crop import Crop, cut_crop, moved_face, resized
from twinbrush.portrait.dome import with_dome
from twinbrush.portrait.face_prior import informed
from twinbrush.portrait.geometry import Frame, make_frame
from twinbrush.portrait.head_outline import fitted_to_outline
from twinbrush.portrait.head_prior import predict_head
from twinbrush.portrait.lattice import Lattice, cut_lattice, graded_axis, sample
from twinbrush.portrait.relief import relief_depth
from twinbrush.portrait.values import HeadShape, Portrait
from twinbrush.progress import Progress, Step, ignore
from twinbrush.regions.engine import find_regions

WORK_SIZE = 576  # the relief is computed on this many pixels a side: about 0.65 mm each
FACE_DENSITY = 1.7  # the mesh is this much denser over the face
STAGE = "portrait"


def build_portrait(
    image: Float[np.ndarray, "h w 3"], face: Face, config: PortraitConfig, *,
    mask: Float[np.ndarray, "h w"] | None = None, labels: UInt8[np.ndarray, "h w"] | None = None,
    others: tuple[Face, ...] = (), progress: Progress = ignore,
) -> Portrait:
    """Build the relief of the person whose `face` was found in `image` (RGB 0..1).

    mask: the user's own matte (1 = person); labels: the user's own regions (`regions.Label`). others: other people's
    faces in it, to be left out. Raises BadMask.
    """
    progress(Step(STAGE, 0, 3, "regions"))
    segmentation = find_regions(image, face, mask=mask, given=labels, others=others)
    rows = len(image)
    image, segmentation, face = with_dome(image, segmentation, face)
    crop = cut_crop(image, segmentation, face)
    progress(Step(STAGE, 1, 3, "relief"))
    work = resized(crop, WORK_SIZE)
    frame = make_frame(work.face, WORK_SIZE, WORK_SIZE)
    head = predict_head(frame)
    if len(image) == rows:  # the outline of a head that was completed tells nothing
        head = fitted_to_outline(head, frame, work)
    frame, doubts = informed(frame, work.face.landmarks[:, :2], head)
    level_mm = outline(work, frame)
    depth = relief_depth(work, frame, work.matte > 0.5, head)
    progress(Step(STAGE, 2, 3, "mesh"))
    portrait = _assemble(crop, work, frame, level_mm, depth, config, head, (*segmentation.warnings, *doubts))
    progress(Step(STAGE, 3, 3, f"{len(portrait.mesh.faces)} triangles"))
    return portrait


def _assemble(
    crop: Crop, work: Crop, frame: Frame, level_mm: Float[np.ndarray, "s s"], depth: Float[np.ndarray, "s s"],
    config: PortraitConfig, head: HeadShape, warnings: tuple[str, ...],
) -> Portrait:
    size = crop.image.shape[0]
    lattice = _face_lattice(work, level_mm * frame.pixels_per_mm, config)
    vertices = frame.lift(lattice.points_xy, _depths(lattice, depth))
    uv = (lattice.points_xy + 0.5) / WORK_SIZE
    uv[:, 1] = 1 - uv[:, 1]
    scale = size / WORK_SIZE
    camera = make_frame(moved_face(work.face, scale, np.full(2, (scale - 1) / 2)), size, size).camera
    pixel = np.clip(np.round((lattice.points_xy + 0.5) * scale - 0.5).astype(int), 0, size - 1)
    painted = crop.regions if crop.painted is None else crop.painted
    regions = painted[pixel[:, 1], pixel[:, 0]]
    texture = _defringed(crop)
    mesh = Mesh(vertices, lattice.faces, uv, texture, regions)
    matte = crop.matte * crop.inside
    landmarks = _landmarks_on(work, frame, depth)
    return Portrait(mesh, landmarks, camera, texture, matte, painted, crop.face, warnings, head)


def _face_lattice(work: Crop, level_px: Float[np.ndarray, "s s"], config: PortraitConfig) -> Lattice:
    oval = work.face.landmarks[list(indices.OVAL), :2]
    low, high = oval.min(0), oval.max(0)
    xs = graded_axis(WORK_SIZE, config.grid, (float(low[0]), float(high[0])), FACE_DENSITY)
    ys = graded_axis(WORK_SIZE, config.grid, (float(low[1]), float(high[1])), FACE_DENSITY)
    return cut_lattice(level_px, xs, ys)


def _depths(lattice: Lattice, depth: Float[np.ndarray, "s s"]) -> Float[np.ndarray, "v"]:
    """Depth at the vertices; along the border smoothed over neighbours, where it is steep."""
    z = sample(depth, lattice.points_xy)
    edges = np.concatenate([lattice.faces[:, [0, 1]], lattice.faces[:, [1, 2]], lattice.faces[:, [2, 0]]])
    along = edges[lattice.border[edges[:, 0]] & lattice.border[edges[:, 1]]]
    border = lattice.border
    for _ in range(12):
        total, count = np.zeros(len(z)), np.zeros(len(z))
        for a, b in ((0, 1), (1, 0)):
            np.add.at(total, along[:, a], z[along[:, b]])
            np.add.at(count, along[:, a], 1)
        mean = total / np.maximum(count, 1)
        z = np.where(border & (count > 0), 0.5 * z + 0.5 * mean, z)
    return z


def _landmarks_on(work: Crop, frame: Frame, depth: Float[np.ndarray, "s s"]) -> Float[np.ndarray, "468 3"]:
    """Landmarks on the surface; those the surface hides keep their own place."""
    points = work.face.landmarks[:, :2]
    z = sample(depth, points)
    own = frame.landmarks_xyz[:, 2]
    return frame.lift(points, np.where(np.abs(z - own) < 12, z, own))


def _defringed(crop: Crop) -> Float[np.ndarray, "s s 3"]:
    """The crop with the person's own colours pushed out over the border and beyond: no background fringe."""
    size = crop.image.shape[0]
    solid: Bool[np.ndarray, "s s"] = (crop.matte > 0.95) & crop.inside
    radius = max(1, round(size / 500))
    core = cv2.erode(solid.astype(np.uint8), np.ones((2 * radius + 1,) * 2, np.uint8)).astype(np.float32)
    return np.clip(push_colours(crop.image, core), 0, 1).astype(np.float32)
