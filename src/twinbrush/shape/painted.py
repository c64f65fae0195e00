"""A painting as a figure of its own: the style's head, carved and coloured as a photo's is."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from jaxtyping import Float

from twinbrush.align.faces.painted import seen_portrait
from twinbrush.align.faces.style_head import StyleHead, fit_style_head
from twinbrush.base.camera import project
from twinbrush.base.progress import Progress, Step, ignore
from twinbrush.config.sculpt import SculptConfig
from twinbrush.regions.inputs import Input
from twinbrush.sculpt.figure import STAGE, finished, with_closed_lips
from twinbrush.sculpt.fit import Coefficients
from twinbrush.sculpt.lids import lid_rims
from twinbrush.sculpt.portrait.crop import Crop
from twinbrush.sculpt.portrait.geometry import make_frame
from twinbrush.sculpt.seen import surroundings
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import Figure, HeadFit, Part, Template
from twinbrush.shape.figure import person_head
from twinbrush.shape.head import sound_head
from twinbrush.shape.mouth import Cover, bag_behind, opening_of, teeth_moved

LIPS = 13, 14  # landmarks in the middle of the upper and the lower lip, inside
EYE_GROWTH = (0.8, 2.0)  # bounds of the eyeballs of a painted face


def sculpt_painting(given: Input, config: SculptConfig, *, progress: Progress = ignore) -> Figure:
    """Returns the figure whose head has the portrait's proportions, as far as caricature goes. Raises BadMask."""
    progress(Step(STAGE, 0, 4, "regions"))
    person = seen_portrait(given)
    model = template()
    progress(Step(STAGE, 1, 4, "form"))
    crop = _with_closed_lips(person.crop)
    head = sound_head(fit_style_head(model, crop))
    fit = painted_fit(model, head, lips_gap(crop, head))
    found = Coefficients(fit.identity, fit.expression)
    figure = finished(model, fit, found, person.crop, config, progress, wide=partial(surroundings, person, fit))
    return replace(
        figure, parts=_with_own_teeth(model, figure, found.head(model)), warnings=(*person.warnings, *figure.warnings))


def lips_gap(crop: Crop, head: StyleHead) -> float:
    """Returns how far apart the portrait's lips are seen, mm."""
    upper, lower = crop.face.landmarks[list(LIPS), :2]
    return float(np.linalg.norm(upper - lower)) / head.points.pixels_per_mm


def painted_fit(model: Template, head: StyleHead, gap: float) -> HeadFit:
    """Returns the style's head as the fit of its own picture: in the head's frame, 63 mm between the eyes, the mouth's
    inside behind its lips, which the jaw opens by `gap` mm at most."""
    art = head.points
    mean = np.asarray(model.mean, np.float64)
    cover = Cover(model, mean, head.vertices)
    whole = bag_behind(model, mean, head.vertices, opening_of(model, mean, head.vertices), cover)
    vertices = art.similarity.inverse().apply(whole)
    rest = model.landmarks(vertices)
    pixels = project(art.camera, rest)[0]
    shown = _no_wider(model, art.found.expression, gap)
    opened = vertices + np.tensordot(shown, model.expressions.offsets, 1)
    return HeadFit(
        art.camera, art.found.identity, shown, opened, opened, art.weights, pixels, art.pixels_per_mm, pixels,
        _eye_growth(model, vertices))


def _no_wider(model: Template, shown: Float[np.ndarray, "e"], gap: float) -> Float[np.ndarray, "e"]:
    """The expression with a jaw that opens the lips by no more than the gap: other muscles of the mouth are form."""
    jaw = model.expressions.names.index("jawOpen")
    upper, lower = model.landmarks(model.expressions.offsets[jaw])[list(LIPS), 1]
    out = shown.copy()
    out[jaw] = min(float(shown[jaw]), gap / float(upper - lower))
    return out


def _with_closed_lips(crop: Crop) -> Crop:
    """The portrait with painted lips that touch brought together, as a photo's are."""
    size = len(crop.image)
    points = with_closed_lips(crop.face.landmarks, make_frame(crop.face, size, size).pixels_per_mm)
    return replace(crop, face=replace(crop.face, landmarks=points))


def _with_own_teeth(model: Template, figure: Figure, usual: Float[np.ndarray, "n 3"]) -> tuple[Part, ...]:
    """The figure's parts with teeth that go with its mouth. usual: the head of its coefficients, whose teeth it has."""
    own = person_head(model, figure).vertices
    opening, cover = opening_of(model, usual, own), Cover(model, usual, own)
    return tuple(teeth_moved(part, opening, cover) if part.name == "Teeth" else part for part in figure.parts)


def _eye_growth(model: Template, vertices: np.ndarray) -> float:
    """How many times as wide as the template's the openings between the lids are."""
    ratios = [np.ptp(vertices[rim, 0]) / np.ptp(model.mean[rim, 0]) for rim in lid_rims(model)]
    return float(np.clip(np.mean(ratios), *EYE_GROWTH))
