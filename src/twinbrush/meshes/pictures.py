"""Textures of mesh files: any size from 1 x 1, 8 or 16 bits, grey, palette or RGB, with or without alpha."""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from PIL import Image

from twinbrush.base.files import quiet_stderr, read_file
from twinbrush.base.image import MAX_BYTES, decoded, too_large

_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "PPM", "TGA", "DDS")
_DAMAGE = (OSError, ValueError, SyntaxError, EOFError, TypeError, LookupError, ArithmeticError, MemoryError,
           RuntimeError, AttributeError, struct.error, Image.DecompressionBombError)


@dataclass(frozen=True)
class Picture:
    """rgb (H, W, 3): sRGB 0..1, row 0 on top, not multiplied by alpha; alpha (H, W) or None; notes: what was done."""

    rgb: Float[np.ndarray, "h w 3"]
    alpha: Float[np.ndarray, "h w"] | None
    notes: tuple[str, ...] = ()


def decode_texture(data: bytes, name: str) -> Picture | str:
    """The picture in `data`, at most image.MAX_SIDE a side; or, when it cannot be used, a sentence that says why."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Image.init()
            picture = Image.open(io.BytesIO(data), formats=[f for f in _FORMATS if f in Image.OPEN])
            if (why := too_large(picture, len(data))) is not None:
                return f"texture {name}: {why[0].rstrip('.')}; it is left out."
            notes: list[str] = []
            with quiet_stderr():
                picture = decoded(picture, notes)
            return _floats(picture, name, [f"texture {name}: {note}." for note in notes])
    except _DAMAGE as error:
        return f"texture {name}: cannot be read ({str(error)[:80]}); it is left out."


def read_texture(path: Path) -> Picture | str:
    """`decode_texture` of a file."""
    try:
        return decode_texture(read_file(path, MAX_BYTES), path.name)
    except OSError as error:
        return f"texture {path.name}: cannot be read ({error.strerror}); it is left out."


def _floats(picture: Image.Image, name: str, notes: list[str]) -> Picture:
    alpha = None
    if picture.mode.startswith("I") or picture.mode == "F":
        grey = np.nan_to_num(np.asarray(picture.convert("F"), np.float32))
        top = 1.0 if picture.mode == "F" and float(grey.max(initial=0)) <= 1 else 65535.0
        rgb = np.repeat(np.clip(grey / top, 0, 1)[..., None], 3, 2)
        notes.append(f"texture {name}: 16 bits a channel are read; 8 are written.")
    else:
        if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
            picture = picture.convert("RGBA")
            opacity = np.asarray(picture.getchannel("A"), np.float32) / 255
            alpha = opacity if float(opacity.min(initial=1)) < 1 else None
        rgb = np.asarray(picture.convert("RGB"), np.float32) / np.float32(255)
    rgb = np.ascontiguousarray(rgb, np.float32)
    return Picture(rgb, alpha, tuple(notes))
