"""ARKit's expressions as morph targets of a person's own head."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy import spatial

from twinbrush.base.beside import mapped
from twinbrush.sculpt.assemble import moved_by
from twinbrush.sculpt.lids import lid_rims, outside
from twinbrush.sculpt.untangle import PATCHES, crosses_not, held_back, patch, untangled
from twinbrush.sculpt.values import Eyeball, Template

STILL_MM = 0.004  # vertices that move less are left out of a target (0.02 let lips cross again by as much)
LID_MM = 4.0  # falloff of what a blink takes back of the person's own lids
BLINK_ROUNDS = 8  # of drawing crossing lids apart
LIP_ROUNDS, LIP_PUSH_MM = 5, 0.2  # and crossing lips, in few large steps; then what still crosses is held back
LEAST_SHARE = 0.25  # of a target that is left to an expression which the photo shows in full already
MOVES_MM = 0.15  # an expression that moves no vertex of a patch farther is not looked at there
BLINKS = {"eyeBlinkRight": 0, "eyeBlinkLeft": 1}  # the person's left eye is on the picture's right
Sparse = tuple[np.ndarray, np.ndarray]


def head_targets(
    template: Template, vertices: Float[np.ndarray, "n 3"], neutral: Float[np.ndarray, "n 3"],
    own: Float[np.ndarray, "e"], eyes: tuple[Eyeball, Eyeball],
) -> dict[str, Float[np.ndarray, "n 3"]]:
    """Returns each expression's offsets of the head's vertices, mm.

    own (e,): the photo's own expression; of what it shows already a target takes only the rest.
    neutral: the person's head without expression, correction and carving; a blink closes its lids, not those of the
    fitted expression a second time. Nothing moves into the eyeballs.
    """
    rims, names = lid_rims(template), template.expressions.names
    shares = np.clip(1 - own, LEAST_SHARE, 1.0)
    near = [np.flatnonzero((np.linalg.norm(vertices - eye.centre, axis=1) < eye.radius + 8)
                           & ~np.isin(template.labels, (5, 6))) for eye in eyes]

    def target(name: str, base: np.ndarray) -> np.ndarray:
        number = names.index(name)
        offset = template.expressions.offsets[number].astype(np.float64)
        if name in BLINKS:
            offset = offset - _own_lids(vertices, neutral, rims[BLINKS[name]])
        elif name != "mouthClose":
            offset = shares[number] * offset
        goal = base + offset
        if name.startswith(("eye", "cheek", "brow", "nose")):
            for eye, chosen in zip(eyes, near, strict=True):
                goal = outside(goal, chosen, eye)
        return _free(base, goal, name) - base

    opened = target("jawOpen", vertices)  # where mouthClose begins
    others = [name for name in names if name != "jawOpen"]
    found = mapped(lambda name: target(name, vertices + opened if name == "mouthClose" else vertices), others)
    out = {"jawOpen": opened, **dict(zip(others, found, strict=True))}
    return {name: out[name] for name in names}


def _free(base: Float[np.ndarray, "n 3"], goal: Float[np.ndarray, "n 3"], name: str) -> Float[np.ndarray, "n 3"]:
    """The goal without crossings of lips and lids: first drawn apart, then held back where they still cross."""
    for place in PATCHES:
        piece = patch(place)
        if np.abs(goal[piece.vertices] - base[piece.vertices]).max() < MOVES_MM:
            continue
        if crosses_not(goal, piece):
            continue
        if place == "mouth":
            goal = untangled(goal, piece, LIP_ROUNDS, LIP_PUSH_MM)
        elif name in BLINKS:
            goal = untangled(goal, piece, BLINK_ROUNDS)
        goal = held_back(base, goal, piece)
    return goal


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
