"""The style picture of a mesh that is no head: the object in it, what of it lends paint, and the user's mask."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from twinbrush.config import Config
from twinbrush.correspond.allround import StyleObject
from twinbrush.correspond.foreground import foreground
from twinbrush.correspond.windows import windows
from twinbrush.errors import BadMask, FaceNotFound, FaceUnusable, ModelFileError
from twinbrush.image import LoadedImage, load_image
from twinbrush.portrait.face import find_face_with_warnings

FEATURES_GROWN = 0.07  # of a face's height: strokes around eyes and mouth that only they explain


def read_mask(picture: LoadedImage, path: Path | None) -> Float[np.ndarray, "h w"] | None:
    """The user's mask of the style's object. Raises BadMask."""
    if path is None:
        return None
    image = load_image(path)
    if image.pixels.shape != picture.pixels.shape:
        raise BadMask(
            f"{path}: the mask is {image.pixels.shape[1]} x {image.pixels.shape[0]}, its picture "
            f"{picture.pixels.shape[1]} x {picture.pixels.shape[0]} pixels.",
            "Give a mask of the picture's size, white where the object is.",
        )
    values = image.alpha if image.alpha is not None else image.pixels.mean(axis=2)
    return np.ascontiguousarray(values, np.float32)


def style_object(
    picture: LoadedImage, mask: Float[np.ndarray, "h w"] | None, config: Config
) -> StyleObject:
    found = foreground(picture.pixels, mask=mask, alpha=picture.alpha)
    through = windows(picture.pixels, found.mask) if found.source == "grabcut" else np.zeros_like(found.mask)
    own = found.source != "grabcut"
    features = _features_of_a_face(picture, config)
    return StyleObject(picture.pixels, found.mask, found.mask & ~through, found.warnings, own, features)


def _features_of_a_face(picture: LoadedImage, config: Config) -> Bool[np.ndarray, "h w"] | None:
    """Where the style shows eyes, brows, nose and mouth. None: no face, or no models to look for one (then the run has
    said so)."""
    from twinbrush.stylize.guided.facemap import feature_mask

    try:
        found = find_face_with_warnings(
            picture.pixels, config.style_face, where=str(picture.path), art=True, portrait=config.portrait
        )
    except (FaceNotFound, FaceUnusable, ModelFileError):
        return None
    height, width = picture.pixels.shape[:2]
    names = ("eyes", "brows", "nose", "lips")
    return feature_mask(found.face.landmarks[:, :2], names, height, width, FEATURES_GROWN, 0.01) > 0.3
