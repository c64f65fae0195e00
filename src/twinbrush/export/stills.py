"""Pictures of the portrait: stills from three sides (painted, clay) and an animation that swings from side to side."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float
from PIL import Image

from twinbrush.camera import Camera, look_at_origin, project
from twinbrush.files import write_atomically
from twinbrush.image import encode_png, to_bytes
from twinbrush.mesh import Mesh
from twinbrush.progress import Progress, Step, ignore
from twinbrush.views.shade import shade

STILL_DEGREES = (-30, 0, 30)
# The relief is open behind, so the turntable swings and does not go round; 45 degrees is where the rim comes into view.
SWING_DEGREES = 45.0
SWING_SECONDS = 3.2  # there and back
_DISTANCE_HEIGHTS = 4.5  # of the camera, in heights of the portrait: a portrait lens, no swollen nose
_FILL = 0.88  # share of the picture that the portrait fills
_WEBP_QUALITY = 86


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


def render_stills(mesh: Mesh, size: int, *, progress: Progress = ignore) -> dict[str, Float[np.ndarray, "_ _ 3"]]:
    """{"portrait_-30": picture, ..., "clay_30": picture}, size x size, sRGB 0..1; no "portrait" without a texture."""
    cameras = framed_cameras(mesh, STILL_DEGREES, size)
    modes: dict[str, Literal["textured", "clay"]] = {"portrait": "textured", "clay": "clay"}
    if mesh.texture is None or mesh.uv is None:
        del modes["portrait"]
    stills: dict[str, Float[np.ndarray, "_ _ 3"]] = {}
    for name, mode in modes.items():
        for degrees, camera in zip(STILL_DEGREES, cameras, strict=True):
            progress(Step("stills", len(stills), len(modes) * len(STILL_DEGREES)))
            stills[f"{name}_{degrees}"] = shade(mesh, camera, mode=mode)
    return stills


def write_stills(stills: Mapping[str, Float[np.ndarray, "_ _ 3"]], folder: Path | str) -> list[Path]:
    """Write every still as PNG into `folder`. Raises OutputError."""
    return [write_atomically(Path(folder) / f"{name}.png", encode_png(still)) for name, still in stills.items()]


def turntable_bytes(
    mesh: Mesh, frames: int, size: int, *, container: Literal["webp", "gif"] = "webp", progress: Progress = ignore
) -> bytes:
    """An endless animation that swings from -45 to +45 degrees and back, slow at the turns.

    WebP keeps all colours, is a tenth of a GIF's size and plays in every browser and current viewer; "gif" is for
    programs that take nothing else (256 colours, dithered). Frame i and its mirror on the way back are one picture.
    """
    angles = [SWING_DEGREES * float(np.sin(2 * np.pi * i / frames)) for i in range(frames)]
    distinct = sorted({round(angle, 6) for angle in angles})
    cameras = framed_cameras(mesh, tuple(distinct), size)
    rendered: dict[float, Image.Image] = {}
    for angle, camera in zip(distinct, cameras, strict=True):
        progress(Step("turntable", len(rendered), len(distinct)))
        rendered[angle] = Image.fromarray(to_bytes(shade(mesh, camera)))
    pictures = [rendered[round(angle, 6)] for angle in angles]
    milliseconds = max(20, round(1000 * SWING_SECONDS / frames))
    stream = io.BytesIO()
    if container == "webp":
        pictures[0].save(
            stream, "WEBP", save_all=True, append_images=pictures[1:], duration=milliseconds, loop=0,
            quality=_WEBP_QUALITY, method=2,
        )
    else:
        palette = _palette(list(rendered.values()))
        pictures = [picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG) for picture in pictures]
        pictures[0].save(
            stream, "GIF", save_all=True, append_images=pictures[1:], duration=milliseconds, loop=0, optimize=False
        )
    return stream.getvalue()


def write_turntable(
    mesh: Mesh, path: Path | str, *, frames: int = 24, size: int = 512,
    container: Literal["webp", "gif"] = "webp", progress: Progress = ignore,
) -> Path:
    """Write `turntable_bytes` to `path`, whole or not at all. Raises OutputError."""
    return write_atomically(path, turntable_bytes(mesh, frames, size, container=container, progress=progress))


def _palette(pictures: list[Image.Image]) -> Image.Image:
    """256 colours for all frames together (a palette of its own per frame would flicker)."""
    width, height = pictures[0].size
    strip = Image.new("RGB", (width, height * len(pictures)))
    for i, picture in enumerate(pictures):
        strip.paste(picture, (0, i * height))
    return strip.quantize(256, method=Image.Quantize.MEDIANCUT)
