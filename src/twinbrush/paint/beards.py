"""A beard keeps its own lightness: white beside brown hair in the photo, it is white beside brown hair in paint.

The style lends hair of one lightness to all that is hairy (`tone.py` brings it near the person's hair); what the beard
is lighter or darker than the hair is added to its paint.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float32

from twinbrush.align.values import AlignedStyle
from twinbrush.base.image import to_lab, to_rgb
from twinbrush.base.mesh import Region
from twinbrush.maths.texels import Texels
from twinbrush.paint.surface import FigureSurface, lab_at
from twinbrush.paint.tone import APART, ENDS, PHOTO_RANGE

LEAST_VERTICES = 50
SKIN_LIKE = 16.0  # L*a*b* from the painted skin within which a beard's paint is skin, growing over as much again
PALER = 0.7  # share of its chroma that a beard loses which becomes lighter by the style's whole range: white is grey


def with_own_beard(
    texture: Float32[np.ndarray, "h w 3"], surface: FigureSurface, aligned: AlignedStyle, texels: Texels
) -> Float32[np.ndarray, "h w 3"]:
    """Returns the painted texture with a beard as much lighter (or darker) than the hair as the person's is, to APART
    of the style's range. Figures without hair or beard, and contents without colours, stay as they are. texels: of that
    texture."""
    mesh = surface.mesh
    hair, beard = surface.of("Hair"), surface.of("Beard")
    if not surface.coloured or min(hair.sum(), beard.sum()) < LEAST_VERTICES:
        return texture
    assert mesh.texture is not None
    assert mesh.uv is not None
    known = aligned.canvas_valid & (aligned.canvas_regions != int(Region.BACKGROUND))
    canvas = to_lab(np.ascontiguousarray(aligned.canvas, np.float32))[..., 0]
    low, high = np.percentile(canvas[known] if known.any() else canvas, ENDS)
    wide = max(float(high - low), 1.0)
    own = _step(mesh.texture, mesh.uv, beard, hair) / (PHOTO_RANGE[1] - PHOTO_RANGE[0])
    missing = own - _step(texture, mesh.uv, beard, hair) / wide
    shift = float(np.sign(missing) * max(0.0, abs(missing) - APART))
    if shift == 0:
        return texture
    place = texels.place[beard[mesh.faces[texels.face, 0]]]
    flat = texture.reshape(-1, 3).copy()
    lab = to_lab(flat[place][None])[0].astype(np.float64)
    skin = np.median(lab_at(texture, mesh.uv[surface.of("Head")]), axis=0)
    shift = shift * np.clip(np.linalg.norm(lab - skin, axis=1) / SKIN_LIKE - 0.5, 0, 1)  # skin between hairs stays skin
    before = lab[:, 0].copy()
    lab[:, 0] = np.clip(before + shift * wide, min(low, before.min()), max(high, before.max()))
    middle = np.median(lab[:, 1:], axis=0)  # differences in hue of dark paint are noise when it is made light
    lab[:, 1:] = middle + (lab[:, 1:] - middle) * np.clip(before / np.maximum(lab[:, 0], 1.0), 0, 1)[:, None]
    lab[:, 1:] *= 1 - PALER * np.maximum(shift, 0.0)[:, None]
    flat[place] = np.clip(to_rgb(lab[None].astype(np.float32))[0], 0, 1)
    return flat.reshape(texture.shape)


def _step(
    texture: Float32[np.ndarray, "h w 3"], uv: Float[np.ndarray, "v 2"], beard: np.ndarray, hair: np.ndarray
) -> float:
    """The beard's median L* less the hair's."""
    lightness = lab_at(texture, uv)[:, 0]
    return float(np.median(lightness[beard]) - np.median(lightness[hair]))
