"""What long hair comes to rest on: the bust's surface, and how far above the bust's cut it lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from twinbrush.sculpt.hair.voxels import Voxels

NOWHERE_MM = -60.0  # value far from the bust


@dataclass(frozen=True)
class Rest:
    """body: the dressed bust as an implicit shape, mm, positive inside. above: mm above its cut, on the same grid."""

    body: Voxels
    above: Voxels

    def mirrored(self) -> Rest:
        """Returns the same about the head's plane of symmetry."""
        return Rest(_mirrored(self.body), _mirrored(self.above))

    def on(self, grid: Voxels) -> tuple[Float[np.ndarray, "x y z"], Float[np.ndarray, "x y z"]]:
        """Returns both at another grid's points; NOWHERE_MM above the bust's own grid."""
        axes = [grid.origin[k] + grid.step * np.arange(grid.values.shape[k]) for k in range(3)]
        low = axes[1] <= self.body.origin[1] + self.body.step * (self.body.values.shape[1] - 1)
        part = Voxels(grid.origin, grid.step, grid.values[:, low])
        points = part.points()
        body = np.full(grid.values.shape, NOWHERE_MM, np.float32)
        above = np.full(grid.values.shape, -NOWHERE_MM, np.float32)
        body[:, low] = self.body.at(points).reshape(part.values.shape)
        above[:, low] = self.above.at(points).reshape(part.values.shape)
        return body, above


def _mirrored(field: Voxels) -> Voxels:
    last = field.origin[0] + field.step * (field.values.shape[0] - 1)
    return Voxels(np.array([-last, *field.origin[1:]]), field.step, np.ascontiguousarray(field.values[::-1]))
