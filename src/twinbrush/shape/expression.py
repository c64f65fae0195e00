"""Who smiles stays smiling: a style's own smile or frown is its form only for faces that show neither.

Most painted portraits look stern: their mouth corners hang by half of what a frown moves them. Added to a smile this
makes a snarl.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from twinbrush.align.faces.style_head import INDEPENDENT, LOOSE
from twinbrush.sculpt.fit import landmark_sigmas
from twinbrush.sculpt.values import Template
from twinbrush.shape.head import Form, make_form

CORNERS = ("mouthSmile", "mouthFrown")  # what is taken out
BESIDE = ("mouthDimple", "mouthStretch", "mouthUpperUp", "mouthLowerDown", "browInnerUp", "browDown")
"""Expressions that are searched for with them, so that they are not mistaken for them."""
PLAIN = 0.3  # of mouthSmile: from there on it is the person that smiles
STIFF = 2.0  # an expression of 1 costs as much as this many standard deviations of an identity mode
DEPTH = 0.4  # weight of depths, which are guessed
LEAST_MM = 0.1  # a style that moves no landmark farther has no expression


def smile_of(model: Template, expression: Float[np.ndarray, "e"]) -> float:
    """Returns how plainly a face smiles, 0 to 1. expression: its coefficients in the template's order."""
    own = [abs(value) for value, name in zip(expression, model.expressions.names, strict=True)
           if name.startswith("mouthSmile")]
    return float(np.clip(np.mean(own) / PLAIN, 0, 1))


def style_smile(model: Template, points: Float[np.ndarray, "468 3"]) -> Float[np.ndarray, "n 3"]:
    """Returns by how much a style's own smile or frown moves the template's vertices, mm.

    points: the style's landmarks in the template's millimetres. Identity, expressions, shift and size are fitted to
    them together, by least squares.
    """
    names = model.expressions.names
    chosen = [number for number, name in enumerate(names) if name.startswith((*CORNERS, *BESIDE))]
    offsets = model.expressions.offsets[chosen]
    mean = model.landmarks(model.mean)
    free = np.stack([*(np.tile(axis, (len(mean), 1)) for axis in np.eye(3)), mean / np.abs(mean).max()])
    sigma = landmark_sigmas()
    weight = np.stack([1 / sigma, 1 / sigma, DEPTH / sigma], 1)
    parts = (model.landmarks(model.modes), model.landmarks(offsets), free)
    rows = (np.concatenate(parts).astype(np.float64) * weight).reshape(-1, weight.size).T
    cost = len(mean) / INDEPENDENT / LOOSE**2
    costs = np.repeat([cost, cost * STIFF**2, 1e-9], [len(part) for part in parts])
    found = np.linalg.solve(rows.T @ rows + np.diag(costs), rows.T @ ((points - mean) * weight).ravel())
    amounts = found[len(parts[0]) : len(parts[0]) + len(chosen)]
    kept = np.array([names[number].startswith(CORNERS) for number in chosen])
    return np.tensordot(amounts * kept, offsets, 1)


def worn_by(model: Template, form: Form, expression: Float[np.ndarray, "e"]) -> Form:
    """Returns the form without so much of its own smile or frown as a person with this expression smiles.

    A form that is worn already comes back as it is.
    """
    share = smile_of(model, expression)
    if share == 0 or form.worn:
        return form
    moves = style_smile(model, form.head.points.points)
    if np.abs(model.landmarks(moves)).max() < LEAST_MM:
        return form
    return replace(make_form(model, replace(form.head, vertices=form.head.vertices - share * moves)), worn=True)
