"""Neck, shoulders, cloth, ears and head as lit layers; beads and bands on top."""

from __future__ import annotations

import cv2
import numpy as np

from . import anatomy as an
from .craft import Array, blur, fill, gauss, over, ramp, smoothstep, spline
from .light import Layer, normals
from .values import Frame, Sitter


def _inflate(mask: Array, scale: float, reach: float, amount: float) -> Array:
    """Round relief of a mask: rises from the border over `reach` head units to `amount`."""
    d = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5) / (scale * reach)
    d = blur(np.clip(d, 0, 1), 0.02 * scale)
    return amount * np.sqrt(np.clip(1 - (1 - d) ** 2, 0, 1))


def _torso(s: Sitter, f: Frame) -> tuple[Array, Array]:
    """Masks of the whole torso and of its cloth."""
    v0, v1 = s.shoulder
    w = s.shoulder_w
    half = [
        (s.neck_w * 0.93, 0.35),
        (s.neck_w * 0.98, v0 - 0.28),
        (s.neck_w * 1.35, v0 - 0.05),
        (0.62 * w, 0.4 * v0 + 0.6 * v1),
        (0.93 * w, v1 + 0.14),
        (1.08 * w, v1 + 0.55),
        (1.12 * w, v1 + 1.6),
    ]
    right = spline(half, 80)
    left = right[::-1] * [-1, 1]
    torso = fill(f.size, f.pixels(np.vstack([right, left]), roll=False))
    u, v = f.grid(roll=False)
    a = np.abs(u)
    line = {
        "round": s.neckline_v + 0.22 - 0.85 * np.clip(a - 0.05, 0, None) ** 1.6,
        "v": s.neckline_v + 0.42 - 1.05 * a,
        "boat": s.neckline_v + 0.25 - 0.22 * a**2,
        "collar": s.neckline_v - 0.08 * a + 0.05 * np.exp(-((a / 0.1) ** 2)),
    }[s.neckline]
    return torso, torso * smoothstep(-1.2, 1.2, (v - line) * f.scale)


def _cloth_relief(u: Array, v: Array, s: Sitter, rng: np.random.Generator) -> Array:
    """Folds that fall from the shoulders towards the breast."""
    z = np.zeros_like(u)
    for side in (-1, 1):
        for i in range(5):
            start = (side * (0.45 + 0.19 * i), s.shoulder[0] + 0.10 + 0.04 * i)
            end = (side * (0.10 + 0.22 * i + 0.1 * rng.random()), s.shoulder[1] + 0.9)
            dx, dy = end[0] - start[0], end[1] - start[1]
            n = np.hypot(dx, dy)
            across = ((u - start[0]) * dy - (v - start[1]) * dx) / n + 0.05 * np.sin(3 * v + i)
            along = ((u - start[0]) * dx + (v - start[1]) * dy) / n
            z += (0.030 + 0.02 * rng.random()) * np.exp(-((across / 0.055) ** 2)) * smoothstep(-0.1, 0.2, along)
    return z


def body(s: Sitter, f: Frame, rng: np.random.Generator) -> tuple[list[Layer], Array]:
    """Torso and neck as layers, and the cloth mask."""
    torso, cloth = _torso(s, f)
    u, v = f.grid(roll=False)
    neck = np.sqrt(np.clip(1 - (u / (s.neck_w * 1.25)) ** 2, 0, 1)) * 0.32
    chest = _inflate(torso, f.scale, 0.7, 0.42) - 0.72 + 0.10 * smoothstep(1.3, 2.2, v)
    z = np.maximum(-0.62 + neck - 0.25 * smoothstep(1.1, 1.7, v), chest)
    z = blur(z.astype(np.float32), 0.03 * f.scale)
    for side in (-1, 1):
        muscle = np.abs((u - side * (0.30 - 0.24 * (v - 0.75) / 0.75)) / 0.045)
        z += 0.035 * np.exp(-(muscle**2)) * smoothstep(0.6, 0.9, v) * (1 - smoothstep(1.35, 1.6, v))
        bone = v - (s.shoulder[0] + 0.16 - 0.10 * np.abs(u))
        z += 0.04 * np.exp(-((bone / 0.04) ** 2)) * smoothstep(0.05, 0.15, side * u) * (1 - cloth)
    z -= 0.05 * gauss(u, v - s.shoulder[0] - 0.12, 0.05, 0.06) * (1 - cloth)
    z += cloth * (0.035 + _cloth_relief(u, v, s, rng))
    return [Layer(torso, z, normals(z, f.scale))], cloth


def ears(s: Sitter, f: Frame) -> tuple[Layer, list[Array]]:
    """Both ears: a rim, a hollow and a lobe; and the curves that draw them."""
    u, _ = f.grid()
    mask, curves = np.zeros_like(u), []
    z = np.full_like(u, -0.35)
    for side in (-1, 1):
        edge = s.shape.temple * 0.5 + s.shape.cheek * 0.5
        pts = np.array(
            [
                (-0.06, -0.12),
                (0.03, -0.19),
                (0.105, -0.15),
                (0.115, -0.03),
                (0.08, 0.12),
                (0.045, 0.25),
                (-0.01, 0.30),
                (-0.06, 0.22),
            ]
        )
        ear = spline(pts * max(s.ears, 0.1) + [edge, 0.10], 80, closed=True) * [side, 1]
        m = fill(f.size, f.pixels(ear))
        curves += [f.pixels(ear[:66]), f.pixels((ear[8:52] - ear.mean(0)) * 0.62 + ear.mean(0))]
        d = cv2.distanceTransform((m > 0.5).astype(np.uint8), cv2.DIST_L2, 5) / f.scale
        rim = 0.07 * np.exp(-(((d - 0.022) / 0.018) ** 2)) + 0.035 * np.exp(-(((d - 0.07) / 0.02) ** 2))
        z = np.where(m > 0, -0.35 + rim + 0.3 * d, z)
        mask = np.maximum(mask, m)
    z = blur(z.astype(np.float32), 0.008 * f.scale)
    return Layer(mask * (s.ears > 0), z, normals(z, f.scale)), curves if s.ears else []


def head(s: Sitter, f: Frame) -> tuple[Layer, Array, Array, Array]:
    """Head layer, frontal feature coordinates of every pixel, and the contour."""
    contour = an.outline(s.shape)
    u, v = f.grid()
    uf = an.to_features(u, v, s.shape, contour).astype(np.float32)
    z = an.face_height(uf, v, s.shape, contour).astype(np.float32)
    mask = fill(f.size, f.pixels(contour))
    return Layer(mask, z, normals(blur(z, 0.006 * f.scale), f.scale)), uf, v, contour


def ornaments(s: Sitter, f: Frame, colour: Array) -> tuple[Array, Array]:
    """Beads shaded as balls, bands as half-round rods; returns the colour and where they are."""
    y, x = np.mgrid[: f.size, : f.size].astype(np.float32)
    where = np.zeros((f.size, f.size), np.float32)
    for o in s.ornaments:
        p = f.pixels(np.array(o.points), o.roll)
        p = spline(p, 60) if len(p) > 2 else p
        r = o.radius * f.scale
        if len(p) == 1:
            d, tilt = np.hypot(x - p[0, 0], y - p[0, 1]) / r, ((p[0, 0] - x) + (p[0, 1] - y)) / r
        else:
            line = np.ones((f.size, f.size), np.uint8)
            cv2.polylines(line, [np.round(p * 16).astype(np.int32)], False, 0, 1, cv2.LINE_8, shift=4)
            d = cv2.distanceTransform(line, cv2.DIST_L2, 5) / r
            tilt = -np.gradient(d, axis=0) * np.clip(d, 0, 1) * r
        mask = smoothstep(1 + 0.8 / r, 1 - 0.8 / r, d)
        tone = np.clip(0.45 + 0.42 * tilt + 0.15 * np.sqrt(np.clip(1 - d * d, 0, 1)), 0, 1)
        colour, where = over(colour, ramp(tone, o.colours), mask), np.maximum(where, mask)
    return colour, where
