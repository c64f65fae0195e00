"""The sitter of the ink, in numbers."""

from __future__ import annotations

from ..anatomy import FaceShape
from ..hair import HairGroup
from ..values import Sitter

SHAPE = FaceShape(
    temple=0.595,
    cheek=0.645,
    jaw=0.655,
    chin=0.29,
    crown=0.56,
    eye_u=0.245,
    eye_w=0.118,
    eye_h=0.046,
    eye_tilt=0.0,
    lid=0.22,
    brow_v=-0.155,
    brow_arch=0.045,
    brow_thick=0.046,
    brow_tilt=0.012,
    nose_v=0.43,
    nose_w=0.165,
    nose_h=0.31,
    bridge_w=0.062,
    mouth_v=0.66,
    mouth_w=0.265,
    upper=0.042,
    lower=0.072,
    smile=-0.004,
    cheekbone=0.075,
    hollow=0.04,
    chin_ball=0.10,
    turn=-0.05,
    raise_brow=0.02,
)
BACK = HairGroup(
    (
        [(-0.66, 0.02), (-0.80, -0.60), (-0.40, -1.16), (0.20, -1.26), (0.70, -0.86), (0.70, 0.02)],
        [(-0.58, 0.02), (-0.56, -0.40), (-0.36, -0.66), (0.10, -0.76), (0.50, -0.56), (0.58, 0.02)],
    ),
    340,
    0.02,
    0.02,
    3.0,
    0.12,
)
SIDES = tuple(
    HairGroup(
        (
            [(k * 0.40, -0.92), (k * 0.66, -0.76), (k * 0.76, -0.40), (k * 0.66, 0.03)],
            [(k * 0.38, -0.68), (k * 0.51, -0.53), (k * 0.555, -0.30), (k * 0.61, 0.07)],
        ),
        300,
        0.014,
        k * 0.016,
        2.6,
        0.09,
    )
    for k in (-1, 1)
)
TOP = tuple(
    HairGroup(
        (
            [
                (-0.46, -0.74 - 0.10 * i),
                (-0.34, -1.00 - 0.08 * i),
                (0.06, -1.12 - 0.055 * i),
                (0.44, -0.98 - 0.05 * i),
                (0.66, -0.60 - 0.10 * i),
            ],
            [
                (-0.44, -0.66 - 0.09 * i),
                (-0.30, -0.80 - 0.09 * i),
                (0.02, -0.88 - 0.065 * i),
                (0.34, -0.78 - 0.06 * i),
                (0.55, -0.48 - 0.10 * i),
            ],
        ),
        190,
        0.016,
        0.030,
        1.5 + 0.2 * i,
        0.13,
    )
    for i in (3, 2, 1, 0)
)


def bruno() -> Sitter:
    """Ink: a heavy jaw, small deep-set eyes, a broad nose; wavy hair combed over, an open collar."""
    return Sitter(
        SHAPE,
        (),
        (BACK, *SIDES, *TOP),
        skin=("#251a18", "#5e4438", "#9a7458", "#cfa783", "#eed3ae", "#fff4e0"),
        hair=("#14110f", "#39302b", "#6b5c50", "#a89684", "#e2d6c6"),
        cloth=("#14161a", "#2e333b", "#59616c", "#a7adb5"),
        lips=("#2a1412", "#63362f", "#95594c", "#c98f7e"),
        background=("#d8d2c4", "#e6e0d2", "#f2ecdf", "#f8f3e8"),
        iris=("#20252b", "#6d7f8c"),
        brow="#120d0b",
        roll=-0.045,
        scale=0.292,
        centre=(0.5, 0.455),
        neck_w=0.46,
        shoulder=(1.22, 1.42),
        shoulder_w=1.50,
        neckline="v",
        neckline_v=1.12,
        ears=1.0,
        ambient=0.23,
        seed=23,
    )
