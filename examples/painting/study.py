"""From a sitter to a study: what a painter knows before the first stroke (light, colours, directions, lines)."""

from __future__ import annotations

import cv2
import numpy as np

from .body import body as draw_body
from .body import ears as draw_ears
from .body import head as draw_head
from .body import ornaments
from .craft import Array, blur, edge_tangent, noise, over, ramp, smooth_angles, smoothstep
from .features import paint_features
from .hair import lay_strands
from .light import Layer, ambient_occlusion, cast_shadow, lambert, normals
from .values import CLOTH, HAIR, ORNAMENT, SKIN, Frame, Sitter, Study, frame_of


def hatch_relief(study: Study) -> Array:
    """A calm form (head units) for lines to bend over: an egg for the head, plus softened features."""
    n = study.tone.shape[0]
    y, x = np.mgrid[:n, :n].astype(np.float32)
    u, v = (x - study.centre[0]) / study.scale, (y - study.centre[1]) / study.scale
    egg = -0.62 * u**2 - 0.30 * (v - 0.1) ** 2
    head = blur(study.skin, 0.02 * study.scale)
    fine = blur(study.height, 0.065 * study.scale) - blur(study.height, 0.16 * study.scale)
    inner = smoothstep(
        0.15, 0.30, cv2.distanceTransform((study.skin > 0.5).astype(np.uint8), cv2.DIST_L2, 5) / study.scale
    )
    body = -0.35 * u**2 - 0.45 * (v - 1.0)
    return (head * egg + (1 - head) * body + 0.9 * np.clip(fine, -0.05, 0.05) * inner).astype(np.float32)


def build_study(s: Sitter, size: int) -> Study:
    """Light the sitter and gather what the media need; deterministic by the sitter's seed."""
    rng = np.random.default_rng(s.seed)
    f = frame_of(s, size)
    back = lay_strands(s.hair_back, f, rng, base=-0.55)
    body, cloth = draw_body(s, f, rng)
    head, uf, v, contour = draw_head(s, f)
    ears, ear_curves = draw_ears(s, f)
    front = lay_strands(s.hair_front, f, rng, base=0.0, under=head.height)
    layers = [
        Layer(back.mask, back.height, normals(back.height, f.scale)),
        *body,
        ears,
        head,
        Layer(front.mask, front.height, normals(front.height, f.scale)),
    ]
    height, normal = np.full((size, size), -1.6, np.float32), np.zeros((size, size, 3), np.float32)
    normal[..., 2] = 1
    labels = np.zeros((size, size), np.uint8)
    for layer, label in zip(layers, (HAIR, SKIN, SKIN, SKIN, HAIR), strict=True):
        m = layer.mask
        height, normal = over(height, layer.height, m), over(normal, layer.normal, m)
        labels[m > 0.5] = label
        if layer is body[-1]:
            labels[cloth > 0.5] = CLOTH
    study = _paint(s, f, layers, (back, front), (height, normal, labels), (uf, v, contour, cloth), rng)
    study.contours += [(c, 0.8) for curve in ear_curves for c in _seen(curve, (labels == SKIN) & (head.mask < 0.5))]
    return study


def _seen(curve: Array, visible: Array) -> list[Array]:
    """The runs of a pixel curve over a mask."""
    i = np.clip(np.round(curve).astype(int), 0, len(visible) - 1)
    runs = np.flatnonzero(np.diff(np.concatenate([[0], visible[i[:, 1], i[:, 0]].astype(int), [0]])))
    return [curve[a:b] for a, b in zip(runs[::2], runs[1::2], strict=True) if b - a > 5]


def _paint(
    s: Sitter, f: Frame, layers: list[Layer], hair: tuple, fields: tuple, face: tuple, rng: np.random.Generator
) -> Study:
    """Colour the layers from back to front."""
    height, normal, labels = fields
    uf, v, contour, cloth = face
    back, front = hair
    shadow = cast_shadow(height, s.light, f.scale)
    occlusion = ambient_occlusion(height, f.scale)
    tone = lambert(normal, shadow, occlusion, s.light, s.ambient)
    skin_tone = np.clip(tone, 0, 1)
    skin = ramp(skin_tone, s.skin)
    features = paint_features(s, f, skin, skin_tone, uf, v, contour, rng)
    hair_back = over(np.full_like(tone, 0.5), back.tone * (0.62 + 0.38 * occlusion), back.mask)
    colour = _background(s, f, rng)
    for paint, mask in (
        (ramp(hair_back, s.hair), back.mask),
        (skin, layers[1].mask),
        (ramp(np.clip(tone * 0.95 + 0.03, 0, 1), s.cloth), cloth),
        (skin, layers[2].mask),
        (features.colour, layers[3].mask),
        (ramp(front.tone * (1.0 - 0.25 * shadow), s.hair), front.mask),
    ):
        colour = over(colour, paint, mask)
    colour, beads = ornaments(s, f, colour)
    on_face = (layers[3].mask > 0.5) & (labels != HAIR)
    labels = np.where(on_face & (features.labels > 0), features.labels, labels).astype(np.uint8)
    labels[beads > 0.5] = ORNAMENT
    angle = _directions(np.mean(colour, -1), labels, (back, front), f.scale)
    curves = (features.contours, back.curves + front.curves)
    detail = features.detail * on_face
    return Study(colour, tone, height, labels, angle, detail, layers[3].mask, *curves, f.scale, f.centre)


def _background(s: Sitter, f: Frame, rng: np.random.Generator) -> Array:
    """Plain wall with a vignette: lighter behind the shadow side, darker behind the light side."""
    u, v = f.grid(roll=False)
    t = 0.52 + 0.16 * np.tanh(u) - 0.10 * (v + 0.3) - 0.10 * (u**2 + (v - 0.2) ** 2) / 4
    return ramp(np.clip(t + 0.05 * noise(f.size, f.size / 5, rng), 0, 1), s.background)


def _directions(tone: Array, labels: Array, hair: tuple, scale: float) -> Array:
    """Stroke directions: along edges and forms, along the strands in hair."""
    angle, strength = edge_tangent(blur(tone.astype(np.float32), 0.012 * scale), 0.03 * scale)
    coarse, strength_2 = edge_tangent(blur(tone.astype(np.float32), 0.05 * scale), 0.10 * scale)
    field_ = smooth_angles(angle, strength + 1e-7, 0.03 * scale)
    c = np.cos(2 * field_) * strength + 0.15 * np.cos(2 * coarse) * strength_2
    n = np.sin(2 * field_) * strength + 0.15 * np.sin(2 * coarse) * strength_2
    angle = smooth_angles(0.5 * np.arctan2(n, c), np.sqrt(np.hypot(c, n)) + 1e-6, 0.03 * scale)
    for part in hair:
        angle = np.where((labels == HAIR) & (part.mask > 0.3), part.angle, angle)
    return angle.astype(np.float32)
