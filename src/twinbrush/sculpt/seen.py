"""What the photo shows of the person: THE place where this room asks which pixel is what."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from twinbrush.base.camera import Camera, project
from twinbrush.faces.values import Face
from twinbrush.regions.engine import find_regions
from twinbrush.regions.values import Label, RegionMap
from twinbrush.sculpt.drawn import looks_drawn
from twinbrush.sculpt.frames import glasses_frames
from twinbrush.sculpt.hair.stubble import without_stubble
from twinbrush.sculpt.hair.unsure import without_unsure
from twinbrush.sculpt.hair.whiskers import grown_beard
from twinbrush.sculpt.portrait.crop import Crop, cut_crop
from twinbrush.sculpt.portrait.geometry import make_frame
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import HeadFit, Surroundings

GLASSES = "Glasses are seen: their frames are left out of shape and colours."
DRAWN = "The picture looks drawn: its lines are taken for the person's own colours and features."
REACH_MM = (-260.0, 260.0, -330.0, 230.0)  # left, right, bottom and top of the wide picture about the eyes
OF_REGION = np.array([Label.GROUND, Label.SKIN, Label.HAIR, Label.CLOTH], np.uint8)  # of the four `mesh.Region`s
LEAST_COMPARED_CM2 = 4.0  # of hair and of headwear, else their colours are not compared
COLOUR_STEP, RARE = 10.0, 0.003  # cells of the comparison (CIELAB); colours of a smaller share of the hair do not count
LIKE_HAIR = 0.7  # share of the headwear's pixels with a colour that the hair has as well, from which it is hair
MOST_PIXELS_PER_MM = 1.7  # of the wide picture: finer is not needed for strands


@dataclass(frozen=True)
class SeenPerson:
    """The square about the head, the whole photo with its regions, the face in the photo's pixels, warnings.

    given: the regions are the user's own, to be obeyed exactly.
    """

    crop: Crop
    image: Float[np.ndarray, "h w 3"]
    regions: RegionMap
    face: Face
    warnings: tuple[str, ...]
    given: bool = False


def seen_person(
    image: Float[np.ndarray, "h w 3"], face: Face, *, mask: Float[np.ndarray, "h w"] | None = None,
    labels: UInt8[np.ndarray, "h w"] | None = None, others: tuple[Face, ...] = (),
) -> SeenPerson:
    """Returns the square about the person's head with its matte and regions, and warnings.

    image: RGB 0..1. mask: the user's own matte (1 = person); labels: the user's own regions. others: faces of other
    people, left out. Raises BadMask.
    """
    found = find_regions(image, face, mask=mask, given=labels, others=others)
    crop = cut_crop(image, found, face)
    grey = np.log(np.maximum(crop.image.astype(np.float32).mean(-1), 0.02))
    unit = make_frame(crop.face, len(grey), len(grey)).pixels_per_mm
    glasses = found.glasses.any() or glasses_frames(grey, crop.face.landmarks[:, :2], unit).any()
    notes = [note for note, true in ((GLASSES, glasses), (DRAWN, looks_drawn(image, face.landmarks[:, :2]))) if true]
    return SeenPerson(crop, image, found, face, (*found.warnings, *notes), labels is not None)


def surroundings(person: SeenPerson, fit: HeadFit) -> Surroundings:
    """Returns the photo about the fitted head, from above the hair to the chest."""
    crop_points, photo_points = person.crop.face.landmarks[:, :2], person.face.landmarks[:, :2]
    scale = float(np.linalg.norm(np.ptp(photo_points, axis=0)) / np.linalg.norm(np.ptp(crop_points, axis=0)))
    offset = photo_points.mean(0) - scale * crop_points.mean(0)
    to_photo = np.array([[scale, 0, offset[0]], [0, scale, offset[1]], [0, 0, 1.0]])
    eyes = project(fit.camera, np.zeros((1, 3)))[0][0]
    density = min(MOST_PIXELS_PER_MM, fit.pixels_per_mm / scale)
    zoom = density / fit.pixels_per_mm
    left, right, bottom, top = (round(reach * density) for reach in REACH_MM)
    width, height = right - left, top - bottom
    to_wide = np.array([[zoom, 0, -left - zoom * eyes[0]], [0, zoom, top - zoom * eyes[1]], [0, 0, 1.0]])
    camera = Camera(to_wide @ fit.camera.intrinsics, fit.camera.world_to_camera, width, height)
    matrix = (to_wide @ np.linalg.inv(to_photo))[:2]
    picture, size = person.image, (width, height)
    if matrix[0, 0] < 0.8:
        picture = cv2.GaussianBlur(picture, (0, 0), 0.45 / matrix[0, 0])
    inside = cv2.warpAffine(np.ones(picture.shape[:2], np.uint8), matrix, size, flags=cv2.INTER_NEAREST) > 0
    labels = _warped_labels(person.regions.labels, matrix, size)
    confidence = cv2.warpAffine(person.regions.confidence.astype(np.float32), matrix, size, flags=cv2.INTER_LINEAR)
    image = cv2.warpAffine(picture.astype(np.float32), matrix, size, flags=cv2.INTER_LINEAR,
                           borderMode=cv2.BORDER_REPLICATE)
    labels = np.where(inside, labels, Label.GROUND).astype(np.uint8)
    seen = Surroundings(image, labels, confidence, inside, camera, density)
    if person.given:
        return seen
    seen = without_unsure(hair_coloured_is_hair(seen), fit.vertices)
    return without_stubble(template(), fit.vertices, grown_beard(template(), fit.vertices, seen))


def hair_coloured_is_hair(seen: Surroundings) -> Surroundings:
    """Returns the photo with headwear of the hair's own colour called hair.

    Locs, plaits and high hairdos look like hats to the regions' network. A hat as dark as the hair below it becomes
    hair, which the shape hardly tells.
    """
    hair, worn = seen.labels == Label.HAIR, seen.labels == Label.HEADWEAR
    if min(hair.sum(), worn.sum()) < LEAST_COMPARED_CM2 * 100 * seen.pixels_per_mm**2:
        return seen
    colours = np.round(cv2.cvtColor(seen.image.astype(np.float32), cv2.COLOR_RGB2LAB) / COLOUR_STEP).astype(np.int64)
    number = (colours + 128) @ np.array([1, 256, 65536])
    own, counts = np.unique(number[hair], return_counts=True)
    usual = own[counts > RARE * hair.sum()]
    if np.isin(number[worn], usual).mean() < LIKE_HAIR:
        return seen
    doubt = hair | worn  # was between the two
    return replace(seen, labels=np.where(worn, np.uint8(Label.HAIR), seen.labels),
                   confidence=np.where(doubt, 1.0, seen.confidence).astype(np.float32))


def crop_surroundings(crop: Crop, fit: HeadFit) -> Surroundings:
    """Returns the square about the head as its own surroundings: of a mesh nothing else is seen."""
    labels = OF_REGION[crop.regions]
    camera = Camera(fit.camera.intrinsics, fit.camera.world_to_camera, crop.image.shape[1], crop.image.shape[0])
    sure = np.ones(labels.shape, np.float32)
    return Surroundings(crop.image.astype(np.float32), labels, sure, crop.inside, camera, fit.pixels_per_mm)


def _warped_labels(
    labels: UInt8[np.ndarray, "h w"], matrix: Float[np.ndarray, "2 3"], size: tuple[int, int]
) -> UInt8[np.ndarray, "_ _"]:
    """Labels resampled by the vote of their soft masks: no staircase of nearest pixels."""
    best: np.ndarray = np.full(size[::-1], -1.0, np.float32)
    out: np.ndarray = np.zeros(size[::-1], np.uint8)
    for label in Label:
        mask = (labels == label).astype(np.float32)
        if matrix[0, 0] < 0.8:
            mask = cv2.GaussianBlur(mask, (0, 0), 0.45 / matrix[0, 0])
        share = cv2.warpAffine(mask, matrix, size, flags=cv2.INTER_LINEAR)
        out[share > best] = label
        best = np.maximum(best, share)
    return out
