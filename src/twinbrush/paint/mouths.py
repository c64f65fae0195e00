"""A mouth is dark inside: where no view paints it, it keeps the photo's darkness.

What no view has painted shows the person in the style's palette (`round/guide.py`). A style's skin has nothing as dark
as the inside of a mouth, and closed lips showed a pale slit.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

from twinbrush.base.image import to_lab, to_rgb
from twinbrush.maths.texels import texels_of
from twinbrush.paint.surface import FigureSurface, head_rows, lab_at
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import MOUTH_BAG

RIM_RINGS = 4  # of neighbours about the mouth's bag: the lips' inner rims
LIGHTER = 8.0  # L* that a painted mouth's inside may be lighter than the photo's


def with_dark_mouth(
    texture: Float32[np.ndarray, "h w 3"], surface: FigureSurface
) -> Float32[np.ndarray, "h w 3"]:
    """Returns a texture of the surface whose mouth is inside hardly lighter than in the content's own colours.

    Surfaces without a sculpted head, and contents without colours, stay as they are.
    """
    mesh, layout, rows = surface.mesh, template().layout, head_rows(surface)
    if rows is None:
        return texture
    assert mesh.texture is not None
    assert mesh.uv is not None
    inside = np.zeros(len(surface.part), bool)
    inside[rows] = template().labels[layout.origin] == MOUTH_BAG
    for _ in range(RIM_RINGS):
        inside[mesh.faces[inside[mesh.faces].any(1)]] = True
    inside |= surface.of("Teeth")  # behind lips that are nearly closed
    texels = texels_of(mesh.uv, mesh.faces, (texture.shape[0], texture.shape[1]))
    chosen = inside[mesh.faces[texels.face]].all(1)
    place = texels.place[chosen]
    uv = texels.at(mesh.uv, mesh.faces)[chosen]
    own = lab_at(mesh.texture, uv.astype(np.float64))[:, 0]
    flat = texture.reshape(-1, 3).copy()
    lab = to_lab(flat[place][None])[0]
    dark = np.minimum(lab[:, 0], own + LIGHTER)
    lab[:, 1:] *= np.sqrt(dark / np.maximum(lab[:, 0], 1e-3))[:, None]
    lab[:, 0] = dark
    flat[place] = np.clip(to_rgb(lab[None].astype(np.float32))[0], 0, 1)
    return flat.reshape(texture.shape)
