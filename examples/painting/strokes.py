"""Brush strokes with bristles: a curved ribbon of paint with colour, coverage and thickness."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .craft import Array, blur, luminance


@dataclass
class Canvas:
    """Colour (h, w, 3) and paint thickness (h, w)."""

    colour: Array
    thickness: Array


def trace(
    start: tuple[float, float],
    angle: Array,
    radius: float,
    steps: int,
    rng: np.random.Generator,
    stop: Array | None = None,
) -> Array:
    """Follow the direction field from a point both ways (Hertzmann 1998's curved strokes): (n, 2) pixels (x, y)."""
    h, w = angle.shape
    halves = []
    for sign in (1.0, -1.0):
        x, y = start
        a = angle[int(y), int(x)] + (np.pi if sign < 0 else 0.0)
        path = []
        for _ in range(steps // 2):
            x, y = x + radius * np.cos(a), y + radius * np.sin(a)
            if not (0 <= x < w and 0 <= y < h):
                break
            if stop is not None and stop[int(y), int(x)] != stop[int(start[1]), int(start[0])]:
                break
            path.append((x, y))
            b = angle[int(y), int(x)]
            turn = (b - a + np.pi / 2) % np.pi - np.pi / 2
            a = a + np.clip(turn, -0.45, 0.45)
        halves.append(path)
    if rng.random() < 0.5:
        halves = halves[::-1]
    return np.array([*halves[0][::-1], start, *halves[1]])


def bristles(rng: np.random.Generator, count: int = 64) -> Array:
    """Paint carried by each bristle across the brush, 0..1."""
    raw = rng.random(count)
    smooth = np.convolve(np.pad(raw, 3, mode="wrap"), [0.25, 0.5, 0.25], "same")[3:-3]
    return np.clip(0.30 + 1.0 * smooth, 0, 1)


def stamp(
    canvas: Canvas, path: Array, radius: float, colour: Array, rng: np.random.Generator, load: float = 1.0
) -> None:
    """Lay one stroke: streaks along the path, a dry end, ridges of paint at the sides and at the end."""
    h, w = canvas.thickness.shape
    x0, y0 = np.floor(path.min(0) - radius - 2).astype(int)
    x1, y1 = np.ceil(path.max(0) + radius + 3).astype(int)
    x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, w), min(y1, h)
    if x1 - x0 < 2 or y1 - y0 < 2 or len(path) < 2:
        return
    yy, xx = np.mgrid[y0:y1, x0:x1].astype(np.float32)
    across, along, length = ribbon(path, xx, yy)
    t = across / radius
    tip = 0.85 * radius * np.sqrt(np.clip(1 - t * t, 0, 1)) - 0.1 * radius
    end = np.clip((along + tip) / (0.35 * radius), 0, 1) * np.clip((length + tip - along) / (0.5 * radius), 0, 1)
    s = np.clip(along / max(length, 1.0), 0, 1)
    table = bristles(rng, 48)
    hair = table[np.clip(((t + 1) * 24).astype(int), 0, 47)]
    dry = np.clip(load * 1.25 - s * (1.35 - hair) * 0.9, 0, 1)
    cover = (
        np.clip((1 - np.abs(t)) * radius * 0.8, 0, 1) * np.clip(end * 2.2 - (1 - hair), 0, 1) * np.clip(dry * 3.0, 0, 1)
    )
    tint = colour + (hair[..., None] - 0.65) * 0.10 + 0.02 * rng.standard_normal(3)
    region = np.s_[y0:y1, x0:x1]
    c = cover[..., None].astype(np.float32)
    canvas.colour[region] = canvas.colour[region] * (1 - c) + np.clip(tint, 0, 1) * c
    ridge = 0.45 * np.exp(-(((np.abs(t) - 0.80) / 0.16) ** 2)) + 0.35 * s**3
    body = load * (0.35 + 0.75 * hair + ridge) * min(radius, 12.0) / 10.0
    canvas.thickness[region] = canvas.thickness[region] * (1 - cover) + (0.45 * canvas.thickness[region] + body) * cover


def ribbon(path: Array, xx: Array, yy: Array) -> tuple[Array, Array, float]:
    """Signed distance across and arc length along the nearest segment of a polyline."""
    best = np.full(xx.shape, 1e9, np.float32)
    across, along = np.zeros_like(xx), np.zeros_like(xx)
    total = 0.0
    n = len(path) - 1
    for i in range(n):
        dx, dy = path[i + 1] - path[i]
        seg = float(np.hypot(dx, dy)) + 1e-6
        px, py = xx - path[i, 0], yy - path[i, 1]
        s = (px * dx + py * dy) / seg
        d = (px * dy - py * dx) / seg
        low = -1e6 if i == 0 else 0.0
        high = 1e6 if i == n - 1 else seg
        clamped = np.clip(s, low, high)
        dist = d * d + (s - clamped) ** 2
        closer = dist < best
        best[closer] = dist[closer]
        across[closer] = (np.sign(d) * np.sqrt(dist))[closer]
        along[closer] = (total + clamped)[closer]
        total += seg
    return across, along, total


def impasto(canvas: Canvas, strength: float = 0.55) -> Array:
    """Light the relief of the paint from the upper left, with a little gloss."""
    z = blur(canvas.thickness.astype(np.float32), 0.7)
    z = z - blur(z, 14.0) * 0.6
    gy, gx = np.gradient(z)
    n = np.dstack([-gx, -gy, np.full_like(gx, 1.0)])
    n /= np.linalg.norm(n, axis=-1, keepdims=True)
    key = np.array([-0.5, -0.6, 0.62]) / np.linalg.norm([-0.5, -0.6, 0.62])
    flat = key[2]
    shade = 1.0 + strength * (n @ key - flat)
    gloss = np.clip(n @ np.array([-0.33, -0.40, 0.855]), 0, 1) ** 40
    gloss = np.clip(gloss - 0.855**40, 0, 1)
    lit = canvas.colour * shade[..., None] + 0.10 * gloss[..., None]
    return np.clip(lit, 0, 1).astype(np.float32)


def error_seeds(target: Array, current: Array, grid: int, threshold: float, rng: np.random.Generator) -> Array:
    """Stroke starts: the worst pixel of each grid cell whose mean error is above the threshold; (n, 2), shuffled."""
    error = np.abs(target - current).sum(-1)
    error += 0.001 * rng.random(error.shape)
    h, w = error.shape
    starts = []
    for y in range(0, h, grid):
        for x in range(0, w, grid):
            cell = error[y : y + grid, x : x + grid]
            if cell.mean() > threshold:
                j = int(np.argmax(cell))
                starts.append((x + j % cell.shape[1], y + j // cell.shape[1]))
    return rng.permutation(np.array(starts).reshape(-1, 2))


def brightness_order(starts: Array, target: Array) -> Array:
    """Dark strokes first, as in 'fat over lean'."""
    value = luminance(target)[starts[:, 1].astype(int), starts[:, 0].astype(int)]
    return starts[np.argsort(value + 0.15 * np.random.default_rng(0).random(len(value)))]


def area_colour(target: Array, radius: float) -> Array:
    """The colour a brush of that size would be loaded with."""
    return cv2.GaussianBlur(target, (0, 0), max(0.5, 0.45 * radius))
