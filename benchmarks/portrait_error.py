"""Error of the 3D portrait on synthetic heads with known geometry.

    python benchmarks/portrait_error.py [folder]

For every head: the true surface's visible vertices, weighted by the area they cover in the picture, against their
nearest point on the portrait's mesh (vertices, edge middles, centroids: 0.4 mm apart), in mm after a similarity
alignment (7 degrees of freedom, iterated closest points) found on the FACE alone. Face: the heads' own face region
inside the landmarks' outline; neck: below the chin; rest: everything else that is visible. The comparison is the mean
face (posed and scaled by its landmarks), splined and measured in the same way. Head: the predicted
head (head prior, fitted to the outline) against ALL vertices of the true head, hidden ones too (skull's back, ears,
neck, inside of the nostrils), weighted by their area in space, after the same kind of alignment on the face; "head's
neck": those below the chin, shoulders too. Closed: the same of the portrait with its back; "closed rest": as "rest".
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from twinbrush.config import FaceConfig, PortraitConfig
from twinbrush.export.closed import close_portrait
from twinbrush.faces import indices
from twinbrush.faces.face import find_face
from twinbrush.faces.face_model import mean_face
from twinbrush.faces.values import Face
from twinbrush.image import load_image
from twinbrush.maths.filters import polygon_mask
from twinbrush.mesh import Mesh
from twinbrush.portrait.build import build_portrait
from twinbrush.portrait.face_depth import spline_depth
from twinbrush.portrait.geometry import Frame, make_frame

NECK_FACE_HEIGHTS = 0.35  # the neck is measured this far down; the bust ends below
HEADS = Path(__file__).resolve().parents[2] / "shared" / "data" / "heads"


def similarity(a: np.ndarray, b: np.ndarray, weight: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """scale, rotation, translation that bring a onto b (Umeyama 1991), weighted."""
    weight = weight / weight.sum()
    mean_a, mean_b = weight @ a, weight @ b
    u, s, vt = np.linalg.svd((weight[:, None] * (b - mean_b)).T @ (a - mean_a))
    sign = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
    rotation = u @ np.diag(sign) @ vt
    scale = float((s * sign).sum() / (weight @ ((a - mean_a) ** 2).sum(1)))
    return scale, rotation, mean_b - scale * rotation @ mean_a


def align(surface: np.ndarray, truth: np.ndarray, start: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The surface's points brought onto the truth; `start`: first guess of truth's partners."""
    scale, rotation, shift = similarity(start, truth, weight)
    for _ in range(20):
        _, nearest = cKDTree(scale * surface @ rotation.T + shift).query(truth)
        scale, rotation, shift = similarity(surface[nearest], truth, weight)
    return np.concatenate([scale * rotation, shift[:, None]], axis=1)


def dense_points(mesh: Mesh) -> np.ndarray:
    """Vertices, edge middles and centroids."""
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    return np.concatenate([mesh.vertices, (a + b) / 2, (b + c) / 2, (c + a) / 2, (a + b + c) / 3])


def vertex_areas(vertices: np.ndarray, faces: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """Area each visible vertex stands for (in the unit of `vertices` squared)."""
    faces = faces[visible[faces].all(1)]
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 6
    return np.bincount(faces.ravel(), np.repeat(area, 3), minlength=len(vertices))


def divided(mesh: Mesh, times: int) -> Mesh:
    """Every triangle in four, again and again."""
    for _ in range(times):
        edges = np.sort(np.concatenate([mesh.faces[:, [0, 1]], mesh.faces[:, [1, 2]], mesh.faces[:, [2, 0]]]), axis=1)
        unique, number = np.unique(edges, axis=0, return_inverse=True)
        middle = number.reshape(3, -1) + len(mesh.vertices)
        vertices = np.concatenate([mesh.vertices, mesh.vertices[unique].mean(1)])
        (a, b, c), (ab, bc, ca) = mesh.faces.T, middle
        parts = ([a, ab, ca], [ab, b, bc], [ca, bc, c], [ab, bc, ca])
        mesh = Mesh(vertices, np.concatenate([np.stack(part, 1) for part in parts]))
    return mesh


def mean_face_points(face: Face, frame: Frame, inside: np.ndarray) -> np.ndarray:
    """The posed mean face's surface at the pixels inside the face's outline."""
    scale, rotation, shift = similarity(mean_face(), frame.landmarks_xyz, np.ones(468))
    posed = Frame(frame.camera, frame.distance_mm, frame.pixels_per_mm, scale * mean_face() @ rotation.T + shift)
    depth = spline_depth(posed, face.landmarks[:, :2], inside.shape)
    ys, xs = np.nonzero(inside & np.isfinite(depth))
    return frame.lift(np.stack([xs, ys], 1).astype(float), depth[ys, xs])


def measure(path: Path) -> dict[str, float]:
    """All errors of one head, mm."""
    image = load_image(path.with_suffix(".png")).pixels
    truth = np.load(path)
    face = find_face(image, FaceConfig(), where=path.stem)
    started = time.process_time()
    portrait = build_portrait(image, face, PortraitConfig())
    cost = time.process_time() - started
    vertices = truth["vertices_mm"].astype(float) * [1, -1, 1]
    pixels = truth["pixels_xy"].astype(float)
    visible = truth["visible"]
    flat = np.column_stack([pixels, np.zeros(len(pixels))])
    area = vertex_areas(flat, truth["faces"], visible)
    inside = polygon_mask(image.shape[:2], face.landmarks[list(indices.OVAL), :2])
    at = np.clip(np.round(pixels).astype(int), 0, [image.shape[1] - 1, image.shape[0] - 1])
    in_outline = inside[at[:, 1], at[:, 0]]
    on_face = visible & truth["face_region"] & in_outline & (area > 0)
    below = pixels[:, 1] > face.landmarks[indices.CHIN, 1]
    near = pixels[:, 1] < face.landmarks[indices.CHIN, 1] + NECK_FACE_HEIGHTS * face.height_px
    groups = {"face": on_face, "rest": visible & ~in_outline & ~below & (area > 0),
              "neck": visible & ~in_outline & below & near & (area > 0)}
    frame = make_frame(face, image.shape[1], image.shape[0])
    start = spline_depth(frame, face.landmarks[:, :2], image.shape[:2])[at[on_face, 1], at[on_face, 0]]
    guess = frame.lift(pixels[on_face], start)
    result = {"cpu": cost}
    surface = dense_points(portrait.mesh)
    for name, points in (("", surface), ("mean ", mean_face_points(face, frame, inside))):
        matrix = align(points, vertices[on_face], guess, area[on_face])
        tree = cKDTree(points @ matrix[:, :3].T + matrix[:, 3])
        for group, members in groups.items():
            if name and group != "face":
                continue
            distance, _ = tree.query(vertices[members])
            result[name + group] = float(np.average(distance, weights=area[members]))
            result[name + group + " median"] = float(np.median(distance))
    head = portrait.head
    assert head is not None
    whole = dense_points(divided(Mesh(head.vertices, head.faces), 2))
    matrix = align(whole, vertices[on_face], guess, area[on_face])
    distance, _ = cKDTree(whole @ matrix[:, :3].T + matrix[:, 3]).query(vertices)
    everywhere = vertex_areas(vertices, truth["faces"], np.ones(len(vertices), bool))
    closed = dense_points(close_portrait(portrait.mesh, head=portrait.head)[0])
    matrix = align(closed, vertices[on_face], guess, area[on_face])
    to_closed, _ = cKDTree(closed @ matrix[:, :3].T + matrix[:, 3]).query(vertices)
    rest = groups["rest"]
    result["closed rest"] = float(np.average(to_closed[rest], weights=area[rest]))
    groups = {"head": ~below, "head's neck": below}
    for name, members in groups.items():
        result[name] = float(np.average(distance[members], weights=everywhere[members]))
        result["closed " + name] = float(np.average(to_closed[members], weights=everywhere[members]))
    result["closed"] = float(np.average(to_closed, weights=everywhere))
    result["closed face"] = float(np.average(to_closed[on_face], weights=area[on_face]))
    return result


def main() -> None:
    """Print the table."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HEADS
    columns = ("face", "face median", "mean face", "mean face median", "rest", "rest median", "neck", "neck median",
               "head", "head's neck", "closed face", "closed rest", "closed head", "closed head's neck", "closed",
               "cpu")
    print(f"{'head':24}" + "".join(f"{c:>19}" for c in columns))
    rows = []
    for path in sorted(folder.glob("*.npz")):
        row = measure(path)
        rows.append([row[c] for c in columns])
        print(f"{path.stem:24}" + "".join(f"{v:19.2f}" for v in rows[-1]), flush=True)
    print(f"{'mean':24}" + "".join(f"{v:19.2f}" for v in np.mean(rows, axis=0)))


if __name__ == "__main__":
    main()
