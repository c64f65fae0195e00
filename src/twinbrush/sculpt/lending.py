"""Which pixels lend the skin their colours and folds: not strands, frames, jewels, hair's fringe, background.

Far from the features (forehead, temples, ears, neck) skin is plain: what is darker than the skin about it, or of
another hue, is foreign. Among the features only thin and very dark lines are: a curl on a cheek, a frame of glasses.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

from twinbrush.base.mesh import Region
from twinbrush.faces import indices
from twinbrush.maths.filters import disc, polygon_mask, wide_blur
from twinbrush.sculpt.frames import glasses_frames
from twinbrush.sculpt.portrait.crop import Crop

HAIR_MARGIN_MM, EDGE_MARGIN_MM = 5.5, 2.5  # skin this near to hair, or to anything else, lends less: fringes
FINE_MM, BROAD_MM = 0.5, 9.0  # of the blurs whose difference tells what is dark
DARKER = 0.14  # of log brightness below the skin about it: foreign, where skin is plain
ON_NECK = 0.10  # the same on the neck, where also what is brighter is foreign: chains, collars
LINE_MM, LINE_DARKER = 4.0, 0.42  # width of dark lines among the features, and by how much they are darker
LINE_TOUCH_MM = 3.0  # lines that come this near to hair are its strands; others are folds
INNER_MM = 4.0  # farther inside the face's outline only what comes from the hair is foreign: else it is light on skin
PLAIN_FADE_MM = 8.0  # far from the features what is lent fades in over this: no border where it ends
NARROW_MM, NECK_NARROW_MM = 3.5, 8.0  # plain skin narrower than twice this, between other things, lends nothing
HUE, HUE_MM = 0.30, 1.2  # of log ratios of colours away from the face's own: another thing than skin
RIM_MM, BELOW_LIDS_MM = (3.0, 2.5), 5.0  # a rim's reach beside the border of the glasses, and where lower rims begin
GROW_MM = 1.0  # what is foreign is wider than its darkest line
BESIDE_MM = 5.0  # so far beside the features skin is not plain yet
BELOW_CHIN_MM = 6.0  # the neck begins
OWN_GROWN = {"brow": 1.35, "eye": 1.45, "mouth": 1.25, "nostrils": 1.15}  # outlines within which dark is the face's own
NOSTRILS = (48, 64, 98, 97, 2, 326, 327, 294, 278, 4, 1)
FEATURE_AREA = (  # outline of brows' lower rims, eyes, cheeks, mouth and chin: within it dark places are the face's own
    46, 53, 52, 65, 55, 8, 285, 295, 282, 283, 276, 340, 352, 433, 434, 364, 394, 395, 369, 396, 175, 171, 140, 170,
    169, 135, 214, 213, 123, 111)


def lending_skin(crop: Crop, pixels_per_mm: float) -> Float[np.ndarray, "h w"]:
    """1 well inside the person's skin, 0 at hair, clothes, background, strands, glasses and jewels; eyes, brows and
    mouth count as skin."""
    skin = (crop.regions == Region.SKIN) & (crop.matte > 0.9) & crop.inside
    features = np.zeros(skin.shape, bool)
    points = crop.face.landmarks[:, :2]
    for group in (indices.EYE_LEFT, indices.EYE_RIGHT, indices.LIPS_OUTER):
        features |= polygon_mask(skin.shape, points[list(group)])
    skin = skin & ~foreign(crop, skin, pixels_per_mm)
    middle = feature_area(crop, pixels_per_mm)
    neck = _below_chin(skin.shape, points, pixels_per_mm) & ~middle
    drawn = skin.astype(np.uint8)
    wide, wider = (cv2.morphologyEx(drawn, cv2.MORPH_OPEN, disc(reach * pixels_per_mm)) > 0
                   for reach in (NARROW_MM, NECK_NARROW_MM))
    skin = (skin & (np.where(neck, wider, wide) | middle)) | features
    away = cv2.distanceTransform(skin.astype(np.uint8), cv2.DIST_L2, 5) / pixels_per_mm
    hair = (crop.regions == Region.HAIR) & ~features
    far = cv2.distanceTransform((~hair).astype(np.uint8), cv2.DIST_L2, 5) / pixels_per_mm
    plain = wide_blur((~middle).astype(np.float32), BESIDE_MM * pixels_per_mm)
    over = EDGE_MARGIN_MM + plain * (PLAIN_FADE_MM - EDGE_MARGIN_MM)
    return np.clip(np.minimum(away / over, far / HAIR_MARGIN_MM) - 0.35, 0, 1).astype(np.float32)


def foreign(crop: Crop, skin: Bool[np.ndarray, "h w"], pixels_per_mm: float) -> Bool[np.ndarray, "h w"]:
    """Pixels of `skin` that show something before it: strands of hair, their shadows, jewels, frames of glasses."""
    points = crop.face.landmarks[:, :2]
    image = np.maximum(crop.image.astype(np.float32), 0.02)
    grey = cv2.GaussianBlur(np.log(image.mean(-1)), (0, 0), FINE_MM * pixels_per_mm)
    broad = _broad(grey, skin, pixels_per_mm)
    features = feature_area(crop, pixels_per_mm)
    own = own_dark(crop)
    neck = _below_chin(skin.shape, points, pixels_per_mm) & ~features
    plain = ~features & ~own
    found = plain & (grey - broad < -DARKER) | neck & (np.abs(grey - broad) > ON_NECK)
    found |= plain & _other_hue(image, skin, points, pixels_per_mm)
    inner = cv2.erode(polygon_mask(skin.shape, points[list(indices.OVAL)]).astype(np.uint8), disc(
        INNER_MM * pixels_per_mm)) > 0
    found &= ~inner | neck | touching(found, crop.regions == Region.HAIR, pixels_per_mm)
    found |= features & ~own & strands_of_hair(grey, crop.regions == Region.HAIR, pixels_per_mm)
    frames = glasses_frames(grey, points, pixels_per_mm)
    if crop.glasses is not None:
        eyes = polygon_mask(skin.shape, points[list(indices.EYE_LEFT)]) | polygon_mask(
            skin.shape, points[list(indices.EYE_RIGHT)])
        frames |= (crop.glasses > 0) & ~eyes & (grey < broad - DARKER)
        frames |= lower_rims(crop.glasses > 0, points, pixels_per_mm)
    found |= frames & ~_hull(skin.shape, points, NOSTRILS, OWN_GROWN["nostrils"])
    return cv2.dilate((found & skin).astype(np.uint8), disc(GROW_MM * pixels_per_mm)) > 0


def _below_chin(shape: tuple[int, ...], points: Float[np.ndarray, "468 2"], unit: float) -> Bool[np.ndarray, "h w"]:
    rows = np.arange(shape[0])[:, None] > points[indices.CHIN, 1] + BELOW_CHIN_MM * unit
    return np.broadcast_to(rows, shape[:2])


def _broad(grey: Float[np.ndarray, "h w"], skin: Bool[np.ndarray, "h w"], unit: float) -> Float[np.ndarray, "h w"]:
    """The skin's brightness all about; what is much darker is left out in a second round."""
    out = grey
    mask = skin.astype(np.float32)
    for _ in range(2):
        out = wide_blur(grey * mask, BROAD_MM * unit) / np.maximum(wide_blur(mask, BROAD_MM * unit), 1e-3)
        mask = (skin & (grey > out - DARKER)).astype(np.float32)
    return out


def own_dark(crop: Crop) -> Bool[np.ndarray, "h w"]:
    """Where the face itself is dark: brows, eyes, nostrils, lips, a beard."""
    points, shape = crop.face.landmarks[:, :2], crop.regions.shape
    own = np.zeros(shape, bool)
    if crop.painted is not None:
        own |= (crop.painted == Region.HAIR) & (crop.regions == Region.SKIN)
    groups = (("brow", indices.BROW_LEFT), ("brow", indices.BROW_RIGHT), ("eye", indices.EYE_LEFT),
              ("eye", indices.EYE_RIGHT), ("mouth", indices.LIPS_OUTER), ("nostrils", NOSTRILS))
    for name, group in groups:
        own |= _hull(shape, points, group, OWN_GROWN[name])
    return own


def lower_rims(
    glasses: Bool[np.ndarray, "h w"], points: Float[np.ndarray, "468 2"], pixels_per_mm: float
) -> Bool[np.ndarray, "h w"]:
    """The band along the border of the glasses below the lids, where a rim lies whatever its colour."""
    drawn = glasses.astype(np.uint8)
    outer, inner = (disc(reach * pixels_per_mm) for reach in RIM_MM)
    band = (cv2.dilate(drawn, outer) > 0) & ~(cv2.erode(drawn, inner) > 0)
    low = points[[145, 374], 1].max() + BELOW_LIDS_MM * pixels_per_mm
    band[: max(0, round(float(low)))] = False
    return band


def _hull(
    shape: tuple[int, ...], points: Float[np.ndarray, "468 2"], group: tuple[int, ...], grown: float
) -> Bool[np.ndarray, "h w"]:
    """The grown convex hull of some landmarks."""
    hull = cv2.convexHull(points[list(group)].astype(np.float32))[:, 0]
    return polygon_mask((shape[0], shape[1]), hull.mean(0) + grown * (hull - hull.mean(0)))


def strands_of_hair(
    grey: Float[np.ndarray, "h w"], hair: Bool[np.ndarray, "h w"], pixels_per_mm: float
) -> Bool[np.ndarray, "h w"]:
    """Thin lines that are much darker than what lies to both sides of them and come from the hair."""
    line = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, disc(LINE_MM / 2 * pixels_per_mm))
    return touching(line > LINE_DARKER, hair, pixels_per_mm)


def touching(
    deep: Bool[np.ndarray, "h w"], hair: Bool[np.ndarray, "h w"], pixels_per_mm: float
) -> Bool[np.ndarray, "h w"]:
    """The connected pieces that come near to hair."""
    count, drawn = cv2.connectedComponents(deep.astype(np.uint8), connectivity=8)
    labels: np.ndarray = np.asarray(drawn).astype(np.int64)
    near = cv2.dilate(hair.astype(np.uint8), disc(LINE_TOUCH_MM * pixels_per_mm)) > 0
    kept = np.zeros(count, bool)
    kept[np.unique(labels[near & deep])] = True
    kept[0] = False
    return kept[labels]


def feature_area(crop: Crop, pixels_per_mm: float) -> Bool[np.ndarray, "h w"]:
    """The face's middle with its features, and a little beside it."""
    area = polygon_mask(crop.regions.shape, crop.face.landmarks[list(FEATURE_AREA), :2])
    return cv2.dilate(area.astype(np.uint8), disc(BESIDE_MM * pixels_per_mm)) > 0


def _other_hue(
    image: Float[np.ndarray, "h w 3"], skin: Bool[np.ndarray, "h w"], points: Float[np.ndarray, "468 2"], unit: float
) -> Bool[np.ndarray, "h w"]:
    """Where the colour's ratios are not the face's: grey hair called skin, clothes, jewels."""
    logs = np.log(image)
    hue = np.stack([logs[..., 0] - logs[..., 1], logs[..., 1] - logs[..., 2]], -1)
    hue = cv2.GaussianBlur(hue, (0, 0), HUE_MM * unit)
    face = skin & polygon_mask(skin.shape, points[list(indices.OVAL)])
    if face.sum() < 100:
        return np.zeros(skin.shape, bool)
    return np.linalg.norm(hue - np.median(hue[face], axis=0), axis=-1) > HUE
