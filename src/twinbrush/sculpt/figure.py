"""Photo -> Figure: the stages of this room in their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from jaxtyping import Bool, Float, UInt8

from twinbrush.base.beside import Works
from twinbrush.base.camera import INTERPUPILLARY_MM, project
from twinbrush.base.mesh import Region
from twinbrush.base.progress import Progress, Step, ignore
from twinbrush.config.sculpt import SculptConfig
from twinbrush.faces import indices
from twinbrush.faces.values import Face
from twinbrush.maths.filters import smoothstep
from twinbrush.sculpt import assemble, base, express, features, iris, skin, teeth
from twinbrush.sculpt.bias import landmark_bias
from twinbrush.sculpt.bust import sculpt_bust
from twinbrush.sculpt.correct import corrected
from twinbrush.sculpt.ears import fitted_ears
from twinbrush.sculpt.eyeball import axes, eyeball_mesh
from twinbrush.sculpt.fit import Coefficients, fit_head, lip_roll, seen_points
from twinbrush.sculpt.folds import fold_depth
from twinbrush.sculpt.gaze import Iris, find_irises, turned
from twinbrush.sculpt.lending import lending_skin
from twinbrush.sculpt.lids import lid_rims, opened_as_seen, set_eyes
from twinbrush.sculpt.lip_line import with_lip_line
from twinbrush.sculpt.lip_seal import with_sealed_lips
from twinbrush.sculpt.onto import in_head_frame, onto_surface
from twinbrush.sculpt.portrait.crop import Crop
from twinbrush.sculpt.portrait.eyes import lowered_lids
from twinbrush.sculpt.portrait.geometry import CAMERA_DISTANCE_IPD, make_frame
from twinbrush.sculpt.portrait.values import Portrait
from twinbrush.sculpt.seen import crop_surroundings, seen_person, surroundings
from twinbrush.sculpt.template import template
from twinbrush.sculpt.untangle import patch, untangled
from twinbrush.sculpt.values import MOUTH_BAG, Eyeball, Figure, HeadFit, Part, Surroundings, Template
from twinbrush.sculpt.whole import Solids, completed, solids_about

STAGE = "sculpt"
MASCARA_MM = 8.5  # eyes opened wider have no lowered lids: what is dark there is mascara
TOUCHING_MM, APART_MM = 2.2, 4.5  # a gap between the lips that is none, and one that surely is
NECK_PIVOT_MM = (0.0, -85.0, -45.0)  # the head's node: where it nods, at the top of the spine
TEETH_PIVOT_MM = (0.0, -35.0, 5.0)  # the jaw's hinge
EAR_HIDDEN = "An ear is hidden or cut off: it is the template's."


@dataclass(frozen=True)
class Carved:
    """The finished form: the head's vertices, eyes, irises in the photo, which pixels lend colour (h, w), notes.

    teeth_lift: how much higher the teeth are seen than the fit has them, mm.
    """

    vertices: Float[np.ndarray, "n 3"]
    eyes: tuple[Eyeball, Eyeball]
    irises: tuple[Iris, Iris]
    lending: Float[np.ndarray, "h w"]
    warnings: tuple[str, ...]
    teeth_lift: float = 0.0


def sculpt(
    image: Float[np.ndarray, "h w 3"], face: Face, config: SculptConfig, *,
    mask: Float[np.ndarray, "h w"] | None = None, labels: UInt8[np.ndarray, "h w"] | None = None,
    others: tuple[Face, ...] = (), progress: Progress = ignore,
) -> Figure:
    """Sculpt the person whose `face` was found in `image` (RGB 0..1).

    mask: the user's own matte (1 = person); labels: the user's own regions (`regions.Label`). others: other people's
    faces in it, to be left out. Raises BadMask.
    """
    progress(Step(STAGE, 0, 4, "regions"))
    person = seen_person(image, face, mask=mask, labels=labels, others=others)
    model = template()
    progress(Step(STAGE, 1, 4, "form"))
    fit, found = fit_crop(model, person.crop)
    figure = finished(model, fit, found, person.crop, config, progress, wide=partial(surroundings, person, fit))
    return replace(figure, warnings=(*person.warnings, *figure.warnings))


def sculpt_portrait(
    portrait: Portrait, config: SculptConfig, *, whole_figure: bool = True, progress: Progress = ignore
) -> Figure:
    """Sculpt a head that came as a mesh: the template fitted to its front's picture, then onto its surface.

    whole_figure: False: without hair and bust, which the mesh has itself.
    """
    whole = np.ones(portrait.matte.shape, bool)
    crop = Crop(portrait.image, portrait.matte, portrait.regions, whole, portrait.face)
    model = template()
    progress(Step(STAGE, 1, 4, "form"))
    fit, found = fit_crop(model, crop)
    distance = CAMERA_DISTANCE_IPD * INTERPUPILLARY_MM
    mesh = portrait.mesh
    surface = in_head_frame(fit, distance, mesh.vertices)
    bare = np.ones(len(surface), bool) if mesh.regions is None else mesh.regions == Region.SKIN
    vertices = onto_surface(model, fit, surface, mesh.faces, bare)
    wide = partial(crop_surroundings, crop, fit) if whole_figure else None
    figure = finished(model, replace(fit, vertices=vertices), found, crop, config, progress, wide=wide)
    return replace(figure, warnings=(*portrait.warnings, *figure.warnings))


def sculpt_crop(crop: Crop, config: SculptConfig, *, progress: Progress = ignore) -> Figure:
    """The bare head alone, from the square about it."""
    model = template()
    progress(Step(STAGE, 1, 4, "form"))
    fit, found = fit_crop(model, crop)
    return finished(model, fit, found, crop, config, progress)


def finished(
    model: Template, fit: HeadFit, found: Coefficients, crop: Crop, config: SculptConfig, progress: Progress,
    wide: Callable[[], Surroundings] | None = None,
) -> Figure:
    """Carving, parts and colours of a fitted head; with the photo about it (`wide` returns that) also hair and bust.

    The head's expressions and colours are made beside hair and bust.
    """
    with Works() as works:
        photo = None if wide is None else works.begin(wide)
        carved = carve(model, fit, crop)
        progress(Step(STAGE, 2, 4, "colours"))
        bust = None if photo is None else works.begin(
            partial(sculpt_bust, model, carved.vertices, photo.result(), socle=config.socle))
        parts = parts_of(model, fit, carved)
        texture = works.begin(partial(colours, model, fit, carved, crop, parts, config.texture_size))
        offsets = works.begin(partial(expressions, model, found, carved))
        solids = Solids((), ())
        if photo is not None and bust is not None:
            progress(Step(STAGE, 3, 4, "hair and bust"))
            solids = solids_about(model, carved.vertices, photo.result(), bust.result)
        head = replace(parts[0], targets=express.sparse(offsets.result(), model.layout.origin))
        landmarks = model.landmarks(carved.vertices)
        figure = Figure((head, *parts[1:]), texture.result(), landmarks, fit.camera, fit, carved.warnings)
    if photo is not None:
        figure = completed(figure, solids, photo.result())
    progress(Step(STAGE, 4, 4))
    return figure


def fit_crop(model: Template, crop: Crop) -> tuple[HeadFit, Coefficients]:
    """Pose, coefficients and correction of the head in the crop."""
    size = len(crop.image)
    points = with_closed_lips(crop.face.landmarks, make_frame(crop.face, size, size).pixels_per_mm)
    frame = make_frame(replace(crop.face, landmarks=points), size, size)
    lowered = lowered_lids(crop.image, points[:, :2], frame.pixels_per_mm)
    opening = np.linalg.norm(points[[159, 386], :2] - points[[145, 374], :2], axis=1).mean()
    if lowered > 0 and opening / frame.pixels_per_mm <= MASCARA_MM:
        frame = make_frame(replace(crop.face, landmarks=with_lids(points, lowered)), size, size)
    bias = landmark_bias()
    found, pose = fit_head(model, frame, bias)
    camera = pose.camera_of_head(frame.camera)
    rest = found.head(model)
    seen = seen_points(frame)
    beside = model.regression.offset + bias + lip_roll(float(np.linalg.norm(seen[13] - seen[14])))
    on_surface = model.landmarks(rest)
    pixels, _ = project(frame.camera, frame.landmarks_xyz)
    shift = project(camera, on_surface + np.c_[beside, np.zeros(468)])[0] - project(camera, on_surface)[0]
    targets = pixels - shift
    vertices, visible = corrected(model, rest, camera, targets)
    fit = HeadFit(
        camera, found.identity, found.expression, rest, vertices, visible, targets, frame.pixels_per_mm,
        pixels)
    return fit, found


def with_closed_lips(points: Float[np.ndarray, "468 3"], pixels_per_mm: float) -> Float[np.ndarray, "468 3"]:
    """The landmarks with inner lips that are hardly apart brought together: the network sees a gap between lips that
    touch, up to 3 mm wide where a shadow lies between them."""
    upper, lower = list(indices.LIPS_INNER_UPPER), list(indices.LIPS_INNER_LOWER)
    gap = float(np.linalg.norm(points[13, :2] - points[14, :2])) / pixels_per_mm
    share = float(smoothstep(np.array([(gap - TOUCHING_MM) / (APART_MM - TOUCHING_MM)]))[0])
    out = points.copy()
    middle = (points[upper] + points[lower]) / 2
    out[upper] = middle + share * (points[upper] - middle)
    out[lower] = middle + share * (points[lower] - middle)
    return out


def with_lids(points: Float[np.ndarray, "468 3"], lowered: float) -> Float[np.ndarray, "468 3"]:
    """The landmarks with the upper lids lowered by that share of the opening."""
    from twinbrush.sculpt.portrait.eyes import EYES

    out = points.copy()
    for upper, lower in EYES:
        arch = np.sin(np.pi * np.linspace(0, 1, len(upper)))[:, None] ** 0.5
        out[list(upper), :2] += lowered * arch * (out[list(lower), :2] - out[list(upper), :2])
    return out


def carve(model: Template, fit: HeadFit, crop: Crop) -> Carved:
    """Ears, lips, brows, eyes: what makes the fitted head alive."""
    points = crop.face.landmarks[:, :2]
    vertices, reach = fitted_ears(model, base.even_border(model, fit.vertices), fit.camera, crop, fit.pixels_per_mm)
    vertices = features.raised(model, features.with_septum(model, vertices), features.lip_ridge(model))
    lending = lending_skin(crop, fit.pixels_per_mm)
    brows = features.brow_height(model, vertices, fit.camera, crop.image, lending, fit.pixels_per_mm)
    vertices = features.raised(model, vertices, brows)
    folds = fold_depth(model, vertices, fit.camera, crop.image, lending, fit.pixels_per_mm)
    vertices = untangled(features.raised(model, vertices, folds), patch("mouth"))
    vertices = with_sealed_lips(model, with_lip_line(model, vertices, fit.camera, fit.seen_xy))
    vertices = opened_as_seen(model, vertices, fit.camera, fit.seen_xy)
    vertices, eyes = set_eyes(model, vertices, fit.identity, fit.eye_growth)
    irises = find_irises(crop.image, points, fit.pixels_per_mm)
    notes = (EAR_HIDDEN,) if None in reach else ()
    lift = teeth.lift_of(model.mouth, fitted_mouth(model, fit), fit.camera, crop, fit.pixels_per_mm)
    return Carved(vertices, turned(eyes, irises, fit.camera), irises, lending, notes, lift)


def expressions(model: Template, found: Coefficients, carved: Carved) -> dict[str, Float[np.ndarray, "n 3"]]:
    """The head's offsets in each expression, mm."""
    neutral = replace(found, expression=np.zeros_like(found.expression)).head(model)
    return express.head_targets(model, carved.vertices, neutral, found.expression, carved.eyes)


def parts_of(model: Template, fit: HeadFit, carved: Carved) -> tuple[Part, ...]:
    """Head (still without its expressions), EyeLeft, EyeRight (the person's own left and right), Teeth."""
    layout, mouth = model.layout, model.mouth
    inside = lifted(model, fit, carved.teeth_lift)
    right, left = (
        Part(name, eyeball_mesh(eye, box), eye.centre, np.stack(axes(eye.gaze), 1))
        for name, eye, box in zip(("EyeRight", "EyeLeft"), carved.eyes, assemble.EYE_BOXES, strict=True))
    return (
        Part("Head", base.closed(model, carved.vertices, assemble.part_mesh(carved.vertices, layout)),
             np.array(NECK_PIVOT_MM)),
        left, right,
        Part("Teeth", assemble.part_mesh(inside, mouth.layout), np.array(TEETH_PIVOT_MM),
             targets=express.sparse(express.mouth_targets(model), mouth.layout.origin)),
    )  # fmt: skip


def fitted_mouth(model: Template, fit: HeadFit) -> Float[np.ndarray, "m 3"]:
    """Returns gums, tongue and teeth of the fitted head; they go with the mouth where the correction moved it."""
    maps = np.tensordot(fit.expression, model.expressions.mouth_maps, 1)
    bag = model.labels == MOUTH_BAG
    return assemble.mouth_vertices(model.mouth, fit.identity, maps) + (fit.vertices - fit.uncorrected)[bag].mean(0)


def lifted(model: Template, fit: HeadFit, lift: float) -> Float[np.ndarray, "m 3"]:
    """Returns gums, tongue and teeth, the upper teeth ending as high as seen (mm above the fit's)."""
    return fitted_mouth(model, fit) + lift * teeth.follows(model.mouth, lift)[:, None] * [0.0, 1.0, 0.0]


def colours(
    model: Template, fit: HeadFit, carved: Carved, crop: Crop, parts: tuple[Part, ...], size: int
) -> Float[np.ndarray, "s s 3"]:
    """The figure's atlas."""
    points = crop.face.landmarks[:, :2]
    whole = assemble.joined(parts, None)
    sight = skin.photo_sight(crop, fit.camera, whole, carved.lending, fit.pixels_per_mm)
    atlas = np.zeros((size, size, 3), np.float32)
    covered: Bool[np.ndarray, "s s"] = np.zeros((size, size), bool)
    skin.paint_head(model, carved.vertices, sight, atlas, covered)
    tones = iris.measured(crop.image, points, carved.irises, fit.pixels_per_mm)
    square = round(assemble.ATLAS_STRIP * size)
    for number, (eye, rim) in enumerate(zip(carved.eyes, lid_rims(model), strict=True)):
        upper, lower = split_rim(carved.vertices[rim])
        window = np.s_[size - square :, number * square : (number + 1) * square]
        atlas[window] = iris.paint_eye(eye, upper, lower, tones, square)
        covered[window] = True
    skin.paint_cap(model, base.BOX, atlas, covered)
    look = teeth.MouthLook(iris.teeth_colour(crop.image, points, tones.light), tones.light, teeth.opening_of(crop))
    inner = replace(sight, skin=np.ones_like(sight.skin))
    teeth.paint_teeth(model, lifted(model, fit, carved.teeth_lift), look, inner, atlas, covered)
    return skin.spread(atlas, covered)


def split_rim(rim: Float[np.ndarray, "r 3"]) -> tuple[Float[np.ndarray, "u 3"], Float[np.ndarray, "l 3"]]:
    """The rim's upper and lower half: above and below the line between its corners."""
    first, last = rim[np.argmin(rim[:, 0])], rim[np.argmax(rim[:, 0])]
    line = np.interp(rim[:, 0], [first[0], last[0]], [first[1], last[1]])
    return rim[rim[:, 1] >= line], rim[rim[:, 1] <= line]
