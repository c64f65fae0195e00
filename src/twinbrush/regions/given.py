"""The user's own mask or region picture: checked, and obeyed exactly."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8

from twinbrush.base.errors import BadMask
from twinbrush.faces.values import Face
from twinbrush.regions.values import COLOURS, Label

NEAR = 24  # of 255: so far a colour may lie from the legend's (JPEG changes it)
FACE_SHARE = 0.5  # of the landmarks that mask or labels must hold


def check_mask(
    mask: Float[np.ndarray, "mask_h mask_w"], face: Face, shape: tuple[int, int], where: str = "The mask"
) -> None:
    """Raise BadMask, naming `where` the mask is from, when its size is not `shape` (height, width) or it misses the
    face."""
    if mask.shape != shape:
        raise BadMask(
            f"{where}: {mask.shape[1]} x {mask.shape[0]} pixels; its picture has {shape[1]} x {shape[0]}.",
            "Give a mask of the picture's size, white where the person is.",
        )
    if _on_face(mask, face) < FACE_SHARE:
        raise BadMask(f"{where}: leaves most of the face out.", "Paint the person white and the background black.")


def check_labels(
    labels: UInt8[np.ndarray, "labels_h labels_w"], face: Face, shape: tuple[int, int], where: str = "The regions"
) -> None:
    """Raise BadMask when the labels' size is not `shape` (height, width) or they miss the face."""
    check_size(labels, shape, where)
    if _on_face((labels > 0).astype(np.float64), face) < FACE_SHARE:
        remedy = f"Paint the face in skin's colour {_told(Label.SKIN)}."
        raise BadMask(f"{where}: call most of the face ground.", remedy)


def check_size(labels: UInt8[np.ndarray, "labels_h labels_w"], shape: tuple[int, int], where: str) -> None:
    """Raise BadMask when the labels' size is not `shape` (height, width)."""
    if labels.shape != shape:
        raise BadMask(
            f"{where}: {labels.shape[1]} x {labels.shape[0]} pixels; its picture has {shape[1]} x {shape[0]}.",
            "Give a picture of the same size, as `twinbrush inspect --regions` writes it.",
        )


def labels_of_picture(pixels: UInt8[np.ndarray, "h w 3"], where: str = "The regions") -> UInt8[np.ndarray, "h w"]:
    """The labels that a picture in the legend's colours shows. Raises BadMask when it has other colours."""
    legend = np.array([COLOURS[label] for label in Label], np.int16)
    away = np.stack([np.abs(pixels.astype(np.int16) - colour).max(-1) for colour in legend])
    foreign = away.min(0) > NEAR
    if foreign.any():
        y, x = np.argwhere(foreign)[0]
        told = ", ".join(f"{label.name.lower()} {_told(label)}" for label in Label)
        raise BadMask(
            f"{where}: {foreign.sum()} pixels have none of the legend's colours (the first at x {x}, y {y}: "
            f"{tuple(int(v) for v in pixels[y, x])}).", f"Use these, without soft edges: {told}.",
        )
    return away.argmin(0).astype(np.uint8)


def picture_of_labels(labels: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w 3"]:
    """Labels in the legend's colours, RGB 0..255."""
    return np.array([COLOURS[label] for label in Label], np.uint8)[labels]


def _on_face(values: Float[np.ndarray, "h w"], face: Face) -> float:
    points = np.clip(np.round(face.landmarks[:, :2]).astype(int), 0, [values.shape[1] - 1, values.shape[0] - 1])
    return float(values[points[:, 1], points[:, 0]].mean())


def _told(label: Label) -> str:
    return str(COLOURS[label]).replace(" ", "")
