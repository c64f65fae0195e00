"""ARKit's expressions as morph targets of a person's own head."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy import spatial

from twinbrush.sculpt.assemble import moved_by
from twinbrush.sculpt.lids import lid_rims, outside
from twinbrush.sculpt.untangle import patch, untangled
from twinbrush.sculpt.values import Eyeball, Template

STILL_MM = 0.02  # vertices that move less are left out of a target
LID_MM = 4.0  # falloff of what a blink takes back of the person's own lids
BLINK_ROUNDS = 8  # of drawing crossing lids apart
LIP_ROUNDS, LIP_PUSH_MM = 14, 0.13  # and crossing lips, in few large steps
OPENING = ("jawOpen", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight")
BLINKS = {"eyeBlinkRight": 0, "eyeBlinkLeft": 1}  # the person's left eye is on the picture's right
Sparse = tuple[np.ndarray, np.ndarray]


def head_targets(
    template: Template, vertices: Float[np.ndarray, "n 3"], neutral: Float[np.ndarray, "n 3"],
    eyes: tuple[Eyeball, Eyeball],
) -> dict[str, Float[np.ndarray, "n 3"]]:
    """Returns each expression's offsets of the head's vertices, mm.

    neutral: the person's head without expression, correction and carving; a blink closes its lids, not those of the
    fitted expression a second time. Nothing moves into the eyeballs.
    """
    out: dict[str, np.ndarray] = {}
    rims, lips, names = lid_rims(template), patch("mouth"), template.expressions.names
    near = [np.flatnonzero((np.linalg.norm(vertices - eye.centre, axis=1) < eye.radius + 8)
                           & ~np.isin(template.labels, (5, 6))) for eye in eyes]
    for number, name in enumerate(template.expressions.names):
        offset = template.expressions.offsets[number].astype(np.float64)
        if name in BLINKS:
            side = BLINKS[name]
            offset = offset - _own_lids(vertices, neutral, rims[side])
        goal = vertices + offset
        if name.startswith(("eye", "cheek", "brow", "nose")):
            for eye, chosen in zip(eyes, near, strict=True):
                goal = outside(goal, chosen, eye)
        if name in BLINKS:
            goal = untangled(goal, patch("eye left" if BLINKS[name] == 0 else "eye right"), BLINK_ROUNDS)
        elif name.startswith(("mouth", "jaw")) and name not in OPENING:
            base = vertices + template.expressions.offsets[names.index("jawOpen")] if name == "mouthClose" else vertices
            goal = untangled(base + offset, lips, LIP_ROUNDS, LIP_PUSH_MM) - base + vertices
        out[name] = goal - vertices
    return out


def _own_lids(
    vertices: Float[np.ndarray, "n 3"], neutral: Float[np.ndarray, "n 3"], rim: np.ndarray
) -> Float[np.ndarray, "n 3"]:
    """What the lids' rim differs from the neutral head's (its common move apart), fading out beside it."""
    differs = vertices - neutral
    own = differs[rim] - differs[rim].mean(0)
    distance, nearest = spatial.KDTree(vertices[rim]).query(vertices)
    return own[nearest] * np.exp(-((distance / LID_MM) ** 2))[:, None]


def mouth_targets(template: Template) -> dict[str, Float[np.ndarray, "m 3"]]:
    """Returns each expression's offsets of gums, tongue and teeth, mm."""
    maps = template.expressions.mouth_maps
    return {name: moved_by(template.mouth, maps[i]) for i, name in enumerate(template.expressions.names)}


def sparse(offsets: dict[str, Float[np.ndarray, "n 3"]], origin: np.ndarray) -> dict[str, Sparse]:
    """The targets of a mesh whose vertices are copies of `origin`: vertices that move, and by what."""
    out: dict[str, Sparse] = {}
    for name, offset in offsets.items():
        own = offset[origin]
        moved = np.flatnonzero(np.linalg.norm(own, axis=1) > STILL_MM)
        out[name] = (moved, own[moved])
    return out
