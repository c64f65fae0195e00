"""Eyes, brows, lips and nostrils over the shaded skin, with the curves that a draughtsman would follow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

from . import anatomy as an
from .craft import Array, fill, gauss, hex_rgb, over, ramp, smoothstep, spline

if TYPE_CHECKING:
    from .values import Frame, Sitter

EYE, LIP, BROW = 4, 5, 6


@dataclass
class Features:
    """Face colours with features, labels where there is one, importance 0..1, curves in pixels with weights."""

    colour: Array
    labels: Array
    detail: Array
    contours: list[tuple[Array, float]] = field(default_factory=list)


def _soft(distance: Array, scale: float, width: float = 0.9) -> Array:
    """Anti-aliased step of a distance in head units."""
    return smoothstep(-width, width, distance * scale)


def _zones(s: Sitter, skin: Array, tone: Array, u: Array, v: Array) -> Array:
    """Temperature of the face: golden forehead, red cheeks and nose, cool jaw and sockets."""
    h = s.shape
    cheeks = gauss(u - 0.66 * h.cheek, v - 0.30, 0.17, 0.13) + gauss(u + 0.66 * h.cheek, v - 0.30, 0.17, 0.13)
    nose = gauss(u, v - h.nose_v + 0.06, 0.10, 0.09)
    warm = np.clip(0.42 * cheeks + 0.30 * nose + 0.12 * gauss(u, v - 0.93, 0.12, 0.08), 0, 0.6)
    blush = hex_rgb(s.blush) * (0.35 + 0.75 * tone[..., None])
    out = over(skin, blush.astype(np.float32), warm)
    jaw = gauss(u, v - 0.86, 0.42, 0.16) * 0.20 * (1 - tone) + 0.13 * (
        gauss(u - h.eye_u, v - 0.11, 0.12, 0.06) + gauss(u + h.eye_u, v - 0.11, 0.12, 0.06)
    )
    return over(out, (hex_rgb(s.cool) * (0.4 + 0.7 * tone[..., None])).astype(np.float32), np.clip(jaw, 0, 0.5))


def paint_features(
    s: Sitter, f: Frame, skin: Array, tone: Array, u: Array, v: Array, contour: Array, rng: np.random.Generator
) -> Features:
    """Draw everything that is not plain skin; `u`, `v` are frontal face coordinates of the pixels."""
    out = Features(_zones(s, skin, tone, u, v), np.zeros(u.shape, np.uint8), np.zeros_like(u))
    _nostrils(s, f, out, u, v, contour)
    _mouth(s, f, out, tone, u, v, contour)
    for side in (-1, 1):
        _eye(s, f, out, tone, u, v, side, contour)
        _brow(s, f, out, u, v, side, contour, rng)
    jaw = contour[(contour[:, 1] > 0.15)]
    out.contours.append((f.pixels(jaw[np.argsort(np.arctan2(jaw[:, 0], jaw[:, 1]))]), 1.0))
    return out


def _curve(s: Sitter, f: Frame, out: Features, points: Array, contour: Array, weight: float) -> None:
    out.contours.append((f.pixels(an.to_head(np.asarray(points, float), s.shape, contour)), weight))


def _nostrils(s: Sitter, f: Frame, out: Features, u: Array, v: Array, contour: Array) -> None:
    h = s.shape
    un = u - 0.45 * h.turn
    deep = hex_rgb(s.skin[0]) * 0.55
    for side in (-1, 1):
        x, y = (un - side * 0.50 * h.nose_w) * side, v - h.nose_v - 0.002
        hole = np.exp(-(((x / (0.23 * h.nose_w)) ** 2 + ((y + 0.35 * x) / 0.014) ** 2) ** 1.2))
        out.colour = over(out.colour, deep, 0.80 * hole)
    out.detail = np.maximum(out.detail, 0.6 * gauss(un, v - h.nose_v + 0.03, 1.1 * h.nose_w, 0.07))
    _nose_curves(s, f, out, contour)


def _nose_curves(s: Sitter, f: Frame, out: Features, contour: Array) -> None:
    """Wings, nostrils, base and shaded side of the nose; the fold to the mouth in a furrowed face."""
    h = s.shape
    w, b, m = h.nose_w, h.nose_v, h.mouth_w
    shift = np.array([0.45 * h.turn, 0])
    wing = spline([(0.80 * w, b - 0.09), (1.03 * w, b - 0.04), (0.98 * w, b + 0.005), (0.72 * w, b + 0.012)], 20)
    nostril = spline([(0.74 * w, b + 0.004), (0.5 * w, b - 0.014), (0.24 * w, b + 0.014)], 16)
    for side in (-1, 1):
        _curve(s, f, out, wing * [side, 1] + shift, contour, 0.8)
        _curve(s, f, out, nostril * [side, 1] + shift, contour, 1.3)
    base = spline([(-0.24 * w, b + 0.014), (0, b + 0.034), (0.24 * w, b + 0.014)], 16)
    _curve(s, f, out, base + shift, contour, 0.7)
    shaded = spline([(0.95 * h.bridge_w, -0.10), (0.85 * h.bridge_w, 0.12), (0.52 * w, b - 0.14)], 24)
    _curve(s, f, out, shaded + np.array([0.25 * h.turn, 0]), contour, 0.6)
    if h.hollow >= 0.04:
        points = [(1.28 * w, b - 0.01), (1.25 * w + 0.075, b + 0.075), (m + 0.07, h.mouth_v - 0.05)]
        fold = spline([*points, (m + 0.065, h.mouth_v + 0.02)], 24)
        for side in (-1, 1):
            _curve(s, f, out, fold * [side, 1], contour, 0.5)


def _mouth(s: Sitter, f: Frame, out: Features, tone: Array, u: Array, v: Array, contour: Array) -> None:
    h = s.shape
    x = u / h.mouth_w
    top, line, bottom = an.mouth_lines(x, h)
    inside = np.abs(x) < 1.0
    lips = _soft(np.minimum(v - top, bottom - v), f.scale, 1.4) * inside
    upper = (v < line).astype(np.float32)
    shine = gauss(u + 0.05, v - 0.55 * bottom - 0.45 * line, 0.35 * h.mouth_w, 0.018)
    value = np.clip(tone * (1.0 - 0.28 * upper) + 0.16 * shine * (1 - upper), 0, 1)
    out.colour = over(out.colour, ramp(value, s.lips), 0.92 * lips)
    part = np.exp(-(((v - line) / 0.0095) ** 2)) * (np.abs(x) < 1.04) * (1 - smoothstep(0.90, 1.04, np.abs(x)))
    out.colour = over(out.colour, hex_rgb(s.lips[0]) * 0.55, 0.9 * part)
    out.labels[(lips > 0.5)] = LIP
    out.detail = np.maximum(out.detail, 0.9 * gauss(u, v - h.mouth_v, 0.75 * h.mouth_w, 0.75 * (h.upper + h.lower)))
    xs = np.linspace(-1, 1, 41)
    t, m, b = an.mouth_lines(xs, h)
    _curve(s, f, out, np.stack([xs * h.mouth_w, m], -1), contour, 1.7)
    _curve(s, f, out, np.stack([xs * h.mouth_w, t], -1), contour, 0.55)
    _curve(s, f, out, np.stack([xs * h.mouth_w, b], -1)[7:-7], contour, 0.7)


def _eye(s: Sitter, f: Frame, out: Features, tone: Array, u: Array, v: Array, side: int, contour: Array) -> None:
    h, k = s.shape, f.scale * s.shape.eye_w
    x, y = an.eye_local(u, v, h, side)
    upper, lower, crease = an.lids(x, h)
    opening = _soft(np.minimum(y - upper, lower - y), k, 1.1) * (np.abs(x) < 1)
    near = np.abs(x) < 1.25
    fold = np.exp(-(((y - crease) / 0.07) ** 2)) * near * smoothstep(1.2, 0.8, np.abs(x)) * 0.55
    out.colour = over(out.colour, hex_rgb(s.skin[1]) * 0.8, fold)
    pouch = np.exp(-(((y - lower - 0.16) / 0.05) ** 2)) * near * smoothstep(1.15, 0.6, np.abs(x)) * 0.18
    out.colour = over(out.colour, hex_rgb(s.skin[1]), pouch)
    ball = _eyeball(s, x, y, upper, side, k)
    out.colour = over(out.colour, ball, opening)
    rim = np.exp(-(((y - lower - 0.035) / 0.035) ** 2)) * (np.abs(x) < 1) * 0.55
    out.colour = over(out.colour, hex_rgb(s.skin[-1]) * [1, 0.86, 0.8] * 0.95, rim * (1 - opening))
    xs = np.clip(np.abs(x), 0, 1)
    thick = (0.075 + 0.055 * np.clip(x, -1, 1)) * (1 - 0.5 * xs**6)
    lash = _soft(thick - np.abs(y - upper + 0.3 * thick), k, 1.0) * (np.abs(x) < 1.0)
    low = np.exp(-(((y - lower) / 0.03) ** 2)) * (np.abs(x) < 0.97) * 0.55 * smoothstep(-0.6, 0.8, x)
    dark = hex_rgb(s.brow) * 0.55
    out.colour = over(out.colour, dark, np.clip(lash * 0.95 + low, 0, 1))
    out.labels[(opening > 0.5) | (lash > 0.5)] = EYE
    out.detail = np.maximum(out.detail, gauss(x, y, 0.95, 0.62))
    _eye_curves(s, f, out, side, contour)


def _eyeball(s: Sitter, x: Array, y: Array, upper: Array, side: int, k: float) -> Array:
    """White, iris, pupil and catch light in eye units."""
    h = s.shape
    ir = h.iris
    gaze = 0.02 * side
    dx, dy = x - gaze, y + 0.05
    rad = np.hypot(dx, dy) / ir
    round_ = np.clip(1 - 0.30 * (x**2) - 0.9 * np.clip(y - 0.1, 0, 1), 0, 1)
    lid_shadow = 1 - 0.42 * np.exp(-np.clip(y - upper, 0, None) / 0.16)
    white = ramp(np.clip(0.95 * round_ * lid_shadow, 0, 1), ("#3a2f35", "#8d8488", "#cfc9c4", "#f4efe6"))
    tear = smoothstep(0.80, 0.95, -x)
    white = over(white, np.array([0.72, 0.42, 0.38], np.float32), 0.7 * tear)
    ang = np.arctan2(dy, dx)
    fibre = 0.5 + 0.5 * np.sin(19 * ang + 3 * np.sin(5 * ang))
    glow = np.clip(
        0.35 + 0.55 * gauss(dx - 0.25 * ir * side, dy - 0.45 * ir, 0.5 * ir, 0.4 * ir) + 0.13 * fibre * (rad > 0.45),
        0,
        1,
    )
    iris = over(
        np.broadcast_to(hex_rgb(s.iris[0]), (*x.shape, 3)), np.broadcast_to(hex_rgb(s.iris[1]), (*x.shape, 3)), glow
    )
    iris = iris * (1 - 0.65 * smoothstep(0.80, 1.0, rad))[..., None] * lid_shadow[..., None]
    ball = over(white, iris, _soft(1 - rad, k * ir, 1.2))
    ball = over(ball, np.full(3, 0.03, np.float32), _soft(0.46 - rad, k * ir, 1.2))
    light = np.exp(
        -(
            (
                ((x - gaze + 0.36 * ir * (1 if side > 0 else -1)) / (0.17 * ir)) ** 2
                + ((dy + 0.34 * ir) / (0.19 * ir)) ** 2
            )
            ** 2
        )
    )
    return over(ball, np.array([1.0, 0.99, 0.95], np.float32), np.clip(1.2 * light, 0, 1))


def _eye_curves(s: Sitter, f: Frame, out: Features, side: int, contour: Array) -> None:
    h = s.shape
    xs = np.linspace(-1, 1, 33)
    upper, lower, crease = an.lids(xs, h)
    c, n = np.cos(h.eye_tilt), np.sin(h.eye_tilt)

    def place(y: Array, x: Array = xs) -> Array:
        du, dv = (x * c + y * n) * h.eye_w, (-x * n + y * c) * h.eye_w
        return np.stack([h.eye_u * side + du * side, h.eye_v + dv], -1)

    _curve(s, f, out, place(upper), contour, 2.2)
    _curve(s, f, out, place(lower)[5:-1], contour, 0.7)
    _curve(s, f, out, place(crease)[2:-1], contour, 0.9)
    ring = np.linspace(0, 2 * np.pi, 40)
    _curve(s, f, out, place(-0.05 + h.iris * np.sin(ring), 0.02 * side + h.iris * np.cos(ring)), contour, -1.0)


def _brow(
    s: Sitter, f: Frame, out: Features, u: Array, v: Array, side: int, contour: Array, rng: np.random.Generator
) -> None:
    h = s.shape
    mid = an.brow_curve(h, side, 40)
    t = np.linspace(0, 1, 40)
    half = h.brow_thick * (0.75 + 0.5 * np.sin(np.pi * t**0.7)) * (1 - t**3 * 0.85)
    normal = np.gradient(mid, axis=0)
    normal = np.stack([-normal[:, 1], normal[:, 0]], -1) * side
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    band = np.vstack([mid + normal * half[:, None], (mid - normal * half[:, None])[::-1]])
    mask = fill(f.size, f.pixels(an.to_head(band, h, contour)))
    soft = cv2.GaussianBlur(mask, (0, 0), 0.010 * f.scale)
    hairs = np.zeros((f.size * 2, f.size * 2), np.uint8)
    for _ in range(170):
        i = int(rng.integers(0, 36))
        across = rng.uniform(-1, 1)
        p = mid[i] + normal[i] * half[i] * across
        lean = np.array([side * (0.35 + 0.9 * t[i]), -0.75 + 1.1 * t[i]])
        q = p + lean / np.linalg.norm(lean) * rng.uniform(0.035, 0.065)
        px = np.round(f.pixels(an.to_head(np.stack([p, q]), h, contour)) * 2).astype(int)
        cv2.line(hairs, tuple(px[0]), tuple(px[1]), int(rng.integers(140, 255)), max(1, f.size // 500), cv2.LINE_AA)
    fine = cv2.resize(hairs, (f.size, f.size), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    cover = np.clip(0.62 * soft + 0.75 * fine * (0.3 + 0.7 * (soft > 0.05)), 0, 0.95)
    out.colour = over(out.colour, hex_rgb(s.brow), cover)
    out.labels[mask > 0.5] = BROW
    out.detail = np.maximum(out.detail, 0.6 * cv2.GaussianBlur(mask, (0, 0), 0.03 * f.scale))
    _curve(s, f, out, mid, contour, -2.0)
