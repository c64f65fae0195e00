"""What flows between the sitter, the study and the media."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .anatomy import FaceShape
from .craft import Array
from .hair import HairGroup

BACKGROUND, SKIN, HAIR, CLOTH, EYE, LIP, BROW, ORNAMENT = range(8)


@dataclass(frozen=True)
class Ornament:
    """A bead (one point) or a band (several): palette dark to light, radius or half width in head units."""

    points: tuple[tuple[float, float], ...]
    radius: float
    colours: tuple[str, ...]
    roll: bool = True


@dataclass(frozen=True)
class Sitter:
    """One person: proportions, hair, dress, palette and place in the picture. Lengths in head units."""

    shape: FaceShape
    hair_back: tuple[HairGroup, ...]
    hair_front: tuple[HairGroup, ...]
    skin: tuple[str, ...]
    hair: tuple[str, ...]
    cloth: tuple[str, ...]
    lips: tuple[str, ...]
    background: tuple[str, ...]
    iris: tuple[str, str]
    blush: str = "#d8604a"
    cool: str = "#7a8fa0"
    brow: str = "#2a1a14"
    roll: float = 0.0
    scale: float = 0.29
    centre: tuple[float, float] = (0.5, 0.45)
    neck_w: float = 0.34
    shoulder: tuple[float, float] = (1.42, 1.68)
    shoulder_w: float = 1.25
    neckline: str = "round"
    neckline_v: float = 1.45
    ears: float = 1.0
    ornaments: tuple[Ornament, ...] = ()
    light: tuple[float, float, float] = (-0.55, -0.50, 0.67)
    ambient: float = 0.20
    seed: int = 0


@dataclass
class Study:
    """The knowledge, per pixel; curves are in pixels with a weight each."""

    colour: Array
    tone: Array
    height: Array
    labels: Array
    angle: Array
    detail: Array
    skin: Array
    contours: list[tuple[Array, float]] = field(default_factory=list)
    strands: list[tuple[Array, float, bool]] = field(default_factory=list)
    scale: float = 1.0
    centre: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Frame:
    """Head units <-> pixels."""

    size: int
    scale: float
    centre: tuple[float, float]
    roll: float

    def pixels(self, points: Array, roll: bool = True) -> Array:
        """(n, 2) head units to pixels (x, y)."""
        a = self.roll if roll else 0.0
        c, n = np.cos(a), np.sin(a)
        p = np.asarray(points, float)
        return np.stack([p[:, 0] * c - p[:, 1] * n, p[:, 0] * n + p[:, 1] * c], -1) * self.scale + self.centre

    def grid(self, roll: bool = True) -> tuple[Array, Array]:
        """Head coordinates (u, v) of every pixel."""
        y, x = np.mgrid[: self.size, : self.size].astype(np.float32)
        x, y = (x - self.centre[0]) / self.scale, (y - self.centre[1]) / self.scale
        a = self.roll if roll else 0.0
        c, n = np.float32(np.cos(a)), np.float32(np.sin(a))
        return x * c + y * n, -x * n + y * c


def frame_of(sitter: Sitter, size: int) -> Frame:
    """Place the sitter in a square picture."""
    return Frame(size, sitter.scale * size, (sitter.centre[0] * size, sitter.centre[1] * size), sitter.roll)
