"""The sitter of the mosaic, in numbers."""

from __future__ import annotations

from ..anatomy import FaceShape
from ..hair import HairGroup, both
from ..values import Ornament, Sitter

SHAPE = FaceShape(
    temple=0.60,
    cheek=0.565,
    jaw=0.41,
    chin=0.15,
    crown=0.55,
    eye_u=0.262,
    eye_w=0.178,
    eye_h=0.100,
    eye_tilt=0.03,
    iris=0.50,
    lid=0.24,
    brow_v=-0.205,
    brow_arch=0.095,
    brow_thick=0.030,
    nose_v=0.460,
    nose_w=0.104,
    nose_h=0.22,
    bridge_w=0.040,
    mouth_v=0.672,
    mouth_w=0.172,
    upper=0.062,
    lower=0.078,
    smile=0.02,
    cheekbone=0.05,
    hollow=0.03,
    chin_ball=0.06,
    turn=0.0,
)
BACK = HairGroup(
    (
        [(0.0, -1.08), (0.50, -1.02), (0.80, -0.50), (0.84, 0.05), (0.70, 0.46), (0.50, 0.62)],
        [(0.0, -0.90), (0.35, -0.70), (0.45, -0.20), (0.42, 0.10), (0.42, 0.34), (0.40, 0.48)],
    ),
    260,
    0.015,
    0.0,
    1.0,
    0.20,
)
LOCK = HairGroup(
    (
        [(0.0, -1.04), (0.34, -1.02), (0.66, -0.62), (0.76, -0.18), (0.74, 0.20)],
        [(0.0, -0.74), (0.24, -0.68), (0.50, -0.42), (0.60, -0.08), (0.60, 0.24)],
    ),
    320,
    0.010,
    0.010,
    3.0,
    0.14,
)
GOLD = ("#4a2c08", "#9a6a14", "#d9a62c", "#f7dc7a", "#fff6cf")
PEARL = ("#6c6a78", "#b9b6bd", "#ece7df", "#ffffff")
RUBY = ("#3c0610", "#8c1020", "#cf2a3a", "#ff8f8a")
GREEN = ("#06281c", "#0d5a3c", "#2a9a68", "#a0e6bf")
ARC = [(-0.70, -0.50), (-0.45, -0.70), (0.0, -0.80), (0.45, -0.70), (0.70, -0.50)]
BANDS = (
    Ornament(tuple((u, v - 0.06) for u, v in ARC), 0.085, GOLD),
    Ornament(((-0.62, 1.62), (-0.3, 1.82), (0.0, 1.9), (0.3, 1.82), (0.62, 1.62)), 0.10, GOLD, False),
)
JEWELS = (
    Ornament(((0.0, -0.88),), 0.095, RUBY),
    *(Ornament(((side * 0.33, -0.80),), 0.062, GREEN) for side in (-1, 1)),
    *(Ornament(((side * 0.60, -0.62),), 0.055, RUBY) for side in (-1, 1)),
)
PEARLS = tuple(
    Ornament(((u, -0.86 + 0.40 * abs(u) ** 1.9 - 0.135),), 0.040, PEARL)
    for u in (-0.62, -0.5, -0.375, -0.25, -0.13, 0.13, 0.25, 0.375, 0.5, 0.62)
)
DROPS = tuple(
    Ornament(
        ((side * (0.70 + 0.012 * i), 0.16 + 0.115 * i),),
        0.048 + 0.012 * (i == 4),
        (PEARL, PEARL, PEARL, PEARL, GREEN)[i],
    )
    for side in (-1, 1)
    for i in range(5)
)
COLLAR = tuple(
    Ornament(((u, 1.9 - 0.72 * u * u),), 0.052, RUBY if i % 2 else GREEN, False)
    for i, u in enumerate((-0.5, -0.25, 0.0, 0.25, 0.5))
)


def teodora() -> Sitter:
    """Mosaic: the huge eyes, long thin nose and tiny mouth of an icon; a jewelled diadem, a purple robe."""
    return Sitter(
        SHAPE,
        both(BACK),
        both(LOCK),
        skin=("#5a3a34", "#99634c", "#c98f6a", "#e6bb92", "#f6dcb8", "#fff3dc"),
        hair=("#0e0a12", "#1f1620", "#3a2a30", "#6a4a40", "#96705a"),
        cloth=("#240c30", "#4a1a58", "#7a3484", "#b47ab4"),
        lips=("#4a1014", "#96242a", "#d04440", "#ee8a7a"),
        background=("#a8741c", "#c9952c", "#e2b648", "#f4d478"),
        iris=("#1e120c", "#6a4424"),
        brow="#1a100e",
        roll=0.0,
        scale=0.285,
        centre=(0.5, 0.455),
        neck_w=0.30,
        shoulder=(1.45, 1.66),
        shoulder_w=1.22,
        neckline="boat",
        neckline_v=1.36,
        ears=0.0,
        ornaments=(*BANDS, *JEWELS, *PEARLS, *DROPS, *COLLAR),
        ambient=0.34,
        seed=37,
    )
