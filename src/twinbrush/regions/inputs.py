"""A user's picture -> pixels, face, mask, and the hash of all of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from twinbrush.base import store
from twinbrush.base.errors import BadMask, BadOption
from twinbrush.base.files import open_regular
from twinbrush.base.image import LoadedImage, load_image, turned
from twinbrush.config import Config, FaceConfig, PortraitConfig, named_files
from twinbrush.faces.face import find_face_with_warnings, upright_turn
from twinbrush.faces.values import Face
from twinbrush.regions.given import check_labels, check_mask, check_size, labels_of_picture

# An alpha channel is the user's own cut-out if it leaves this share of the picture out, and keeps at least as much.
_MIN_CUT = 0.02
# ... and if what it keeps is no plain crop: discs, rounded corners and frames are convex (1.0), heads on shoulders are
# not (a bust fills about 0.74 to 0.94 of its convex hull).
_CROP_CONVEXITY = 0.97


_LARGEST = 1 << 32  # bytes of any file that an option names; each reader has its own, smaller limit


@dataclass(frozen=True)
class Input:
    """One input picture with its face; mask (h, w) 0..1 or None; key: hash of everything that led to it; others: the
    faces of other people in it; labels (h, w): the user's own regions (`regions.Label`) or None; quarters: turns by 90
    degrees that brought the picture upright."""

    picture: LoadedImage
    face: Face
    mask: Float[np.ndarray, "h w"] | None
    key: str
    warnings: tuple[str, ...]
    others: tuple[Face, ...] = ()
    labels: UInt8[np.ndarray, "h w"] | None = None
    quarters: int = 0


def check_named_files(config: Config) -> None:
    """Prove before any work that every file an option names can be read. Raises BadOption."""
    for path, option in named_files(config).items():
        try:
            open_regular(path, _LARGEST).close()
        except OSError as error:
            reason = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror
            raise BadOption(f"{option} {path}: {reason}.", "Check the path.") from error


def read_input(path: Path, config: FaceConfig, limits: PortraitConfig, *, art: bool) -> Input:
    """Load a picture and find its face. Raises the errors of base/image.py and faces/face.py, and BadMask."""
    picture = load_image(path)
    quarters = upright_turn(picture.pixels, config, where=path.name)
    mask, notes = _mask(picture, config.mask)
    labels = None if config.regions is None else read_regions(config.regions, picture)
    picture = turned(picture, quarters)
    labels = None if labels is None else np.ascontiguousarray(np.rot90(labels, quarters))
    mask = None if mask is None else np.ascontiguousarray(np.rot90(mask, quarters))
    found = find_face_with_warnings(picture.pixels, config, where=path.name, art=art, portrait=limits)
    if mask is not None:
        whose = f"{config.mask} (the mask)" if config.mask else f"{path} (its transparency)"
        check_mask(mask, found.face, (picture.pixels.shape[0], picture.pixels.shape[1]), whose)
    if labels is not None:
        check_labels(labels, found.face, (picture.pixels.shape[0], picture.pixels.shape[1]), str(config.regions))
    key = store.stage_key("input", picture.sha256, found.face, found.others, mask, labels, art)
    warnings = (*picture.notes, *notes, *found.warnings)
    return Input(picture, found.face, mask, key, warnings, found.others, labels, quarters)


def read_regions(path: Path, picture: LoadedImage) -> UInt8[np.ndarray, "h w"]:
    """The user's picture of the regions as labels. Raises BadMask for another size or other colours."""
    labels = labels_of_picture(np.round(load_image(path).pixels * 255).astype(np.uint8), path.name)
    check_size(labels, (picture.pixels.shape[0], picture.pixels.shape[1]), path.name)
    return labels


def _mask(picture: LoadedImage, path: Path | None) -> tuple[Float[np.ndarray, "h w"] | None, tuple[str, ...]]:
    """The user's mask file, else the picture's own transparency if it is a cut-out."""
    if path is not None:
        return read_mask(path, picture), ()
    if picture.alpha is not None and _MIN_CUT < float(picture.alpha.mean()) < 1 - _MIN_CUT:
        if _convexity(picture.alpha) > _CROP_CONVEXITY:
            return None, ("the picture's transparency is a plain crop, no cut-out, and was not used as its mask.",)
        note = "the picture's own transparency is used as its mask."
        return np.ascontiguousarray(picture.alpha, np.float32), (note,)
    return None, ()


def read_mask(path: Path, picture: LoadedImage, *, shown: str = "the person is") -> Float[np.ndarray, "h w"]:
    """The user's mask file for a picture, 0..1. Raises BadMask; `shown`: what is white in it."""
    height, width = picture.pixels.shape[:2]
    image = load_image(path)
    if image.pixels.shape[:2] != (height, width):
        got_height, got_width = image.pixels.shape[:2]
        raise BadMask(
            f"{path} is a mask of {got_width} x {got_height} pixels, its picture has {width} x {height}.",
            f"Give a mask of the picture's size, white where {shown}.",
        )
    # A picture with transparency is taken by its alpha: that is how most programs save a cut-out.
    values = image.alpha if image.alpha is not None else image.pixels.mean(axis=2)
    return np.ascontiguousarray(values, np.float32)


def _convexity(alpha: Float[np.ndarray, "h w"]) -> float:
    """Share of its convex hull that the opaque part fills."""
    opaque = (alpha > 0.5).astype(np.uint8)
    if not opaque.any():
        return 0.0
    hull = cv2.fillConvexPoly(np.zeros_like(opaque), cv2.convexHull(cv2.findNonZero(opaque)), 1)
    return float(opaque.sum()) / float(hull.sum())
