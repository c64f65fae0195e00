"""The sitter of the oil, in numbers."""

from __future__ import annotations

from ..anatomy import FaceShape
from ..hair import HairGroup, both
from ..values import Sitter

SHAPE = FaceShape(
    temple=0.57,
    cheek=0.535,
    jaw=0.385,
    chin=0.15,
    crown=0.53,
    eye_u=0.248,
    eye_w=0.160,
    eye_h=0.066,
    eye_tilt=0.10,
    lid=0.34,
    brow_v=-0.175,
    brow_arch=0.10,
    brow_thick=0.022,
    nose_v=0.475,
    nose_w=0.098,
    nose_h=0.25,
    bridge_w=0.040,
    mouth_v=0.685,
    mouth_w=0.170,
    upper=0.060,
    lower=0.080,
    smile=0.012,
    cheekbone=0.065,
    hollow=0.05,
    chin_ball=0.06,
    turn=0.05,
)
BACK = HairGroup(
    (
        [
            (0.0, -1.02),
            (0.58, -1.00),
            (0.84, -0.45),
            (0.80, 0.10),
            (0.92, 0.62),
            (0.80, 1.12),
            (0.98, 1.62),
            (0.86, 2.1),
        ],
        [
            (0.0, -0.98),
            (0.35, -0.80),
            (0.45, -0.20),
            (0.38, 0.40),
            (0.28, 0.90),
            (0.24, 1.22),
            (0.26, 1.6),
            (0.3, 2.0),
        ],
    ),
    420,
    0.03,
    0.035,
    2.6,
)
LOCK = HairGroup(
    (
        [(0.0, -1.06), (0.30, -1.13), (0.68, -0.82), (0.80, -0.30), (0.74, 0.18), (0.86, 0.62), (0.74, 1.05)],
        [(0.0, -1.00), (0.36, -0.90), (0.62, -0.50), (0.68, -0.10), (0.64, 0.26), (0.74, 0.62), (0.62, 0.98)],
        [(0.0, -0.80), (0.20, -0.72), (0.45, -0.42), (0.575, -0.08), (0.545, 0.26), (0.60, 0.56), (0.52, 0.86)],
    ),
    440,
    0.014,
    0.022,
    2.2,
)


def clara() -> Sitter:
    """Oil: a long narrow face on a long neck, almond eyes, auburn hair falling from a centre parting."""
    return Sitter(
        SHAPE,
        both(BACK),
        both(LOCK),
        skin=("#3b1f2b", "#7a4038", "#b9704e", "#e0a178", "#f4cfa4", "#fff0d6"),
        hair=("#1d0d10", "#4a1a14", "#8a3318", "#c4622a", "#eba75a"),
        cloth=("#0e1a33", "#1a3560", "#2f5c8f", "#6f9cc0"),
        lips=("#3f1018", "#86242c", "#bf4a45", "#e58a78"),
        background=("#123a3a", "#1f5a55", "#3f8a78", "#7db59a"),
        iris=("#23382c", "#7ba06a"),
        brow="#38170f",
        roll=0.07,
        scale=0.290,
        centre=(0.5, 0.435),
        neck_w=0.29,
        shoulder=(1.50, 1.74),
        shoulder_w=1.10,
        neckline="v",
        neckline_v=1.35,
        ears=0.0,
        seed=11,
    )
