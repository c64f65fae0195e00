"""Pen and ink: hatching bent over the form (level lines, after Ostromoukhov 1999), contours of varying weight."""

from __future__ import annotations

import cv2
import numpy as np

from .craft import Array, blur, hex_rgb, luminance, noise, smoothstep
from .study import hatch_relief
from .values import BACKGROUND, BROW, CLOTH, EYE, HAIR, LIP, SKIN, Study

UP = 3  # supersampling of every line
# Families of hatches: direction (x, y), bend over the form, period in pixels at 768, darkness from-to, widest line.
SKIN_LINES = (
    (-0.50, 0.86, 0.50, 5.0, (0.09, 0.76), 0.52),
    (0.70, 0.71, 0.40, 5.2, (0.38, 0.95), 0.50),
    (0.10, 1.0, -0.30, 5.6, (0.64, 1.02), 0.5),
)
CLOTH_LINES = (
    (0.75, 0.62, 0.30, 6.4, (0.18, 0.75), 0.58),
    (-0.72, 0.70, 0.3, 6.8, (0.48, 0.95), 0.55),
    (0.05, 1.0, 0.0, 7.0, (0.66, 1.1), 0.55),
)


def _hatch(phase: Array, dark: Array, rng: np.random.Generator, reach: tuple[float, float], widest: float) -> Array:
    """Lines where the phase passes whole numbers, as wide as the tone is dark; each line has its own pressure."""
    index = np.floor(phase + 0.5).astype(int)
    pressure = rng.random(4096)[index % 4096] - 0.5
    want = dark + 0.10 * pressure
    width = widest * np.clip((want - reach[0]) / (reach[1] - reach[0]), 0, 1) ** 0.8
    width = np.where(width < 0.07, 0.0, np.maximum(width, 0.13))
    gy, gx = np.gradient(phase)
    slope = np.hypot(gx, gy) + 1e-6
    distance = (width / 2 - np.abs(phase - np.round(phase))) / slope
    return smoothstep(-0.7, 0.7, distance) * (width > 0)


def _pen(ink: Array, path: Array, width: Array) -> None:
    """A pen line on the supersampled sheet, width in sheet pixels per point."""
    q = np.round(path * UP * 16).astype(np.int32)
    for i in range(len(q) - 1):
        cv2.line(ink, tuple(q[i]), tuple(q[i + 1]), 255, max(1, round(float(width[i]))), cv2.LINE_AA, shift=4)


def _swell(path: Array, weight: float, unit: float, rng: np.random.Generator) -> Array:
    """Pressure along a line: thin ends, full belly, a little tremor, heavier on the side away from the light."""
    n = len(path)
    t = np.linspace(0, 1, n)
    belly = 0.25 + 0.75 * np.sin(np.pi * t) ** 0.6
    tangent = np.gradient(path, axis=0)
    side = np.abs(tangent @ np.array([-0.6, 0.55])) / (np.linalg.norm(tangent, axis=1) + 1e-6)
    tremor = np.interp(t, np.linspace(0, 1, 9), 1 + 0.25 * rng.standard_normal(9))
    return UP * unit * weight * 1.55 * belly * np.clip(tremor, 0.5, 1.6) * (0.75 + 0.5 * side)


def _outlines(study: Study, ink: Array, unit: float, rng: np.random.Generator) -> None:
    """Silhouettes between label groups, broken into pen strokes."""
    lab = study.labels
    face = np.isin(lab, (SKIN, EYE, LIP, BROW))
    groups = ((lab != BACKGROUND, 1.9), (face, 1.1), (lab == CLOTH, 1.5))
    for mask, weight in groups:
        smooth = (blur(mask.astype(np.float32), 2.2 * unit) > 0.5).astype(np.uint8)
        for contour in cv2.findContours(smooth, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0]:
            p = contour[:, 0].astype(float)
            if len(p) < 60 * unit:
                continue
            k = np.ones(9) / 9
            p = np.stack([np.convolve(np.pad(p[:, c], 4, mode="wrap"), k, "valid") for c in (0, 1)], -1)
            i = 0
            while i < len(p) - 8:
                n = int(rng.integers(60, 170) * unit)
                part = p[i : i + n : 3]
                inside = (part > 4).all(1) & (part < lab.shape[0] - 5).all(1)
                part = part[inside]
                if len(part) > 4 and np.linalg.norm(np.diff(part, axis=0), axis=1).max() < 12 * unit:
                    _pen(
                        ink,
                        part + rng.standard_normal(2) * 0.4,
                        _swell(part, weight * rng.uniform(0.7, 1.25), unit, rng),
                    )
                i += max(4, n - int(rng.integers(2, 16) * unit))


def _hair(study: Study, ink: Array, dark: Array, unit: float, rng: np.random.Generator) -> None:
    """Single strands with air between them: close and strong in the shade, few in the light."""
    n = dark.shape[0]
    hair = study.labels == HAIR
    low, high = np.quantile(blur(dark, 5 * unit)[hair], (0.04, 0.66))
    calm = np.clip((blur(dark, 5 * unit) - low) / (high - low), 0, 1)
    taken = np.zeros((n, n), np.uint8)
    for j in rng.permutation(len(study.strands)):
        path = study.strands[j][0]
        i = np.clip(np.round(path).astype(int), 0, n - 1)
        d = calm[i[:, 1], i[:, 0]]
        keep = hair[i[:, 1], i[:, 0]] & (d > 0.02 + 0.55 * rng.random() ** 1.5) & (taken[i[:, 1], i[:, 0]] == 0)
        runs = np.flatnonzero(np.diff(np.concatenate([[0], keep.astype(int), [0]])))
        for a, b in zip(runs[::2], runs[1::2], strict=True):
            if b - a >= 4:
                deep = float(d[a:b].mean())
                _pen(ink, path[a:b], np.maximum(2.0 * unit, 0.55 * _swell(path[a:b], 0.45 + 1.35 * deep, unit, rng)))
                cv2.polylines(taken, [i[a:b]], False, 1, max(1, round((5.0 - 4.0 * deep) * unit)))


def paint(study: Study, seed: int) -> Array:
    """Study -> pen drawing on cream paper, float RGB."""
    rng = np.random.default_rng(seed)
    n = study.tone.shape[0]
    unit = n / 768
    y, x = np.mgrid[: n * UP, : n * UP].astype(np.float32) / UP
    big = (n * UP, n * UP)
    lum = luminance(study.colour)
    dark_small = np.clip(1.08 - 1.18 * lum**0.85, 0, 1)
    dark = cv2.resize(dark_small, big, interpolation=cv2.INTER_CUBIC)
    relief = cv2.resize(hatch_relief(study), big) * study.scale
    wobble = cv2.resize(noise(n, 90 * unit, rng, 2), big) * 0.22
    lab = cv2.resize(study.labels, big, interpolation=cv2.INTER_NEAREST)
    dark = np.where(lab == SKIN, np.minimum(dark, 0.74 + 0.25 * smoothstep(0.86, 0.97, dark)), dark)
    texture = cv2.resize(noise(n, 7 * unit, rng, 2), big) * 0.055
    ink = np.zeros(big, np.float32)
    face = np.isin(lab, (SKIN, EYE, LIP, BROW))
    for mask, layers in ((face, SKIN_LINES), (lab == CLOTH, CLOTH_LINES)):
        for ax, ay, bend, period, reach, widest in layers:
            phase = (ax * x + ay * y + bend * relief) / (period * unit) + wobble
            ink = np.maximum(ink, _hatch(phase, dark + texture, rng, reach, widest) * mask)
    ink = np.maximum(ink, _wall(study, x, y, lab, wobble, texture, rng))
    sheet = (ink * 255).astype(np.uint8)
    _hair(study, sheet, dark_small, unit, rng)
    _outlines(study, sheet, unit, rng)
    for path, weight in study.contours:
        if weight > 0:
            _pen(sheet, path, _swell(path, 1.3 * weight, unit, rng))
    solid = smoothstep(0.66, 0.80, dark) * np.isin(lab, (EYE, BROW, LIP)) + smoothstep(0.86, 0.95, dark) * face
    ink = np.maximum(sheet.astype(np.float32) / 255, np.clip(solid, 0, 1))
    cover = cv2.resize(ink, (n, n), interpolation=cv2.INTER_AREA)
    return _on_paper(cover, dark_small, study, rng)


def _wall(
    study: Study, x: Array, y: Array, lab: Array, wobble: Array, texture: Array, rng: np.random.Generator
) -> Array:
    """A patch of slanting hatches behind the lit side of the head, so that the light edge stands out."""
    n = study.tone.shape[0]
    cx, cy = study.centre
    reach = np.exp(-((((x - cx + 0.52 * n / 1.3) / (0.26 * n)) ** 2 + ((y - cy - 0.05 * n) / (0.42 * n)) ** 2) ** 1.5))
    phase = (0.72 * x + 0.66 * y) / (8.0 * n / 768) + 0.6 * wobble
    lines = _hatch(phase, 0.75 * reach + 1.5 * texture, rng, (0.18, 0.9), 0.36)
    second = _hatch(
        (0.95 * x + 0.25 * y) / (8.5 * n / 768) + wobble, 0.75 * reach + 1.5 * texture, rng, (0.45, 0.95), 0.36
    )
    return np.maximum(lines, second) * (lab == BACKGROUND)


def _on_paper(cover: Array, dark: Array, study: Study, rng: np.random.Generator) -> Array:
    n = cover.shape[0]
    grain = noise(n, 2.2, rng, 1) * 0.010 + noise(n, n / 4, rng, 2) * 0.008
    paper = hex_rgb("#f3e9d2") + grain[..., None] * np.array([1.0, 1.0, 1.15], np.float32)
    wash = blur(dark * (study.labels != BACKGROUND), 5 * n / 768)[..., None]
    paper = paper * (1 - wash * 0.20 * (1 - hex_rgb("#b98a5a")))
    flow = np.clip(0.95 + 0.02 * noise(n, 60, rng, 2), 0, 1)
    c = (cover * flow)[..., None]
    return np.clip(paper * (1 - c) + hex_rgb("#1c1714") * c, 0, 1).astype(np.float32)
