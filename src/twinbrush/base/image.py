"""Pictures in and out: float32 RGB (H, W, 3) in [0, 1], sRGB, upright; and nothing else leaves this room."""

from __future__ import annotations

import hashlib
import io
import math
import struct
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8
from PIL import Image, ImageCms, ImageOps

from twinbrush.base.errors import BadImage
from twinbrush.base.files import NotRegular, quiet_stderr, read_file, write_atomically

MIN_SIDE, MAX_SIDE = 64, 4096  # pixels; a larger (but legal) picture is reduced
MAX_PIXELS = 100_000_000
# JPEG is decoded at a reduced size. The other decoders hold the whole picture, these three several times, and all the
# file's bytes besides: with so many pixels and bytes every one stays below 1.2 GB (tests/base/test_picture_memory.py).
MAX_WHOLE_PIXELS, MAX_COPIED_PIXELS = 50_000_000, 30_000_000
_MOST_PIXELS = {"JPEG": MAX_PIXELS, "MPO": MAX_PIXELS,
                "JPEG2000": MAX_COPIED_PIXELS, "WEBP": MAX_COPIED_PIXELS, "AVIF": MAX_COPIED_PIXELS}  # fmt: skip
MAX_BYTES, MAX_JPEG_BYTES = 1 << 28, 1 << 27  # a progressive JPEG's decoder holds all of its coefficients
MAX_ASPECT = 10.0
# Formats whose decoders are part of Pillow and start no other program (EPS would start Ghostscript).
_FORMATS = ("PNG", "JPEG", "MPO", "TIFF", "WEBP", "BMP", "GIF", "PPM", "JPEG2000", "AVIF")
_KNOWN = "Use a PNG, JPEG, TIFF, WebP, BMP or GIF picture."
# What Pillow's decoders raise on damaged files, besides OSError.
_DAMAGE = (OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError, IndexError, struct.error, OverflowError,
           ZeroDivisionError, AttributeError, RuntimeError, Image.DecompressionBombError)
# Lossless and as small as the slower settings on painted textures, at a quarter of their cost (benchmarks/export.py):
# deflate hardly finds repeated runs in brushwork, so Huffman coding of averaged differences is all that pays.
_PNG_FLAGS = [
    cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_AVG,
]


@dataclass(frozen=True)
class LoadedImage:
    """pixels (H, W, 3): sRGB, composed over white where transparent; alpha (H, W): None if the picture is opaque;
    sha256 of the file's bytes; notes: what was done to the picture that the user should know."""

    pixels: Float[np.ndarray, "h w 3"]
    alpha: Float[np.ndarray, "h w"] | None
    sha256: str
    path: str
    notes: tuple[str, ...] = ()


def turned(image: LoadedImage, quarters: int) -> LoadedImage:
    """The picture turned counter-clockwise by so many quarters, with a note (none: as it is)."""
    if quarters % 4 == 0:
        return image
    clockwise = {1: "90 degrees counter-clockwise", 2: "180 degrees", 3: "90 degrees clockwise"}[quarters % 4]
    pixels = np.ascontiguousarray(np.rot90(image.pixels, quarters))
    alpha = None if image.alpha is None else np.ascontiguousarray(np.rot90(image.alpha, quarters))
    note = f"{Path(image.path).name}: turned by {clockwise}, so that the face is upright."
    return replace(image, pixels=pixels, alpha=alpha, notes=(*image.notes, note))


def load_image(path: Path | str) -> LoadedImage:
    """Read any ordinary picture: upright (EXIF), sRGB (ICC), first frame, at most 4096 pixels a side.

    Raises BadImage with a remedy for everything that is no usable picture.
    """
    data = _read(Path(path))
    notes: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of large files and odd metadata; both are dealt with here
        picture = _open(path, data)
        _check_size(path, picture, len(data))
        digest = hashlib.sha256(data).hexdigest()
        del data  # the picture's own stream has it
        try:
            _note_frames(picture, notes)
            with quiet_stderr():
                picture = decoded(picture, notes)
            flat, alpha = _to_float(_upright(picture, notes), notes)
        except _DAMAGE as error:
            raise BadImage(path, f"the picture is damaged or cut short ({str(error)[:200]}).",
                           "Get the file again.") from error
        except MemoryError as error:
            raise BadImage(path, "the picture needs more memory than there is.", "Reduce it first.") from error
    pixels = flat if alpha is None else flat * alpha[..., None] + (1 - alpha[..., None])
    return LoadedImage(np.ascontiguousarray(pixels, np.float32), alpha, digest, str(path),
                       tuple(f"{Path(path).name}: {note}" for note in notes))


def check_picture(path: Path | str) -> str:
    """Returns the picture's format (Pillow's name); nothing is decoded. Raises BadImage for what `load_image` would
    refuse by its header."""
    data = _read(Path(path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        picture = _open(path, data)
        _check_size(path, picture, len(data))
    return picture.format or ""


def resize(image: Float[np.ndarray, "h w *c"], width: int, height: int) -> Float[np.ndarray, "height width *c"]:
    """Resample: exact area means when shrinking, clipped cubic when enlarging. float32 in, float32 out."""
    if (width, height) == (image.shape[1], image.shape[0]):
        return image
    shrinking = width <= image.shape[1] and height <= image.shape[0]
    source = np.ascontiguousarray(image, np.float32)
    result = cv2.resize(source, (width, height), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC)
    if not shrinking:
        result = np.clip(result, float(source.min()), float(source.max()))
    return np.asarray(result, np.float32)


def to_lab(rgb: Float[np.ndarray, "*shape 3"]) -> Float32[np.ndarray, "*shape 3"]:
    """sRGB in [0, 1] -> CIE Lab (L 0..100)."""
    flat = np.ascontiguousarray(rgb, np.float32).reshape(-1, 1, 3)
    return cv2.cvtColor(np.clip(flat, 0, 1), cv2.COLOR_RGB2Lab).reshape(rgb.shape)


def to_rgb(lab: Float[np.ndarray, "*shape 3"]) -> Float32[np.ndarray, "*shape 3"]:
    """CIE Lab -> sRGB in [0, 1], clipped."""
    flat = np.ascontiguousarray(lab, np.float32).reshape(-1, 1, 3)
    return np.clip(cv2.cvtColor(flat, cv2.COLOR_Lab2RGB), 0, 1).reshape(lab.shape)


def to_bytes(image: Float[np.ndarray, "h w *c"]) -> np.ndarray:
    """[0, 1] -> uint8, rounded to nearest; NaN is an error (ValueError), not a black pixel."""
    if not np.isfinite(image).all():
        raise ValueError("the image has NaN or infinite values")
    return np.floor(np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)


def encode_png(image: Float[np.ndarray, "h w *c"] | UInt8[np.ndarray, "h w *c"]) -> bytes:
    """PNG of an (H, W), (H, W, 3) or (H, W, 4) image in [0, 1] or bytes; the same pixels always give the same file."""
    pixels = image if image.dtype == np.uint8 else to_bytes(image)
    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR)
    return cv2.imencode(".png", pixels, _PNG_FLAGS)[1].tobytes()


def save_png(path: Path | str, image: Float[np.ndarray, "h w *c"]) -> Path:
    """Write a PNG whole or not at all. Raises OutputError."""
    return write_atomically(path, encode_png(image))


def _read(path: Path) -> bytes:
    """The file's bytes. Raises BadImage."""
    try:
        data = read_file(path, MAX_BYTES)
    except FileNotFoundError as error:
        raise BadImage(path, "there is no such file.", "Check the path.") from error
    except IsADirectoryError as error:
        raise BadImage(path, "is a folder, not a picture.", "Name a picture file in it.") from error
    except PermissionError as error:
        raise BadImage(path, "may not be read (permission denied).", "Change its permissions.") from error
    except NotRegular as error:
        raise BadImage(path, f"{error.strerror}.", "Name a picture file; save large ones as JPEG, reduced.") from error
    except OSError as error:
        raise BadImage(path, f"cannot be read ({error}).", "Check the path.") from error
    if not data:
        raise BadImage(path, "the file is empty.", "Get the file again.")
    return data


def _open(path: Path | str, data: bytes) -> Image.Image:
    """The picture with its header read and nothing decoded. Raises BadImage."""
    Image.init()
    formats = [name for name in _FORMATS if name in Image.OPEN]
    try:
        return Image.open(io.BytesIO(data), formats=formats)
    except Image.DecompressionBombError as error:
        raise BadImage(path, f"has more than {MAX_PIXELS // 1_000_000} million pixels.", "Reduce it first.") from error
    except _DAMAGE as error:
        raise BadImage(path, "is not a picture that can be read.", _KNOWN) from error


def too_large(picture: Image.Image, count: int) -> tuple[str, str] | None:
    """Why a picture whose header is read, of a file of `count` bytes, would need too much memory, and the remedy."""
    width, height = picture.size
    most = _MOST_PIXELS.get(picture.format or "", MAX_WHOLE_PIXELS)
    if width * height > most:
        remedy = "Reduce it first." if most == MAX_PIXELS else "Reduce it first, or save it as JPEG."
        return f"{width} x {height} is more than {most // 1_000_000} million pixels.", remedy
    if most == MAX_PIXELS and count > MAX_JPEG_BYTES:
        return f"is larger than {MAX_JPEG_BYTES // 1_000_000} MB.", "Reduce it first."
    return None


def _check_size(path: Path | str, picture: Image.Image, count: int) -> None:
    """Refuse by the header's size and the file's bytes, before anything is decoded."""
    width, height = picture.size
    if (why := too_large(picture, count)) is not None:
        raise BadImage(path, *why)
    if min(width, height) < MIN_SIDE:
        raise BadImage(path, f"{width} x {height} is too small; each side needs {MIN_SIDE} pixels or more.",
                       "Use a larger picture.")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise BadImage(path, f"{width} x {height} is too long and narrow for a portrait.", "Crop it to the person.")


def _note_frames(picture: Image.Image, notes: list[str]) -> None:
    """Tell that there are more frames; they are not counted: a file may hold millions of them, found one by one."""
    if picture.format != "MPO" and getattr(picture, "is_animated", False):  # MPO: a photo with a preview inside
        picture.seek(0)
        notes.append("only the first of its frames is used")


def decoded(picture: Image.Image, notes: list[str]) -> Image.Image:
    """The picture, decoded, at most MAX_SIDE pixels a side: reduced first of all, before any copy of it is made."""
    width, height = picture.size
    if max(width, height) > MAX_SIDE:
        scale = MAX_SIDE / max(width, height)
        picture.draft(None, (math.ceil(width * scale), math.ceil(height * scale)))  # JPEG: never smaller than this
    picture.load()
    if max(picture.size) <= MAX_SIDE:
        if picture.size != (width, height):
            notes.append(f"reduced from {width} x {height} to {picture.size[0]} x {picture.size[1]}")
        return picture
    info, exif = dict(picture.info), picture.getexif()
    if picture.mode in ("1", "P", "PA"):
        opaque = picture.mode != "PA" and "transparency" not in picture.info
        picture = picture.convert("RGB" if opaque else "RGBA")
        info.pop("transparency", None)
    elif picture.mode.startswith("I;16"):
        picture = picture.convert("I")
    reduced = _reduced(picture, notes, (width, height))
    reduced.info = info
    reduced.info["exif"] = exif.tobytes() if exif else b""
    return reduced


def _upright(picture: Image.Image, notes: list[str]) -> Image.Image:
    """Turned as its EXIF orientation says."""
    try:
        return ImageOps.exif_transpose(picture)
    except _DAMAGE:
        notes.append("its EXIF data is damaged and was ignored: the picture may lie on its side")
        return picture


def _to_float(
    picture: Image.Image, notes: list[str]
) -> tuple[Float[np.ndarray, "h w 3"], Float[np.ndarray, "h w"] | None]:
    """RGB in [0, 1], not yet composed, and alpha (None when opaque)."""
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        grey = np.asarray(picture.convert("F"), np.float32)
        # A TIFF of floats may be 0..1; integers of more than 8 bits are 0..65535.
        top = 1.0 if picture.mode == "F" and float(grey.max(initial=0)) <= 1.0 else 65535.0
        grey = np.clip(np.nan_to_num(grey) / top, 0, 1)
        return np.repeat(grey[..., None], 3, axis=2), None
    alpha = None
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        picture_rgba = picture.convert("RGBA")
        channel = picture_rgba.getchannel("A")
        if channel.getextrema() != (255, 255):
            alpha = np.asarray(channel, np.float32) / 255
            notes.append("partly transparent: laid over white")
        colour = picture_rgba.convert("RGB")
        colour.info["icc_profile"] = picture.info.get("icc_profile")
        picture = colour
    return np.asarray(_to_srgb(picture, notes), np.float32) / np.float32(255), alpha


def _to_srgb(picture: Image.Image, notes: list[str]) -> Image.Image:
    """8-bit sRGB by the embedded colour profile, or by the plain conversion if there is none."""
    profile_bytes: Any = picture.info.get("icc_profile")
    if profile_bytes and picture.mode in ("RGB", "CMYK", "L", "LAB"):
        try:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(profile_bytes))
            if picture.mode == "RGB" and "srgb" in ImageCms.getProfileDescription(profile).lower():
                return picture
            target = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(picture, profile, target, outputMode="RGB")
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, *_DAMAGE):
            notes.append("its colour profile is damaged and was ignored")
    if picture.mode == "CMYK":
        notes.append("CMYK without a colour profile: colours may be off")
    return picture.convert("RGB")


def _reduced(picture: Image.Image, notes: list[str], original: tuple[int, int]) -> Image.Image:
    """MAX_SIDE pixels on its longer side. original: the size in the file."""
    width, height = original
    scale = MAX_SIDE / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    notes.append(f"reduced from {width} x {height} to {size[0]} x {size[1]}")
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
