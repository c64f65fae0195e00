"""Pictures of random heads for training/train_template.py: identity, expression, pose, camera, paint and light.

Everything is drawn from one random generator. The pictures are simple (Lambert's law, one colour a vertex) but have
what the landmark network looks at: brows, lips, irises, lashes, a hairline on some, and skin of every tone.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from head_kit import (
    EYEBALLS,
    HIDDEN,
    LASHES,
    MOUTH_INSIDE,
    MULTI_PIE,
    NARROW_FACE,
    SCLERAS,
    SKIN_VERTICES,
    TEETH,
    Kit,
)

from twinbrush.faces.pose import rotation_from_angles
from twinbrush.mesh import vertex_normals
from twinbrush.rasterize import interpolate, rasterize, visible_points

Array = np.ndarray
SIZE = 288  # of the pictures, pixels
BROW_MM, HAIRLINE_MM = 2.6, 62.0
AFRICAN, EUROPEAN = np.array([0.24, 0.14, 0.10]), np.array([0.86, 0.62, 0.52])
# name: (parts of the kit's expressions with their share, greatest strength, chance)
EXPRESSIONS: dict[str, tuple[dict[str, float], float, float]] = {
    "smile": ({"mouthSmile": 1.0, "cheekSquint": 0.5, "mouthUpperUp": 0.3, "eyeSquint": 0.3}, 1.0, 0.35),
    "open": ({"jawOpen": 1.0}, 0.45, 0.25),
    "blink": ({"eyeBlink": 1.0}, 1.0, 0.15),
    "squint": ({"eyeSquint": 1.0}, 1.0, 0.15),
    "wide": ({"eyeWide": 1.0}, 1.0, 0.1),
    "raise": ({"browInnerUp": 1.0, "browOuterUp": 0.7}, 0.9, 0.2),
    "frown": ({"browDown": 1.0}, 0.9, 0.2),
    "sad": ({"mouthFrown": 1.0, "mouthShrugLower": 0.4}, 0.8, 0.15),
    "pucker": ({"mouthPucker": 1.0, "mouthFunnel": 0.3}, 0.5, 0.08),
    "press": ({"mouthPress": 1.0, "mouthRollLower": 0.4, "mouthRollUpper": 0.3}, 0.8, 0.12),
    "stretch": ({"mouthStretch": 1.0, "mouthDimple": 0.6}, 0.6, 0.1),
    "sneer": ({"noseSneer": 1.0, "mouthUpperUp": 0.4}, 0.5, 0.07),
    "look": ({"eyeLookUp": 1.0}, 0.5, 0.2),
    "lower": ({"eyeLookDown": 1.0}, 0.5, 0.2),
}


@dataclass(frozen=True)
class Paint:
    """Where on the kit's vertices which colour goes (0..1 each), and the share of the sky each vertex sees."""

    brow: Array
    lips: Array
    iris: Array
    pupil: Array
    scalp: Array
    open_sky: Array
    triangles: Array


@dataclass(frozen=True)
class Shot:
    """picture (SIZE, SIZE, 3) RGB 0..1; vertices (26719, 3) in the camera's frame, mm: x right, y up, z toward the
    viewer, the camera at the origin; focal length and principal point in pixels."""

    picture: Array
    vertices: Array
    focal_px: float
    principal_xy: Array


def make_paint(kit: Kit) -> Paint:
    """The masks, from distances on the neutral head."""
    at = kit.neutral
    brow, lips, scalp = np.zeros(len(at)), np.zeros(len(at)), np.zeros(len(at))
    for span in (range(17, 22), range(22, 27)):
        line = at[[MULTI_PIE[k] for k in span]]
        fine = np.concatenate([np.linspace(a, b, 20) for a, b in pairwise(line)])
        near = np.linalg.norm(at[:SKIN_VERTICES, None, :2] - fine[None, :, :2], axis=-1).min(1)
        brow[:SKIN_VERTICES] = np.maximum(brow[:SKIN_VERTICES], np.exp(-((near / BROW_MM) ** 2)))
    brow[:SKIN_VERTICES] *= at[:SKIN_VERTICES, 2] > 40
    outer = at[[MULTI_PIE[k] for k in range(48, 60)], :2].astype(np.float32)
    for vertex in np.flatnonzero((at[:NARROW_FACE, 2] > 60) & (at[:NARROW_FACE, 1] < -10)):
        x, y = float(at[vertex, 0]), float(at[vertex, 1])
        lips[vertex] = np.clip(cv2.pointPolygonTest(outer, (x, y), True) / 1.5 + 0.5, 0, 1)
    iris, pupil = np.zeros(len(at)), np.zeros(len(at))
    for span, sclera in zip(EYEBALLS, SCLERAS, strict=True):
        centre = (at[slice(*sclera)].min(0) + at[slice(*sclera)].max(0)) / 2
        ball = at[slice(*span)] - centre
        away = np.hypot(ball[:, 0], ball[:, 1]) + np.where(ball[:, 2] < 0, 99, 0)
        iris[slice(*span)] = np.clip((5.9 - away) / 0.8 + 0.5, 0, 1)
        pupil[slice(*span)] = np.clip((2.2 - away) / 0.8 + 0.5, 0, 1)
    height = at[:, 1] - 0.35 * at[:, 2]
    scalp[:SKIN_VERTICES] = np.clip((height - HAIRLINE_MM + 25) / 8, 0, 1)[:SKIN_VERTICES]
    scalp[:SKIN_VERTICES] *= np.clip((at[:SKIN_VERTICES, 1] + 30) / 10, 0, 1)
    visible = ~((kit.triangles >= HIDDEN[0]) & (kit.triangles < HIDDEN[1])).any(1)
    triangles = kit.triangles[visible]
    return Paint(brow, lips, iris, pupil, scalp, _open_sky(at, triangles), triangles)


def _open_sky(vertices: Array, triangles: Array, directions: int = 40) -> Array:
    """Share of directions of its half space from which each vertex is seen (ambient occlusion)."""
    golden = np.pi * (3 - np.sqrt(5))
    heights = 1 - 2 * (np.arange(directions) + 0.5) / directions
    normals = vertex_normals(vertices, triangles)
    seen, possible = np.zeros(len(vertices)), np.full(len(vertices), 1e-6)
    for number, y in enumerate(heights):
        ring = np.sqrt(1 - y * y)
        toward = np.array([ring * np.cos(golden * number), y, ring * np.sin(golden * number)])
        side = np.cross(toward, [0.0, 1.0, 0.01])
        side /= np.linalg.norm(side)
        frame = np.stack([side, np.cross(toward, side), toward])
        local = (vertices + 0.6 * normals) @ frame.T
        mesh = vertices @ frame.T
        depth, mesh_depth = 1000 - local[:, 2], 1000 - mesh[:, 2]
        facing = np.maximum(normals @ toward, 0)
        open_ = visible_points(local[:, :2] + 256, depth, mesh[:, :2] + 256, mesh_depth, triangles, 512, 512)
        seen += facing * open_
        possible += facing
    return np.clip(seen / possible, 0, 1)


def random_expression(rng: np.random.Generator) -> dict[str, float]:
    """Weights of the kit's expressions: a third of the faces are at rest."""
    weights: dict[str, float] = {}
    if rng.random() < 0.35:
        return weights
    for parts, greatest, chance in EXPRESSIONS.values():
        if rng.random() > chance:
            continue
        strength = greatest * rng.random()
        lean = 1 + 0.15 * rng.standard_normal()
        for name, share in parts.items():
            for side, factor in (("_L", lean), ("_R", 2 - lean)):
                weights[name + side] = weights.get(name + side, 0.0) + strength * share * factor
    look = 0.6 * rng.standard_normal() * (rng.random() < 0.5)
    weights["eyeLookOut_L" if look > 0 else "eyeLookIn_L"] = min(abs(look), 1.0)
    weights["eyeLookIn_R" if look > 0 else "eyeLookOut_R"] = min(abs(look), 1.0)
    return weights


def known(kit: Kit, weights: dict[str, float]) -> dict[str, float]:
    """The kit writes some names without sides."""
    result: dict[str, float] = {}
    for name, weight in weights.items():
        whole = name if name in kit.expressions else name[:-2]
        share = weight if whole == name else weight / 2
        result[whole] = float(np.clip(result.get(whole, 0.0) + share, 0, 1))
    return result


def shoot(head: Array, paint: Paint, rng: np.random.Generator) -> Shot:
    """A picture of the head (the kit's vertices, mm) from a random place in random paint and light."""
    yaw = np.radians(np.clip(18 * rng.standard_normal(), -42, 42))
    pitch = np.radians(np.clip(9 * rng.standard_normal(), -22, 22))
    roll = np.radians(np.clip(6 * rng.standard_normal(), -15, 15))
    turned = (head - [0, 20, 60]) @ rotation_from_angles(yaw, pitch, roll).T
    distance = 500 * 5.0 ** rng.random()
    vertices = turned - [0, 0, distance]
    face_px = SIZE * rng.uniform(0.45, 0.7)  # 190 mm, forehead to chin
    focal = face_px / 190 * distance
    principal = np.full(2, (SIZE - 1) / 2) + rng.uniform(-0.08, 0.08, 2) * SIZE
    drawn = _with_hair(vertices, paint, rng)
    pixels = principal + focal * drawn[:, :2] * [1, -1] / -drawn[:, 2:]
    triangles = paint.triangles
    if rng.random() < 0.6:  # the kit's lashes are opaque strips
        triangles = triangles[(triangles < LASHES[0]).all(1)]
    raster = rasterize(pixels, -drawn[:, 2], triangles, SIZE, SIZE)
    normals = vertex_normals(drawn, paint.triangles)
    colours = _colours(drawn, turned, normals, paint, rng)
    picture = interpolate(raster.face_index, raster.barycentric, triangles, colours)
    picture = np.where((raster.face_index >= 0)[..., None], picture, _background(rng))
    picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 0.8))
    picture = picture + rng.uniform(0, 0.02) * rng.standard_normal(picture.shape)
    gamma = np.clip(picture, 0, 1) ** rng.uniform(0.8, 1.1)
    return Shot(gamma.astype(np.float32), vertices, focal, principal)


def _with_hair(vertices: Array, paint: Paint, rng: np.random.Generator) -> Array:
    """Half of the heads get some volume of hair."""
    if rng.random() < 0.5:
        return vertices
    return vertices + (rng.uniform(2, 25) * paint.scalp)[:, None] * vertex_normals(vertices, paint.triangles)


def _colours(vertices: Array, turned: Array, normals: Array, paint: Paint, rng: np.random.Generator) -> Array:
    """Shaded colour of every vertex."""
    tone = rng.random() ** 0.6
    skin = (1 - tone) * AFRICAN + tone * EUROPEAN + 0.04 * rng.standard_normal(3)
    patches = np.zeros(len(vertices))
    for _ in range(6):
        wave = rng.standard_normal(3) / rng.uniform(6, 40)
        patches += np.sin(turned @ wave + rng.uniform(0, 6.3)) / 6
    colour = np.tile(skin, (len(vertices), 1)) * (1 + rng.uniform(0, 0.12) * patches[:, None])
    hair = rng.uniform(0.03, 0.5) * np.array([1.0, rng.uniform(0.65, 0.95), rng.uniform(0.4, 0.85)])
    makeup = rng.random() > 0.12  # some heads are bare clay
    layers = [
        (rng.uniform(0.3, 1.0) * makeup * paint.brow, hair),
        (rng.uniform(0.2, 0.9) * makeup * paint.lips, skin * [rng.uniform(0.8, 1.05), 0.6, 0.62]),
        ((rng.random() < 0.6) * makeup * paint.scalp, hair * (1 + 0.4 * patches[:, None])),
    ]
    for mask, tint in layers:
        colour = colour * (1 - mask[:, None]) + mask[:, None] * tint
    white = np.array([0.85, 0.83, 0.8]) * rng.uniform(0.7, 1.1)
    for span in EYEBALLS:
        colour[slice(*span)] = white
    iris = rng.uniform(0.05, 0.45) * np.array([1.0, rng.uniform(0.7, 1.1), rng.uniform(0.4, 1.3)])
    if rng.random() > 0.06:
        colour += paint.iris[:, None] * (iris - colour)
        colour += paint.pupil[:, None] * (0.02 - colour)
    colour[slice(*MOUTH_INSIDE)] = [0.25, 0.08, 0.07]
    colour[MOUTH_INSIDE[1] : TEETH[0]] = [0.4, 0.15, 0.14]
    colour[slice(*TEETH)] = [0.8, 0.77, 0.7]
    colour[slice(*LASHES)] = 0.06
    dark = rng.random() * (rng.random() < 0.8)
    sky = (1 - dark) + dark * paint.open_sky
    key = rng.standard_normal(3) + np.array([0, 0.6, 1.5])
    fill = rng.standard_normal(3) + np.array([0, 0.3, 0.6])
    ambient, strong, weak = rng.uniform(0.2, 0.7), rng.uniform(0.3, 0.9), rng.uniform(0.0, 0.3)
    light = ambient * sky + strong * np.maximum(normals @ (key / np.linalg.norm(key)), 0) * (0.4 + 0.6 * sky) + (
        weak * np.maximum(normals @ (fill / np.linalg.norm(fill)), 0))
    warm = 1 + 0.06 * rng.standard_normal(3)
    return np.clip(colour * light[:, None] * warm, 0, 1.2)


def _background(rng: np.random.Generator) -> Array:
    """A smooth random wall."""
    small = rng.random(3) + rng.uniform(0, 0.3) * rng.standard_normal((4, 4, 3))
    return np.clip(cv2.resize(small, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC), 0, 1)
