"""Samples for training/train_template.py: random heads of ICT-FaceKit, their pictures, the landmarks found in them.

    python training/template_samples.py ict_facekit.npz OUT.npz --count 4000 --seed 1

The kit is read from one npz file (mean, identity, expression, names, quads; centimetres), never kept. A sample is the
head's coefficients, its true pose before the camera and the 468 landmarks that the program's own detector finds.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from head_kit import SKIN_VERTICES, Kit
from head_pictures import SIZE, Paint, Shot, known, make_paint, random_expression, shoot
from scipy.spatial import cKDTree

from twinbrush.base.errors import TwinbrushError
from twinbrush.base.rasterize import rasterize
from twinbrush.config import FaceConfig, PortraitConfig
from twinbrush.faces.face import find_face
from twinbrush.faces.values import Face

Array = np.ndarray
FRONTAL_DEGREES = 12.0  # the landmarks' places on the skin are learned from faces turned no farther than this
SPICE = 0.5  # share of the heads that get a few more expressions at random, one-sided ones too
SHOUT = 0.12  # share of the heads whose mouth is wide open


def load_packed(path: Path) -> Kit:
    """The kit from its npz file; millimetres."""
    data = np.load(path)
    neutral = data["mean"].astype(np.float64) * 10
    quads = data["quads"].astype(np.int64)
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    a, b, c = triangles.T
    triangles = triangles[(a != b) & (b != c) & (c != a)]
    shapes = data["expression"].astype(np.float32) * 10
    expressions = {str(name): shape for name, shape in zip(data["names"], shapes, strict=True)}
    mirror = cKDTree(neutral).query(neutral * [-1, 1, 1])[1]
    return Kit(neutral, data["identity"].astype(np.float32) * 10, expressions, triangles, mirror)


def spiced_expression(kit: Kit, rng: np.random.Generator) -> dict[str, float]:
    """Weights of the kit's expressions: those of the head prior, some with others at random, some shouting."""
    weights = known(kit, random_expression(rng))
    names = [name for name in kit.expressions if not name.startswith(("eyeLook", "Pupil", "mouthClose", "jawOpen"))]
    if rng.random() < SPICE:
        for name in rng.choice(names, rng.integers(1, 5), replace=False):
            twin = name[:-2] + ("_R" if name.endswith("_L") else "_L")
            strength = 0.7 * rng.random()
            for one in {str(name), twin} if twin in kit.expressions and rng.random() < 0.7 else {str(name)}:
                weights[one] = min(1.0, weights.get(one, 0.0) + strength)
    if rng.random() < SHOUT:
        weights["jawOpen"] = max(weights.get("jawOpen", 0.0), float(rng.uniform(0.3, 1.0)))
    if weights.get("jawOpen", 0.0) > 0.05 and rng.random() < 0.3:
        weights["mouthClose"] = weights["jawOpen"] * float(rng.uniform(0.2, 1.0))
    return weights


def landmark_places(shot: Shot, face: Face, kit: Kit, paint: Paint) -> Array:
    """Where on the NEUTRAL head the landmarks' rays meet the skin (468, 3); NaN where they miss it."""
    skin = paint.triangles[(paint.triangles < SKIN_VERTICES).all(1)]
    pixels = shot.principal_xy + shot.focal_px * shot.vertices[:, :2] * [1, -1] / -shot.vertices[:, 2:]
    raster = rasterize(pixels, -shot.vertices[:, 2], skin, SIZE, SIZE)
    at = np.clip(np.round(face.landmarks[:, :2]).astype(int), 0, SIZE - 1)
    number, weight = raster.face_index[at[:, 1], at[:, 0]], raster.barycentric[at[:, 1], at[:, 0]]
    places = (kit.neutral[skin[number]] * weight[..., None]).sum(1)
    return np.where((number >= 0)[:, None], places, np.nan)


def pose_of(head: Array, shot: Shot) -> tuple[Array, Array]:
    """The rotation and translation that shoot() gave the head (a rigid fit)."""
    few = slice(0, SKIN_VERTICES, 40)
    a, b = head[few], shot.vertices[few]
    u, _, vt = np.linalg.svd((b - b.mean(0)).T @ (a - a.mean(0)))
    rotation = u @ np.diag([1, 1, np.sign(np.linalg.det(u @ vt))]) @ vt
    return rotation, b.mean(0) - rotation @ a.mean(0)


def sample(kit: Kit, count: int, seed: int) -> dict[str, Array]:
    """Draw `count` usable pictures."""
    paint = make_paint(kit)
    rng = np.random.default_rng(seed)
    names = list(kit.expressions)
    keys = ("landmarks", "identity", "expression", "camera", "rotation", "translation", "places")
    rows: dict[str, list[Array]] = {name: [] for name in keys}
    limits = PortraitConfig(min_face_px=0.0, max_yaw_degrees=60.0)
    while len(rows["identity"]) < count:
        identity = rng.standard_normal(len(kit.identities))
        weights = spiced_expression(kit, rng)
        head = kit.head(identity, weights)
        shot = shoot(head, paint, rng)
        try:
            face = find_face(shot.picture, FaceConfig(), where="sample", portrait=limits)
        except TwinbrushError:  # too dark, turned too far...: as in life
            continue
        frontal = abs(np.degrees(face.yaw_radians)) < FRONTAL_DEGREES and weights.get("jawOpen", 0.0) < 0.1
        rotation, translation = pose_of(head, shot)
        values = (
            face.landmarks, identity, np.array([weights.get(name, 0.0) for name in names]),
            np.array([shot.focal_px, *shot.principal_xy]), rotation, translation,
            landmark_places(shot, face, kit, paint) if frontal else np.full((468, 3), np.nan),
        )
        for key, value in zip(keys, values, strict=True):
            rows[key].append(value.astype(np.float32))
    return {name: np.stack(values) for name, values in rows.items()} | {"names": np.array(names)}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kit", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    np.savez(arguments.out, **sample(load_packed(arguments.kit), arguments.count, arguments.seed))


if __name__ == "__main__":
    main()
