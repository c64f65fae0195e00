"""Colour woodcut: flat printed blocks cut with tapering gouges, a black key block, grain and misregister."""

from __future__ import annotations

import cv2
import numpy as np

from .craft import Array, blur, hex_rgb, luminance, noise, over, smoothstep
from .study import hatch_relief
from .values import BACKGROUND, BROW, CLOTH, EYE, HAIR, LIP, SKIN, Study

UP = 2
PAPER = "#f4e7cb"
INKS = {
    "skin": ("#f6c98f", "#e2794a", "#a52f2a"),
    "cloth": ("#2b8a86", "#155b66"),
    "wall": ("#f2b233", "#e58a1f"),
    "hair": "#2f5f9e",
    "lip": "#c8202c",
    "iris": "#b3602a",
    "key": "#17131a",
}


def _gouges(phase: Array) -> Array:
    """Triangle wave -1..1: added to a tone before thresholding it cuts wedges that taper with the tone."""
    return 4 * np.abs(phase - np.floor(phase + 0.5)) - 1


def _block(tone: Array, level: float, wedge: Array, depth: float) -> Array:
    """1 where the block still prints: tone below the level, with gouged edges."""
    return smoothstep(0.012, -0.012, tone + depth * wedge - level)


def _cut(sheet: Array, path: Array, width: Array) -> None:
    """A knife line of varying width on the supersampled sheet, corners left angular."""
    q = cv2.approxPolyDP((path * UP).astype(np.float32)[:, None], 0.9 * UP, False)[:, 0]
    t = np.linspace(0, 1, len(q))
    w = np.interp(t, np.linspace(0, 1, len(width)), width) * UP
    for i in range(len(q) - 1):
        d = q[i + 1] - q[i]
        n = np.array([-d[1], d[0]]) / (np.linalg.norm(d) + 1e-6) / 2
        quad = np.stack([q[i] + n * w[i], q[i + 1] + n * w[i + 1], q[i + 1] - n * w[i + 1], q[i] - n * w[i]])
        cv2.fillConvexPoly(sheet, np.round(quad * 16).astype(np.int32), 255, cv2.LINE_AA, shift=4)
        cv2.circle(sheet, tuple(np.round(q[i + 1] * 16).astype(int)), int(8 * w[i + 1]), 255, -1, cv2.LINE_AA, shift=4)


def _key_lines(study: Study, unit: float, rng: np.random.Generator) -> Array:
    """Contours of the key block: features by their weights, silhouettes bold."""
    n = study.labels.shape[0]
    sheet = np.zeros((n * UP, n * UP), np.uint8)
    for path, weight in study.contours:
        if weight > 0:
            t = np.linspace(0, 1, 24)
            _cut(sheet, path, unit * (1.0 + 2.1 * weight * np.sin(np.pi * t) ** 0.7) * rng.uniform(0.9, 1.1, 24))
    face = np.isin(study.labels, (SKIN, EYE, LIP, BROW))
    for mask, weight in ((study.labels != BACKGROUND, 5.0), (face, 3.6), (study.labels == CLOTH, 4.2)):
        smooth = (blur(mask.astype(np.float32), 3.0 * unit) > 0.5).astype(np.uint8)
        wide = cv2.copyMakeBorder(smooth, 20, 20, 20, 20, cv2.BORDER_REPLICATE)  # no line along the picture's border
        for contour in cv2.findContours(wide, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE, offset=(-20, -20))[0]:
            if len(contour) > 80 * unit:
                p = contour[::2, 0].astype(float)
                p = np.vstack([p, p[:1]])
                k = max(6, len(p) // 14)
                _cut(sheet, p, weight * unit * np.clip(1 + 0.35 * rng.standard_normal(k), 0.45, 1.5))
    return sheet.astype(np.float32) / 255


def _carve_hair(study: Study, unit: float, rng: np.random.Generator) -> Array:
    """Lit strands cut out of the black: tapering grooves."""
    n = study.labels.shape[0]
    lum = blur(luminance(study.colour), 5 * unit)
    hair = study.labels == HAIR
    top, low = np.quantile(lum[hair], (0.93, 0.30))
    sheet = np.zeros((n * UP, n * UP), np.uint8)
    taken = np.zeros((n, n), np.uint8)
    for j in rng.permutation(len(study.strands)):
        path = study.strands[j][0]
        i = np.clip(np.round(path).astype(int), 0, n - 1)
        lit = np.clip((lum[i[:, 1], i[:, 0]] - low) / (top - low), 0, 1)
        keep = hair[i[:, 1], i[:, 0]] & (lit > 0.12 + 0.5 * rng.random()) & (taken[i[:, 1], i[:, 0]] == 0)
        runs = np.flatnonzero(np.diff(np.concatenate([[0], keep.astype(int), [0]])))
        for a, b in zip(runs[::2], runs[1::2], strict=True):
            if b - a >= 5:
                t = np.linspace(0, 1, 16)
                _cut(sheet, path[a:b], unit * (0.5 + 3.4 * float(lit[a:b].mean()) * np.sin(np.pi * t) ** 0.8))
                cv2.polylines(taken, [i[a:b]], False, 1, max(3, round(6.0 * unit)))
    return sheet.astype(np.float32) / 255


def paint(study: Study, seed: int) -> Array:
    """Study -> colour woodcut, float RGB."""
    rng = np.random.default_rng(seed)
    n = study.labels.shape[0]
    unit, m = n / 768, n * UP
    y, x = np.mgrid[:m, :m].astype(np.float32) / UP
    tone, lum = _enlarge(_bare_tone(study, unit)), _enlarge(luminance(study.colour))
    relief = _enlarge(hatch_relief(study)) * study.scale
    wobble = _enlarge(noise(n, 70 * unit, rng, 2)) * 0.20
    wedge = _gouges((-0.62 * x + 0.78 * y + 0.30 * relief) / (9.0 * unit) + wobble)
    parts = {"skin": (SKIN, EYE, BROW, LIP), "cloth": (CLOTH,), "hair": (HAIR,), "lip": (LIP,), "eye": (EYE,)}
    parts["brow"] = (BROW,)
    mask = {k: _enlarge(blur(np.isin(study.labels, v).astype(np.float32), 0.7)) for k, v in parts.items()}
    out = _wall(study, x, y, wobble, unit, rng)
    stripes = _gouges((y + 0.22 * np.abs(x - study.centre[0]) - 0.25 * relief) / (34.0 * unit))
    out = _colour_blocks(out, mask, (tone, lum, wedge, stripes))
    eye = smoothstep(0.4, 0.6, mask["eye"])
    out = over(out, hex_rgb(INKS["iris"]), eye)
    out = over(out, hex_rgb(PAPER), eye * smoothstep(0.50, 0.58, _enlarge(blur(luminance(study.colour), 0.8 * unit))))
    shift = np.array([[1, 0, 1.3 * unit * UP], [0, 1, -0.9 * unit * UP]], np.float64)
    out = cv2.warpAffine(out, shift, (m, m), borderMode=cv2.BORDER_REPLICATE)
    key = _enlarge(_shrink(_key_lines(study, unit, rng)))
    groove = _enlarge(_shrink(_carve_hair(study, unit, rng)))
    out = over(out, hex_rgb(INKS["hair"]), mask["hair"])
    key = np.maximum(key, smoothstep(0.45, 0.55, mask["hair"]) * (1 - smoothstep(0.4, 0.6, groove)))
    key = np.maximum(key, mask["skin"] * _block(tone, 0.115, wedge, 0.08))
    dark_eye = eye * smoothstep(0.13, 0.09, _enlarge(blur(luminance(study.colour), 0.7 * unit)))
    key = np.maximum(key, np.maximum(dark_eye, smoothstep(0.35, 0.5, mask["brow"])))
    pupil, spark = _pupils(study)
    key = np.maximum(key * (1 - spark), pupil * eye * (1 - spark))
    return _print(over(out, hex_rgb(PAPER), spark * eye), key, n, rng)


def _bare_tone(study: Study, unit: float) -> Array:
    """The light on the face with eyes, brows and lips filled in from around them."""
    bare = (~np.isin(study.labels, (EYE, BROW, LIP))).astype(np.float32)
    return blur(study.tone * bare, 3 * unit) / np.maximum(blur(bare, 3 * unit), 1e-3)


def _colour_blocks(wall: Array, mask: dict[str, Array], cut: tuple[Array, Array, Array, Array]) -> Array:
    """The flats: three skin blocks over bare paper, two for the striped cloth, one for the lips."""
    tone, lum, wedge, stripes = cut
    out = over(wall, hex_rgb(PAPER), np.clip(mask["skin"] + mask["cloth"] + mask["hair"], 0, 1))
    for ink, level, depth in zip(INKS["skin"], (0.80, 0.50, 0.27), (0.05, 0.10, 0.09), strict=True):
        out = over(out, hex_rgb(ink), mask["skin"] * _block(tone, level, wedge, depth))
    cloth = over(np.broadcast_to(hex_rgb(INKS["cloth"][0]), out.shape), hex_rgb(PAPER), smoothstep(0.42, 0.5, stripes))
    cloth = over(cloth, hex_rgb(INKS["cloth"][1]), _block(tone, 0.42, wedge, 0.16))
    out = over(out, cloth, mask["cloth"])
    return over(out, hex_rgb(INKS["lip"]), mask["lip"] * _block(lum, 0.62, wedge, 0.03))


def _pupils(study: Study) -> tuple[Array, Array]:
    """Round pupils and the light in them, from the iris rings (the curves of weight -1)."""
    n = study.labels.shape[0] * UP
    pupil, spark = np.zeros((n, n), np.uint8), np.zeros((n, n), np.uint8)
    for path, weight in study.contours:
        if weight == -1.0:
            middle, radius = path[:-1].mean(0), np.ptp(path[:, 0]) / 2
            for sheet, at, r in (
                (pupil, middle, 0.56 * radius),
                (spark, middle + np.array([-0.36, -0.36]) * radius, 0.25 * radius),
            ):
                cv2.circle(
                    sheet, tuple(np.round(at * UP * 16).astype(int)), round(r * UP * 16), 255, -1, cv2.LINE_AA, shift=4
                )
    return pupil.astype(np.float32) / 255, spark.astype(np.float32) / 255


def _enlarge(a: Array) -> Array:
    return cv2.resize(a.astype(np.float32), None, fx=UP, fy=UP, interpolation=cv2.INTER_CUBIC)


def _shrink(sheet: Array) -> Array:
    return cv2.resize(sheet, None, fx=1 / UP, fy=1 / UP, interpolation=cv2.INTER_AREA)


def _wall(study: Study, x: Array, y: Array, wobble: Array, unit: float, rng: np.random.Generator) -> Array:
    """Background block with rays cut around the head, stronger on the lit side."""
    dx, dy = x - study.centre[0], y - study.centre[1]
    r = np.hypot(dx, dy) / study.scale
    rays = _gouges(np.arctan2(dy, dx) * 84 / (2 * np.pi) + 0.35 * wobble)
    beat = np.floor(np.arctan2(dy, dx) * 84 / (2 * np.pi) + 0.5).astype(int) % 84
    start = 1.20 + 0.22 * rng.random(84)[beat]
    amount = (
        smoothstep(0.0, 0.30, r - start) * (1 - smoothstep(0.5, 1.6, r - start)) * (0.55 + 0.25 * rng.random(84)[beat])
    )
    wall = np.broadcast_to(hex_rgb(INKS["wall"][0]), (*x.shape, 3))
    wall = over(wall, hex_rgb(INKS["wall"][1]), smoothstep(-0.06, 0.06, r - 1.72 - 0.08 * wobble + 0.05 * rays))
    return over(wall, hex_rgb(PAPER), smoothstep(-0.03, 0.03, amount - 0.5 * (rays + 1) - 0.02)).astype(np.float32)


def _print(colour: Array, key: Array, n: int, rng: np.random.Generator) -> Array:
    """Ink on paper: wood grain and pinholes in the flats, a slightly uneven black."""
    colour = cv2.resize(colour, (n, n), interpolation=cv2.INTER_AREA)
    key = cv2.resize(key, (n, n), interpolation=cv2.INTER_AREA)
    grain = cv2.resize(
        rng.standard_normal((n // 3, max(4, n // 40))).astype(np.float32), (n, n), interpolation=cv2.INTER_CUBIC
    )
    mottle = noise(n, 3.0, rng, 2)
    colour = colour + (0.014 * blur(grain, 0.8) + 0.010 * mottle)[..., None]
    holes = smoothstep(2.3, 2.9, noise(n, 2.6, rng, 1) + 0.25 * grain)
    black = hex_rgb(INKS["key"]) + (0.016 * mottle + 0.016 * grain)[..., None]
    out = over(colour, black, key * (1 - 0.85 * holes))
    return np.clip(over(out, hex_rgb(PAPER), 0.5 * holes * (1 - key)), 0, 1).astype(np.float32)
