"""The photo's light is taken out of the skin before it is painted: paint makes stains of one-sided shadows.

Broad lightness of the face becomes that of both sides together, and its own range narrower; features, wrinkles and
whatever is finer stay.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from twinbrush.base.image import to_lab, to_rgb
from twinbrush.maths.surface import mean_over_neighbours
from twinbrush.maths.texels import texels_of
from twinbrush.paint.surface import FigureSurface, head_rows, lab_at
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import EAR, FACE, NECK, SKULL

ROUNDS = 40  # of averaging over neighbours: what is broad, some 15 mm
KEPT = 0.55  # share of the broad differences that are left, of both sides together
LIT = 75.0  # percentile of the broad lightness that the lit side has
HUE = (0.8, 1.12)  # limits of what chroma is multiplied by, as lightness is
MOST, MOST_DARKER = 22.0, 3.0  # L* by which skin is made lighter, and darker, at most


def with_even_light(surface: FigureSurface) -> FigureSurface:
    """Returns the surface with the light taken out of its head's skin. Surfaces that are no figure's, and contents
    without colours of their own, stay as they are."""
    mesh, origin, rows = surface.mesh, template().layout.origin, head_rows(surface)
    if rows is None:
        return surface
    assert mesh.texture is not None
    assert mesh.uv is not None
    head = surface.of("Head")
    change = np.zeros(len(mesh.vertices))
    lightness = lab_at(mesh.texture, mesh.uv[rows])[:, 0]
    change[rows] = _change(lightness)[origin]
    faces = mesh.faces[head[mesh.faces].all(1)]
    texels = texels_of(mesh.uv, faces, (mesh.texture.shape[0], mesh.texture.shape[1]))
    flat = mesh.texture.reshape(-1, 3).astype(np.float32)
    lab = to_lab(flat[texels.place][None])[0]
    lighter = np.clip(lab[:, 0] + texels.at(change[:, None], faces)[:, 0], 1, 99)
    lab[:, 1:] *= np.clip(lighter / np.maximum(lab[:, 0], 1), *HUE)[:, None]
    lab[:, 0] = lighter
    flat[texels.place] = np.clip(to_rgb(lab[None])[0], 0, 1)
    return replace(surface, mesh=replace(mesh, texture=flat.reshape(mesh.texture.shape)))


def _change(lightness: Float[np.ndarray, "h"]) -> Float[np.ndarray, "n"]:
    """What each of the template's vertices has to be lighter; lightness: of the head's, L*."""
    model = template()
    skin = np.isin(model.labels, (FACE, SKULL, EAR, NECK))
    own = np.zeros(len(model.mean))
    own[model.layout.origin] = lightness
    mean = mean_over_neighbours(model.triangles, len(own))
    known = skin.astype(float)
    total, share = own * known, known.copy()
    for _ in range(ROUNDS):
        total, share = 0.5 * (total + mean @ total), 0.5 * (share + mean @ share)
    broad = total / np.maximum(share, 1e-6)
    lit = float(np.percentile(broad[model.labels == FACE], LIT))
    goal = lit + KEPT * (0.5 * (broad + broad[model.mirror]) - lit)
    return np.where(skin, np.clip(goal - broad, -MOST_DARKER, MOST), 0.0)
