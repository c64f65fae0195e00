"""Mosaic: oriented tesserae by Lloyd iterations with a turned square metric (Hausner 2001), bevelled, on dark grout."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.spatial import cKDTree

from .craft import Array, blur, hex_rgb, noise, smooth_angles, smoothstep
from .values import BACKGROUND, BROW, EYE, HAIR, LIP, ORNAMENT, Study

NEIGHBOURS = 7


def _guides(study: Study, halo: float) -> tuple[Array, Array, Array]:
    """Row direction (radians), tile size in pixels, region that tiles must not cross."""
    n = study.labels.shape[0]
    unit = n / 768
    lab = np.where(study.labels == ORNAMENT, ORNAMENT, cv2.medianBlur(study.labels, 2 * int(5 * unit) + 1))
    y, x = np.mgrid[:n, :n].astype(np.float32)
    radius = np.hypot(x - study.centre[0], y - study.centre[1] + 0.05 * study.scale) / study.scale
    region = lab.astype(np.int32)
    ring = np.abs(radius - halo) < 0.055
    region[(lab == BACKGROUND) & (radius < halo)] = 20
    region[(lab == BACKGROUND) & ring] = 21
    lines = (cv2.morphologyEx(region.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3))) > 0).astype(np.uint8)
    for path, weight in study.contours:
        if weight != 0:
            cv2.polylines(lines, [np.round(path).astype(np.int32)], False, 1, 1)
    distance = cv2.distanceTransform(1 - lines, cv2.DIST_L2, 5)
    soft = blur(distance, 2.0 * unit)
    gy, gx = np.gradient(soft)
    rows = np.arctan2(gy, gx) + np.pi / 2
    rows = smooth_angles(rows, 1.0 / (2 * unit + distance), 3.0 * unit)
    hair = blur((lab == HAIR).astype(np.float32), 3 * unit) > 0.5
    rows = np.where(hair, study.angle, rows)
    size = (
        15.5
        - 6.0 * blur((lab != BACKGROUND).astype(np.float32), 5 * unit)
        - 4.6 * smoothstep(0.05, 0.6, blur(study.detail, 3 * unit))
    )
    size = np.where(np.isin(lab, (EYE, LIP, BROW)), np.minimum(size, 5.0), size)
    size = np.where(lab == ORNAMENT, np.minimum(size, 7.0), size)
    return rows.astype(np.float32), blur(size.astype(np.float32), 2 * unit) * unit, region


def _lloyd(
    rows: Array, size: Array, region: Array, rng: np.random.Generator, rounds: int
) -> tuple[Array, Array, Array]:
    """Centres, owner of every pixel, and the margin to the second-best owner (in pixels)."""
    n = rows.shape[0]
    yy, xx = np.mgrid[:n, :n]
    p = (1.0 / size**2).ravel().astype(float)
    picks = rng.choice(n * n, int(p.sum()), replace=False, p=p / p.sum())
    centres = np.stack([xx.ravel()[picks], yy.ravel()[picks]], -1).astype(np.float32)
    pixels = np.stack([xx.ravel(), yy.ravel()], -1).astype(np.float32)
    owner = margin = np.zeros(n * n)
    for i in range(rounds):
        owner, margin = _assign(pixels, centres, rows, size, region, n)
        if i < rounds - 1:
            weight = np.bincount(owner, minlength=len(centres)).astype(np.float32)
            mean = np.stack([np.bincount(owner, pixels[:, c], minlength=len(centres)) for c in (0, 1)], -1)
            filled = weight > 0
            centres[filled] = (mean[filled] / weight[filled, None]).astype(np.float32)
    return centres, owner.reshape(n, n), margin.reshape(n, n)


def _assign(pixels: Array, centres: Array, rows: Array, size: Array, region: Array, n: int) -> tuple[Array, Array]:
    near = cKDTree(centres).query(pixels, NEIGHBOURS)[1]
    ij = np.clip(np.round(centres).astype(int), 0, n - 1)
    a = rows[ij[:, 1], ij[:, 0]]
    home = region[ij[:, 1], ij[:, 0]]
    c, s = np.cos(a), np.sin(a)
    scale = size[ij[:, 1], ij[:, 0]]
    best = np.full(len(pixels), 1e9, np.float32)
    second = best.copy()
    owner = np.zeros(len(pixels), int)
    flat = region.ravel()
    for k in range(NEIGHBOURS):
        j = near[:, k]
        d = pixels - centres[j]
        u, v = np.abs(d[:, 0] * c[j] + d[:, 1] * s[j]), np.abs(-d[:, 0] * s[j] + d[:, 1] * c[j])
        q = np.maximum(u, v) + 0.05 * (u + v) + (home[j] != flat) * 0.9 * scale[j]
        better = q < best
        second = np.where(better, best, np.minimum(second, q))
        owner = np.where(better, j, owner)
        best = np.where(better, q, best)
    return owner, second - best


def _tile_colours(study: Study, colour: Array, owner: Array, count: int, rng: np.random.Generator) -> Array:
    flat = owner.ravel()
    size = np.maximum(np.bincount(flat, minlength=count), 1)
    mean = np.stack([np.bincount(flat, colour[..., c].ravel(), minlength=count) for c in range(3)], -1) / size[:, None]
    mean = 0.5 + (mean - 0.5) * 1.10
    shelf = np.round(mean * 11) / 11
    mean = 0.55 * mean + 0.45 * shelf
    return np.clip(mean + rng.standard_normal((count, 3)) * 0.014 + rng.standard_normal((count, 1)) * 0.030, 0, 1)


def _drawn(study: Study, unit: float) -> Array:
    """The cartoon under the tiles: features outlined in dark red, as in the old workshops; hair lifted out of black."""
    sheet = np.zeros((*study.labels.shape,), np.uint8)
    for path, weight in study.contours:
        if weight >= 0.7:
            q = np.round(path * 16).astype(np.int32)
            cv2.polylines(
                sheet, [q], False, int(min(255, 110 + 70 * weight)), max(1, round(3.4 * unit)), cv2.LINE_AA, shift=4
            )
    cover = (sheet.astype(np.float32) / 255 * np.isin(study.labels, (1, EYE, LIP)))[..., None]
    colour = study.colour * (1 - 0.75 * cover) + hex_rgb("#5a1a18") * 0.75 * cover
    return np.where((study.labels == HAIR)[..., None], colour * 1.35 + np.array([0.03, 0.02, 0.05]), colour)


def paint(study: Study, seed: int, halo: float = 1.30) -> Array:
    """Study -> mosaic, float RGB."""
    rng = np.random.default_rng(seed)
    n = study.labels.shape[0]
    unit = n / 768
    rows, size, region = _guides(study, halo)
    centres, owner, margin = _lloyd(rows, size, region, rng, 26)
    count = len(centres)
    tiles = _tile_colours(study, _drawn(study, unit), owner, count, rng)
    ij = np.clip(np.round(centres).astype(int), 0, n - 1)
    home = region[ij[:, 1], ij[:, 0]]
    gold = np.isin(home, (BACKGROUND, 20))
    tiles[gold] = _gold(rng, int(gold.sum()), home[gold] == 20)
    tiles[home == 21] = hex_rgb("#8f1d22") + rng.standard_normal((int((home == 21).sum()), 3)) * 0.03
    tilt = rng.standard_normal((count, 2)) * np.where(gold, 0.34, 0.16)[:, None]
    yy, xx = np.mgrid[:n, :n].astype(np.float32)
    local = np.dstack([xx - centres[owner, 0], yy - centres[owner, 1]]) / size[..., None]
    gap = 0.95 * unit
    stone = smoothstep(gap - 0.55, gap + 0.75, margin * 0.5 + 0.35 * unit)
    bevel = blur(stone, 1.1 * unit)
    gy, gx = np.gradient(bevel)
    light = 1 - 0.62 * (gx * 0.6 + gy * 0.75) * unit * -1.0
    face = 1 + 0.10 * (local * [-0.6, -0.75]).sum(-1) + (tilt[owner] * [-0.6, -0.75]).sum(-1) * 0.30
    picture = tiles[owner] * (light * face)[..., None]
    spark = (rng.random(count) < 0.06) & gold
    glint = spark[owner] * np.exp(-((local**2).sum(-1)) / 0.10)
    picture = picture + glint[..., None] * np.array([0.30, 0.27, 0.18])
    grain = 1 + 0.020 * noise(n, 3, rng, 1)
    grout = hex_rgb("#3a2e26") * (1 + 0.10 * noise(n, 4, rng, 1))[..., None]
    out = grout * (1 - stone[..., None]) + picture * grain[..., None] * stone[..., None]
    return np.clip(out, 0, 1).astype(np.float32)


def _gold(rng: np.random.Generator, count: int, inner: Array) -> Array:
    """Gold glass: from brown to pale by the tilt of each tile; paler inside the halo."""
    warm = np.clip(rng.normal(0.55, 0.22, count) + 0.16 * inner, 0, 1)[:, None]
    return (1 - warm) * hex_rgb("#8a5a14") + warm * hex_rgb("#f6d270")
