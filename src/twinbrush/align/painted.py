"""A painting as a figure of its own: the style's head, carved and coloured as a photo's is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from twinbrush.align.style_head import StyleHead, fit_style_head
from twinbrush.camera import project
from twinbrush.config.sculpt import SculptConfig
from twinbrush.inputs import Input
from twinbrush.progress import Progress, Step, ignore
from twinbrush.sculpt.figure import STAGE, finished
from twinbrush.sculpt.fit import Coefficients
from twinbrush.sculpt.lids import lid_rims
from twinbrush.sculpt.seen import SeenPerson, seen_person, surroundings
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import Figure, HeadFit, Template

EYE_GROWTH = (0.8, 2.0)  # bounds of the eyeballs of a painted face


def seen_portrait(given: Input) -> SeenPerson:
    """Returns what a picture's portrait shows. Raises BadMask."""
    return seen_person(
        given.picture.pixels, given.face, mask=given.mask, labels=given.labels, others=given.others)


def sculpt_painting(given: Input, config: SculptConfig, *, progress: Progress = ignore) -> Figure:
    """Returns the figure whose head has the portrait's proportions, as far as caricature goes. Raises BadMask."""
    progress(Step(STAGE, 0, 4, "regions"))
    person = seen_portrait(given)
    model = template()
    progress(Step(STAGE, 1, 4, "form"))
    head = fit_style_head(model, person.crop)
    fit = painted_fit(model, head)
    found = Coefficients(fit.identity, fit.expression)
    figure = finished(model, fit, found, person.crop, config, progress, wide=surroundings(person, fit))
    return replace(figure, warnings=(*person.warnings, *figure.warnings))


def painted_fit(model: Template, head: StyleHead) -> HeadFit:
    """Returns the style's head as the fit of its own picture: in the head's frame, 63 mm between the eyes."""
    art = head.points
    vertices = art.similarity.inverse().apply(head.vertices)
    rest = model.landmarks(vertices)
    pixels = project(art.camera, rest)[0]
    shown = art.found.expression
    opened = vertices + np.tensordot(shown, model.expressions.offsets, 1)
    return HeadFit(
        art.camera, art.found.identity, shown, opened, opened, art.weights, pixels, art.pixels_per_mm, pixels,
        _eye_growth(model, vertices))


def _eye_growth(model: Template, vertices: np.ndarray) -> float:
    """How many times as wide as the template's the openings between the lids are."""
    ratios = [np.ptp(vertices[rim, 0]) / np.ptp(model.mean[rim, 0]) for rim in lid_rims(model)]
    return float(np.clip(np.mean(ratios), *EYE_GROWTH))
