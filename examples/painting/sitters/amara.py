"""The sitter of the pastel, in numbers."""

from __future__ import annotations

import numpy as np

from ..anatomy import FaceShape
from ..hair import HairGroup
from ..values import Ornament, Sitter

SHAPE = FaceShape(
    temple=0.655,
    cheek=0.635,
    jaw=0.445,
    chin=0.165,
    crown=0.58,
    eye_u=0.282,
    eye_w=0.162,
    eye_h=0.078,
    eye_tilt=0.13,
    iris=0.50,
    lid=0.30,
    brow_v=-0.195,
    brow_arch=0.085,
    brow_thick=0.026,
    brow_tilt=0.005,
    nose_v=0.42,
    nose_w=0.150,
    nose_h=0.24,
    bridge_w=0.050,
    mouth_v=0.645,
    mouth_w=0.225,
    upper=0.082,
    lower=0.108,
    smile=0.028,
    cheekbone=0.085,
    hollow=0.035,
    chin_ball=0.06,
    turn=0.045,
)


def _ray(degrees: float, inner: float, outer: float, bend: float) -> list[tuple[float, float]]:
    """A guide from the skull outwards; angles from straight up, clockwise."""
    a = np.radians(degrees)
    rays = [(inner, 0.0), (0.5 * (inner + outer), bend), (outer, 1.6 * bend)]
    return [(float(r * 1.02 * np.sin(a + b)), float(-0.18 - r * np.cos(a + b))) for r, b in rays]


def _crown(start: float, end: float, inner: float, outer: float, count: int, volume: float) -> HairGroup:
    guides = tuple(_ray(d, inner, outer, 0.07) for d in np.linspace(start, end, 13))
    return HairGroup(guides, count, 0.035, 0.030, 2.6, volume)


CLOUD = _crown(-128, 128, 0.46, 1.17, 1500, 0.30)
FRONT = _crown(-98, 98, 0.60, 1.02, 900, 0.20)
GOLD = ("#4a2408", "#a8681a", "#e2ac3c", "#fbe48c", "#fffbe0")


def _hoop(side: int) -> Ornament:
    ring = [
        (side * 0.69 + 0.155 * np.sin(t), 0.50 - 0.175 * np.cos(t)) for t in np.linspace(0.25, 2 * np.pi - 0.25, 24)
    ]
    return Ornament(tuple(ring), 0.026, GOLD)


def amara() -> Sitter:
    """Pastel: a heart-shaped face, high cheekbones, full lips, slanting eyes; a cloud of dark curls and gold hoops."""
    return Sitter(
        SHAPE,
        (CLOUD,),
        (FRONT,),
        skin=("#1c0f1c", "#43201f", "#7a3d28", "#b0663c", "#dc9a62", "#ffd9a0"),
        hair=("#0c0a18", "#1d1830", "#3a2c48", "#6a4a5c", "#b07a6c"),
        cloth=("#4a1030", "#a0203c", "#e04a3c", "#ff9a5c"),
        lips=("#300814", "#6c1a2c", "#a83a44", "#e08078"),
        background=("#1c4a5c", "#2a6e7c", "#4a98a0", "#84c4bc"),
        iris=("#140a08", "#5a3014"),
        blush="#c84a3a",
        cool="#5a6aa8",
        brow="#0c0810",
        roll=0.04,
        scale=0.285,
        centre=(0.5, 0.50),
        neck_w=0.29,
        shoulder=(1.36, 1.58),
        shoulder_w=1.15,
        neckline="boat",
        neckline_v=1.22,
        ears=0.75,
        ornaments=(_hoop(-1), _hoop(1)),
        ambient=0.20,
        seed=53,
    )
