"""Hair as locks of strands between guide curves, with Kajiya-Kay highlights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from .craft import Array, blur, fill, noise, smooth_angles, spline

if TYPE_CHECKING:
    from .values import Frame

Points = list[tuple[float, float]]


@dataclass(frozen=True)
class HairGroup:
    """A lock: strands interpolated between guide curves, each from root to tip in head units."""

    guides: tuple[Points, ...]
    count: int = 260
    jitter: float = 0.018
    wave: float = 0.0
    wave_turns: float = 3.0
    volume: float = 0.16
    body: bool = True


@dataclass
class HairLayer:
    """Drawn hair: coverage, relief, tone (0..1 for the palette), strand angle, and the strands themselves in pixels."""

    mask: Array
    height: Array
    tone: Array
    angle: Array
    curves: list[tuple[Array, float, bool]]


def mirrored(group: HairGroup) -> HairGroup:
    """The same lock on the other side of the head."""
    guides = tuple([(-u, v) for u, v in g] for g in group.guides)
    return HairGroup(guides, group.count, group.jitter, -group.wave, group.wave_turns, group.volume, group.body)


def both(group: HairGroup) -> tuple[HairGroup, HairGroup]:
    """The lock and its mirror image."""
    return group, mirrored(group)


def _strands(group: HairGroup, rng: np.random.Generator, steps: int = 36) -> Array:
    """(count, steps, 2) strands in head units."""
    guides = np.stack([spline(g, steps) for g in group.guides])
    where = np.sort(rng.random(group.count)) * (len(guides) - 1)
    low = np.minimum(where.astype(int), len(guides) - 2)
    t = (where - low)[:, None, None]
    t = t if len(guides) > 2 else t * t * (3 - 2 * t) * 0.35 + t * 0.65
    curves = guides[low] * (1 - t) + guides[low + 1] * t
    along = np.linspace(0, 1, steps)
    tangent = np.gradient(curves, axis=1)
    side = np.stack([-tangent[..., 1], tangent[..., 0]], -1) / (np.linalg.norm(tangent, axis=-1, keepdims=True) + 1e-9)
    clump = np.round(where * 7)[:, None] * 2.1
    wave = group.wave * np.sin(
        2 * np.pi * group.wave_turns * along[None] + 0.35 * clump + 0.5 * rng.standard_normal((group.count, 1))
    )
    drift = group.jitter * rng.standard_normal((group.count, 1)) * (0.35 + along[None])
    shift = np.clip(along * 2.5, 0, 1)[None] * wave + drift
    curves = curves + side * shift[..., None]
    cut = 1.0 - 0.22 * rng.random(group.count) ** 2
    index = along[None] * cut[:, None] * (steps - 1)
    lo = np.clip(index.astype(int), 0, steps - 2)
    w = (index - lo)[..., None]
    rows = np.arange(group.count)[:, None]
    return curves[rows, lo] * (1 - w) + curves[rows, lo + 1] * w


def _body_mask(group: HairGroup, f: Frame) -> Array:
    """The solid part of a lock: between its outer guides, from the roots almost to the tips."""
    lines = [spline(g, 60)[:48] for g in group.guides]
    tips, roots = [line[-1:] for line in lines[1:-1]], [line[:1] for line in lines[-2:0:-1]]
    return fill(f.size, f.pixels(np.vstack([lines[0], *tips, lines[-1][::-1], *roots])))


def lay_strands(
    groups: tuple[HairGroup, ...], f: Frame, rng: np.random.Generator, base: float, under: Array | None = None
) -> HairLayer:
    """Draw locks back to front; each later lock lies over the earlier ones."""
    n = f.size
    mask = np.zeros((n, n), np.float32)
    height = (under if under is not None else np.zeros((n, n), np.float32)) + base
    height = height.astype(np.float32)
    tone, curves = np.full((n, n), 0.3, np.float32), []
    lines = np.zeros((n, n, 2), np.float32)
    for group in groups:
        body = _body_mask(group, f) if group.body else np.zeros((n, n), np.float32)
        d = cv2.distanceTransform((body > 0.5).astype(np.uint8), cv2.DIST_L2, 5) / (f.scale * 0.22)
        bulge = group.volume * np.sqrt(np.clip(1 - (1 - np.clip(d, 0, 1)) ** 2, 0, 1)).astype(np.float32)
        relief = blur(height, 0.05 * f.scale) + blur(bulge, 0.03 * f.scale)
        strands = _strands(group, rng)
        values = _strand_tones(strands, relief, f, rng)
        paths = [f.pixels(s) for s in strands]
        cover, shade = _draw(paths, values, lines, rng)
        curves += [(p, float(v.mean() / 255), under is not None) for p, v in zip(paths, values, strict=True)]
        layer = np.maximum(cover, body)
        drawn = _base_tone(relief, f) * 0.55 * (1 - cover) + np.clip(shade, 0, 1) * cover
        tone = tone * (1 - layer) + drawn * layer
        height = height * (1 - layer) + (relief + 0.02) * layer
        mask = np.maximum(mask, layer)
    known = (np.abs(lines).sum(-1) > 0).astype(np.float32)
    angle = smooth_angles(0.5 * np.arctan2(lines[..., 1], lines[..., 0]), known + 1e-6, 0.012 * f.scale)
    return HairLayer(mask, height, tone, angle, curves)


def _draw(paths: list[Array], values: Array, lines: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw strands in random order: coverage and tone (h, w); doubled directions go into `lines` in place."""
    n, up = lines.shape[0], 2
    ink, shade = np.zeros((n * up, n * up), np.uint8), np.zeros((n * up, n * up), np.uint8)
    for i in rng.permutation(len(paths)):
        p = paths[i]
        thick = max(1, round(n / 768 * (1.0 + 2.2 * rng.random()) * up / 1.6))
        q = np.round(p * up * 16).astype(np.int32)
        k = np.round(p).astype(int)
        for j in range(len(q) - 1):
            cv2.line(shade, tuple(q[j]), tuple(q[j + 1]), int(values[i, j]), thick, cv2.LINE_8, shift=4)
            cv2.line(ink, tuple(q[j]), tuple(q[j + 1]), 255, thick, cv2.LINE_8, shift=4)
            a = 2 * np.arctan2(*(p[j + 1] - p[j])[::-1])
            cv2.line(lines, tuple(k[j]), tuple(k[j + 1]), (float(np.cos(a)), float(np.sin(a))), 3)
    cover = cv2.resize(ink, (n, n), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    shade = cv2.resize(shade, (n, n), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return cover, shade / np.maximum(cover, 1e-3)


def _base_tone(relief: Array, f: Frame) -> Array:
    gy, gx = np.gradient(relief)
    lit = (0.5 * gx + 0.5 * gy) * f.scale + 0.7
    return np.clip(0.5 * lit / np.sqrt(1 + (gx * f.scale) ** 2 + (gy * f.scale) ** 2), 0, 1)


def _strand_tones(strands: Array, relief: Array, f: Frame, rng: np.random.Generator) -> Array:
    """Tone 0..255 at each strand point: wrapped diffuse plus two highlight bands (Kajiya and Kay 1989)."""
    flat = f.pixels(strands.reshape(-1, 2)).reshape(strands.shape)
    gy, gx = np.gradient(relief)
    x = flat[..., 0].astype(np.float32)
    y = flat[..., 1].astype(np.float32)
    zx, zy = (
        cv2.remap(g.astype(np.float32) * f.scale, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for g in (gx, gy)
    )
    t = np.gradient(flat, axis=1) / f.scale
    t3 = np.dstack([t[..., 0], t[..., 1], t[..., 0] * zx + t[..., 1] * zy])
    t3 /= np.linalg.norm(t3, axis=-1, keepdims=True) + 1e-9
    light = np.array([-0.45, -0.6, 0.66])
    half = light + np.array([0, 0, 1])
    half /= np.linalg.norm(half)
    n3 = np.dstack([-zx, -zy, np.ones_like(zx)])
    n3 /= np.linalg.norm(n3, axis=-1, keepdims=True)
    diffuse = np.clip((n3 @ light + 0.35) / 1.35, 0, 1)
    spec = np.sqrt(np.clip(1 - (t3 @ half) ** 2, 0, 1)) ** 28 * diffuse
    clump = noise(64, 9, rng, 2)
    index = (np.linspace(0, 63, len(strands))).astype(int)
    variation = 0.07 * clump[index][:, np.linspace(0, 20, strands.shape[1]).astype(int)] + 0.06 * rng.standard_normal(
        (len(strands), 1)
    )
    ends = np.linspace(0, 1, strands.shape[1])
    fade = 0.75 + 0.25 * np.sin(np.pi * np.clip(ends * 1.1, 0, 1))
    tone = (0.10 + 0.48 * diffuse + 0.50 * spec * (0.6 + 0.8 * rng.random((len(strands), 1)))) * fade + variation
    return np.clip(tone * 255, 0, 255)
