"""Numbers for the viewer's page: quantised, differences of neighbours in byte planes, deflated, base64."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np
from jaxtyping import Float, Int

_STEPS = 65535


def pack_numbers(values: Int[np.ndarray, "n"]) -> str:
    """Integers below 2^31 -> differences -> zigzag -> byte planes (as many as needed) -> deflate -> base64."""
    differences = np.diff(values.astype(np.int64), prepend=0)
    zigzag = ((differences << 1) ^ (differences >> 63)).astype("<u4")
    planes = zigzag.view(np.uint8).reshape(-1, 4).T
    used = 4
    while used > 1 and not planes[used - 1].any():
        used -= 1
    return base64.b64encode(zlib.compress(planes[:used].tobytes(), 6)).decode()


def packed_vectors(vectors: Float[np.ndarray, "n c"]) -> dict[str, Any]:
    """Quantised to 16 bits over the largest side of the bounding box, one coordinate after the other."""
    low = vectors.min(0)
    step = max(float((vectors.max(0) - low).max()), 1e-9) / _STEPS
    quantised = np.round((vectors - low) / step).astype(np.int64)
    return {
        "data": pack_numbers(quantised.T.ravel()), "count": len(vectors), "size": vectors.shape[1],
        "low": low.tolist(), "step": step,
    }
