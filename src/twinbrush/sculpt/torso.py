"""The body below the neck, without clothes: chest, shoulders, collarbones, shoulder blades, spine, the arms' beginning.

All lengths in mm of the head's frame, for the template's mean border; left and right are alike. It is narrower than a
real one (the outer shoulders 190 instead of 225 mm from the middle), so that the head keeps the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twinbrush.maths.filters import smoothstep
from twinbrush.sculpt.implicit import cone, ellipsoid, intersection, union

Axes = tuple[np.ndarray, np.ndarray, np.ndarray]
SHOULDER_FROM_MM, SHOULDER_OVER_MM = 62.0, 95.0  # width and slope of the shoulders grow from here over this
CUT_WIDTH_MM, CUT_LOW_MM, CUT_RISE_MM, CUT_POWER = 178.0, -326.0, 84.0, 2.3  # the lower edge: its middle, its ends
CUT_DEPTH_RISE_MM, CUT_MIDDLE_Z_MM, CUT_DEPTH_MM = 16.0, -98.0, 95.0  # it rises to the front and the back as well
CUT_ROUND_MM = 7.0  # radius of the cut's edge


@dataclass(frozen=True)
class Shoulders:
    """width: factor on the shoulders' half width; drop_mm: how much lower than the template's their ends lie."""

    width: float = 1.0
    drop_mm: float = 0.0


def torso(axes: Axes, shoulders: Shoulders) -> tuple[np.ndarray, np.ndarray]:
    """Returns the body's field (f > 0 inside) on half a grid (x >= 0), and the forms of bones and muscles to be added
    to it; it goes on below the cut."""
    x, y, z = axes
    reach = smoothstep(np.clip((x - SHOULDER_FROM_MM) / SHOULDER_OVER_MM, 0, 1))
    there = (x / (1 + (shoulders.width - 1) * reach), y + shoulders.drop_mm * reach, z)
    body = union(_trunk(there), _arm(there), 22.0)
    return body, _forms(there)


def _trunk(axes: Axes) -> np.ndarray:
    """Rib cage, neck, trapezius."""
    body = ellipsoid(axes, (0, -282, -93), (128, 122, 74), 2.5)
    body = union(body, cone(axes, (0, -120, -94), (0, -240, -98), (38, 57), 1.0), 30.0)
    body = union(body, cone(axes, (36, -182, -112), (142, -222, -101), (34, 30), 0.95), 26.0)
    return union(body, ellipsoid(axes, (56, -262, -56), (72, 56, 36)), 30.0)  # the breast


def _arm(axes: Axes) -> np.ndarray:
    """Deltoid and upper arm."""
    shoulder = ellipsoid(axes, (141, -236, -99), (50, 52, 50), 2.2)
    return union(shoulder, cone(axes, (146, -250, -98), (158, -380, -96), (42, 37), 1.0), 24.0)


def _forms(axes: Axes) -> np.ndarray:
    """What makes it a body: furrow between arm and chest, collarbones, breastbone, shoulder blades, spine."""
    x, y, z = axes
    front = smoothstep(np.clip((z + 98) / 28, 0, 1))
    back = smoothstep(np.clip((-98 - z) / 28, 0, 1))
    below = smoothstep(np.clip((-y - 222) / 40, 0, 1))
    pit = 118 - 0.16 * (-y - 250)  # x of the furrow at the armpit
    furrow = -5.0 * _bell(x, pit, 10) * below * (front + 0.8 * back)
    bone = -210 + 0.10 * x  # y of the collarbone
    collarbone = 3.0 * _bell(y, bone, 7.5) * front * _gate(x, 8, 165)
    hollow = -2.0 * _bell(y, bone + 17, 11) * front * _gate(x, 30, 140)
    breastbone = -2.4 * _bell(x, 0, 13) * front * smoothstep(np.clip((-y - 212) / 40, 0, 1))
    blade = 4.5 * _bell(x, 70 + 0.12 * (y + 240), 32) * _bell(y, -236, 44) * back
    edge = 2.0 * _bell(y, -203 - 0.1 * (x - 70), 8) * back * _gate(x, 45, 130)  # the blade's upper spine
    spine = -4.5 * _bell(x, 0, 13) * back * smoothstep(np.clip((-y - 160) / 50, 0, 1))
    return (furrow + collarbone + hollow + breastbone + blade + edge + spine).astype(np.float32)


def _bell(value: np.ndarray, middle: float | np.ndarray, width: float) -> np.ndarray:
    return np.exp(-(((value - middle) / width) ** 2))


def _gate(value: np.ndarray, low: float, high: float) -> np.ndarray:
    """1 between low and high, fading over a quarter of the way at both ends."""
    fade = (high - low) / 4
    return smoothstep(np.clip((value - low) / fade, 0, 1)) * smoothstep(np.clip((high - value) / fade, 0, 1))


def cut_off(body: np.ndarray, axes: Axes, width: float) -> np.ndarray:
    """The body above a bowl-shaped cut: arms and chest end in one clean curved edge."""
    return intersection(body, above_cut(axes, width), CUT_ROUND_MM)


def above_cut(axes: Axes, width: float) -> np.ndarray:
    """How far places lie above the cut, about mm. width: the shoulders'."""
    x, y, z = axes
    share = np.abs(x / (width * CUT_WIDTH_MM))
    low = CUT_LOW_MM + CUT_RISE_MM * share**CUT_POWER
    low = low + CUT_DEPTH_RISE_MM * ((z - CUT_MIDDLE_Z_MM) / CUT_DEPTH_MM) ** 2
    slope = CUT_RISE_MM * CUT_POWER / (width * CUT_WIDTH_MM) * share ** (CUT_POWER - 1)
    return (y - low) / np.sqrt(1 + slope**2)


SOCLE = np.array([
    (-312, 40), (-326, 46), (-334, 43), (-344, 39), (-356, 40), (-364, 47), (-370, 58), (-374, 64), (-392, 66.0)])
"""Heights and radii of the socle's profile, mm."""
SOCLE_Z_MM, FLOOR_MM, BASE_MM = -100.0, -390.0, -304.0  # its axis; the floor with a socle; the flat base without one


def stood(body: np.ndarray, axes: Axes, *, socle: bool) -> np.ndarray:
    """The body on its round socle, or cut flat."""
    x, y, z = axes
    if not socle:
        return intersection(body, y - BASE_MM, 2.0)
    heights = np.arange(-400.0, -300.0, 1.0)
    radius = np.interp(-heights, -SOCLE[:, 0], SOCLE[:, 1])
    profile = np.interp(y, heights, np.convolve(np.pad(radius, 4, mode="edge"), np.ones(9) / 9, "valid"))
    foot = profile - np.sqrt(x * x + (z - SOCLE_Z_MM) ** 2)
    foot = intersection(foot, SOCLE[0, 0] - y, 4.0)
    return intersection(union(body, foot, 9.0), y - FLOOR_MM, 2.0)
