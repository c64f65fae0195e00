"""What of the style may lend paint to which part: clean clothes (or an accent where there are none), and for the ring
each region's own plain colours, without features, jewels and ribbons."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from twinbrush.align.values import AlignedStyle
from twinbrush.base.image import to_lab, to_rgb
from twinbrush.base.mesh import Region
from twinbrush.faces.facemap import face_height, feature_mask
from twinbrush.paint.round.subject import StyleCanvas
from twinbrush.paint.whiskers import whiskers

TRUSTED = 0.4  # confidence of a style pixel's region below which it lends nothing
SURE = 0.75  # confidence of a label that says what a region's own colours are
RIM = 0.04  # face heights: so near to other regions nothing is sure
TONE_BLUR = 0.015  # face heights: brushwork becomes tone
ENOUGH_CLOTH, LARGE_CLOTH = 0.03, 0.25  # squared face heights: of sure cloth to know its colours; to be taken as it is
SCRAP = 0.006  # squared face heights of cloth: less tells nothing; a collar tells the garment's colour
BUSY_FROM, SOLID = 0.10, 0.30  # squared face heights of cloth; a smaller share of it sure: patches, no garment
LIKE_OTHERS = 1.5  # log likelihood ratio from which a cloth pixel is another region's
FAR, FAR_LIKE = 0.12, -0.5  # the same for pixels farther (face heights) than that from sure cloth
ACCENTS, LEAST_ACCENT, CHROMA = 12, 0.004, 0.35  # clusters; their least share of the picture; what chroma counts
CHIN, BELOW_CHIN = 152, 0.18  # landmark; face heights below it a garment may begin
SWATCH = 0.085  # face heights: half the side of the skin whose brushwork a garment takes over
SWATCHES = (50, 280, 151, 205, 425, 117, 346)  # landmarks on cheeks and forehead
BRUSH_GAIN, BRUSH_LIMIT = 1.6, 9.0  # of that brushwork, L*a*b*
LEAST_PIXELS = 200
# of a region's pixels: the share that its colour model holds to, and the squared distance (in standard deviations) from
# it at which paint is left out
PLAIN = {Region.SKIN: (0.7, 9.0), Region.HAIR: (0.6, 12.0), Region.CLOTH: (0.6, 14.0)}
SPREAD_LAB = (120.0, 50.0, 50.0)  # least variances of such a model: light and shade are no other colour
ROUNDS = 6
FEATURES, FEATURES_GROWN = ("eyes", "brows", "nose", "lips"), 0.03  # face heights
SKIN_RIM = 0.03  # face heights: outlines and shadows at the skin's border
SKIN_LIKE, CROWN, OTHER_HAIR = 14.0, 0.06, 0.2  # L*a*b*; face heights, radius of a shaven piece; of the hair, least
LEAST_OPEN = 0.15  # of the skin that has to be left


def with_clothes(aligned: AlignedStyle) -> AlignedStyle:
    """Returns the style with cloth that is only cloth; a style that shows only a collar, or patches, gets a garment in
    their colour, one that shows none in its most telling accent colour, with its own skin's brushwork, where it shows
    nothing below the chin."""
    unit = face_height(aligned.canvas_landmarks_xy)
    lab = to_lab(np.ascontiguousarray(aligned.canvas, np.float32))
    cloth = trusted(aligned, Region.CLOTH)
    sure = _core(aligned, Region.CLOTH, unit)
    share = cloth.sum() / unit**2
    busy = share > BUSY_FROM and sure.sum() < SOLID * cloth.sum()
    if not busy and sure.sum() > ENOUGH_CLOTH * unit**2:
        return _without_others(aligned, lab, cloth, sure, unit)
    if not busy and share > LARGE_CLOTH:
        return aligned
    if share < SCRAP and cloth.any():  # a stain, no collar
        regions = np.where(cloth, np.uint8(Region.BACKGROUND), aligned.canvas_regions)
        aligned, cloth = replace(aligned, canvas_regions=regions), np.zeros_like(cloth)
    return _with_garment(aligned, lab, cloth, unit, instead=bool(busy))


def trusted(aligned: AlignedStyle, region: Region) -> Bool[np.ndarray, "h w"]:
    """Returns the canvas' pixels that are surely of a region."""
    own = aligned.canvas_regions == int(region)
    return own & aligned.canvas_valid & (aligned.canvas_confidence > TRUSTED)


def _core(aligned: AlignedStyle, region: Region, unit: float) -> Bool[np.ndarray, "h w"]:
    """The region's sure pixels away from its rim."""
    own = trusted(aligned, region) & (aligned.canvas_confidence > SURE)
    side = max(3, int(RIM * unit))
    return cv2.erode(own.astype(np.uint8), np.ones((side, side), np.uint8)) > 0


def _without_others(
    aligned: AlignedStyle, lab: Float32[np.ndarray, "h w 3"], cloth: Bool[np.ndarray, "h w"],
    sure: Bool[np.ndarray, "h w"], unit: float,
) -> AlignedStyle:
    """Cloth whose colour is hair's, skin's or the ground's lends nothing."""
    tone = cv2.GaussianBlur(lab, (0, 0), max(0.6, 0.012 * unit))
    own = _Gaussian(tone[sure])
    rival = np.zeros(cloth.shape)
    for region in (Region.BACKGROUND, Region.SKIN, Region.HAIR):
        core = _core(aligned, region, unit)
        if core.sum() > LEAST_PIXELS:
            rival = np.maximum(rival, _Gaussian(tone[core]).log_density(tone) - own.log_density(tone))
    away = cv2.distanceTransform((~sure).astype(np.uint8), cv2.DIST_L2, 5) > FAR * unit
    regions = aligned.canvas_regions.copy()
    regions[cloth & ((rival > LIKE_OTHERS) | (away & (rival > FAR_LIKE)))] = int(Region.BACKGROUND)
    return replace(aligned, canvas_regions=regions)


class _Gaussian:
    """A Gaussian about the median of colours."""

    FLOOR = 30.0  # of its variances, squared Lab units

    def __init__(self, colours: Float[np.ndarray, "n 3"]) -> None:
        self.middle = np.median(colours, axis=0)
        covariance = np.cov(colours.T.astype(np.float64)) + self.FLOOR * np.eye(3)
        self.precision, self.volume = np.linalg.inv(covariance), float(np.linalg.slogdet(covariance)[1])

    def log_density(self, colours: Float[np.ndarray, "*s 3"]) -> Float[np.ndarray, "*s"]:
        """Up to a constant."""
        away = colours - self.middle
        return -0.5 * (np.einsum("...c,cd,...d->...", away, self.precision, away) + self.volume)


def _with_garment(
    aligned: AlignedStyle, lab: Float32[np.ndarray, "h w 3"], cloth: Bool[np.ndarray, "h w"], unit: float, *,
    instead: bool,
) -> AlignedStyle:
    """The free canvas below the chin becomes cloth. cloth: what is seen of it; instead: it is replaced, too."""
    colour = _commonest(lab[cloth], aligned, lab) if cloth.any() else _accent(aligned, lab)
    free = ~aligned.canvas_valid
    free[: int(aligned.canvas_landmarks_xy[CHIN, 1] + BELOW_CHIN * unit)] = False
    if instead:
        free |= cloth
    if not free.any():
        return aligned
    garment = to_rgb((colour + _brushwork(aligned, lab, unit)).astype(np.float32))
    canvas, regions = aligned.canvas.astype(np.float32).copy(), aligned.canvas_regions.copy()
    confidence = aligned.canvas_confidence.copy()
    canvas[free], regions[free], confidence[free] = np.clip(garment, 0, 1)[free], int(Region.CLOTH), 1.0
    return replace(
        aligned, canvas=canvas, canvas_valid=aligned.canvas_valid | free, canvas_regions=regions,
        canvas_confidence=confidence)


def _accent(aligned: AlignedStyle, lab: Float32[np.ndarray, "h w 3"]) -> Float[np.ndarray, "3"]:
    """The colour of the picture that is farthest from its skin and hair, and rich."""
    middles, shares = _clusters(lab[aligned.canvas_valid][::5], ACCENTS)
    others = _others(aligned, lab, middles)
    telling = others * (shares > LEAST_ACCENT) + CHROMA * np.hypot(middles[:, 1], middles[:, 2]) * (
        shares > LEAST_ACCENT)
    return middles[int(np.argmax(telling))]


def _commonest(
    colours: Float[np.ndarray, "n 3"], aligned: AlignedStyle, lab: Float32[np.ndarray, "h w 3"]
) -> Float[np.ndarray, "3"]:
    """The most frequent colour of a busy garment that is not skin or hair."""
    middles, shares = _clusters(colours[::3], 4)
    return middles[int(np.argmax(shares * _others(aligned, lab, middles)))]


def _clusters(colours: Float[np.ndarray, "n 3"], count: int) -> tuple[Float[np.ndarray, "k 3"], Float[np.ndarray, "k"]]:
    from scipy.cluster.vq import kmeans2

    count = min(count, max(1, len(colours) // 50))
    middles, labels = kmeans2(colours.astype(np.float64), count, rng=np.random.default_rng(0), minit="++")
    return middles, np.bincount(labels, minlength=count) / max(len(colours), 1)


def _others(
    aligned: AlignedStyle, lab: Float32[np.ndarray, "h w 3"], middles: Float[np.ndarray, "k 3"]
) -> Float[np.ndarray, "k"]:
    """How far colours are from the style's skin and hair (lightness counts half)."""
    known = [lab[region] for region in (trusted(aligned, Region.SKIN), trusted(aligned, Region.HAIR)) if region.any()]
    if not known:
        return np.ones(len(middles))
    away = [np.linalg.norm((middles - np.median(colours, axis=0)) * [0.5, 1, 1], axis=1) for colours in known]
    return np.min(away, axis=0)


def _brushwork(aligned: AlignedStyle, lab: Float32[np.ndarray, "h w 3"], unit: float) -> Float[np.ndarray, "h w 3"]:
    """The calmest piece of cheek or forehead without its broad colour, mirrored over the whole canvas."""
    height, width = lab.shape[:2]
    half = max(8, int(SWATCH * unit))
    skin = trusted(aligned, Region.SKIN)
    best, calmest = np.zeros((16, 16, 3), np.float32), np.inf
    for landmark in SWATCHES:
        x, y = np.round(aligned.canvas_landmarks_xy[landmark]).astype(int)
        window = np.s_[y - half : y + half, x - half : x + half]
        if min(x, y) < half or x + half >= width or y + half >= height or skin[window].mean() < 0.97:
            continue
        if lab[window][..., 0].std() < calmest:
            best, calmest = lab[window], float(lab[window][..., 0].std())
    fine = np.clip(best - cv2.GaussianBlur(best, (0, 0), half * 0.6), -BRUSH_LIMIT, BRUSH_LIMIT)
    tile = np.concatenate([fine, fine[:, ::-1]], 1)
    tile = np.concatenate([tile, tile[::-1]], 0)
    repeats = (-(-height // tile.shape[0]), -(-width // tile.shape[1]), 1)
    return BRUSH_GAIN * np.tile(tile, repeats)[:height, :width]


def ring_canvas(wide: AlignedStyle) -> StyleCanvas:
    """Returns the canvas that the ring is painted from: each region lends only what fits its own colours, for the sides
    and the back show no features, jewels or ribbons."""
    usable = wide.canvas_valid & (wide.canvas_confidence >= TRUSTED)
    usable &= wide.canvas_regions != int(Region.BACKGROUND)
    usable = usable if usable.any() else wide.canvas_valid
    image = np.clip(np.ascontiguousarray(wide.canvas, np.float32), 0, 1)
    unit = face_height(wide.canvas_landmarks_xy)
    open_ = _open_skin(usable, wide.canvas_regions, wide.canvas_landmarks_xy)
    return StyleCanvas(image, plain(image, open_, wide.canvas_regions, unit), unit, wide.canvas_regions)


def _open_skin(
    usable: Bool[np.ndarray, "h w"], regions: UInt8[np.ndarray, "h w"], landmarks_xy: Float[np.ndarray, "468 2"]
) -> Bool[np.ndarray, "h w"]:
    """Without the face's features and the skin's rim: outlines and shadows painted there are scabs on a cheek."""
    height, width = usable.shape
    unit = face_height(landmarks_xy)
    skin = usable & (regions == int(Region.SKIN))
    features = feature_mask(landmarks_xy, FEATURES, height, width, FEATURES_GROWN, 0.004) > 0.3
    side = max(3, 2 * round(SKIN_RIM * unit) + 1)
    inner = cv2.erode(skin.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))) > 0
    inner &= ~features
    return (usable & ~skin) | inner if inner.sum() > max(2 * LEAST_PIXELS, LEAST_OPEN * skin.sum()) else usable


def with_plain_hair(aligned: AlignedStyle) -> AlignedStyle:
    """Returns the style with hair that is only hair: jewels, ribbons, hats, ground and shaven crowns in it lend
    nothing."""
    image = np.clip(np.ascontiguousarray(aligned.canvas, np.float32), 0, 1)
    hair = trusted(aligned, Region.HAIR)
    unit = face_height(aligned.canvas_landmarks_xy)
    kept = plain(image, hair & ~_shaven(aligned, image, hair, unit), aligned.canvas_regions, unit)
    regions = aligned.canvas_regions.copy()
    regions[hair & ~kept] = int(Region.BACKGROUND)
    return replace(aligned, canvas_regions=regions)


def _shaven(
    aligned: AlignedStyle, image: Float32[np.ndarray, "h w 3"], hair: Bool[np.ndarray, "h w"], unit: float
) -> Bool[np.ndarray, "h w"]:
    """Large pieces of hair in the skin's colour beside hair of another: a shaven crown. (Paper between the strokes of
    drawn hair is narrow, fair hair beside fair skin is all alike.)"""
    tone = cv2.GaussianBlur(to_lab(image), (0, 0), max(0.6, TONE_BLUR * unit))
    skin = trusted(aligned, Region.SKIN)
    if hair.sum() < LEAST_PIXELS or skin.sum() < LEAST_PIXELS:
        return np.zeros_like(hair)
    away = np.linalg.norm(tone - np.median(tone[skin], axis=0), axis=-1)
    like = hair & (away < SKIN_LIKE)
    side = 2 * round(CROWN * unit) + 1
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    large = cv2.morphologyEx(like.astype(np.uint8), cv2.MORPH_OPEN, ellipse) > 0
    rest = hair & ~like
    told = rest.sum() > OTHER_HAIR * hair.sum() and np.median(away[rest]) > 2 * SKIN_LIKE
    return large if told and large.sum() > OTHER_HAIR * hair.sum() else np.zeros_like(hair)


def with_plain_skin(aligned: AlignedStyle) -> AlignedStyle:
    """Returns the style without what is odd on its skin beside the features: moustache, stubble, the shadow under a
    chin. Painted on another face they are a beard."""
    image = np.clip(np.ascontiguousarray(aligned.canvas, np.float32), 0, 1)
    unit = face_height(aligned.canvas_landmarks_xy)
    skin = trusted(aligned, Region.SKIN)
    height, width = skin.shape
    features = feature_mask(aligned.canvas_landmarks_xy, FEATURES, height, width, FEATURES_GROWN, 0.004) > 0.3
    odd = skin & ~features & ~plain(image, skin & ~features, aligned.canvas_regions, unit)
    odd |= whiskers(to_lab(image)[..., 0], skin, aligned.canvas_landmarks_xy)
    regions = aligned.canvas_regions.copy()
    regions[odd] = int(Region.BACKGROUND)
    return replace(aligned, canvas_regions=regions)


def plain(
    image: Float32[np.ndarray, "h w 3"], usable: Bool[np.ndarray, "h w"], regions: UInt8[np.ndarray, "h w"], unit: float
) -> Bool[np.ndarray, "h w"]:
    """Returns the usable pixels whose tone fits their region's robust colour model."""
    tone = cv2.GaussianBlur(to_lab(image), (0, 0), max(0.6, TONE_BLUR * unit))
    out = usable.copy()
    for region, (hold, last) in PLAIN.items():
        own = usable & (regions == int(region))
        if own.sum() < 2 * LEAST_PIXELS:
            continue
        fits = np.zeros_like(own)
        fits[own] = _fitting(tone[own].astype(np.float64), hold, last)
        inner = cv2.erode(fits.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        if inner.sum() > max(300, 0.25 * own.sum()):
            out[own] = inner[own]
    return out


def _fitting(colours: Float[np.ndarray, "n 3"], hold: float, last: float) -> Bool[np.ndarray, "n"]:
    """Which colours fit the Gaussian of the `hold` share nearest to its middle."""
    kept = np.ones(len(colours), bool)
    for number in range(ROUNDS + 1):
        middle = np.median(colours[kept], axis=0)
        covariance = np.cov(colours[kept].T) * 0.6 + np.diag(SPREAD_LAB)
        away = colours - middle
        distance = np.einsum("nc,cd,nd->n", away, np.linalg.inv(covariance), away)
        kept = distance < (last if number == ROUNDS else min(9.0, max(float(np.quantile(distance, hold)), 2.0)))
    return kept
