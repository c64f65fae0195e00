"""What the style's landmarks do not tell: jaw, neck, ears and the skull's height, read off the portrait's regions.

Everything is asked along rows and rays in the template's upright millimetres, so that pose and size play no part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from twinbrush.align.faces.art_points import ArtPoints
from twinbrush.base.mesh import Region
from twinbrush.faces import indices
from twinbrush.faces.face_model import mirror_indices
from twinbrush.sculpt.portrait.crop import Crop

STEP_MM = 0.5  # along a ray or row
JAW_SIDES = (132, 58, 172, 361, 288, 397)  # of the oval, between ears and chin: lower down the neck lies beside it
JAW_REACH = (0.8, 1.45)  # where the skin's end is looked for, as shares of the landmark's distance from the middle
JAW_BELIEVED = (0.86, 1.30)  # ends outside are something else (a hand, hair, a neck as broad as the head)
JAW_BEYOND = 1.08  # the outline lies so far outside of the network's oval where the network is right
JAW_WIDTH = 1.5  # points of the oval over which one measured end spreads
NECK_ROWS_MM, NECK_STEP_MM = (6.0, 75.0), 1.5  # below the chin
NECK_DEPTH_MM, TOP_DEPTH_MM = -20.0, -40.0  # in which rows across the neck, and up the head, run
LEAST_NECK_MM, MOST_NECK = 35.0, 1.2  # no neck is narrower, nor broader than so many widths of the jaw
SPREAD = 1.45  # where the neck is so many times its width shoulders begin
REACH_MM = 260.0
EAR_ROWS_MM = (8.0, -34.0)  # heights about the eyes' between which ears are looked for
EAR_QUANTILE = 0.7  # of the rows' reaches: an ear is round
CROWN_CENTRE = np.array([0.0, 20.0])  # about which hair is measured, in the plane of the face
CROWN_DEGREES = np.arange(0, 360, 5) - 90.0  # from straight down, counter-clockwise
EAR_DEPTH_MM, SHOULDER_DEPTH_MM = -75.0, -90.0  # in which rows across ears and shoulders run
PERSON = (Region.SKIN, Region.HAIR, Region.CLOTH)
SHOULDER_ROWS_MM = np.arange(40.0, 150.0, 10.0)
OVAL = list(indices.OVAL)


@dataclass(frozen=True)
class Outline:
    """What the portrait's regions show, mm (nan: hidden or out of the picture).

    oval (36,): factors by which the face's outline lies farther from its middle than the landmarks do.
    neck_width; neck_length: from the chin to the shoulders. top: height of hair or hat over the eyes.
    ear_reach: the ears' outer edges from the head's middle, the mean of those seen. crown (72,): how far hair or hat
    reaches from CROWN_CENTRE at CROWN_DEGREES. shoulders (k,): half width of the body at SHOULDER_ROWS_MM below the
    chin.
    """

    oval: Float[np.ndarray, "36"]
    neck_width: float
    neck_length: float
    top: float
    ear_reach: float
    crown: Float[np.ndarray, "72"]
    shoulders: Float[np.ndarray, "k"]


def art_outline(crop: Crop, art: ArtPoints) -> Outline:
    """Returns the outline of a portrait whose landmarks are known."""
    reader = _Reader(crop, art)
    chin = art.points[indices.CHIN, 1]
    heights = np.arange(chin - NECK_ROWS_MM[0], chin - NECK_ROWS_MM[1], -NECK_STEP_MM)
    jaw = float(art.points[397, 0] - art.points[172, 0])
    width, length = _neck(reader, heights, MOST_NECK * jaw)
    return Outline(
        _oval_factors(reader, art.points), width, length, _top(reader, art.points), _ear_reach(reader, art.points),
        _crown(reader), _shoulders(reader, chin))


def unseen_outline() -> Outline:
    """Returns an outline of which nothing is known."""
    nan = float("nan")
    return Outline(
        np.ones(len(OVAL)), nan, nan, nan, nan, np.full(len(CROWN_DEGREES), nan), np.full(len(SHOULDER_ROWS_MM), nan))


class _Reader:
    """The regions under points given in the template's millimetres; beyond the photo: -1."""

    def __init__(self, crop: Crop, art: ArtPoints) -> None:
        self.art = art
        self.regions = np.where(crop.inside, crop.regions.astype(np.int64), -1)

    def at(self, points: Float[np.ndarray, "n 3"]) -> Int[np.ndarray, "n"]:
        pixels = np.round(self.art.pixels(points)).astype(int)
        size = self.regions.shape[0]
        inside = ((pixels >= 0) & (pixels < size)).all(1)
        x, y = np.clip(pixels, 0, size - 1).T
        return np.where(inside, self.regions[y, x], -1)

    def end(self, points: Float[np.ndarray, "n 3"], *through: Region) -> tuple[int, int]:
        """The first point along a line that shows none of the regions `through`, and what it shows; (0, -1): none, or
        already the first."""
        labels = self.at(points)
        other = ~np.isin(labels, through)
        first = int(np.argmax(other))
        return (first, int(labels[first])) if other[first] and first > 0 else (0, -1)


def _across(places: Float[np.ndarray, "c"], height: float, depth: float) -> Float[np.ndarray, "c 3"]:
    """A row of points at one height and depth, mm."""
    return np.stack([places, np.full_like(places, height), np.full_like(places, depth)], 1)


def _oval_factors(reader: _Reader, points: Float[np.ndarray, "468 3"]) -> Float[np.ndarray, "36"]:
    """Returns the factors along the oval, spread from the measured points, 1 where nothing is known."""
    shares = np.arange(*JAW_REACH, 0.01)
    found = np.full(468, np.nan)
    for number in JAW_SIDES:
        row = np.tile(points[number], (len(shares), 1))
        row[:, 0] *= shares
        end, shown = reader.end(row, Region.SKIN)
        if shown == -1:
            continue
        share = shares[end]
        if shown == Region.HAIR:
            continue  # it hangs before the jaw, or beside the neck below it
        if JAW_BELIEVED[0] < share < JAW_BELIEVED[1]:
            found[number] = share / JAW_BEYOND
    both = np.stack([found, found[mirror_indices()]])[:, OVAL]
    known = np.isfinite(both).any(0)
    weight, total = np.full(len(OVAL), 0.15), np.zeros(len(OVAL))
    for place in np.flatnonzero(known):
        away = np.abs(np.arange(len(OVAL)) - place)
        near = np.exp(-((np.minimum(away, len(OVAL) - away) / JAW_WIDTH) ** 2) / 2)
        total += near * (np.nanmin(both[:, place]) - 1)
        weight += near
    return 1 + total / weight


def _neck(reader: _Reader, heights: Float[np.ndarray, "r"], most: float) -> tuple[float, float]:
    """Returns the neck's width and length; rows that hair, a collar or the picture's edge borders tell nothing."""
    widths = np.array([_row(reader, height) for height in heights])
    seen = np.isfinite(widths)
    if (seen[4:]).sum() < 4:
        return float("nan"), float("nan")
    width = float(np.quantile(widths[4:][seen[4:]], 0.25))
    if not LEAST_NECK_MM < width < most:
        return float("nan"), float("nan")
    wide = np.flatnonzero((widths > SPREAD * width) & (np.arange(len(widths)) > 8))
    last = wide[0] if len(wide) else np.flatnonzero(seen)[-1]
    return width, float(NECK_STEP_MM * last + NECK_ROWS_MM[0])


def _row(reader: _Reader, height: float) -> float:
    across = np.arange(-REACH_MM, REACH_MM, STEP_MM)
    labels = reader.at(_across(across, height, NECK_DEPTH_MM))
    skin: Bool[np.ndarray, "c"] = labels == Region.SKIN
    middle = len(across) // 2
    if not skin[middle]:
        return float("nan")
    right = middle + int(np.argmin(skin[middle:])) if not skin[middle:].all() else -1
    left = middle - int(np.argmin(skin[middle::-1])) if not skin[: middle + 1].all() else -1
    if right < 0 or left < 0 or labels[left] != Region.BACKGROUND or labels[right] != Region.BACKGROUND:
        return float("nan")
    return float(across[right] - across[left])


def _top(reader: _Reader, points: Float[np.ndarray, "468 3"]) -> float:
    """Returns the height at which the ground begins over the middle of the head."""
    heights = np.arange(points[indices.FOREHEAD_TOP, 1] - 5, 260.0, STEP_MM)
    column = np.stack([np.zeros_like(heights), heights, np.full_like(heights, TOP_DEPTH_MM)], 1)
    labels = reader.at(column)
    ends = np.flatnonzero(labels <= Region.BACKGROUND)  # the first point counts here, too: a head cut off by its hat
    return float(heights[ends[0]]) if len(ends) and labels[ends[0]] == Region.BACKGROUND else float("nan")


def _ear_reach(reader: _Reader, points: Float[np.ndarray, "468 3"]) -> float:
    """Returns how far from the middle the skin beside the face ends in the ground or in hair, as at an ear."""
    heights = np.arange(*EAR_ROWS_MM, -2.0)
    reaches: list[float] = []
    for side, rim in ((-1, 234), (1, 454)):
        start = abs(points[rim, 0])
        across = np.arange(start - 4, start + 60, STEP_MM)
        ends: list[float] = []
        for height in heights:
            end, shown = reader.end(_across(side * across, height, EAR_DEPTH_MM), Region.SKIN)
            if shown == Region.BACKGROUND:
                ends.append(float(across[end]))
        if len(ends) > len(heights) // 2:
            reaches.append(float(np.quantile(ends, EAR_QUANTILE)))
    return float(np.mean(reaches)) if reaches else float("nan")


def _crown(reader: _Reader) -> Float[np.ndarray, "72"]:
    """Returns how far the person reaches along rays through hair (nan: the picture ends before, or no hair is met)."""
    shares = np.arange(30.0, 240.0, 1.0)
    out = np.full(len(CROWN_DEGREES), np.nan)
    for number, angle in enumerate(np.radians(CROWN_DEGREES)):
        ray = CROWN_CENTRE + shares[:, None] * np.array([np.cos(angle), np.sin(angle)])
        end, shown = reader.end(np.c_[ray, np.full(len(ray), TOP_DEPTH_MM)], Region.SKIN, Region.HAIR)
        if shown == Region.BACKGROUND:
            out[number] = shares[end]
    return out


def _shoulders(reader: _Reader, chin: float) -> Float[np.ndarray, "k"]:
    """Returns the body's half width in rows below the chin, both sides' mean, nan where the picture ends before."""
    across = np.arange(0.0, REACH_MM, STEP_MM)
    out = np.full(len(SHOULDER_ROWS_MM), np.nan)
    for number, below in enumerate(SHOULDER_ROWS_MM):
        ends: list[float] = []
        for side in (-1, 1):
            end, shown = reader.end(_across(side * across, chin - below, SHOULDER_DEPTH_MM), *PERSON)
            if shown == Region.BACKGROUND:
                ends.append(float(across[end]))
        if ends:
            out[number] = np.mean(ends)
    return out


def on_outline(points: Float[np.ndarray, "468 3"], factors: Float[np.ndarray, "36"]) -> Float[np.ndarray, "468 3"]:
    """Returns the landmarks with the oval moved by its factors, the cheeks beside it following, features not."""
    eyes = (points[list(indices.EYE_LEFT)].mean(0) + points[list(indices.EYE_RIGHT)].mean(0)) / 2
    middle = np.array([0.0, (eyes[1] + points[[61, 291], 1].mean()) / 2])
    rim = points[OVAL, :2]
    move = (factors - 1)[:, None] * (rim - middle)
    near = np.exp(-((np.linalg.norm(points[:, None, :2] - rim, axis=2) / 14.0) ** 2))
    share = (near[..., None] * move).sum(1) / np.maximum(near.sum(1, keepdims=True), 1e-9)
    still = list(dict.fromkeys((*indices.LIPS_OUTER, *indices.EYE_LEFT, *indices.EYE_RIGHT)))
    amount = near.max(1)
    amount[still] = 0
    out = points.copy()
    out[:, :2] += amount[:, None] * share
    return out
