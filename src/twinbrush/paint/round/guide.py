"""One guide for all views, painted on the surface: what each of its points shall look like from afar.

Every surface point has a place in the style's canvas: where the front camera sees it at full strength, through
whatever hides it (the back shows the front's style, mirrored as through glass). The guide mixes the canvas' broad
colours at that place with the content: its form (light and shade) where it has no colours, else its colours in the
style's palette.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, Float32

from twinbrush.base.image import to_lab, to_rgb
from twinbrush.base.mesh import Mesh, Region
from twinbrush.base.sampling import sampled
from twinbrush.maths.fill import push_pull
from twinbrush.maths.texels import Texels, texel_places, texels_of
from twinbrush.paint.colour import PAINTED, fit_colour_map, style_tone
from twinbrush.paint.guided.atlas import StyleSheet
from twinbrush.paint.round.subject import Subject

GUIDE_SIZE = 1024  # texels a side: the guide is smooth
SQUARE = 0.45  # of the normal's share toward the front: squarer parts take the canvas as it is
SIDEWAYS = (0.012, 0.04, 0.08, 0.12)  # blur of the canvas in units, from there to sideways (finer is brushwork)
CANVAS_SHARE = {False: 1.0, True: 0.35}  # of the canvas' own colours in the guide, by `coloured`, at identity 0.5
FORM = (1.0, 2.2)  # light and shade of the form in the guide: spread relative to the style's own; most gain
LEAST_SPREAD, MOST_SPREAD = 9.0, 16.0  # of the style's lightness that is taken for that, L
SAMPLES = 20000
LEAST_STYLE = 150  # pixels: a region of which the style shows less takes the whole figure's colours


def guide_mesh(subject: Subject, sheet: StyleSheet, identity: float) -> Mesh:
    """The subject's mesh with the guide as its texture."""
    mesh = subject.mesh
    assert mesh.uv is not None
    texels = texels_of(mesh.uv, mesh.faces, guide_shape(mesh))
    content = to_lab(_own_colours(mesh, texels))
    places = texels.at(subject.places_xy, mesh.faces)
    tone = style_tone(sheet.colours, sheet.unit)
    facing = texels.at(subject.facing[:, None], mesh.faces)[:, 0]
    canvas = _canvas_colours(tone, places, facing, sheet.unit)
    if subject.regions is not None:  # no face on the back of a head: there the region's own tone
        plain = _region_tones(subject, sheet, texels, tone)
        same = _same_region(subject, sheet, texels, places)  # a neck may lie where the style has its collar
        canvas = plain + (same * np.clip(facing / SQUARE, 0, 1))[:, None] * (canvas - plain)
    style = tone[sheet.usable]
    share = CANVAS_SHARE[subject.coloured] ** (0.5 + identity)
    if subject.coloured:
        guide = _recoloured(subject, sheet, texels, content, tone) * (1 - share) + canvas * share
    else:
        guide = canvas.copy()
        if subject.regions is not None and (skin := sheet.usable & (sheet.regions == int(Region.SKIN))).any():
            style = tone[skin]  # hair beside skin is no shade
        guide[:, 0] = np.clip(canvas[:, 0] + 2 * identity * _form(content[:, 0], texels, style[:, 0]), 2, 98)
    return mesh.painted(_filled(texels, to_rgb(guide)))


def guide_shape(mesh: Mesh) -> tuple[int, int]:
    """Rows and columns of the guide: as many texels as a square of GUIDE_SIZE has, in the texture's proportions."""
    assert mesh.texture is not None
    height, width = mesh.texture.shape[:2]
    stretch = (width / height) ** 0.5
    return round(GUIDE_SIZE / stretch), round(GUIDE_SIZE * stretch)


def _recoloured(
    subject: Subject,
    sheet: StyleSheet,
    texels: Texels,
    content: Float32[np.ndarray, "s 3"],
    tone: Float32[np.ndarray, "h w 3"],
) -> Float32[np.ndarray, "s 3"]:
    """The content's own colours in the style's palette, one map for each region (Lab)."""
    weights = texels.at(region_weights(subject), subject.mesh.faces)
    weights = np.clip(weights, 0, 1) / np.maximum(np.clip(weights, 0, 1).sum(1, keepdims=True), 1e-6)
    out = np.zeros_like(content)
    for column, region in enumerate(PAINTED):
        here = content[texels.inside & (weights[:, column] > 0.5)]
        there = tone[sheet.usable & (sheet.regions == int(region))]
        if len(here) == 0:
            continue
        if len(there) < LEAST_STYLE:
            there = tone[sheet.usable]
        some = [colours[:: 1 + len(colours) // SAMPLES] for colours in (here, there)]
        out += weights[:, column, None] * fit_colour_map(some[0], some[1], region)(content)
    return out


def _region_tones(
    subject: Subject, sheet: StyleSheet, texels: Texels, tone: Float32[np.ndarray, "h w 3"]
) -> Float32[np.ndarray, "s 3"]:
    """The style's median colour in each texel's region (Lab)."""
    medians = np.tile(np.median(tone[sheet.usable], axis=0), (len(PAINTED), 1))
    for column, region in enumerate(PAINTED):
        there = tone[sheet.usable & (sheet.regions == int(region))]
        if len(there) >= LEAST_STYLE:
            medians[column] = np.median(there, axis=0)
    return (texels.at(region_weights(subject), subject.mesh.faces) @ medians).astype(np.float32)


def _same_region(
    subject: Subject, sheet: StyleSheet, texels: Texels, places: Float32[np.ndarray, "s 2"]
) -> Float32[np.ndarray, "s"]:
    """How far the canvas shows each texel's own region at its place, 0 to 1."""
    own = np.clip(texels.at(region_weights(subject), subject.mesh.faces), 0, 1)
    total = np.zeros(len(places), np.float32)
    for column, region in enumerate(PAINTED):
        there = (sheet.usable & (sheet.regions == int(region))).astype(np.float32)
        there = cv2.GaussianBlur(there, (0, 0), max(0.5, SIDEWAYS[0] * sheet.unit))
        total += own[:, column] * sampled(there[..., None], places, cv2.INTER_LINEAR)[:, 0]
    return np.clip(total, 0, 1)


def region_weights(subject: Subject) -> Float[np.ndarray, "v r"]:
    """1 in the column (of PAINTED) of each vertex' region; an object is all one region."""
    if subject.regions is None:
        labels = np.full(len(subject.mesh.vertices), int(Region.SKIN))
    else:
        labels = np.where(subject.regions == int(Region.BACKGROUND), int(Region.CLOTH), subject.regions)
    return (labels[:, None] == np.array([int(region) for region in PAINTED])).astype(np.float64)


def _canvas_colours(
    tone: Float32[np.ndarray, "h w 3"],
    places: Float32[np.ndarray, "s 2"],
    facing: Float32[np.ndarray, "s"],
    unit: float,
) -> Float32[np.ndarray, "s 3"]:
    """The canvas at the given places, the broader the less the surface faces the front: along its sides one column of
    the canvas is drawn out over the whole depth, and an eye would become a stripe."""
    turned = np.clip((SQUARE - facing) / SQUARE, 0, 1) * (len(SIDEWAYS) - 1)
    out = np.zeros((len(places), 3), np.float32)
    for level, sigma in enumerate(SIDEWAYS):
        share = np.clip(1 - np.abs(turned - level), 0, 1)[:, None]
        blurred = cv2.GaussianBlur(tone, (0, 0), max(0.5, sigma * unit))
        out += share * sampled(blurred, places, cv2.INTER_LINEAR)
    return out


def _form(
    lightness: Float32[np.ndarray, "s"], texels: Texels, style: Float32[np.ndarray, "p"]
) -> Float32[np.ndarray, "s"]:
    """Light and shade about their mean, as strong as the style's."""
    spread = float(lightness[texels.inside].std())
    wanted = FORM[0] * float(np.clip(style.std(), LEAST_SPREAD, MOST_SPREAD))
    gain = min(FORM[1], wanted / max(spread, 1e-3))
    return (gain * (lightness - lightness[texels.inside].mean())).astype(np.float32)


def _own_colours(mesh: Mesh, texels: Texels) -> Float32[np.ndarray, "s 3"]:
    assert mesh.uv is not None
    assert mesh.texture is not None
    uv = texels.at(mesh.uv, mesh.faces)
    texture = np.ascontiguousarray(mesh.texture, np.float32)
    if texture.shape[0] > texels.shape[0]:
        texture = cv2.resize(texture, texels.shape[::-1], interpolation=cv2.INTER_AREA)
    places = texel_places(uv, (texture.shape[0], texture.shape[1])).astype(np.float32)
    return sampled(texture, places, cv2.INTER_LINEAR)


def _filled(texels: Texels, colours: Float[np.ndarray, "s 3"]) -> Float32[np.ndarray, "h w 3"]:
    known = texels.picture(np.ones((len(texels.place), 1), np.float32))[..., 0]
    return push_pull(texels.picture(colours), known)
