"""The style's deviation from the mean head added to a person's own head."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from twinbrush.align.faces.features import landmark_weights
from twinbrush.align.faces.style_head import StyleHead, template_gradients
from twinbrush.maths.gradients import Logarithms, logarithms
from twinbrush.maths.similarity import weighted_similarity
from twinbrush.sculpt.values import Template
from twinbrush.shape.ears import with_own_ears
from twinbrush.shape.unfold import mean_unfolder


@dataclass(frozen=True)
class Form:
    """A style's form, ready to be given to any head.

    head: the style's. turns: its deformation gradients from the mean head, as logarithms. warnings: of its making.
    worn: it is a person's already (see `expression.worn_by`).
    """

    head: StyleHead
    turns: Logarithms
    warnings: tuple[str, ...] = ()
    worn: bool = False

    @property
    def vertices(self) -> Float[np.ndarray, "n 3"]:
        """The style's head."""
        return self.head.vertices


def make_form(model: Template, head: StyleHead) -> Form:
    """Returns the form of a style's head, whose own skin does not run through itself."""
    head = sound_head(head)
    return Form(head, logarithms(template_gradients().of(head.vertices)))


def sound_head(head: StyleHead) -> StyleHead:
    """Returns the style's head without skin that runs through itself."""
    return replace(head, vertices=mean_unfolder().unfolded(head.vertices).vertices)


@dataclass(frozen=True)
class PersonHead:
    """vertices (n, 3): the template as the figure has it, mm. own (n, 3): of it, by what the person differs from the
    mean head, expression and carving apart."""

    vertices: Float[np.ndarray, "n 3"]
    own: Float[np.ndarray, "n 3"]


def shaped_head(
    model: Template, person: PersonHead, form: Form, strength: float, caricature: float
) -> Float[np.ndarray, "n 3"]:
    """Returns the person's head with `strength` of the style's deviation from the mean and `caricature` of its own.

    Strength 0 with caricature 1 returns the head itself; a style that is the mean head changes nothing. What of the
    person's own deviation lies along the style's gives way to it, up to strength 1.
    """
    gradients = template_gradients()
    way = form.vertices - model.mean
    along = shared(model, person.own, way) * min(max(strength, 0.0), 1.0)
    base = person.vertices + (caricature - 1) * person.own - along * way
    if strength == 0:
        return base
    inside = gradients.of(base)
    moved = gradients.displacements(form.turns.power(strength) @ inside - inside)
    straight = strength * way  # the landmarks' mean goes where plain addition would bring it
    marks = model.landmarks(straight - moved).mean(0)
    return with_own_ears(model, base, base + moved + marks)


def shared(model: Template, own: Float[np.ndarray, "n 3"], way: Float[np.ndarray, "n 3"]) -> float:
    """Returns how much of the way is in the person's own deviation: of landmarks seen from the front, place and size
    apart."""
    weights = landmark_weights()
    mean = model.landmarks(model.mean)[:, :2]

    def centred(change: np.ndarray) -> np.ndarray:
        seen = mean + model.landmarks(change)[:, :2]
        fitted = weighted_similarity(seen, mean, weights, rotate=False).apply(seen)
        return (fitted - mean) * np.sqrt(weights)[:, None]

    first, second = centred(own), centred(way)
    length = float((second**2).sum())
    return float((first * second).sum()) / length if length > 1e-9 else 0.0
