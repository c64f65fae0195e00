"""Clothes on the body's field: a shell with folds, ending at the neckline in a collar."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from twinbrush.maths.filters import smoothstep
from twinbrush.sculpt.implicit import intersection, union
from twinbrush.sculpt.neckline import Neckline

SHELL_MM = 3.6  # thickness of the cloth
EDGE_MM = 3.0  # the neckline's edge is rounded over this
FOLD_MM = 2.3  # height of the folds
ROLL_MM, ROLL_HIGH_MM = 2.6, 13.0  # a rolled collar stands out so much, over this height
TURTLE_MM, TURTLE_HIGH_MM = 2.4, 40.0
FLAP_MM, FLAP_HIGH_MM = 6.0, 34.0  # a shirt's collar, folded down: how far its lower edge stands off, its height


def clothed(
    body: np.ndarray, under: np.ndarray, axes: tuple[np.ndarray, np.ndarray, np.ndarray], neckline: Neckline,
    middle_z: float,
) -> np.ndarray:
    """Returns the field of the body with its clothes.

    body: the bare bust; under: bust and head's neck together, on which the cloth lies; middle_z: of the neck.
    """
    if neckline.bare:
        return body
    x, y, z = axes
    edge = neckline.height(x, z, middle_z)
    depth = (edge - y) / _steepness(edge)
    thick = SHELL_MM + _folds(x, y, z, depth, middle_z) + collar(neckline, depth, x, z, middle_z)
    shell = intersection(under + thick.astype(np.float32), depth.astype(np.float32), EDGE_MM)
    return union(body, shell, 1.5)


def cloth_share(points: Float[np.ndarray, "n 3"], neckline: Neckline, middle_z: float) -> Float[np.ndarray, "n"]:
    """Returns 1 where the bust's surface is cloth, 0 where it is skin."""
    if neckline.bare:
        return np.zeros(len(points))
    edge = neckline.height(points[:, 0], points[:, 2], middle_z)
    return smoothstep(np.clip((edge - points[:, 1] + 2.0) / 2.0, 0, 1))


def _steepness(edge: np.ndarray) -> np.ndarray:
    """Length of the neckline's slope: turns heights below it into distances from it."""
    along_x = np.gradient(edge, 3.0, axis=0)[:, :1]
    return np.sqrt(1 + np.minimum(along_x**2, 6))


def collar(neckline: Neckline, depth: np.ndarray, x: np.ndarray, z: np.ndarray, middle_z: float) -> np.ndarray:
    """How far the collar stands out, at each distance below the neckline."""
    kind = neckline.collar
    if kind == "turtle":
        return TURTLE_MM * _band(depth, TURTLE_HIGH_MM, 6.0) - 0.9 * np.exp(-(((depth - 20) / 3.5) ** 2))
    if kind == "rolled":
        return ROLL_MM * _band(depth, ROLL_HIGH_MM, 4.0)
    if kind == "shirt":
        front = smoothstep(np.clip((z - middle_z) / 40, 0, 1))
        high = FLAP_HIGH_MM * (1 - 0.25 * front) + 0 * x
        return (1.0 + FLAP_MM * np.clip(depth / high, 0, 1)) * _band(depth, high, 5.0)
    return 1.2 * _band(depth, 7.0, 4.0)


def _band(depth: np.ndarray, high: float | np.ndarray, fade: float) -> np.ndarray:
    """1 from the neckline down to `high`, then 0."""
    return smoothstep(np.clip((high - depth) / fade, 0, 1))


def _folds(x: np.ndarray, y: np.ndarray, z: np.ndarray, depth: np.ndarray, middle_z: float) -> np.ndarray:
    """Drapery: in front folds that hang from the shoulders to the breastbone, behind between the shoulder blades."""
    side = np.abs(x)
    front = smoothstep(np.clip((z - middle_z) / 30, 0, 1))
    under = smoothstep(np.clip((depth - 16) / 36, 0, 1))
    bent = y + 0.55 * side + 0.0022 * (side - 70) ** 2
    swing = np.sin(bent / 9.5 + 0.4 * np.sin(side / 23)) * (0.6 + 0.4 * np.sin(side / 17 + bent / 41))
    drawn = smoothstep(np.clip((side - 14) / 40, 0, 1)) * smoothstep(np.clip((122 - side) / 34, 0, 1))
    behind = np.sin((y - 0.35 * side) / 12.5)
    return FOLD_MM * under * drawn * (0.6 + front * swing + 0.7 * (1 - front) * behind)
