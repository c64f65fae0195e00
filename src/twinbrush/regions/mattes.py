"""The person's rough mattes in the head's square: MODNet's, MediaPipe's; and what is no photo."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

SELFIE, MODNET = "selfie_segmentation", "modnet"
MODNET_MULTIPLE = 32  # its input's sides are multiples of this
SHORT_PX = 512  # short side of what MODNet sees, whatever part of the square the picture shows: it was trained so
_FLAT = 3 / 255  # a frame has one colour, but for JPEG's noise
_LEAST_FRAME = 0.02  # share of the picture
_FRAME_CONVEXITY = 0.985  # of what is inside it: discs and rounded rectangles; people before a wall are not convex
_RING_PX = 3  # the frame's edge mixes into the photo


def selfie_matte(image: Float[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w"]:
    """MediaPipe's matte, 0..1 person: mean over the image and its mirror image. Raises ModelFileError."""
    from twinbrush.base.networks import interpreter

    network = interpreter(SELFIE)
    size = network.input_shape[1:3]
    small = cv2.resize(image, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    small = np.clip(small, 0, 1).astype(np.float32)
    (straight,) = network(small[None]).values()
    (mirrored,) = network(np.ascontiguousarray(small[None, :, ::-1])).values()
    matte = 0.5 * (straight[0, :, :, 0] + mirrored[0, :, ::-1, 0])
    return np.clip(cv2.resize(matte, image.shape[1::-1], interpolation=cv2.INTER_LINEAR), 0, 1)


def modnet_matte(image: Float[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w"]:
    """MODNet's matte (Ke et al. 2022), 0..1 person, of the image with its short side at 512 pixels. Raises
    ModelFileError."""
    from twinbrush.base.networks import onnx_session

    height, width = image.shape[:2]
    scale = SHORT_PX / min(height, width)
    size = [max(round(side * scale / MODNET_MULTIPLE), 1) * MODNET_MULTIPLE for side in (width, height)]
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(image.astype(np.float32), size, interpolation=method)
    matte = onnx_session(MODNET)(((small - 0.5) / 0.5).transpose(2, 0, 1)[None])[0, 0]
    return np.clip(cv2.resize(matte, (width, height), interpolation=cv2.INTER_LINEAR), 0, 1)


def beyond_frame(image: Float[np.ndarray, "h w 3"]) -> Bool[np.ndarray, "h w"]:
    """Pixels of the flat surround of a round or rounded picture: the photo ends there, whatever the person does."""
    height, width = image.shape[:2]
    corners = image[[0, 0, -1, -1], [0, -1, 0, -1]]
    none = np.zeros((height, width), bool)
    if np.ptp(corners, axis=0).max() > 2 * _FLAT:
        return none
    flat = (np.abs(image - corners.mean(0)).max(-1) < 2 * _FLAT).astype(np.uint8)
    _, parts = cv2.connectedComponents(flat, connectivity=4)
    around = np.isin(parts, [part for part in parts[[0, 0, -1, -1], [0, -1, 0, -1]] if part > 0])
    photo = (~around).astype(np.uint8)
    if around.mean() < _LEAST_FRAME or not photo.any():
        return none
    hull = cv2.fillConvexPoly(np.zeros_like(photo), cv2.convexHull(cv2.findNonZero(photo)), 1)
    if photo.sum() < _FRAME_CONVEXITY * hull.sum():
        return none
    return cv2.dilate(around.astype(np.uint8), np.ones((2 * _RING_PX + 1,) * 2, np.uint8)) > 0
