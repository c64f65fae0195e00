"""Which pixel is what, in photos, paintings, drawings, and inside a user's mask: one engine for all of them.

The head's square is cut out of the picture (frame.py); the matte networks (mattes.py) and our own (network.py) read it;
the borders are drawn along the picture's edges (refine.py); the answer is laid back onto the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from twinbrush.base.models import is_present
from twinbrush.faces.indices import OVAL
from twinbrush.faces.values import Face
from twinbrush.maths.filters import polygon_mask
from twinbrush.regions.consistent import consistent
from twinbrush.regions.frame import HeadFrame, head_frame, others_side, place_maps
from twinbrush.regions.given import check_labels, check_mask
from twinbrush.regions.mattes import (
    MODNET,
    beyond_frame,
    modnet_matte,
    selfie_matte,
)
from twinbrush.regions.network import SIZE, inside_of, region_odds
from twinbrush.regions.refine import in_one_piece, pooled, sharpened, with_strands
from twinbrush.regions.values import Label, RegionMap

EDGE_PX = 768  # the square's size while borders are drawn: a face of 213 pixels
GLASSES_ODDS = 0.5
GLASSES_LEAST = 0.11  # of a squared face height: two lenses and a frame; what is smaller is brows and painted eyes
NO_MODNET = (
    "The finer matte (MODNet) is not fetched, the coarser one serves: strands of hair are lost. "
    "Run `twinbrush models fetch`."
)
NEIGHBOUR = "Another person stands beside the face and was left out; a mask would draw the border better."
PARTS = (
    "MODNet", "selfie network", "another's head", "likeness", "pool", "own colours", "edges", "strands", "one piece",
)
"""What `without` may switch off, for the benchmark's ablation."""


def find_regions(
    image: Float[np.ndarray, "h w 3"], face: Face, *, others: tuple[Face, ...] = (),
    mask: Float[np.ndarray, "h w"] | None = None, given: UInt8[np.ndarray, "h w"] | None = None,
    without: frozenset[str] = frozenset(),
) -> RegionMap:
    """Name the pixels of the person of `face`.

    image: RGB 0..1. others: faces of other people, who are left out. mask: the user's own matte (1 = person), obeyed
    exactly; given: the user's own labels, obeyed exactly. without: parts that are switched off (PARTS).
    Raises BadMask when mask or labels differ from the picture in size or miss the face, ModelFileError.
    """
    shape = (image.shape[0], image.shape[1])
    if given is not None:
        check_labels(given, face, shape)
        return RegionMap((given > 0).astype(np.float64), given, np.ones(shape), np.zeros(shape, bool))
    if mask is not None:
        check_mask(mask, face, shape)
    frame = head_frame(face, EDGE_PX)
    beyond = beyond_frame(image) if mask is None else np.zeros(shape, bool)
    square = np.clip(frame.cut(image.astype(np.float32)), 0, 1)
    inside = inside_of(frame, shape) & (frame.cut(beyond.astype(np.float32), cv2.BORDER_REPLICATE) < 0.5)
    readings, warnings = _readings(square, inside, without) if mask is None else (
        np.stack([frame.cut(mask.astype(np.float32), cv2.BORDER_REPLICATE)] * 2), [])
    if "another's head" in without:
        others = ()
    odds, glasses, touches = _odds(_Seen(square, readings, inside), face, others, mask is not None, without)
    warnings += [NEIGHBOUR] * touches
    return _drawn(_Found(frame, square, readings[0], odds, glasses), face, beyond, mask, (tuple(warnings), without))


@dataclass(frozen=True)
class _Seen:
    """The head's square: its colours, what MODNet and the selfie network read in it, where the picture reaches."""

    square: Float[np.ndarray, "s s 3"]
    readings: Float[np.ndarray, "2 s s"]
    inside: Bool[np.ndarray, "s s"]


def _odds(seen: _Seen, face: Face, others: tuple[Face, ...], given: bool, without: frozenset[str]) -> (
    tuple[Float[np.ndarray, "6 n n"], Float[np.ndarray, "n n"], bool]
):
    """Odds of the classes and of glasses at the network's size, and whether another's head borders on the person.
    given: the readings are the user's own mask."""
    small, size = head_frame(face, SIZE), (SIZE, SIZE)
    places = place_maps(face, others, small)
    odds, glasses = region_odds(seen.square, seen.readings, seen.inside, places, blind="likeness" in without)
    if not given and "pool" not in without:
        odds = pooled(odds, cv2.resize(seen.readings[0], size, interpolation=cv2.INTER_AREA), places[5])
    if others:  # their hair is not this person's
        odds[1:] *= 1 - others_side(others, small)
        odds[0] = 1 - odds[1:].sum(0)
    if "own colours" not in without:
        odds = consistent(odds, cv2.resize(seen.square, size, interpolation=cv2.INTER_AREA), places)
    return odds, glasses, bool(others) and _touches(odds, places[5])


@dataclass(frozen=True)
class _Found:
    """What is known of the square: its frame, its colours, the finest matte, the odds of the classes and of glasses."""

    frame: HeadFrame
    square: Float[np.ndarray, "s s 3"]
    fine: Float[np.ndarray, "s s"]
    odds: Float[np.ndarray, "6 n n"]
    glasses: Float[np.ndarray, "n n"]


def _readings(
    square: Float[np.ndarray, "s s 3"], inside: Bool[np.ndarray, "s s"], without: frozenset[str]
) -> tuple[Float[np.ndarray, "2 s s"], list[str]]:
    """MODNet's reading and the selfie network's, of what of the square the picture shows."""
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    where = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    part = np.ascontiguousarray(square[where])
    out = np.zeros((2, *square.shape[:2]), np.float32)
    out[1][where] = selfie_matte(part)
    if "MODNet" in without or not is_present(MODNET):
        out[0] = out[1]
        return out, [NO_MODNET]
    out[0][where] = modnet_matte(part)
    if "selfie network" in without:
        out[1] = out[0]
    return out, []


def _touches(odds: Float[np.ndarray, "6 n n"], rival: Float[np.ndarray, "n n"]) -> bool:
    """Whether another's head borders on the person."""
    person = cv2.dilate((odds[0] < 0.5).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return bool((person & (rival > 0.5)).any())


def _drawn(
    found: _Found, face: Face, beyond: Bool[np.ndarray, "h w"], mask: Float[np.ndarray, "h w"] | None,
    how: tuple[tuple[str, ...], frozenset[str]],
) -> RegionMap:
    """Borders, pieces, and everything back at the picture's own pixels."""
    (warnings, without), frame, shape = how, found.frame, beyond.shape
    unit, size = frame.unit_px, (frame.size, frame.size)
    if "edges" in without:
        odds = np.stack([cv2.resize(layer, size, interpolation=cv2.INTER_LINEAR) for layer in found.odds])
    else:
        odds = sharpened(found.odds, found.square, unit)
    matte = 1 - odds[0] / odds.sum(0)
    if mask is None and "strands" not in without:
        matte = with_strands(matte, found.fine, unit)
    if mask is None and "one piece" not in without:
        matte = in_one_piece(matte, polygon_mask(size, frame.to_square(face.landmarks[:, :2])[list(OVAL)]), unit)
    # Inside the user's mask everything is the person, whatever the odds say.
    labels = np.where((matte > 0.5) | (mask is not None), odds[1:].argmax(0) + 1, 0).astype(np.uint8)
    votes = np.stack([cv2.GaussianBlur((labels == k).astype(np.float32), (0, 0), 0.8) for k in range(len(Label))])
    pasted = np.stack([frame.paste(layer, shape, float(k == 0)) for k, layer in enumerate(votes)])
    ordered = np.sort(odds / odds.sum(0), axis=0)
    confidence = np.clip(frame.paste((ordered[-1] - ordered[-2]).astype(np.float32), shape, 1.0), 0, 1)
    if mask is None:
        person = np.clip(frame.paste(matte.astype(np.float32), shape, 0.0), 0, 1) * ~beyond
    else:
        person = mask.astype(np.float64)
        pasted[Label.CLOTH] += 1e-6  # what of the mask lies outside the square hangs below it
    whole = np.where(person > 0.5, pasted[1:].argmax(0) + 1, 0).astype(np.uint8)
    glasses = frame.paste(cv2.resize(found.glasses.astype(np.float32), size), shape, 0.0) > GLASSES_ODDS
    glasses &= bool(glasses.sum() > GLASSES_LEAST * face.height_px**2)
    return RegionMap(person.astype(np.float64), whole, confidence.astype(np.float64), glasses, warnings)
