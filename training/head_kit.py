"""ICT-FaceKit (MIT licence, USC Institute for Creative Technologies) as the source of training heads.

Its files are read from a folder of the user's and are never part of Twinbrush. `load_kit` reads them, `make_template`
makes our own mesh of a whole head: the kit's outer skin with eyes and mouth closed, cut below the neck, halved,
decimated, mirrored. A template vertex is a barycentric combination of three of the kit's, so it follows every identity.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

Array = np.ndarray
SKIN_VERTICES, FACE_VERTICES, NARROW_FACE = 11248, 9409, 6706  # the kit's numbering (its README)
SCLERAS = ((21451, 22221), (23021, 23791))
EYEBALLS = ((21451, 23021), (23021, 24591))
MOUTH_INSIDE, TEETH, LASHES = (11248, 13294), (17039, 21451), (25351, 26719)
UNIT_MM, AGGRESSIVE = 100.0, 5.0  # the decimation's thresholds are absolute: it wants a head of size 2
HIDDEN = (24591, 25351)  # lacrimal fluid, eye blend and occlusion: transparent
MULTI_PIE = (
    1225, 1888, 1052, 367, 1719, 1722, 2199, 1447, 966, 3661, 4390, 3927, 3924, 2608, 3272, 4088, 3443, 268, 493, 1914,
    2044, 1401, 3615, 4240, 4114, 2734, 2509, 978, 4527, 4942, 4857, 1140, 2075, 1147, 4269, 3360, 1507, 1542, 1537,
    1528, 1518, 1511, 3742, 3751, 3756, 3721, 3725, 3732, 5708, 5695, 2081, 0, 4275, 6200, 6213, 6346, 6461, 5518, 5957,
    5841, 5702, 5711, 5533, 6216, 6207, 6470, 5517, 5966)


@dataclass(frozen=True)
class Kit:
    """neutral (26719, 3) and the offsets of 100 identities (1 sigma each) and of the expressions, mm; triangles."""

    neutral: Array
    identities: Array
    expressions: dict[str, Array]
    triangles: Array
    mirror: Array

    def head(self, identity: Array, expression: dict[str, float]) -> Array:
        """All vertices (26719, 3), mm."""
        count = len(identity)
        few = np.asarray(identity, self.identities.dtype)  # float64 would copy all of the identities
        moved = self.neutral + (few @ self.identities[:count].reshape(count, -1)).reshape(-1, 3)
        for name, weight in expression.items():
            moved = moved + weight * self.expressions[name]
        return moved


@dataclass(frozen=True)
class Template:
    """Our mesh. corners (V, 3), weights (V, 3): each vertex in the kit's vertices; faces (F, 3); mirror (V,): the
    vertex on the other side."""

    corners: Array
    weights: Array
    faces: Array
    mirror: Array

    def of(self, vertices: Array) -> Array:
        """Template vertices (V, 3) of one of the kit's heads."""
        return (vertices[self.corners] * self.weights[..., None]).sum(1)


def _read(path: Path) -> Array:
    rows = [line[2:] for line in path.read_text().split("\n") if line.startswith("v ")]
    return np.array(" ".join(rows).split(), np.float64).reshape(-1, 3) * 10  # centimetres -> mm


def load_kit(folder: Path) -> Kit:
    """Read FaceXModel's OBJ files."""
    neutral = _read(folder / "generic_neutral_mesh.obj")
    triangles: list[list[int]] = []
    for line in (folder / "generic_neutral_mesh.obj").read_text().split("\n"):
        if line.startswith("f "):
            ring = [int(part.split("/")[0]) - 1 for part in line.split()[1:]]
            triangles += [[ring[0], ring[k], ring[k + 1]] for k in range(1, len(ring) - 1)]
    identities = np.stack([_read(path) - neutral for path in sorted(folder.glob("identity*.obj"))])
    others = [path for path in sorted(folder.glob("*.obj")) if not path.stem.startswith(("identity", "generic"))]
    expressions = {path.stem: (_read(path) - neutral).astype(np.float32) for path in others}
    mirror = cKDTree(neutral).query(neutral * [-1, 1, 1])[1]
    return Kit(neutral, identities.astype(np.float32), expressions, np.array(triangles), mirror)


def boundary_loops(faces: Array) -> list[Array]:
    """Closed loops of edges that belong to one face, each a list of vertices."""
    directed = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    known = {(int(a), int(b)) for a, b in directed}
    follow = {a: b for a, b in known if (b, a) not in known}
    loops: list[Array] = []
    while follow:
        start, at = next(iter(follow.items()))
        loop = [start]
        del follow[start]
        while at != start and at in follow:
            loop.append(at)
            at = follow.pop(at)
        loops.append(np.array(loop))
    return loops


def make_template(kit: Kit, half_faces: int = 5600) -> Template:
    """Our mesh of the outer head. Needs fast-simplification (quadric decimation, MIT licence) for this one step."""
    import fast_simplification

    whole = kit.triangles[(kit.triangles < SKIN_VERTICES).all(1)]
    half = whole[(kit.neutral[whole, 0] >= -1e-6).all(1)]
    patches = [_mouth_patch(kit, whole), _eye_patch(kit, whole)]
    closed = np.concatenate([half, *patches])
    used, local = np.unique(closed, return_inverse=True)
    local = local.reshape(-1, 3)
    points, faces = fast_simplification.simplify(
        kit.neutral[used] / UNIT_MM, local.astype(np.int32), target_count=half_faces, agg=AGGRESSIVE,
        preserve_border=True)
    points = np.asarray(points, float) * UNIT_MM
    rim = np.unique(np.concatenate(boundary_loops(np.asarray(faces))))
    middle = rim[np.abs(points[rim, 0]) < 0.01]
    points[middle, 0] = 0.0
    corners, weights = attach(points, kit.neutral, closed)
    on_axis = np.zeros(len(points), bool)
    on_axis[middle] = True
    return _mirrored(kit, corners, weights, np.asarray(faces, np.int64), on_axis)


def _eye_patch(kit: Kit, whole: Array) -> Array:
    """The eyeball's front inside the lids (of the eye at x > 0)."""
    from scipy.spatial import Delaunay
    from skimage.measure import points_in_poly

    (loop,) = (ring for ring in boundary_loops(whole)
               if len(ring) < 60 and kit.neutral[ring, 0].min() > 10 and kit.neutral[ring, 1].min() > 0)
    outline = kit.neutral[loop, :2]
    sclera = np.concatenate([np.arange(*span) for span in SCLERAS])
    inner = outline.mean(0) + 0.93 * (outline - outline.mean(0))
    inside = points_in_poly(kit.neutral[sclera, :2], inner)
    front = kit.neutral[sclera, 2] > kit.neutral[loop, 2].min() - 6
    chosen = np.concatenate([loop, sclera[inside & front]])
    triangles = chosen[Delaunay(kit.neutral[chosen, :2]).simplices]
    triangles = triangles[points_in_poly(kit.neutral[triangles, :2].mean(1), outline)]
    return _outward(kit.neutral, triangles)


def _mouth_patch(kit: Kit, whole: Array) -> Array:
    """A strip between the lips (its half at x >= 0)."""
    (loop,) = (ring for ring in boundary_loops(whole)
               if len(ring) > 60 and kit.neutral[ring, 1].max() < 0 and kit.neutral[ring, 2].min() > 50)
    right = [int(v) for v in loop if kit.neutral[v, 0] > 1e-6]
    axis = [int(v) for v in loop if abs(kit.neutral[v, 0]) <= 1e-6]
    corner = max(right, key=lambda v: kit.neutral[v, 0])
    while right[0] != corner:  # the chain starts and ends at the middle: cut the ring there
        right = right[1:] + right[:1]
    gaps = [np.linalg.norm(kit.neutral[a] - kit.neutral[b]) for a, b in pairwise(right)]
    cut = int(np.argmax(gaps)) + 1
    first, second = right[:cut], [corner, *right[cut:][::-1]]
    ends = sorted(axis, key=lambda v: np.linalg.norm(kit.neutral[v] - kit.neutral[first[-1]]))
    first, second = [*first, ends[0]], [*second, ends[1]]
    triangles, i, j = [], 0, 0
    while i < len(first) - 1 or j < len(second) - 1:
        step_first = j == len(second) - 1 or (
            i < len(first) - 1 and kit.neutral[first[i + 1], 0] >= kit.neutral[second[j + 1], 0])
        triangle = [first[i], second[j], first[i + 1] if step_first else second[j + 1]]
        if len(set(triangle)) == 3:
            triangles.append(triangle)
        i, j = (i + 1, j) if step_first else (i, j + 1)
    known = {(int(a), int(b)) for a, b in np.concatenate([whole[:, [0, 1]], whole[:, [1, 2]], whole[:, [2, 0]]])}
    same_way = any((a, b) in known for a, b, _ in triangles) or any((c, a) in known for a, _, c in triangles)
    return np.array(triangles)[:, ::-1] if same_way else np.array(triangles)


def _outward(points: Array, triangles: Array) -> Array:
    """Counter-clockwise seen from the front."""
    a, b, c = (points[triangles[:, k]] for k in range(3))
    away = np.cross(b - a, c - a)[:, 2] < 0
    triangles = triangles.copy()
    triangles[away] = triangles[away][:, ::-1]
    return triangles


def attach(points: Array, vertices: Array, triangles: Array) -> tuple[Array, Array]:
    """Corners and barycentric weights of each point's nearest place on the triangles."""
    from trimesh.triangles import closest_point, points_to_barycentric

    soup = vertices[triangles]
    candidates = cKDTree(soup.mean(1)).query(points, k=32)[1]
    flat = np.repeat(points, candidates.shape[1], axis=0)
    places = closest_point(soup[candidates.ravel()], flat).reshape(*candidates.shape, 3)
    best = np.linalg.norm(places - points[:, None], axis=-1).argmin(1)
    number = candidates[np.arange(len(points)), best]
    weights = points_to_barycentric(soup[number], places[np.arange(len(points)), best])
    weights = np.clip(np.nan_to_num(weights, nan=1 / 3), 0, 1)
    return triangles[number], weights / weights.sum(1, keepdims=True)


def _mirrored(kit: Kit, corners: Array, weights: Array, faces: Array, on_axis: Array) -> Template:
    """Both halves, welded where x = 0."""
    count = len(corners)
    off = np.flatnonzero(~on_axis)
    partner = np.arange(count)
    partner[off] = count + np.arange(len(off))
    mirror = np.concatenate([partner, off])
    both_corners = np.concatenate([corners, kit.mirror[corners[off]]])
    both_weights = np.concatenate([weights, weights[off]])
    both_faces = np.concatenate([faces, partner[faces][:, ::-1]])
    return Template(both_corners, both_weights, both_faces, mirror)


def region_labels(neutral: Array, faces: Array, outline_xy: Array) -> Array:
    """0 face (inside the landmarks' outline, seen from the front), 1 skull, 2 ear, 3 neck (below a line from under the
    chin by the ear lobes to the nape), of the template's vertices on the neutral head."""
    from skimage.measure import points_in_poly

    from twinbrush.base.mesh import vertex_normals

    x, y, z = neutral.T
    face = points_in_poly(neutral[:, :2], outline_xy) & (z > 15) & (vertex_normals(neutral, faces)[:, 2] > -0.3)
    ear_x, ear_y, ear_z = neutral[np.argmax(np.where((y > -40) & (y < 50), np.abs(x), 0))]
    ear = (np.abs(x) > abs(ear_x) - 22) & (np.abs(y - ear_y + 18) < 34) & (np.abs(z - ear_z - 10) < 26)
    chin = z > 70
    lowest = outline_xy[:, 1].min()
    line = np.interp(z, [-60, -30, 10, 60, 95], [lowest + 30, lowest + 28, lowest + 20, lowest + 4, lowest - 8])
    neck = (y < line) & ~(chin & face)
    labels = np.where(face, 0, 1)
    labels[neck] = 3
    labels[ear & ~neck] = 2
    return labels.astype(np.uint8)
