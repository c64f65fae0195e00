"""The person's rough matte from MediaPipe's selfie network (256 x 256), at any resolution."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float

NETWORK = "selfie_segmentation"


def network_matte(image: Float[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w"]:
    """0..1 person; mean over the image and its mirror image."""
    from twinbrush.models import interpreter

    network = interpreter(NETWORK)
    size = network.input_shape[1:3]
    small = cv2.resize(image, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    small = np.clip(small, 0, 1).astype(np.float32)
    (straight,) = network(small[None]).values()
    (mirrored,) = network(np.ascontiguousarray(small[None, :, ::-1])).values()
    matte = 0.5 * (straight[0, :, :, 0] + mirrored[0, :, ::-1, 0])
    height, width = image.shape[:2]
    return np.clip(cv2.resize(matte, (width, height), interpolation=cv2.INTER_LINEAR), 0, 1).astype(np.float64)
