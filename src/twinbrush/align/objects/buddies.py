"""Neural Best-Buddies: sparse correspondence by deep features (Aberman et al. 2018, "Neural Best-Buddies: Sparse
Cross-Domain Correspondence", ACM TOG 37:4), from the paper's description.

From the coarsest feature map down, two regions are brought to a common appearance (each channel's mean and deviation
become the average of both), neurons that are each other's nearest neighbour are buddies, those with weak activations
are dropped, and every buddy opens a small pair of regions on the next finer level. The survivors on the finest level
are clustered, the most active of each cluster is kept.

Deviations: the pictures are cut to the objects first when masks are given (the paper resizes whole pictures); a
pyramid that ends too fine (an extractor without deep layers) is continued by average pooling; and where the
silhouettes already tell roughly what belongs where, the first search is limited to that neighbourhood.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from twinbrush.align.objects.feature_levels import Cut, Features, Level, cut_out, feature_levels, map_size

Guess = Callable[[Float[np.ndarray, "n 2"]], Float[np.ndarray, "n 2"]]
"""Content pixels -> about where they are in the style."""

ACTIVE = 0.05  # gamma: least activation, as a share of the picture's range
REACH = (2, 3)  # half a search region's side: on coarse and on fine levels
NEIGHBOURHOOD = (2, 1)  # half the side of the patch that is compared: likewise
MOST = 600  # buddies that are followed from one level to the next: the most active ones of every part
PARTS = 16  # along each side
GUESS_RADIUS = 0.18  # in sides of the cut


@dataclass(frozen=True)
class Buddies:
    """k pairs in pixels of the two pictures; confidence: mean activation over all levels of both, 0..1."""

    content_xy: Float[np.ndarray, "k 2"]
    style_xy: Float[np.ndarray, "k 2"]
    confidence: Float[np.ndarray, "k"]


def neural_best_buddies(
    content_image: Float[np.ndarray, "h w 3"],
    style_image: Float[np.ndarray, "a b 3"],
    features: Features,
    *,
    count: int,
    content_mask: Bool[np.ndarray, "h w"] | None = None,
    style_mask: Bool[np.ndarray, "a b"] | None = None,
    guess: Guess | None = None,
) -> Buddies:
    """At most `count` buddies, well spread, the most active ones; none where nothing corresponds."""
    cuts = cut_out(content_image, content_mask), cut_out(style_image, style_mask)
    levels = feature_levels(cuts, features)
    coarsest = levels[-1]
    pairs = _first(coarsest, cuts, guess)
    active = _activation(coarsest, pairs)
    for coarse, level in zip(levels[:0:-1], levels[-2::-1], strict=True):
        pairs, active = _followed(level, coarse, pairs, active)
    finest = levels[0]
    xy = [
        cut.to_picture(pairs[:, 2 * i : 2 * i + 2].astype(np.float64), map_size(maps))
        for i, (cut, maps) in enumerate(zip(cuts, (finest.content, finest.style), strict=True))
    ]
    sides = cuts[0].side, cuts[1].side
    chosen = _most_active_of_clusters(np.concatenate([xy[0] / sides[0], xy[1] / sides[1]], axis=1), active, count)
    return Buddies(xy[0][chosen], xy[1][chosen], active[chosen] / (2 * len(levels)))


def _first(level: Level, cuts: tuple[Cut, Cut], guess: Guess | None) -> Int[np.ndarray, "n 4"]:
    """Buddies over the whole of the coarsest maps."""
    allowed = None
    if guess is not None:
        size_a, size_b = map_size(level.content), map_size(level.style)
        ys, xs = np.mgrid[: size_a[1], : size_a[0]]
        grid = np.stack([xs.ravel(), ys.ravel()], axis=1).astype(np.float64)
        there = cuts[1].from_picture(guess(cuts[0].to_picture(grid, size_a)), size_b)
        ys, xs = np.mgrid[: size_b[1], : size_b[0]]
        away = np.linalg.norm(there[:, None] - np.stack([xs.ravel(), ys.ravel()], axis=1)[None], axis=2)
        allowed = away <= max(GUESS_RADIUS * max(size_b), 1.0)
    whole = (0, 0, *map_size(level.content)), (0, 0, *map_size(level.style))
    return _buddies(level, whole[0], whole[1], allowed)


def _followed(
    level: Level, coarse: Level, pairs: Int[np.ndarray, "n 4"], active: Float[np.ndarray, "n"]
) -> tuple[Int[np.ndarray, "m 4"], Float[np.ndarray, "m"]]:
    """The buddies of one level, in the regions that those of the coarser level open."""
    found: dict[tuple[int, int, int, int], float] = {}
    ratio = [
        np.array(map_size(fine)) / np.array(map_size(rough))
        for fine, rough in ((level.content, coarse.content), (level.style, coarse.style))
    ]
    for index in _spread_order(pairs, active, map_size(coarse.content))[:MOST]:
        windows = [
            _window((pairs[index, 2 * i : 2 * i + 2] + 0.5) * ratio[i] - 0.5, REACH[level.fine], map_size(maps))
            for i, maps in enumerate((level.content, level.style))
        ]
        for pair in _buddies(level, windows[0], windows[1], None):
            x, y, u, v = (int(value) for value in pair)
            found[x, y, u, v] = max(found.get((x, y, u, v), 0.0), float(active[index]))
    if not found:
        return np.zeros((0, 4), np.int64), np.zeros(0)
    places = np.array(list(found), np.int64)
    return places, np.array(list(found.values())) + _activation(level, places)


def _spread_order(
    pairs: Int[np.ndarray, "n 4"], active: Float[np.ndarray, "n"], size: tuple[int, int]
) -> Int[np.ndarray, "n"]:
    """The most active of every part of the content first, then every part's second, and so on."""
    part = (pairs[:, :2] * PARTS // np.array(size)) @ np.array([1, PARTS])
    order = np.lexsort((-active, part))
    start = np.flatnonzero(np.concatenate([[True], np.diff(part[order]) > 0])) if len(order) else np.zeros(0, np.int64)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - np.repeat(start, np.diff(np.append(start, len(order))))
    return np.lexsort((-active, rank))


def _window(centre: Float[np.ndarray, "2"], reach: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """(x0, y0, x1, y1) within the map, ends not included."""
    low = np.clip(np.round(centre).astype(int) - reach, 0, np.array(size) - 1)
    high = np.clip(np.round(centre).astype(int) + reach + 1, 1, size)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _activation(level: Level, pairs: Int[np.ndarray, "n 4"]) -> Float[np.ndarray, "n"]:
    x, y, u, v = pairs.T
    return level.content_active[y, x] + level.style_active[v, u]


def _buddies(
    level: Level, p: tuple[int, int, int, int], q: tuple[int, int, int, int], allowed: Bool[np.ndarray, "m n"] | None
) -> Int[np.ndarray, "k 4"]:
    """Mutual nearest neighbours (x, y, u, v) of region p and region q of the style, active and on the objects."""
    similarity = _similarity(level, p, q)
    a = _inside(level.content_mask, level.content_active, p)
    b = _inside(level.style_mask, level.style_active, q)
    similarity[~a] = -np.inf
    similarity[:, ~b] = -np.inf
    if allowed is not None:
        similarity[~allowed] = -np.inf
    best_b, best_a = similarity.argmax(1), similarity.argmax(0)
    index = np.flatnonzero((best_a[best_b] == np.arange(len(best_b))) & np.isfinite(similarity.max(1)))
    width_p, width_q = p[2] - p[0], q[2] - q[0]
    other = best_b[index]
    return np.stack(
        [index % width_p + p[0], index // width_p + p[1], other % width_q + q[0], other // width_q + q[1]], axis=1
    ).astype(np.int64)


def _inside(
    mask: Bool[np.ndarray, "h w"], active: Float[np.ndarray, "h w"], region: tuple[int, int, int, int]
) -> Bool[np.ndarray, "n"]:
    x0, y0, x1, y1 = region
    return (mask[y0:y1, x0:x1] & (active[y0:y1, x0:x1] > ACTIVE)).ravel()


def _similarity(
    level: Level, p: tuple[int, int, int, int], q: tuple[int, int, int, int]
) -> Float[np.ndarray, "m n"]:
    """Cosines of the commonly appearing features, summed over the patch around both neurons."""
    half = NEIGHBOURHOOD[level.fine]
    a, b = _padded(level.content, p, half), _padded(level.style, q, half)
    (mean_a, deviation_a), (mean_b, deviation_b) = _statistics(level.content, p), _statistics(level.style, q)
    mean, deviation = (mean_a + mean_b) / 2, (deviation_a + deviation_b) / 2
    a = _unit((a - mean_a) / deviation_a * deviation + mean, _known(level.content, p, half))
    b = _unit((b - mean_b) / deviation_b * deviation + mean, _known(level.style, q, half))
    channels, height_a, width_a = a.shape
    height_b, width_b = b.shape[1:]
    product = (a.reshape(channels, -1).T @ b.reshape(channels, -1)).reshape(height_a, width_a, height_b, width_b)
    rows_a, columns_a, rows_b, columns_b = (n - 2 * half for n in product.shape)
    total = np.zeros((rows_a, columns_a, rows_b, columns_b), np.float32)
    for dy in range(2 * half + 1):
        for dx in range(2 * half + 1):
            total += product[dy : dy + rows_a, dx : dx + columns_a, dy : dy + rows_b, dx : dx + columns_b]
    return total.reshape(rows_a * columns_a, rows_b * columns_b).astype(np.float64)


def _padded(maps: Float[np.ndarray, "c h w"], region: tuple[int, int, int, int], half: int) -> np.ndarray:
    """The region with `half` more on each side; beyond the map its border is repeated."""
    x0, y0, x1, y1 = region
    rows = np.clip(np.arange(y0 - half, y1 + half), 0, maps.shape[1] - 1)
    columns = np.clip(np.arange(x0 - half, x1 + half), 0, maps.shape[2] - 1)
    return maps[:, rows[:, None], columns[None]]


def _known(maps: Float[np.ndarray, "c h w"], region: tuple[int, int, int, int], half: int) -> np.ndarray:
    x0, y0, x1, y1 = region
    rows, columns = np.arange(y0 - half, y1 + half), np.arange(x0 - half, x1 + half)
    return ((rows >= 0) & (rows < maps.shape[1]))[:, None] & ((columns >= 0) & (columns < maps.shape[2]))[None]


def _statistics(maps: Float[np.ndarray, "c h w"], region: tuple[int, int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    x0, y0, x1, y1 = region
    part = maps[:, y0:y1, x0:x1]
    return part.mean((1, 2), keepdims=True), part.std((1, 2), keepdims=True) + 1e-6


def _unit(maps: np.ndarray, known: np.ndarray) -> np.ndarray:
    return maps * known / (np.linalg.norm(maps, axis=0) + 1e-9)


def _most_active_of_clusters(
    places: Float[np.ndarray, "n d"], active: Float[np.ndarray, "n"], count: int
) -> Int[np.ndarray, "k"]:
    """k-means (Lloyd), started from farthest points, and the most active member of every cluster."""
    if len(places) <= count:
        return np.arange(len(places))
    centres = [places[int(active.argmax())]]
    gap = np.linalg.norm(places - centres[0], axis=1)
    for _ in range(count - 1):
        centres.append(places[int(gap.argmax())])
        gap = np.minimum(gap, np.linalg.norm(places - centres[-1], axis=1))
    middle = np.array(centres)
    label = np.zeros(len(places), np.int64)
    for _ in range(12):
        label = np.linalg.norm(places[:, None] - middle[None], axis=2).argmin(1)
        members = np.bincount(label, minlength=count)
        sums = np.stack([np.bincount(label, column, minlength=count) for column in places.T], axis=1)
        middle = np.where(members[:, None] > 0, sums / np.maximum(members, 1)[:, None], middle)
    order = np.lexsort((-active, label))
    first = np.concatenate([[True], label[order][1:] != label[order][:-1]])
    return np.sort(order[first])
