"""What the landmark network does in photos and not in the pictures that the template's regression learned from.

Brows are seen lower, the forehead's points elsewhere: without this every man frowns. Measured by training/photo_bias.py
on photos that no quality is judged on.
"""

from __future__ import annotations

from importlib.resources import files

import numpy as np
from jaxtyping import Float

from twinbrush.base.beside import once

BIAS_FILE = "landmark_bias.safetensors"


@once
def landmark_bias() -> Float[np.ndarray, "468 2"]:
    """Returns by how much farther along the head's x and y photos' landmarks are seen, mm at 63 mm between the eyes."""
    from safetensors.numpy import load

    return load(files("twinbrush.sculpt").joinpath(BIAS_FILE).read_bytes())["bias"].astype(np.float64)
