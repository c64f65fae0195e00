"""An object and a style picture: which point belongs to which, by the user's pairs, features or silhouettes; and from
which side the object looks like the style's."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from twinbrush.align.objects.buddies import neural_best_buddies
from twinbrush.align.objects.clean_matches import Cleaned, clean_matches
from twinbrush.align.objects.contours import MIRROR_COST, chosen_pairs, match_outlines
from twinbrush.align.objects.ellipses import match_ellipses
from twinbrush.align.objects.feature_levels import Features, is_deep
from twinbrush.align.objects.interior import carry, interior_pairs
from twinbrush.align.objects.matches import Matches, Source, style_to_content
from twinbrush.align.objects.outline import Outline, has_features, mirrored, outline_of
from twinbrush.align.objects.pairs import UserPairs
from twinbrush.base.errors import BadMask
from twinbrush.config import ObjectConfig

OUTLINE_POINTS = 128
VIEW_POINTS = 64  # enough to tell a good view from a bad one
SPACING = 0.035  # between two pairs, in object sizes (square root of its area)
CLICKED_SPACING = 0.005  # the user knows better
LEAST_CONFIDENCE = {"contours": 0.15, "buddies": 0.05, "user": 0.0}
# Mean cost of the path (contours.py: 0 to 0.45) from which two silhouettes are no longer alike, and from which they
# have nothing to do with each other. Bunny against the painted rabbit 0.12 to 0.13, Spot 0.13, teapot 0.20; against
# heads and a moon 0.15 and more.
ALIKE, UNLIKE = 0.14, 0.15


@dataclass(frozen=True)
class _Pictures:
    content_image: Float[np.ndarray, "h w 3"]
    content_mask: Bool[np.ndarray, "h w"]
    style_image: Float[np.ndarray, "a b 3"]
    style_mask: Bool[np.ndarray, "a b"]


@dataclass(frozen=True)
class BestView:
    """index of the view whose silhouette is most like the style's; mirrored: the style has to be mirrored for that;
    cost: 0 (same) to 0.45; alike: low enough to choose a camera by; costs (k, 2): of every view, as the style is and
    mirrored (inf where that is not allowed)."""

    index: int
    mirrored: bool
    cost: float
    alike: bool
    costs: Float[np.ndarray, "k 2"]


def best_view(
    content_masks: Bool[np.ndarray, "k h w"], style_mask: Bool[np.ndarray, "a b"], config: ObjectConfig
) -> BestView:
    """Compare the object's silhouettes from k sides with the style's. Silhouettes do not tell front from back: put
    the preferred views first, equal ones are decided for the earlier. Raises BadMask for an empty style mask, or when
    the object is in no view."""
    style = outline_of(style_mask, VIEW_POINTS)
    costs = np.full((len(content_masks), 2), np.inf)
    for number, mask in enumerate(content_masks):
        try:
            content = outline_of(mask, VIEW_POINTS)
        except BadMask:
            continue  # not in this view
        for flipped in range(1 + config.mirror_style):
            other = mirrored(style) if flipped else style
            match = match_outlines(content, other, max_turn_degrees=config.max_turn_degrees, rounds=0)
            costs[number, flipped] = match.unlikeness
    if not np.isfinite(costs).any():
        raise BadMask("The object is in none of the views.", "Check its size and place.")
    handicapped = costs + np.array([0.0, MIRROR_COST])
    index, flipped = (int(v) for v in np.unravel_index(handicapped.argmin(), costs.shape))
    cost = float(costs[index, flipped])
    return BestView(index, bool(flipped), cost, cost < ALIKE and has_features(style), costs)


def match_object(
    content_image: Float[np.ndarray, "h w 3"],
    content_mask: Bool[np.ndarray, "h w"],
    style_image: Float[np.ndarray, "a b 3"],
    style_mask: Bool[np.ndarray, "a b"],
    config: ObjectConfig,
    *,
    features: Features | None = None,
    user_pairs: UserPairs | None = None,
) -> Matches:
    """Pairs of points of the object and the style, cleaned; the best source there is, with a warning for every one
    that was given up.

    features: an extractor for Neural Best-Buddies (`buddies.py`); without it, with a shallow one (it sees texture only:
    then buddies have to be asked for), and with "contours", silhouettes decide.
    Raises BadMask when a mask is empty.
    """
    content, style = outline_of(content_mask, OUTLINE_POINTS), outline_of(style_mask, OUTLINE_POINTS)
    if user_pairs is not None:
        return _from_user(user_pairs, content, style)
    by_outline = _from_contours(content, style, content_mask, style_mask, config)
    warnings: list[str] = []
    if config.keypoints == "buddies" and features is None:
        warnings.append("Neural Best-Buddies need an extractor's weights: silhouettes are matched instead.")
    asked = config.keypoints == "buddies"
    if features is not None and (asked or (config.keypoints == "auto" and is_deep(features))):
        pictures = _Pictures(content_image, content_mask, style_image, style_mask)
        found = _from_buddies(pictures, features, by_outline, config)
        if isinstance(found, Matches):
            return found
        warnings.append(found)
    return replace(by_outline, warnings=(*warnings, *by_outline.warnings))


def _from_user(pairs: UserPairs, content: Outline, style: Outline) -> Matches:
    count = len(pairs.content_xy)
    sure = np.ones(count)
    fits = [_misfit(pairs.content_xy, pairs.style_xy, flipped) for flipped in (False, True)]
    flipped = fits[1] < 0.8 * fits[0]  # three points fit both ways: then it is no mirror
    cleaned = clean_matches(
        pairs.content_xy, pairs.style_xy, sure, least_confidence=0.0, least=count, mirrored=flipped,
        spacing=(CLICKED_SPACING * content.scale, CLICKED_SPACING * style.scale),
    )
    warnings: list[str] = []
    dropped = sorted(set(range(count)) - set(cleaned.keep.tolist()))
    if dropped:
        numbers = ", ".join(str(number + 1) for number in dropped)
        warnings.append(f"Of your pairs, {numbers} cross others or lie on them, and were left out.")
    return _matches(pairs.content_xy, pairs.style_xy, sure, cleaned, "user", flipped, warnings)


def _misfit(content_xy: Float[np.ndarray, "k 2"], style_xy: Float[np.ndarray, "k 2"], flipped: bool) -> float:
    matrix = style_to_content(content_xy, style_xy, np.ones(len(content_xy)), flipped)
    return float(np.linalg.norm(style_xy @ matrix[:, :2].T + matrix[:, 2] - content_xy, axis=1).mean()) + 1e-9


def _from_buddies(
    pictures: _Pictures, features: Features, by_outline: Matches, config: ObjectConfig
) -> Matches | str:
    """Matches, or the warning that there are too few. The outlines tell whether the style is mirrored, and where about
    to look first."""
    flipped = by_outline.mirrored
    style_image, style_mask, last = pictures.style_image, pictures.style_mask, pictures.style_image.shape[1] - 1
    if flipped:
        style_image, style_mask = style_image[:, ::-1], style_mask[:, ::-1]
    carried = carry(by_outline, pictures.content_mask)

    def guess(points: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 2"]:
        there = carried(points)
        return np.stack([last - there[:, 0], there[:, 1]], axis=1) if flipped else there

    found = neural_best_buddies(
        pictures.content_image, style_image, features, count=2 * config.keypoint_count,
        content_mask=pictures.content_mask, style_mask=style_mask,
        guess=guess if by_outline.source == "contours" else None,  # ellipses tell nothing about single places
    )
    style_xy = found.style_xy.copy()
    if flipped:
        style_xy[:, 0] = last - style_xy[:, 0]
    cleaned = clean_matches(
        found.content_xy, style_xy, found.confidence, least_confidence=LEAST_CONFIDENCE["buddies"],
        least=config.least_keypoints, spacing=_spacing(pictures.content_mask, style_mask), mirrored=flipped,
        content_mask=pictures.content_mask,
    )
    if cleaned.short:
        return (f"Neural Best-Buddies found {len(style_xy)} pairs, of which {len(cleaned.keep)} are usable "
                f"({config.least_keypoints} are needed): silhouettes are matched instead.")
    keep = cleaned.keep[np.argsort(-found.confidence[cleaned.keep], kind="stable")[: config.keypoint_count]]
    cleaned = replace(cleaned, keep=np.sort(keep))
    return _matches(found.content_xy, style_xy, found.confidence, cleaned, "buddies", flipped, [])


def _spacing(content_mask: Bool[np.ndarray, "h w"], style_mask: Bool[np.ndarray, "a b"]) -> tuple[float, float]:
    return SPACING * float(np.sqrt(content_mask.sum())), SPACING * float(np.sqrt(style_mask.sum()))


def _from_contours(
    content: Outline, style: Outline, content_mask: Bool[np.ndarray, "h w"], style_mask: Bool[np.ndarray, "a b"],
    config: ObjectConfig,
) -> Matches:
    match = match_outlines(content, style, max_turn_degrees=config.max_turn_degrees, mirror=config.mirror_style)
    wanted = config.keypoints == "contours"  # asked for: then it is done, however bad
    if match.unlikeness > UNLIKE and not wanted:
        return match_ellipses(content, style, "The style's silhouette is not like the object's")
    if not (has_features(content) and has_features(style)) and not wanted:
        return match_ellipses(content, style, "A silhouette without corners matches in no particular way")
    content_xy, style_xy, confidence = chosen_pairs(content, style, match, config.keypoint_count)
    cleaned = clean_matches(
        content_xy, style_xy, confidence, least_confidence=LEAST_CONFIDENCE["contours"], least=config.least_keypoints,
        spacing=_spacing(content_mask, style_mask), mirrored=match.mirrored, content_mask=content_mask,
    )
    if cleaned.short:
        return match_ellipses(content, style, f"Only {len(cleaned.keep)} points of the silhouettes match")
    warnings: list[str] = []
    if match.unlikeness > ALIKE:
        likeness = "not" if match.unlikeness > UNLIKE else "only roughly"
        warnings.append(f"The style's silhouette is {likeness} like the object's: look at the matched points, "
                        "or give your own pairs.")
    matches = _matches(content_xy, style_xy, confidence, cleaned, "contours", match.mirrored, warnings)
    return interior_pairs(matches, content_mask, config.interior_keypoints, style_mask)


def _matches(
    content_xy: Float[np.ndarray, "n 2"], style_xy: Float[np.ndarray, "n 2"], confidence: Float[np.ndarray, "n"],
    cleaned: Cleaned, source: Source, flipped: bool, warnings: list[str],
) -> Matches:
    keep = cleaned.keep
    matrix = style_to_content(content_xy[keep], style_xy[keep], confidence[keep], flipped)
    return Matches(content_xy[keep], style_xy[keep], confidence[keep], source, matrix, flipped, tuple(warnings))
