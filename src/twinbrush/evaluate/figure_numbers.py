"""All numbers of one stylized figure beside its photo and style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from twinbrush.base.camera import INTERPUPILLARY_MM
from twinbrush.base.mesh import Mesh, Region
from twinbrush.evaluate.descriptors import descriptor, deviation, relation
from twinbrush.evaluate.palette import palette_distance
from twinbrush.evaluate.soundness import crossing_triangles, fold_overs, roughness_degrees
from twinbrush.evaluate.texture import Maps, Statistics, statistics, texture_distance
from twinbrush.export.stills import framed_cameras
from twinbrush.faces.landmarks68 import INDEX_68
from twinbrush.faces.values import Face
from twinbrush.maths.similarity import weighted_similarity
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import Figure
from twinbrush.shape.figure import person_head
from twinbrush.shape.unfold import kept_apart
from twinbrush.views.render import render_mesh_views

JUDGED = (Region.SKIN, Region.HAIR, Region.CLOTH)
FACE_PX = 110  # height of the face at which textures are compared, pixels
SIZE = 384  # of the figure's front, pixels


@dataclass(frozen=True)
class Look:
    """A picture (h, w, 3) at the common scale and which pixel is what."""

    image: Float[np.ndarray, "h w 3"]
    regions: UInt8[np.ndarray, "h w"]


def look_of_picture(image: Float[np.ndarray, "h w 3"], regions: UInt8[np.ndarray, "h w"], face: Face) -> Look:
    """Returns a portrait at the scale at which textures are compared."""
    scale = FACE_PX / face.height_px
    size = max(round(image.shape[1] * scale), 8), max(round(image.shape[0] * scale), 8)
    small = cv2.resize(np.ascontiguousarray(image, np.float32), size, interpolation=cv2.INTER_AREA)
    return Look(np.clip(small, 0, 1), cv2.resize(regions, size, interpolation=cv2.INTER_NEAREST))


def look_of_figure(mesh: Mesh, landmarks_xyz: Float[np.ndarray, "468 3"]) -> Look:
    """Returns a figure's front without light, at the same scale."""
    cameras = framed_cameras(mesh, (0.0,), SIZE)
    views = render_mesh_views(mesh, landmarks_xyz, cameras)
    top, chin = views.landmarks_xy[0][10], views.landmarks_xy[0][152]
    scale = FACE_PX / float(np.linalg.norm(top - chin))
    size = (round(SIZE * scale),) * 2
    regions = np.where(views.coverage[0], views.regions[0], np.uint8(Region.BACKGROUND)).astype(np.uint8)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(np.ascontiguousarray(views.images[0], np.float32), size, interpolation=way)
    return Look(np.clip(small, 0, 1), cv2.resize(regions, size, interpolation=cv2.INTER_NEAREST))


def halved(look: Look, *, right: bool) -> Look:
    """Returns the same picture with the left or the right half of every judged region as its whole."""
    regions, column = look.regions.copy(), np.arange(look.regions.shape[1])
    for region in JUDGED:
        where = look.regions == region
        beyond = column >= np.median(np.nonzero(where)[1]) if where.any() else column < 0
        regions[where & (beyond != right)] = Region.BACKGROUND
    return Look(look.image, regions)


Textures = dict[Region, Statistics]


def textures(look: Look, net: Maps) -> Textures:
    """Returns the features' statistics of every judged region."""
    maps = net(look.image)
    return {region: statistics(maps, _inside(look.regions == region)) for region in JUDGED}


def mean_texture_distance(ours: Textures, style: Textures, regions: Sequence[Region] = JUDGED) -> float:
    """Returns the mean over those of the regions that both have; nan without any."""
    found = np.array([texture_distance(ours[region], style[region]) for region in regions])
    return float(found[np.isfinite(found)].mean()) if np.isfinite(found).any() else float("nan")


def mean_palette_distance(ours: Look, style: Look, regions: Sequence[Region] = JUDGED) -> float:
    """Returns the mean over those of the regions that both have; nan without any."""
    found = np.array([
        palette_distance(*(look.image[_inside(look.regions == region)] for look in (ours, style)))
        for region in regions])  # fmt: skip
    return float(found[np.isfinite(found)].mean()) if np.isfinite(found).any() else float("nan")


def _inside(mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """The region without its rim, where two of them mix."""
    return cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0) > 0


def upright_landmarks(face: Face) -> Float[np.ndarray, "468 3"]:
    """Returns a found face's landmarks in the head's frame: y up, z to the viewer, looking straight ahead."""
    return (face.landmarks * [1, -1, -1]) @ face.rotation


def form_numbers(
    shaped: Float[np.ndarray, "468 3"], person: Float[np.ndarray, "468 3"], style: Float[np.ndarray, "468 3"]
) -> dict[str, float]:
    """Returns how a figure's form lies to its person's and its style's, from the front (evaluate/descriptors.py).

    shaped, person: on the heads' surfaces. style: as the network saw it, upright; what it sees beside the surface of an
    average head is taken off. In sample for methods that were fitted to the style's landmarks: benchmarks/form.py has
    points placed by hand.
    """
    model = template()
    middle = model.landmarks(np.asarray(model.mean, float))[:, :2]
    seen = np.asarray(model.regression.observed_mean, float)[:, :2]
    goal = weighted_similarity(style[:, :2], seen, np.ones(468)).apply(style[:, :2]) - seen + middle
    mean = _form(middle)
    known = np.ones(len(mean), bool)
    own, before, wanted = (deviation(_form(points), mean, known) for points in (shaped, person, goal))
    found = relation(own, before, wanted)
    moved = weighted_similarity(shaped[:, :2], goal, np.ones(468)).apply(shaped[:, :2])
    return {
        "form_cosine": found.cosine_whole, "form_gain": found.gain_whole, "form_kept": found.kept,
        "landmark_distance": float(np.sqrt(((moved - goal) ** 2).sum(1).mean())) / INTERPUPILLARY_MM}


def _form(points: Float[np.ndarray, "468 _"]) -> Float[np.ndarray, "62 2"]:
    """The descriptor of landmarks in the template's millimetres."""
    mean = template().landmarks(np.asarray(template().mean, float))[:, :2]
    laid = weighted_similarity(points[:, :2], mean, np.ones(len(points))).apply(points[:, :2])
    return descriptor(laid[list(INDEX_68)])


def soundness_numbers(figure: Figure, fitted: Float[np.ndarray, "n 3"]) -> dict[str, float]:
    """Returns crossings, fold-overs and roughness of the head's visible skin.

    fitted: the template's vertices as they fit the photo, before any style: what is turned over against them counts.
    """
    skin, vertices = kept_apart(), person_head(template(), figure).vertices
    return {
        "crossing": float(crossing_triangles(vertices, skin.triangles)),
        "fold_overs": fold_overs(fitted, vertices, skin.triangles),
        "roughness": roughness_degrees(vertices, skin.triangles)}


def style_distances(ours: Textures, styles: Mapping[str, Textures]) -> dict[str, float]:
    """Returns a figure's texture distance to every style."""
    return {name: mean_texture_distance(ours, other) for name, other in styles.items()}
