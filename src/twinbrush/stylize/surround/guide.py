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

from twinbrush.image import to_lab, to_rgb
from twinbrush.mesh import Mesh, Region
from twinbrush.stylize.colour import fit_colour_map, style_tone
from twinbrush.stylize.guided.atlas import StyleSheet
from twinbrush.stylize.surround.values import Subject
from twinbrush.views.fill import push_pull
from twinbrush.views.surface_paint import sampled
from twinbrush.views.texels import Texels, texels_of

GUIDE_SIZE = 1024  # texels a side: the guide is smooth
SQUARE = 0.6  # of the normal's share toward the front: squarer parts take the canvas as it is
SIDEWAYS = (0.012, 0.04, 0.08, 0.12)  # blur of the canvas in units, from there to sideways (finer is brushwork)
CANVAS_SHARE = {False: 1.0, True: 0.35}  # of the canvas' own colours in the guide, by `coloured`, at identity 0.5
FORM = (1.0, 2.2)  # light and shade of the form in the guide: spread relative to the style's own; most gain
LEAST_SPREAD, MOST_SPREAD = 9.0, 16.0  # of the style's lightness that is taken for that, L
SAMPLES = 20000


def guide_mesh(subject: Subject, sheet: StyleSheet, identity: float) -> Mesh:
    """The subject's mesh with the guide as its texture."""
    mesh = subject.mesh
    assert mesh.uv is not None
    texels = texels_of(mesh.uv, mesh.faces, GUIDE_SIZE)
    content = to_lab(_own_colours(mesh, texels))
    places = texels.at(subject.places_xy, mesh.faces)
    tone = style_tone(sheet.colours, sheet.unit)
    canvas = _canvas_colours(tone, places, texels.at(subject.facing[:, None], mesh.faces)[:, 0], sheet.unit)
    style = tone[sheet.usable]
    share = CANVAS_SHARE[subject.coloured] ** (0.5 + identity)
    if subject.coloured:
        chosen = content[texels.inside]
        some = (colours[:: 1 + len(colours) // SAMPLES] for colours in (chosen, style))
        colour_map = fit_colour_map(next(some), next(some), Region.SKIN)
        guide = colour_map(content) * (1 - share) + canvas * share
    else:
        guide = canvas.copy()
        guide[:, 0] = np.clip(canvas[:, 0] + 2 * identity * _form(content[:, 0], texels, style[:, 0]), 2, 98)
    return mesh.painted(_filled(texels, to_rgb(guide)))


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
    height, width = mesh.texture.shape[:2]
    texture = np.ascontiguousarray(mesh.texture, np.float32)
    step = width / GUIDE_SIZE
    if step > 1:
        texture = cv2.resize(texture, (GUIDE_SIZE, round(height / step)), interpolation=cv2.INTER_AREA)
        height, width = texture.shape[:2]
    places = np.stack([uv[:, 0] * width - 0.5, (1 - uv[:, 1]) * height - 0.5], axis=1).astype(np.float32)
    return sampled(texture, places, cv2.INTER_LINEAR)


def _filled(texels: Texels, colours: Float[np.ndarray, "s 3"]) -> Float32[np.ndarray, "t t 3"]:
    size = texels.size
    picture, known = np.zeros((size * size, 3), np.float32), np.zeros(size * size, np.float32)
    picture[texels.place], known[texels.place] = colours, 1
    return push_pull(picture.reshape(size, size, 3), known.reshape(size, size))
