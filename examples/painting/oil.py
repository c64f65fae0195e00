"""Thick oil: curved bristle strokes from broad to fine, along the form, lit as relief (after Hertzmann 1998, 2002)."""

from __future__ import annotations

import numpy as np

from .craft import Array, blur, noise, smoothstep
from .strokes import Canvas, area_colour, error_seeds, impasto, stamp, trace
from .values import BACKGROUND, HAIR, Study


def _expressive(study: Study, rng: np.random.Generator) -> Array:
    """Push the study's colour: more contrast, warm lights against violet and green shadows, broken hues."""
    size = study.tone.shape[0]
    c = study.colour.astype(np.float32)
    grey = c.mean(-1, keepdims=True)
    face = (study.labels != BACKGROUND)[..., None]
    c = grey + (c - grey) * 1.18
    c = np.where(face, 0.5 + (c - 0.47) * 1.12, c)
    shade = (1 - smoothstep(0.12, 0.42, grey[..., 0]))[..., None] * face
    light = smoothstep(0.62, 0.85, grey[..., 0])[..., None] * face
    c = c * (1 - 0.20 * shade) + np.array([0.20, 0.14, 0.38], np.float32) * 0.20 * shade
    c = c * (1 - 0.10 * light) + np.array([1.0, 0.93, 0.66], np.float32) * 0.10 * light
    hue = noise(size, size / 14, rng, 2)[..., None] * np.array([0.042, -0.014, -0.036], np.float32)
    hue = hue + noise(size, size / 18, rng, 2)[..., None] * np.array([-0.026, 0.030, 0.018], np.float32)
    return np.clip(c + hue * (1 - 0.8 * study.detail[..., None]), 0, 1).astype(np.float32)


def _swirls(study: Study, rng: np.random.Generator) -> Array:
    """Background strokes circle the head in uneven eddies."""
    size = study.tone.shape[0]
    y, x = np.mgrid[:size, :size]
    around = np.arctan2(y - study.centre[1], x - study.centre[0]) + np.pi / 2
    eddy = 0.75 * noise(size, size / 3, rng, 2)
    return np.where(study.labels == BACKGROUND, around + eddy, study.angle).astype(np.float32)


def paint(study: Study, seed: int) -> Array:
    """Study -> oil painting, same size, float RGB."""
    rng = np.random.default_rng(seed)
    size = study.tone.shape[0]
    unit = size / 768
    target = _expressive(study, rng)
    angle = _swirls(study, rng)
    ground = np.array([0.42, 0.27, 0.18], np.float32)
    canvas = Canvas(np.broadcast_to(ground, target.shape).copy(), 0.15 * np.abs(noise(size, 6 * unit, rng, 1)))
    region = np.where(study.labels == BACKGROUND, 0, np.where(study.labels == HAIR, 1, 2)).astype(np.uint8)
    free = 1 - study.detail
    layers = (
        (24.0, 12, 0.06, None),
        (13.0, 11, 0.10, None),
        (8.0, 9, 0.10, None),
        (5.0, 9, 0.14, 0.20),
        (2.6, 8, 0.16, 0.36),
        (1.4, 7, 0.07, 0.55),
        (0.9, 6, 0.10, 0.75),
    )
    for radius, steps, threshold, near in layers:
        r = radius * unit
        brush = area_colour(target, r)
        fine = blur((study.labels != BACKGROUND).astype(np.float32) * 0.35 + study.detail, 6 * unit) if near else None
        for x, y in error_seeds(brush, canvas.colour, max(1, round(1.25 * r)), threshold, rng):
            if fine is not None and fine[y, x] < near * (0.7 + 0.6 * rng.random()):
                continue
            wobble = angle if radius > 5 else angle + np.float32(0.12 * rng.standard_normal())
            path = trace(
                (float(x), float(y)),
                wobble,
                r,
                steps if free[y, x] > 0.4 else max(4, steps // 2),
                rng,
                region if radius < 20 else None,
            )
            jitter = rng.standard_normal(3) * (0.030 if radius > 3 else 0.012) + rng.standard_normal() * 0.018
            stamp(canvas, path, r, np.clip(brush[y, x] + jitter, 0, 1), rng, load=1.0 if radius > 3 else 0.8)
    return impasto(canvas)
