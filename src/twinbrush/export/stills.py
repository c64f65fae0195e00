"""Cameras that frame a mesh from any sides, and stills as files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float

from twinbrush.base.beside import mapped
from twinbrush.base.camera import Camera, look_at_origin, project
from twinbrush.base.files import write_atomically
from twinbrush.base.image import encode_png
from twinbrush.base.mesh import Mesh

_DISTANCE_HEIGHTS = 4.5  # of the camera, in heights of the mesh: a portrait lens, no swollen nose
_FILL = 0.88  # share of the picture that the mesh fills


def framed_cameras(mesh: Mesh, azimuths_degrees: tuple[float, ...], size: int) -> tuple[Camera, ...]:
    """Square cameras around the middle of `mesh`, with one focal length that lets it fill the picture from all of them.

    azimuth > 0: the camera stands on the picture's right (+x), as in `look_at_origin`.
    """
    points = mesh.vertices[np.unique(mesh.faces)].astype(np.float64)
    low, high = points.min(0), points.max(0)
    middle = (low + high) / 2
    distance = _DISTANCE_HEIGHTS * float((high - low)[:2].max())

    def cameras(focal_px: float) -> tuple[Camera, ...]:
        return tuple(
            look_at_origin(np.radians(azimuth), 0.0, distance, focal_px, size, size, middle)
            for azimuth in azimuths_degrees
        )

    centre = (size - 1) / 2
    reach = max(float(np.abs(project(camera, points)[0] - centre).max()) for camera in cameras(1.0))
    return cameras(_FILL * size / 2 / reach)


def write_stills(stills: Mapping[str, Float[np.ndarray, "_ _ 3"]], folder: Path | str) -> list[Path]:
    """Write every still as PNG into `folder`. Raises OutputError."""
    def write(name: str) -> Path:
        return write_atomically(Path(folder) / f"{name}.png", encode_png(stills[name]))

    return mapped(write, stills)
