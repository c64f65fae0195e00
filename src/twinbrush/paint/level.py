"""What the paint has left of the step from skin to hair: the finished texture is brought back to the person's.

`tone.py` makes the style fit before anything is painted; patches, objective and strokes then choose among its pixels,
and a black-haired person in a brown-haired style comes out brown. What is still missing is added to the hair, and what
hair cannot take to the skin.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Float32

from twinbrush.base.mesh import Region
from twinbrush.maths.texels import Texels
from twinbrush.paint.surface import FigureSurface, hairy, lab_at
from twinbrush.paint.tone import LEVEL, LIT, MIDDLE, PHOTO_RANGE, Levels, level_of, relit

APART = 0.10  # by which the step may be off the person's own, of the range from black to white
FACING = 0.5  # of the normal toward the viewer: what is seen from the front
ENDS = (0.03, 0.97)  # levels that hair and skin do not leave
SKIN_SHARE = 0.5  # of LEVEL: so far skin may go, whose tone the person's own was fitted already


def with_persons_step(
    texture: Float32[np.ndarray, "h w 3"], surface: FigureSurface, texels: Texels
) -> Float32[np.ndarray, "h w 3"]:
    """Returns the painted texture with skin lighter than hair by what the person's is, to APART.

    texels: of that texture. Figures without hair, and contents without colours of their own, stay as they are.
    """
    mesh = surface.mesh
    assert mesh.regions is not None
    if mesh.texture is None or not surface.coloured:
        return texture
    own, now = (_levels(picture, surface) for picture in (mesh.texture, texture))
    if own is None or now is None or own.hair is None or now.hair is None:
        return texture
    gap = (now.skin - now.hair) - (own.skin - own.hair)
    excess = float(np.sign(gap) * max(0.0, abs(gap) - APART))
    if excess == 0:
        return texture
    hair = float(np.clip(now.hair + np.clip(excess, -LEVEL, LEVEL), *ENDS))
    left = excess - (hair - now.hair)
    most = SKIN_SHARE * LEVEL
    skin = float(np.clip(now.skin - np.clip(left, -most, most), *ENDS))
    out = texture.reshape(-1, 3).copy()
    head = ~surface.of("Eye", "Teeth")
    for before, after, chosen in (
        (now.hair, hair, hairy(surface)), (now.skin, skin, (mesh.regions == int(Region.SKIN)) & head),
    ):
        if abs(after - before) > 1e-3:
            place = texels.place[chosen[mesh.faces[texels.face]].all(1)]
            strip = np.ascontiguousarray(out[place][None])
            out[place] = np.clip(relit(strip, before, after, PHOTO_RANGE, np.zeros(2), calm=False)[0], 0, 1)
    return out.reshape(texture.shape)


def _levels(texture: Float[np.ndarray, "h w 3"], surface: FigureSurface) -> Levels | None:
    """Levels of skin and hair on the vertices that are seen from the front."""
    mesh = surface.mesh
    assert mesh.uv is not None
    assert mesh.regions is not None
    seen: Bool[np.ndarray, "v"] = surface.normals[:, 2] > FACING
    lightness = lab_at(texture, mesh.uv)[:, 0]
    skin = level_of(lightness[seen & (mesh.regions == int(Region.SKIN))], PHOTO_RANGE, LIT)
    hair = level_of(lightness[seen & hairy(surface)], PHOTO_RANGE, MIDDLE)
    return None if skin is None else Levels(skin, hair)
