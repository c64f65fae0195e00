"""The sitter of the woodcut, in numbers."""

from __future__ import annotations

from ..anatomy import FaceShape
from ..hair import HairGroup, both
from ..values import Sitter

SHAPE = FaceShape(
    temple=0.665,
    cheek=0.705,
    jaw=0.615,
    chin=0.235,
    crown=0.60,
    eye_u=0.300,
    eye_w=0.182,
    eye_h=0.112,
    eye_tilt=0.05,
    iris=0.54,
    lid=0.18,
    brow_v=-0.235,
    brow_arch=0.065,
    brow_thick=0.024,
    brow_tilt=-0.02,
    nose_v=0.375,
    nose_w=0.105,
    nose_h=0.20,
    bridge_w=0.042,
    mouth_v=0.615,
    mouth_w=0.145,
    upper=0.060,
    lower=0.078,
    smile=0.03,
    cheekbone=0.075,
    hollow=-0.02,
    chin_ball=0.06,
    turn=-0.05,
)
BACK = HairGroup(
    (
        [(0.0, -1.10), (0.60, -1.06), (0.92, -0.45), (0.97, 0.20), (0.90, 0.72), (0.70, 0.86)],
        [(0.0, -0.98), (0.40, -0.80), (0.50, -0.20), (0.45, 0.40), (0.40, 0.80), (0.36, 0.90)],
    ),
    260,
    0.014,
    0.0,
    1.0,
    0.2,
)
RIGHT = HairGroup(
    (
        [(-0.22, -1.06), (0.30, -1.17), (0.78, -0.82), (0.93, -0.20), (0.92, 0.36), (0.70, 0.76)],
        [(-0.25, -0.92), (0.20, -0.92), (0.62, -0.58), (0.76, -0.10), (0.76, 0.34), (0.62, 0.66)],
        [(-0.27, -0.76), (0.10, -0.66), (0.45, -0.42), (0.66, -0.10), (0.70, 0.26), (0.60, 0.54)],
    ),
    420,
    0.012,
    0.0,
    1.0,
    0.16,
)
LEFT = HairGroup(
    (
        [(-0.20, -1.06), (-0.56, -1.04), (-0.88, -0.60), (-0.94, 0.0), (-0.90, 0.40), (-0.68, 0.76)],
        [(-0.27, -0.76), (-0.42, -0.66), (-0.60, -0.38), (-0.69, -0.06), (-0.71, 0.26), (-0.60, 0.56)],
    ),
    340,
    0.012,
    0.0,
    1.0,
    0.16,
)


def mina() -> Sitter:
    """Woodcut: a round face, very large eyes, a button nose and a small mouth; a black bob with a side parting."""
    return Sitter(
        SHAPE,
        both(BACK),
        (LEFT, RIGHT),
        skin=("#5c2f2a", "#a8604a", "#dc9a74", "#f2c49c", "#fbe3c6", "#fff6e6"),
        hair=("#0a0a10", "#14141e", "#262a3c", "#46506e", "#8a98b8"),
        cloth=("#10202c", "#1d4a5c", "#2f7c8c", "#8ac4c4"),
        lips=("#5a0e14", "#a82028", "#d84a40", "#f4968a"),
        background=("#c8421e", "#d95a28", "#e87838", "#f29a58"),
        iris=("#8a4416", "#d8924a"),
        brow="#12101a",
        roll=0.05,
        scale=0.288,
        centre=(0.5, 0.47),
        neck_w=0.30,
        shoulder=(1.28, 1.5),
        shoulder_w=1.12,
        neckline="round",
        neckline_v=1.20,
        ears=0.0,
        seed=41,
    )
