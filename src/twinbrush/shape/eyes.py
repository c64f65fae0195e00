"""Eyeballs that follow their lids: each moved, and grown or shrunk, with the opening that it looks through."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from twinbrush.sculpt.lids import EYES, centred, laid_on, lid_rims
from twinbrush.sculpt.values import Eyeball, Template

GROWTH = (0.6, 2.2)  # bounds of an eyeball's growth
STILL_MM = 1e-6  # a head that moved less did not change
FALLOFF_MM = 9.0  # how far from the rim skin follows it onto the eyeball: far, for it may be moved by millimetres


def eyes_after(
    model: Template, before: Float[np.ndarray, "n 3"], after: Float[np.ndarray, "n 3"], eyes: tuple[Eyeball, Eyeball]
) -> tuple[Float[np.ndarray, "n 3"], tuple[Eyeball, Eyeball]]:
    """Returns the changed head with its lids laid on the eyeballs that belong to it, and these.

    before, after: the head's vertices; eyes: the unchanged head's, left in the picture first. A head that didn't change
    is returned as it is.
    """
    left, right = (
        _grown(before[rim], after[rim], eye) for rim, eye in zip(lid_rims(model), eyes, strict=True))
    middle = float(np.sqrt(left.radius * right.radius))  # both eyes are of one size
    pair = replace(left, radius=middle), replace(right, radius=middle)
    if np.abs(before - after).max() < STILL_MM:
        return after, eyes
    return laid_on(model, after, pair, FALLOFF_MM), pair


def cleared(
    model: Template, vertices: Float[np.ndarray, "n 3"], eyes: tuple[Eyeball, Eyeball]
) -> tuple[Eyeball, Eyeball]:
    """Returns the eyeballs shrunk by what lids reach into them: tenths of a millimetre, where folds were taken out."""
    skin = ~np.isin(model.labels, EYES)
    deepest = 0.0
    for eye in eyes:
        away = vertices[skin] - eye.centre
        front = np.linalg.norm(away[away[:, 2] > 0], axis=1)
        deepest = max(deepest, eye.radius - float(front.min()))
    left, right = (replace(eye, radius=eye.radius - max(deepest, 0.0)) for eye in eyes)
    return left, right


def growth(before: Float[np.ndarray, "r 3"], after: Float[np.ndarray, "r 3"]) -> float:
    """Returns how many times as large an opening has become, its width counting more than its height."""
    def size(ring: np.ndarray) -> float:
        return float(np.sqrt(((ring[:, :2] - ring[:, :2].mean(0)) ** 2).sum()))

    across = float(np.ptp(after[:, 0]) / np.ptp(before[:, 0]))
    return float(np.clip((size(after) / size(before) + across) / 2, *GROWTH))


def _grown(before: Float[np.ndarray, "r 3"], after: Float[np.ndarray, "r 3"], eye: Eyeball) -> Eyeball:
    """The eyeball behind the changed rim: as it lay behind the unchanged one, then as deep as the lids ask."""
    factor = growth(before, after)
    radius = factor * eye.radius
    start = after.mean(0) - factor * (before.mean(0) - eye.centre)
    deeper = eye.centre - centred(before, eye.centre, eye.radius)
    return replace(eye, centre=centred(after, start, radius) + factor * deeper, radius=radius)
