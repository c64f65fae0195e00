"""Pastel on dark paper: sticks of pure colour dragged over the tooth of the paper, broad to sharp, edges left open."""

from __future__ import annotations

import numpy as np

from .craft import Array, blur, hex_rgb, luminance, noise, over, smooth_angles, smoothstep
from .strokes import area_colour, error_seeds, ribbon, trace
from .study import hatch_relief
from .values import BACKGROUND, HAIR, Study

PAPER = "#2a2a3d"


def _colours(study: Study, rng: np.random.Generator) -> Array:
    """Lift the lights, let violet and blue into the shades, vary the hue of neighbouring sticks."""
    n = study.tone.shape[0]
    c = study.colour.astype(np.float32)
    value = luminance(c)[..., None]
    c = value + (c - value) * 1.35
    person = (study.labels != BACKGROUND)[..., None]
    dark, light = 1 - smoothstep(0.10, 0.40, value), smoothstep(0.45, 0.75, value)
    c = c + person * (dark * np.array([0.03, 0.02, 0.15]) + light * np.array([0.06, 0.04, -0.03]))
    hue = noise(n, n / 16, rng, 2)[..., None] * np.array([0.035, -0.01, -0.04])
    hue = hue + noise(n, n / 22, rng, 2)[..., None] * np.array([-0.022, 0.016, 0.04])
    return np.clip(c + hue * (1 - 0.85 * study.detail[..., None]), 0, 1).astype(np.float32)


def _directions(study: Study) -> Array:
    """Slanting like a right hand's hatching, bent over the form; along the strands in hair, along the features."""
    gy, gx = np.gradient(hatch_relief(study) * study.scale)
    hand = np.arctan2(-0.82 - 0.5 * gx, 0.57 + 0.5 * gy)
    mix = smoothstep(0.25, 0.6, study.detail) * 0.9
    c = np.cos(2 * hand) * (1 - mix) + np.cos(2 * study.angle) * mix
    s = np.sin(2 * hand) * (1 - mix) + np.sin(2 * study.angle) * mix
    angle = smooth_angles(0.5 * np.arctan2(s, c), np.ones_like(hand), 0.02 * study.scale)
    return np.where(study.labels == HAIR, study.angle, angle).astype(np.float32)


def _stick(sheet: Array, tooth: Array, path: Array, radius: float, colour: Array, pressure: float) -> None:
    """One mark: full where the paper's tooth is high, open where it is low, softer at its sides and ends."""
    h, w = tooth.shape
    x0, y0 = np.maximum(np.floor(path.min(0) - radius - 2).astype(int), 0)
    x1, y1 = np.minimum(np.ceil(path.max(0) + radius + 3).astype(int), (w, h))
    if x1 - x0 < 2 or y1 - y0 < 2 or len(path) < 2:
        return
    yy, xx = np.mgrid[y0:y1, x0:x1].astype(np.float32)
    across, along, length = ribbon(path, xx, yy)
    side = np.clip((1 - np.abs(across) / radius) * min(radius, 3.0), 0, 1)
    ends = np.clip((along + 0.5 * radius) / radius, 0, 1) * np.clip(
        (length + 0.5 * radius - along) / (1.5 * radius), 0, 1
    )
    press = pressure * (0.45 + 0.55 * side) * ends * (side > 0)
    region = np.s_[y0:y1, x0:x1]
    cover = (0.92 * smoothstep(-0.55, 0.65, press * 2.2 - 1.1 - tooth[region]) * side)[..., None]
    sheet[region] = sheet[region] * (1 - cover) + colour * cover


def paint(study: Study, seed: int) -> Array:
    """Study -> pastel on dark paper, float RGB."""
    rng = np.random.default_rng(seed)
    n = study.tone.shape[0]
    unit = n / 768
    tooth = (0.55 * noise(n, 1.7 * unit, rng, 1) + 0.40 * noise(n, 3.6 * unit, rng, 1)).astype(np.float32)
    weave = noise(n, n / 3, rng, 2)[..., None] * 0.012 + 0.016 * tooth[..., None]
    sheet = (np.broadcast_to(hex_rgb(PAPER), (n, n, 3)) + weave).astype(np.float32)
    target, angle = _colours(study, rng), _directions(study)
    region = np.where(study.labels == BACKGROUND, 0, np.where(study.labels == HAIR, 1, 2)).astype(np.uint8)
    person = blur((region > 0).astype(np.float32), 8 * unit)
    y, x = np.mgrid[:n, :n]
    reach = np.hypot((x - study.centre[0]) / (0.50 * n), (y - study.centre[1] - 0.05 * n) / (0.56 * n))
    open_edge = 1 - smoothstep(0.72, 1.05, reach + 0.08 * noise(n, n / 7, rng, 2))
    rubbed = 0.62 * person * smoothstep(0.0, 0.5, open_edge) * np.clip(0.85 + 0.10 * tooth, 0, 1)
    sheet = over(sheet, area_colour(target, 5 * unit), rubbed)
    layers = (
        (11.0, 9, 0.05, 0.70, 0.0),
        (6.5, 9, 0.09, 0.80, 0.3),
        (4.0, 8, 0.10, 0.88, 0.5),
        (2.4, 8, 0.10, 1.0, 0.62),
        (1.4, 7, 0.07, 1.15, 0.85),
        (0.9, 6, 0.09, 1.3, 0.85),
    )
    for radius, steps, threshold, pressure, near in layers:
        r = radius * unit
        load = area_colour(target, r)
        worth = np.maximum(person * 0.75, study.detail)
        for px, py in error_seeds(load, sheet, max(1, round(1.35 * r)), threshold, rng):
            edge = open_edge[py, px]
            if worth[py, px] < near * (0.8 + 0.4 * rng.random()) or edge < rng.random() * 0.9:
                continue
            path = trace((float(px), float(py)), angle, r * 0.9, steps, rng, region)
            jitter = rng.standard_normal(3) * (0.040 if radius > 3 else 0.015)
            force = pressure * (0.55 + 0.45 * edge) * rng.uniform(0.85, 1.1)
            _stick(sheet, tooth, path, r, np.clip(load[py, px] + jitter, 0, 1), force)
    return np.clip(sheet, 0, 1)
