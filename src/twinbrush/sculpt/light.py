"""How light falls on the head in the photo: measured on seen skin, so that unseen skin is shaded like it.

Light comes from a few soft lamps all round, none of them negative; each vertex gets of a lamp what its normal faces and
what the head itself does not hide (precomputed transfer, Sloan et al. 2002, with lobes in place of harmonics). Without
it unseen ears, jaw and neck would be flat discs of colour.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import nnls

from twinbrush.base.mesh import vertex_normals
from twinbrush.base.rasterize import rasterize
from twinbrush.maths.filters import smoothstep
from twinbrush.maths.surface import mean_over_neighbours
from twinbrush.sculpt.values import EAR, Template

DIRECTIONS, LAMPS = 128, 16  # directions in which the head's own shadows are looked at; lamps
LOBE = 6.0  # sharpness of a lamp: exp(LOBE * (cosine - 1))
SHADOW_PX, SHADOW_MM, SHADOW_BIAS_MM = 144, 330.0, 1.5  # a shadow map's side, what it covers, and its tolerance
SOFT_ROUNDS = 6  # of averaging over neighbours: no grain of the shadow maps
EAR_ROUNDS, EAR_DEEPER = 2, 1.5  # the same on the ears, whose folds are finer; by how much (exponent) deeper theirs are
WRAP = 0.25  # skin scatters: light reaches so far (cosine) round the edge
GAMMA = 2.2
USUAL_TOWARD, USUAL_AMBIENT = np.array([0.0, 0.45, 1.0]), 0.35  # light of a photo that tells nothing: before, above
USUAL_WEIGHT = 0.06  # share of the evidence with which the lamps keep to it
ROUNDS, OUTLIER = 5, 0.2  # of reweighting; a misfit (share of the brightness) that counts half
LEAST_SEEN = 200  # vertices of seen skin, else the usual light
EASED = 0.85  # exponent of the shading: the dark side of a figure may be a little lighter than in the photo
SHADE_RANGE = (0.45, 1.18)  # of the shading (sRGB) against the seen skin's own
CHANNELS = np.array([0.88, 1.04, 1.08])  # exponents of the shading: light that went through skin is red


def sphere(count: int) -> Float[np.ndarray, "d 3"]:
    """Returns unit vectors spread evenly over the sphere (Fibonacci's spiral)."""
    number = np.arange(count) + 0.5
    height = 1 - 2 * number / count
    turn = np.pi * (1 + 5**0.5) * number
    across = np.sqrt(1 - height**2)
    return np.stack([across * np.cos(turn), height, across * np.sin(turn)], 1)


def unhidden(
    template: Template, vertices: Float[np.ndarray, "n 3"], toward: Float[np.ndarray, "3"]
) -> Bool[np.ndarray, "n"]:
    """Returns which vertices see the sky in a direction, past the rest of the head."""
    side = np.cross([0.0, 1.0, 0.0] if abs(toward[1]) < 0.9 else [1.0, 0.0, 0.0], toward)
    side /= np.linalg.norm(side)
    middle = vertices[template.labels <= 2].mean(0)
    scale = SHADOW_PX / SHADOW_MM
    away = vertices - middle
    pixels = np.stack([away @ side, away @ np.cross(toward, side)], 1) * scale + SHADOW_PX / 2
    depth = SHADOW_MM * 2 - away @ toward
    nearest = rasterize(pixels, depth, template.triangles, SHADOW_PX, SHADOW_PX).depth
    at = np.clip(pixels.astype(int), 0, SHADOW_PX - 1)
    return depth < nearest[at[:, 1], at[:, 0]] + SHADOW_BIAS_MM


def transfer(template: Template, vertices: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n l"]:
    """Returns how much of each lamp's light reaches each vertex, about 0..1."""
    normals = vertex_normals(vertices, template.triangles)
    directions, lamps = sphere(DIRECTIONS), sphere(LAMPS)
    lobes = np.exp(LOBE * (directions @ lamps.T - 1))
    lobes /= lobes.sum(0)
    out = np.zeros((len(vertices), LAMPS))
    for toward, lobe in zip(directions, lobes, strict=True):
        facing = np.clip((normals @ toward + WRAP) / (1 + WRAP), 0, None)
        out += (facing * unhidden(template, vertices, toward))[:, None] * lobe
    average = mean_over_neighbours(template.triangles, len(out))
    folds = out
    for number in range(SOFT_ROUNDS):
        out = 0.5 * out + 0.5 * (average @ out)
        if number + 1 == EAR_ROUNDS:
            folds = out
    share = ear_share(template)[:, None]
    return (1 - share) * out + share * folds


def ear_share(template: Template) -> Float[np.ndarray, "n"]:
    """Returns 1 on the ears, 0 elsewhere, fading out toward where they grow out of the head."""
    share = (template.labels == EAR).astype(float)
    average = mean_over_neighbours(template.triangles, len(share))
    for _ in range(SOFT_ROUNDS):
        share = average @ share
    return smoothstep(2 * share - 1)


def shading(
    template: Template, vertices: Float[np.ndarray, "n 3"], colour: Float[np.ndarray, "n 3"],
    weight: Float[np.ndarray, "n"],
) -> Float[np.ndarray, "n 3"]:
    """Returns by what each vertex' colour (sRGB) is brighter or darker than under the seen skin's usual light.

    colour, weight (0..1): what the photo shows of the skin, and how far it is believed.
    """
    reach = transfer(template, vertices)
    lamps = sphere(LAMPS)
    usual = USUAL_AMBIENT + np.clip(lamps @ USUAL_TOWARD / np.linalg.norm(USUAL_TOWARD), 0, None)
    seen = (weight > 0.5) & (template.labels == 0)
    bright = usual if seen.sum() < LEAST_SEEN else _lamps(reach[seen], colour[seen], usual)
    light = reach @ bright
    level = np.median(light[seen]) if seen.any() else np.median(light[template.labels == 0])
    deeper = 1 + (EAR_DEEPER - 1) * ear_share(template)
    shade = np.clip(np.maximum(light / level, 1e-6) ** (deeper * EASED / GAMMA), *SHADE_RANGE)
    return shade[:, None] ** CHANNELS


def _lamps(
    reach: Float[np.ndarray, "s l"], colour: Float[np.ndarray, "s 3"], usual: Float[np.ndarray, "l"]
) -> Float[np.ndarray, "l"]:
    """The lamps' brightness, none negative, least squares; what does not fit (brows, lips, highlights) counts less."""
    grey = (np.maximum(colour, 0) ** GAMMA).mean(1)
    start = reach @ usual
    prior = usual * (np.median(grey) / np.median(start))
    keep = USUAL_WEIGHT * np.sqrt(len(grey) * (reach**2).mean())
    bright = prior
    for _ in range(ROUNDS):
        misfit = (reach @ bright - grey) / np.median(grey)
        share = 1 / np.sqrt(1 + (misfit / OUTLIER) ** 2)
        rows = np.concatenate([reach * share[:, None], keep * np.eye(len(prior))])
        bright = nnls(rows, np.r_[grey * share, keep * prior])[0]
    return bright
