"""A face as a height field: proportions in, depth and feature curves out.

Head units: the eyes lie on v = 0, the crown at v = -1, the chin at v = +1; u points to the picture's right, depth to
the viewer. The classical canon (eyes half-way, five eyes across) is `FaceShape()`; a caricature is other numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .craft import Array, gauss, smoothstep, spline


@dataclass(frozen=True)
class FaceShape:
    """Proportions in head units."""

    temple: float = 0.66
    cheek: float = 0.63
    jaw: float = 0.50
    chin: float = 0.20
    crown: float = 0.60
    eye_u: float = 0.275
    eye_v: float = 0.0
    eye_w: float = 0.145
    eye_h: float = 0.068
    eye_tilt: float = 0.05
    iris: float = 0.47
    lid: float = 0.30
    brow_v: float = -0.20
    brow_arch: float = 0.075
    brow_thick: float = 0.030
    brow_tilt: float = 0.0
    nose_v: float = 0.44
    nose_w: float = 0.125
    nose_h: float = 0.24
    bridge_w: float = 0.050
    mouth_v: float = 0.655
    mouth_w: float = 0.235
    upper: float = 0.058
    lower: float = 0.085
    smile: float = 0.03
    cheekbone: float = 0.06
    hollow: float = 0.035
    chin_ball: float = 0.07
    turn: float = 0.0
    raise_brow: float = 0.0


CENTRE_V = 0.04


def outline(s: FaceShape) -> Array:
    """Closed contour of head and jaw (n, 2), seen from the front."""
    right = [
        (0.0, -1.0),
        (0.62 * s.crown, -0.93),
        (0.98 * s.crown, -0.66),
        (s.temple, -0.28),
        (s.temple * 0.5 + s.cheek * 0.5 + 0.01, 0.02),
        (s.cheek, 0.26),
        (s.jaw * 0.55 + s.cheek * 0.43, 0.47),
        (s.jaw * 0.99, 0.66),
        (0.62 * s.jaw + 0.36 * s.chin, 0.84),
        (s.chin, 0.965),
        (0.0, 1.0),
    ]
    left = [(-u, v) for u, v in right[-2:0:-1]]
    return spline(right + left, 360, closed=True)


def polar_radius(u: Array, v: Array, contour: Array) -> Array:
    """1 on the head's contour, 0 in its middle."""
    theta = np.arctan2(contour[:, 1] - CENTRE_V, contour[:, 0])
    rho = np.hypot(contour[:, 0], contour[:, 1] - CENTRE_V)
    order = np.argsort(theta)
    rim = np.interp(np.arctan2(v - CENTRE_V, u), theta[order], rho[order], period=2 * np.pi)
    return np.hypot(u, v - CENTRE_V) / rim


def to_features(u: Array, v: Array, s: FaceShape, contour: Array) -> Array:
    """Undo the turn of the head: where on the frontal face does head point (u, v) lie. Fixed-point inverse."""
    uf = u.copy()
    for _ in range(4):
        uf = u - s.turn * (1.0 - np.clip(polar_radius(uf, v, contour), 0, 1) ** 2)
    return uf


def to_head(points: Array, s: FaceShape, contour: Array) -> Array:
    """Turn the head: frontal feature points (n, 2) to head points."""
    r = np.clip(polar_radius(points[:, 0], points[:, 1], contour), 0, 1)
    return np.stack([points[:, 0] + s.turn * (1 - r**2), points[:, 1]], -1)


def eye_local(u: Array, v: Array, s: FaceShape, side: int) -> tuple[Array, Array]:
    """Coordinates in one eye: x = -1 at the inner and +1 at the outer corner, y down in the same unit."""
    du, dv = (u - side * s.eye_u) * side, v - s.eye_v
    c, n = np.cos(s.eye_tilt), np.sin(s.eye_tilt)
    return (du * c - dv * n) / s.eye_w, (du * n + dv * c) / s.eye_w


def lids(x: Array, s: FaceShape) -> tuple[Array, Array, Array]:
    """Upper lid, lower lid and crease heights over x in [-1, 1] (eye units, y down)."""
    inside = np.clip(1.0 - x * x, 0.0, None)
    open_ = s.eye_h / s.eye_w
    upper = -open_ * inside**0.62 * (1.0 - 0.18 * x) + 0.03 * x
    lower = 0.68 * open_ * inside**0.85 * (1.0 + 0.25 * x) + 0.03 * x
    wide = np.clip(1.0 - (x / 1.13) ** 2, 0.0, None)
    crease = -(open_ + s.lid) * wide**0.6 * (1.0 - 0.1 * x)
    return upper, lower, crease


def brow_curve(s: FaceShape, side: int, count: int = 40) -> Array:
    """Middle line of a brow from the inner to the outer end (count, 2)."""
    lift = s.raise_brow * (side < 0)
    pts = [
        (s.eye_u - 1.05 * s.eye_w, s.brow_v - 0.38 * s.brow_arch + s.brow_tilt),
        (s.eye_u - 0.30 * s.eye_w, s.brow_v - 0.78 * s.brow_arch - lift + 0.4 * s.brow_tilt),
        (s.eye_u + 0.55 * s.eye_w, s.brow_v - s.brow_arch - lift - 0.4 * s.brow_tilt),
        (s.eye_u + 1.42 * s.eye_w, s.brow_v + 0.02 - 0.6 * lift - s.brow_tilt),
    ]
    curve = spline(pts, count)
    return curve * [side, 1.0]


def mouth_lines(x: Array, s: FaceShape) -> tuple[Array, Array, Array]:
    """Upper edge, mouth line and lower edge over x in [-1, 1] (v in head units)."""
    a = np.clip(np.abs(x), 0, 1)
    middle = s.mouth_v - s.smile * a**2
    line = middle + 0.010 * np.exp(-((x / 0.16) ** 2)) - 0.007 * np.exp(-(((a - 0.4) / 0.2) ** 2))
    top = line - s.upper * (1 - a**1.7) * (
        1 - 0.30 * np.exp(-((x / 0.11) ** 2)) + 0.10 * np.exp(-(((a - 0.24) / 0.1) ** 2))
    )
    bottom = middle + s.lower * np.clip(1 - a**2.3, 0, None) ** 0.75
    return top, line, bottom


def _nose(u: Array, v: Array, s: FaceShape) -> Array:
    """Bridge, ball and wings of the nose."""
    un = u - 0.45 * s.turn * smoothstep(-0.2, s.nose_v, v)
    top, tip = -0.17, s.nose_v - 0.055
    t = np.clip((v - top) / (tip - top), 0.0, 1.0)
    height = s.nose_h * (0.10 + 0.55 * t + 0.35 * t**3) * smoothstep(-0.42, 0.02, v)
    width = s.bridge_w * (1.0 - 0.18 * np.sin(np.pi * t)) + 0.42 * (s.nose_w - s.bridge_w) * t**2.5
    under = 1.0 - smoothstep(s.nose_v - 0.035, s.nose_v + 0.050, v)
    ridge = height * under * np.exp(-(np.abs(un / (1.45 * width)) ** 2.4))
    ball = 0.30 * s.nose_h * gauss(un, v - s.nose_v + 0.05, 0.48 * s.nose_w, 0.055)
    w, rise = s.nose_w * 0.80, v - s.nose_v + 0.030
    wings = gauss(un - w, rise, 0.27 * s.nose_w, 0.046) + gauss(un + w, rise, 0.27 * s.nose_w, 0.046)
    side = gauss(un, v - 0.5 * (s.nose_v + top), 1.1 * s.nose_w, 0.24)
    return ridge + ball + 0.50 * s.nose_h * wings + 0.10 * s.nose_h * side


def _pair(u: Array, v: Array, u0: float, v0: float, su: float, sv: float) -> Array:
    return gauss(u - u0, v - v0, su, sv) + gauss(u + u0, v - v0, su, sv)


def face_height(u: Array, v: Array, s: FaceShape, contour: Array) -> Array:
    """Depth of the face over frontal coordinates; 0 on the contour and outside."""
    r = np.clip(polar_radius(u, v, contour), 0.0, 1.0)
    z = 0.60 * (1.0 - r**2.3) ** 0.55
    z = z + 0.035 * _pair(u, v, 0.20, -0.50, 0.22, 0.16)
    for side in (-1, 1):
        c = brow_curve(s, side, 9)
        z = z + 0.011 * sum(gauss(u - p[0], v - p[1] - 0.015, 0.07, 0.05) for p in c)
    z = z - 0.080 * _pair(u, v, s.eye_u, s.eye_v - 0.02, 1.35 * s.eye_w, 0.115)
    z = z - 0.060 * _pair(u, v, s.eye_u - 1.05 * s.eye_w, s.eye_v - 0.045, 0.07, 0.085)
    z = z + 0.075 * _pair(u, v, s.eye_u, s.eye_v, 0.85 * s.eye_w, 0.9 * s.eye_h + 0.022)
    z = z - 0.008 * _pair(u, v, s.eye_u, s.eye_v + 1.5 * s.eye_h + 0.03, 0.7 * s.eye_w, 0.025)
    z = (
        z
        + s.cheekbone * _pair(u, v, 0.68 * s.cheek, 0.22, 0.17, 0.12)
        - s.hollow * _pair(u, v, 0.72 * s.cheek, 0.55, 0.12, 0.15)
    )
    z = z - 0.022 * _pair(u, v, 0.93 * s.temple, -0.16, 0.10, 0.16)
    z = z + _nose(u, v, s) + 0.065 * gauss(u, v - s.mouth_v + 0.02, 1.05 * s.mouth_w, 0.15)
    fold = spline(
        [(1.15 * s.nose_w, s.nose_v - 0.04), (1.5 * s.nose_w, s.nose_v + 0.06), (s.mouth_w + 0.06, s.mouth_v)], 9
    )
    z = z - 0.0075 * sum(_pair(u, v, p[0], p[1], 0.028, 0.035) for p in fold)
    return z + _mouth_height(u, v, s)


def _mouth_height(u: Array, v: Array, s: FaceShape) -> Array:
    x = u / s.mouth_w
    top, line, bottom = mouth_lines(x, s)
    taper = np.exp(-(np.abs(x / 0.85) ** 3))
    up = 0.036 * np.exp(-(((v - 0.45 * top - 0.55 * line) / (0.55 * s.upper)) ** 2)) * taper
    low = 0.050 * np.exp(-(((v - 0.5 * bottom - 0.5 * line) / (0.60 * s.lower)) ** 2)) * taper
    groove = -0.035 * np.exp(-(((v - line) / 0.013) ** 2)) * np.exp(-(np.abs(x) ** 6))
    corner = -0.030 * _pair(u, v, 1.03 * s.mouth_w, s.mouth_v - s.smile, 0.035, 0.035)
    philtrum = -0.016 * gauss(u, v - 0.5 * (s.nose_v + s.mouth_v - s.upper) - 0.012, 0.022, 0.045)
    below = s.mouth_v + s.lower
    chin = s.chin_ball * gauss(u, v - 0.5 * (1.0 + below) - 0.035, 0.62 * s.chin + 0.02, 0.085)
    return up + low + groove + corner + philtrum - 0.045 * gauss(u, v - below - 0.035, 0.13, 0.035) + chin
