"""R_TV of Eq. 6: total variation of the warp field f_theta (Kim et al. 2020, Eq. 6): smooth deformations only."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor


def total_variation(field: Float[Tensor, "h w c"]) -> Float[Tensor, ""]:
    """Mean over pixels of |f(x+1, y) - f(x, y)|_1 + |f(x, y+1) - f(x, y)|_1 of a displacement field.

    The identity has no variation only when `field` is the DISPLACEMENT f_theta(q) - q, which is what to pass.
    """
    height, width = field.shape[:2]
    across = (field[:, 1:] - field[:, :-1]).abs().sum()
    down = (field[1:] - field[:-1]).abs().sum()
    return (across + down) / (height * width)
