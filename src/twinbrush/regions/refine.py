"""The network's soft odds become borders that follow the picture's own edges, in one piece."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

from twinbrush.maths.filters import GuidedFilter, box_mean, fill_holes, keep_component

EDGE_RADIUS = 0.035  # face heights: so far a border may be moved onto an edge of the picture
EDGE_CONTRAST = 4e-4  # variance of the colours (0..1 squared) below which there is no edge to follow
MATTE_TRUST = (0.80, 0.92)  # intersection over union with the odds: not believed, and fully believed
RIVAL_REACH = 0.04  # of the square: so far around another's head no matte is believed
MATTE_LEAST = 0.05  # odds that a fully believed matte leaves to the other side: a neighbour it keeps can be outvoted
STRANDS_REACH = 0.12  # face heights: over this the fine matte must agree with the odds to be believed
STRANDS_TRUST = (0.25, 0.10)  # mean disagreement at which it is not believed, and at which it is
LARGEST_HOLE = 0.01  # of a squared face height: ground seen through curls is larger


def pooled(
    odds: Float[np.ndarray, "k n n"], matte: Float[np.ndarray, "n n"], rival: Float[np.ndarray, "n n"]
) -> Float[np.ndarray, "k n n"]:
    """The odds with the matte's word on person or ground added (a logarithmic pool of both, Genest and Zidek 1986), as
    far as the matte can be believed in this picture: it must by and large agree with the odds (torn mattes of drawings
    do not), and not near another's head (`rival`), which mattes keep."""
    away = cv2.GaussianBlur(rival, (0, 0), RIVAL_REACH * rival.shape[0])
    sure = away < 0.1
    ours, theirs = (odds[0] < 0.5) & sure, (matte > 0.5) & sure
    agreement = float((ours & theirs).sum()) / max(float((ours | theirs).sum()), 1.0)
    trust = np.clip((agreement - MATTE_TRUST[0]) / (MATTE_TRUST[1] - MATTE_TRUST[0]), 0, 1) * (1 - away)
    says = np.clip(matte, MATTE_LEAST, 1 - MATTE_LEAST)
    ground = np.clip(odds[0], 1e-4, 1 - 1e-4)
    logit = np.log(ground / (1 - ground)) - trust * np.log(says / (1 - says))
    both = 1 / (1 + np.exp(-logit))
    return np.concatenate([both[None], odds[1:] * ((1 - both) / np.maximum(odds[1:].sum(0), 1e-6))])


def sharpened(
    odds: Float[np.ndarray, "k n n"], square: Float[np.ndarray, "s s 3"], unit_px: float
) -> Float[np.ndarray, "k s s"]:
    """The odds at the square's size, their borders along its edges (guided filter: He, Sun, Tang 2013)."""
    size = square.shape[0]
    smooth = GuidedFilter(square, max(2, round(EDGE_RADIUS * unit_px)), EDGE_CONTRAST)
    large = [cv2.resize(k.astype(np.float32), (size, size), interpolation=cv2.INTER_LINEAR) for k in odds]
    return np.clip(np.stack([smooth(layer) for layer in large]), 1e-4, 1)


def with_strands(
    person: Float[np.ndarray, "s s"], fine: Float[np.ndarray, "s s"], unit_px: float
) -> Float[np.ndarray, "s s"]:
    """The person's odds, with the fine matte's strands where it agrees with them all around."""
    difference = box_mean(np.abs(person - fine).astype(np.float32), max(2, round(STRANDS_REACH * unit_px)))
    none, full = STRANDS_TRUST
    trust = np.clip((none - difference) / (none - full), 0, 1)
    return person + trust * (fine - person)


def in_one_piece(matte: Float[np.ndarray, "s s"], face: Bool[np.ndarray, "s s"], unit_px: float) -> (
    Float[np.ndarray, "s s"]
):
    """The matte of what hangs together with the face, without pinholes."""
    person = matte > 0.5
    own = keep_component(person, face)
    filled = fill_holes(own, LARGEST_HOLE * unit_px**2)
    soft = cv2.dilate(own.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0  # the fringe of strands stays soft
    return np.where(filled & ~own, 1.0, np.where(own | soft | ~person, matte * (soft | (matte < 0.5)), 0.0))
