"""The style picture of a mesh that is no head: the object in it, and what of it lends paint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from twinbrush.align.objects.align import MATCH_SIZE, StyleObject
from twinbrush.align.objects.foreground import foreground
from twinbrush.align.objects.pairs import MAX_BYTES as MAX_PAIRS_BYTES
from twinbrush.align.objects.pairs import UserPairs, parse_pairs
from twinbrush.align.objects.windows import windows
from twinbrush.base.errors import BadLandmarks, FaceNotFound, FaceUnusable, ModelFileError
from twinbrush.base.files import read_file
from twinbrush.base.image import LoadedImage
from twinbrush.config import Config
from twinbrush.faces.face import find_face_with_warnings

FEATURES_GROWN = 0.07  # of a face's height: strokes around eyes and mouth that only they explain


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
    from twinbrush.faces.facemap import feature_mask

    try:
        found = find_face_with_warnings(
            picture.pixels, config.style_face, where=Path(picture.path).name, art=True, portrait=config.portrait
        )
    except (FaceNotFound, FaceUnusable, ModelFileError):
        return None
    height, width = picture.pixels.shape[:2]
    names = ("eyes", "brows", "nose", "lips")
    return feature_mask(found.face.landmarks[:, :2], names, height, width, FEATURES_GROWN, 0.01) > 0.3


def user_pairs(path: Path | None, style: StyleObject) -> UserPairs | None:
    """The user's pairs of points of the mesh's reference picture and the style (None: there are none). Raises
    BadLandmarks."""
    if path is None:
        return None
    height, width = style.image.shape[:2]
    sizes = {"content_size": (MATCH_SIZE, MATCH_SIZE), "style_size": (width, height)}
    return parse_pairs(pairs_text(path), **sizes, where=path.name)


def pairs_text(path: Path) -> str:
    """The text of the file of pairs. Raises BadLandmarks."""
    try:
        return read_file(path, MAX_PAIRS_BYTES).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise BadLandmarks(f"{path}: cannot be read ({reason}).", "Check the path.") from error
