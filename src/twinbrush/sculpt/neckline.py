"""Where clothes begin below the face, and how wide and how sloping the shoulders are, as the photo shows them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Float

from twinbrush.base.camera import project
from twinbrush.maths.filters import smoothstep
from twinbrush.regions.values import Label
from twinbrush.sculpt.torso import SHOULDER_FROM_MM, SHOULDER_OVER_MM, Shoulders
from twinbrush.sculpt.values import Surroundings

MIDDLES_MM = np.r_[np.arange(-126, -290, -6.0), -400.0]  # heights of the neckline in front that are tried; last: bare
SIDES_MM = np.arange(-130, -262, -10.0)  # the same at the neck's sides
POWERS = (1.0, 2.0, 4.5)  # a V, round, straight across
SIDE_X_MM = 62.0  # where the neck's sides are
CLIMB = 1.2  # mm a mm: beyond them
USUAL_MM = (-196.0, -150.0)  # front and sides of a neckline that is not seen
USUAL_PULL = 0.16  # cost of 1 mm from the usual one, in samples: decides only where little is seen
SHAPE_COST = {1.0: 3.0, 2.0: 0.0, 4.5: 5.0}  # what a rarer shape must explain better, in samples
DEEP_MM = -258.0  # seen bare skin in the middle down to here: the whole bust is bare
BACK_RISE_MM, LEAST_BACK_MM, BACK_DIP_MM = 4.0, -175.0, 4.0  # behind it lies so much higher than at the sides; never
# lower; and dips in the middle
STRAPLESS_MM = -222.0  # straight across only below the shoulders
BELOW_CHIN_MM = 20.0  # no collar reaches higher
TURTLE_MM, SHIRT_SIDE_MM, SHIRT_DROP_MM = -150.0, -156.0, 26.0  # which collar: see `Neckline.collar`
REACH_MM, NARROWEST, WIDEST = 60.0, 0.92, 1.1  # how far the shoulders' outline is sought; factors on their width
MOST_DROP_MM = 14.0
REAL_WIDTH = 1.36  # so much farther out than on the bust a place of the shoulder lies in photos
SEEN_HALF_WIDTH_MM = 225.0  # half the width of the usual shoulders in photos
LEAST_SEEN = 5  # places of the outline below which the shoulders are the usual ones


@dataclass(frozen=True)
class Neckline:
    """The upper edge of the clothes: middle_mm, side_mm: heights in front and at the neck's sides; power: its shape."""

    middle_mm: float
    side_mm: float
    power: float

    @property
    def bare(self) -> bool:
        """Whether no clothes are seen at all."""
        return bool(self.middle_mm <= MIDDLES_MM[-1])

    @property
    def collar(self) -> str:
        """"turtle", "shirt" (folded down, open in front), "rolled", "edge" (straight across) or "none"."""
        if self.bare:
            return "none"
        if self.middle_mm > TURTLE_MM:
            return "turtle"
        if self.power == 1.0 and self.side_mm > SHIRT_SIDE_MM and self.side_mm - self.middle_mm > SHIRT_DROP_MM:
            return "shirt"
        return "edge" if self.power > 4 else "rolled"

    def front(self, x: np.ndarray) -> np.ndarray:
        """Its height in front, at x mm from the middle."""
        return self._rounded(x, self.middle_mm, self.side_mm, self.power)

    def height(self, x: np.ndarray, z: np.ndarray, middle_z: float) -> np.ndarray:
        """Its height over any place: clothes are what lies below."""
        behind = max(self.side_mm + BACK_RISE_MM, LEAST_BACK_MM) if self.power < 4 else self.side_mm
        share = smoothstep(np.clip((z - (middle_z - 18)) / 40, 0, 1))
        return share * self.front(x) + (1 - share) * self._rounded(x, behind - BACK_DIP_MM, behind, 2.0)

    def _rounded(self, x: np.ndarray, middle: float, side: float, power: float) -> np.ndarray:
        """The line from the middle to the sides, then up the shoulders (unless cut straight across), no corners."""
        table = np.arange(-300.0, 301.0, 2.0)
        line = middle + (side - middle) * np.clip(np.abs(table) / SIDE_X_MM, 0, 1) ** power
        if self.power < 4:
            line = line + CLIMB * np.maximum(np.abs(table) - SIDE_X_MM, 0)
        kernel = np.exp(-(np.arange(-9.0, 10.0) ** 2) / 18)  # sigma 6 mm
        smooth = np.convolve(np.pad(line, 9, mode="edge"), kernel / kernel.sum(), "valid")
        return np.interp(x, table, smooth)


def seen_neckline(front: Float[np.ndarray, "n 3"], photo: Surroundings, chin_mm: float) -> Neckline:
    """Returns the neckline that explains the labels best.

    front: points of the bare body's front below the chin, mm, on a lattice. chin_mm: the chin's height.
    """
    skin, cloth = _votes(front, photo)
    x, y = front[:, 0], front[:, 1]
    middle_skin = skin & (np.abs(x) < 22)
    deepest = float(y[middle_skin].min()) if middle_skin.any() else 0.0
    above = y[(np.abs(x) < 60) & cloth]
    if deepest < DEEP_MM and not len(above):
        return Neckline(float(MIDDLES_MM[-1]), float(SIDES_MM[-1]), 4.5)
    best, least = Neckline(*USUAL_MM, 2.0), np.inf
    for middle, side, power in product(MIDDLES_MM[:-1], SIDES_MM, POWERS):
        if side < middle - 4 or middle > chin_mm - BELOW_CHIN_MM or (power > 4 and side > STRAPLESS_MM):
            continue
        tried = Neckline(float(middle), float(side), power)
        clothed = y < tried.front(x)
        wrong = (clothed & skin).sum() + (~clothed & cloth).sum()
        away = abs(middle - USUAL_MM[0]) + abs(side - USUAL_MM[1])
        cost = float(wrong) + USUAL_PULL * away + SHAPE_COST[power]
        if cost < least:
            best, least = tried, cost
    return best


def _votes(front: Float[np.ndarray, "n 3"], photo: Surroundings) -> tuple[np.ndarray, np.ndarray]:
    """Which of the points are seen as bare skin, and as cloth."""
    pixels = np.rint(project(photo.camera, front)[0]).astype(int)
    height, width = photo.labels.shape
    inside = ((pixels >= 0) & (pixels < (width, height))).all(1)
    column, row = np.clip(pixels[:, 0], 0, width - 1), np.clip(pixels[:, 1], 0, height - 1)
    inside &= photo.inside[row, column]
    label = photo.labels[row, column]
    return inside & (label == Label.SKIN), inside & (label == Label.CLOTH)


def seen_shoulders(ridge: Float[np.ndarray, "n 3"], photo: Surroundings) -> Shoulders:
    """Returns width and slope of the shoulders where their outline is seen, the same on both sides.

    ridge: points along the top of the usual shoulders, both sides, mm.
    """
    person = np.isin(photo.labels, (Label.CLOTH, Label.SKIN))
    steps = np.arange(-REACH_MM, REACH_MM, 2.0)
    column = ridge[:, None] + steps[None, :, None] * np.array([0, 1.0, 0])
    shown = _looked(person, column, photo) & _looked(photo.inside, column, photo)
    ground = _looked(photo.labels == Label.GROUND, column, photo) & _looked(photo.inside, column, photo)
    drops: list[float] = []
    for own, empty, place in zip(shown, ground, ridge, strict=True):
        edge = np.flatnonzero(own[:-2] & own[1:-1] & empty[2:])
        if len(edge):
            reach = (abs(place[0]) - SHOULDER_FROM_MM) / (REAL_WIDTH * SHOULDER_OVER_MM)
            share = max(float(smoothstep(np.array([reach]))[0]), 0.25)
            drops.append(-float(steps[edge[-1] + 1]) / share)
    width = _seen_width(person, photo)
    if len(drops) < LEAST_SEEN:
        return Shoulders(width, 0.0)
    return Shoulders(width, float(np.clip(np.median(drops), -MOST_DROP_MM, MOST_DROP_MM)))


def _seen_width(person: np.ndarray, photo: Surroundings) -> float:
    """The shoulders' width as a factor, of both sides' outermost seen points at the deltoids' height."""
    reach = np.arange(130.0, 255.0, 3.0)
    halves: list[float] = []
    for side in (-1, 1):
        lines = np.array([[[side * x, y, -98.0] for x in reach] for y in (-235.0, -250.0, -265.0)])
        own, empty = _looked(person, lines, photo), _looked(photo.labels == Label.GROUND, lines, photo)
        within = _looked(photo.inside, lines, photo)
        for mine, nothing, known in zip(own, empty, within, strict=True):
            edge = np.flatnonzero(mine[:-1] & nothing[1:] & known[1:] & known[:-1])
            if len(edge):
                halves.append(float(reach[edge[-1]]))
    if len(halves) < LEAST_SEEN:
        return 1.0
    return float(np.clip(np.mean(halves) / SEEN_HALF_WIDTH_MM, NARROWEST, WIDEST))


def _looked(picture: np.ndarray, points: Float[np.ndarray, "n k 3"], photo: Surroundings) -> np.ndarray:
    """A mask at points; False outside the picture."""
    pixels = np.rint(project(photo.camera, points.reshape(-1, 3))[0]).astype(int)
    height, width = picture.shape
    inside = ((pixels >= 0) & (pixels < (width, height))).all(1)
    pixels = np.clip(pixels, 0, (width - 1, height - 1))
    return (picture[pixels[:, 1], pixels[:, 0]] & inside).reshape(points.shape[:2])
