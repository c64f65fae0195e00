"""The network that names the pixels of the head's square: what it sees, and its odds.

A small U-Net of our own (training/region_network.py) over colours, the mattes' values and the places of the head's
frame. It was trained by `training/train_regions.py` on the tuning pictures of the regions' benchmark, on official
portraits and on old paintings, before other grounds, recoloured, relit and turned into art; see
training/REGIONS_MODEL_CARD.md.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, Float

from twinbrush.base.networks import load_onnx
from twinbrush.regions.frame import HeadFrame
from twinbrush.regions.likeness import likeness_maps

WEIGHTS = Path(__file__).with_name("regions.onnx")
SIZE = 192  # of the square it sees, pixels
CLASSES = 6
WEIGHTS_IN_TRAINING = (1.0, 1.0, 1.3, 2.5, 1.0, 2.0)
"""So many times a pixel of each class counted in training, and so many times its odds come out too high."""
U = 6  # the channel that changes its sign in the mirror image (after three colours, two mattes, inside)


def region_odds(
    square: Float[np.ndarray, "s s 3"], mattes: Float[np.ndarray, "2 s s"], inside: Bool[np.ndarray, "s s"],
    places: Float[np.ndarray, "6 n n"], *, blind: bool = False,
) -> tuple[Float[np.ndarray, "6 n n"], Float[np.ndarray, "n n"]]:
    """The odds of the six classes (they sum to 1) and of glasses, at n = SIZE pixels: mean over the square and its
    mirror image.

    square: colours 0..1 of the head's square at any size; mattes: its readings by the matte networks; inside: where
    the picture reaches; places: `frame.place_maps` at SIZE. blind: without the likenesses (for the benchmark).
    """
    size = (SIZE, SIZE)
    colours = cv2.resize(square.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    maps = np.stack([cv2.resize(m.astype(np.float32), size, interpolation=cv2.INTER_AREA) for m in (*mattes, inside)])
    likeness = likeness_maps(colours, maps[:2], maps[2] > 0.5, places)
    if blind:
        likeness = np.zeros_like(likeness)
    whole = np.concatenate([colours.transpose(2, 0, 1), maps, places, likeness]).astype(np.float32)
    mirrored = whole[:, :, ::-1].copy()
    mirrored[U] *= -1
    both = np.stack([whole, mirrored])
    logits = load_onnx(str(WEIGHTS))(both[:, :3], both[:, 3:])
    mean = 0.5 * (logits[0] + logits[1, :, :, ::-1])
    odds = np.exp(mean[:CLASSES] - mean[:CLASSES].max(0)) / np.array(WEIGHTS_IN_TRAINING)[:, None, None]
    return odds / odds.sum(0), 1 / (1 + np.exp(-mean[CLASSES]))


def inside_of(frame: HeadFrame, shape: tuple[int, int]) -> Bool[np.ndarray, "s s"]:
    """Where the picture of `shape` reaches in the square."""
    whole = np.ones(shape, np.uint8)
    return cv2.warpAffine(whole, frame.matrix, (frame.size, frame.size), flags=cv2.INTER_NEAREST) > 0
