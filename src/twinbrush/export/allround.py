"""Pictures of an object from all sides: stills painted and in clay, a turntable that goes round, a sheet."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from PIL import Image

from twinbrush.base.beside import mapped
from twinbrush.base.image import to_bytes
from twinbrush.base.mesh import Mesh
from twinbrush.base.progress import Progress, Step, ignore
from twinbrush.base.shade import shade
from twinbrush.export.sheet import contact_sheet
from twinbrush.export.stills import framed_cameras

SIDES = (0, 45, 90, 135, 180, 225, 270, 315)  # degrees; 0 is the front, 90 the picture's right
ROUND_SECONDS = 4.8  # one turn
_WEBP_QUALITY = 86
_ON_SHEET = 420  # pixels of a still on the sheet


def render_round(
    painted: Mesh, solid: Mesh, front_degrees: float, size: int, *, progress: Progress = ignore
) -> dict[str, Float[np.ndarray, "_ _ 3"]]:
    """{"painted_000": picture, ..., "clay_315": picture}, size x size, sRGB 0..1, counted from `front_degrees`.

    painted: with texture; solid: the same surface with its uv seams welded, so that clay shows no creases there.
    """
    cameras = framed_cameras(solid, tuple(front_degrees + side for side in SIDES), size)
    stills: dict[str, Float[np.ndarray, "_ _ 3"]] = {}
    for side, camera in zip(SIDES, cameras, strict=True):
        progress(Step("stills", len(stills) // 2, len(SIDES)))
        stills[f"painted_{side:03d}"] = shade(painted, camera)
        stills[f"clay_{side:03d}"] = shade(solid, camera, mode="clay")
    return stills


def round_sheet(
    inputs: Sequence[tuple[str, Float[np.ndarray, "_ _ 3"]]], stills: Mapping[str, Float[np.ndarray, "_ _ 3"]]
) -> Float[np.ndarray, "hp wp 3"]:
    """Inputs on top, then the eight painted and the eight clay stills, four in a row."""
    rows: list[list[tuple[str, Float[np.ndarray, "_ _ 3"]]]] = [list(inputs)]
    for kind in ("painted", "clay"):
        pictures = [(f"{kind.capitalize()}, {side}°", stills[f"{kind}_{side:03d}"]) for side in SIDES]
        rows += [pictures[:4], pictures[4:]]
    return contact_sheet([row for row in rows if row], width=4 * _ON_SHEET + 130)


def turntable_round(
    painted: Mesh, front_degrees: float, frames: int, size: int, *, progress: Progress = ignore
) -> bytes:
    """An endless WebP animation, once round."""
    angles = tuple(front_degrees + 360.0 * i / frames for i in range(frames))
    progress(Step("turntable", 0, 1))
    pictures = mapped(
        lambda camera: Image.fromarray(to_bytes(shade(painted, camera))), framed_cameras(painted, angles, size))
    stream = io.BytesIO()
    pictures[0].save(
        stream, "WEBP", save_all=True, append_images=pictures[1:], duration=round(1000 * ROUND_SECONDS / frames),
        loop=0, quality=_WEBP_QUALITY, method=2,
    )  # fmt: skip
    return stream.getvalue()
