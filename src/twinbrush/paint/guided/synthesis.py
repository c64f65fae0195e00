"""Guided patch synthesis: expectation-maximisation over a pyramid, in the manner of StyLit and FaceStyle.

Each step matches the patches of the picture so far (plus guides) to style patches by PatchMatch, then repaints every
pixel as the vote of the patches that cover it. All views share one atlas, one usage count and, through the consensus,
one picture: a surface point is painted in one view and shown in all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Int, Int32

from twinbrush.base.beside import Works
from twinbrush.base.progress import Progress, Step, ignore
from twinbrush.paint.colour import to_lab
from twinbrush.paint.guided.atlas import Atlas, StyleSheet, build_atlas, resized_sheet
from twinbrush.paint.guided.consensus import Known
from twinbrush.paint.guided.features import PATCH, PatchBasis, fit_basis, project_patches
from twinbrush.paint.guided.guides import LED, ViewGuide, Weights, alone, style_features, view_guide
from twinbrush.paint.guided.patchmatch import carry_field, improve_field, vote
from twinbrush.paint.guided.scene import Scene, scaled_points

_COARSEST = 32
_STEPS = (8, 8, 6, 4, 3, 2, 1)  # EM steps from the coarsest level up (alone)
_STEPS_LED = (4, 3, 2, 2, 1)
_PASSES = 2
LEAST_PATCHES = 64  # of the style at a level: a coarser one with fewer is left out
_SETTLED = 512  # px: beyond this size the field inherited from the coarser level is only refined nearby
_NEAR = 16
_MARGIN = 4  # px painted beyond the own pixels, so that patches overlap across owners' borders
_LEAST_REGION = 0.2  # share of the region weight that is kept even in monochrome styles
_DETAIL = 1.0  # share of the guide's new detail added when a level starts


@dataclass(frozen=True)
class Painting:
    """images: painted views; cost: mean match cost at the last step."""

    images: Float32[np.ndarray, "n h w 3"]
    cost: float


def level_sizes(height: int, width: int, led: bool) -> list[tuple[int, int]]:
    """Coarse to fine: halves down to about 32 pixels (128 when a lead has settled what is coarser)."""
    smallest = 128 if led else _COARSEST
    sizes = [(height, width)]
    while min(sizes[0]) >= 2 * smallest:
        sizes.insert(0, ((sizes[0][0] + 1) // 2, (sizes[0][1] + 1) // 2))
    return sizes


def synthesize(
    scene: Scene, *, identity: float, seed: int, led_weights: Weights = LED, progress: Progress = ignore
) -> Painting:
    """Paint all views of the scene with the style's patches. led_weights: of the guides, where a lead is given."""
    height, width = scene.matched.shape[1:3]
    led = scene.lead is not None
    sizes = level_sizes(height, width, led)
    steps = _STEPS_LED if led else _STEPS
    total = sum(steps[min(i, len(steps) - 1)] for i in range(len(sizes)))
    done = 0
    images: Float32[np.ndarray, "n h w 3"] | None = None
    fields: list[Float32[np.ndarray, "h w 2"]] | None = None
    layer, cost = 0, 0.0
    weights = led_weights if led else alone(identity)
    with Works() as works:
        coming = works.begin(partial(_prepared, scene, sizes[0], weights, seed))
        for i, size in enumerate(sizes):
            given, last = coming.result(), i == len(sizes) - 1
            if not last:
                coming = works.begin(partial(_prepared, scene, sizes[i + 1], weights, seed + 1000 * (i + 1)))
                if len(given.source) < LEAST_PATCHES:  # so small a style has nothing to choose from
                    done += steps[min(i, len(steps) - 1)]
                    continue
            level = _Level(given, images, fields, layer, seed + 1000 * i)
            for step in range(steps[min(i, len(steps) - 1)]):
                final = last and step == steps[min(i, len(steps) - 1)] - 1
                cost = level.step(step, 3 if final else PATCH)
                done += 1
                progress(Step("stylize", done, total, f"{size[1]}x{size[0]}"))
            images, fields, layer = level.images, level.field_images(), level.given.scene.sheet.usable.shape[1]
    assert images is not None
    return Painting(images, cost)


def resized_scene(scene: Scene, size: tuple[int, int]) -> Scene:
    """The scene at a level's size; `matched` becomes the guide."""
    height, width = size
    factor = width / scene.matched.shape[2]
    area, nearest = cv2.INTER_AREA, cv2.INTER_NEAREST
    coverage = np.stack(
        [cv2.resize(c.astype(np.float32), (width, height), interpolation=area) > 0.3 for c in scene.coverage]
    )
    sheet_size = tuple(max(round(side * factor), 1) for side in scene.sheet.usable.shape)
    places = None if scene.places_xy is None else np.stack(
        [scaled_points(cv2.resize(p, (width, height), interpolation=nearest), factor) for p in scene.places_xy]
    ).astype(np.float32)
    return replace(
        scene,
        photo=np.zeros((len(coverage), 1, 1, 3), np.float32),
        matched=np.stack([cv2.resize(image, (width, height), interpolation=area) for image in scene.guide]),
        coverage=coverage,
        regions=np.stack([cv2.resize(r, (width, height), interpolation=nearest) for r in scene.regions]),
        landmarks_xy=scaled_points(scene.landmarks_xy, factor),
        consensus=scene.consensus.resized(height, width),
        sheet=resized_sheet(scene.sheet, (sheet_size[0], sheet_size[1])),  # its brushwork shrinks as the view does
        lead=None,
        places_xy=places,
        place_weight=None if scene.place_weight is None else np.stack(
            [cv2.resize(w, (width, height), interpolation=area) for w in scene.place_weight]
        ),
        unit_px=None if scene.unit_px is None else scene.unit_px * factor,
    )


@dataclass(frozen=True)
class _Prepared:
    """What a pyramid level is worked with, whatever the coarser ones bring: sizes and features."""

    scene: Scene
    atlas: Atlas
    basis: PatchBasis
    source: Float32[np.ndarray, "s d"]
    views: list[ViewGuide]
    weights: Weights
    large: bool


def _prepared(scene: Scene, size: tuple[int, int], weights: Weights, seed: int) -> _Prepared:
    weights = replace(weights, region=weights.region * max(_LEAST_REGION, scene.region_separation))
    scene, large = resized_scene(scene, size), max(size) > _SETTLED
    sheet = scene.sheet
    atlas = build_atlas(sheet, scene.middle_xy, PATCH // 2)
    guide_lab = [to_lab(image) for image in scene.matched]
    active = [_active_pixels(scene, k) for k in range(len(guide_lab))]
    rng = np.random.default_rng(seed)
    atlas_lab = to_lab(atlas.colours)
    basis = fit_basis([atlas_lab, *guide_lab], [atlas.xy, *active], 16 if large else 24, rng)
    source = style_features(atlas, sheet, basis, weights)
    views = [view_guide(scene, k, sheet, basis, guide_lab[k], active[k], weights) for k in range(len(active))]
    return _Prepared(scene, atlas, basis, source, views, weights, large)


class _Level:
    """The state of one pyramid level."""

    def __init__(
        self, given: _Prepared, images: Float32[np.ndarray, "n a b 3"] | None,
        fields: list[Float32[np.ndarray, "a b 2"]] | None, coarser_layer: int, seed: int,
    ) -> None:
        """coarser_layer: width of the atlas' layers at the level of `fields`."""
        self.given, self.seed = given, seed
        self.passes = 1 if given.large else _PASSES
        self.radius = _NEAR if given.large else max(given.atlas.index.shape) // 2
        self.images = _start(given.scene.matched, images)
        if isinstance(given.scene.consensus, Known):
            self.images = given.scene.consensus.merge(self.images, cv2.INTER_LINEAR)
        self.usage = np.zeros(len(given.source), np.int32)
        self.fields = [
            _start_field(view, given.atlas, given.scene.sheet, fields[k] if fields else None, coarser_layer)
            for k, view in enumerate(given.views)]
        for field in self.fields:
            self.usage += np.bincount(field, minlength=len(self.usage)).astype(np.int32)

    def step(self, step: int, patch: int) -> float:
        """One expectation (match) and one maximisation (vote) over all views; returns the mean match cost."""
        given, votes = self.given, self.images.copy()
        costs = []
        spare = len(given.source) / max(1, sum(len(view.xy) for view in given.views))
        penalty = given.weights.uniformity * min(1.0, spare)
        for k, view in enumerate(given.views):
            if step == 0:
                self._carry(k)
            features = np.concatenate(
                [view.fixed, project_patches(to_lab(self.images[k]), view.xy, given.basis)], axis=1
            )
            self.fields[k], cost = improve_field(
                features, view.weight, view.xy, view.index, given.source, given.atlas.xy, given.atlas.index,
                self.fields[k], self.usage, penalty=penalty, radius=self.radius, passes=self.passes,
                seed=self.seed + 10 * step + k,
            )
            votes[k][view.xy[:, 1], view.xy[:, 0]] = vote(
                given.atlas.colours, view.xy, view.index, given.atlas.xy, self.fields[k], cost, patch
            )
            costs.append(cost.mean())
        coupled = len(votes) > 1 or isinstance(given.scene.consensus, Known)
        self.images = given.scene.consensus.merge(votes, cv2.INTER_LINEAR) if coupled and patch != 3 else votes
        return float(np.mean(costs))

    def _carry(self, k: int) -> None:
        """Pixels that other views own start from the owners' matches: one field over all views."""
        given, view = self.given, self.given.views[k]
        for source in given.scene.consensus.others[k]:
            if source.view > k:
                continue
            weight = source.weight[view.xy[:, 1], view.xy[:, 0]]
            carried = carry_field(
                view.xy, source.xy[view.xy[:, 1], view.xy[:, 0]].astype(np.float64), given.views[source.view].index,
                self.fields[source.view], given.atlas.xy, given.atlas.index, self.fields[k],
            )
            changed = np.where(weight > 0.5, carried, self.fields[k]).astype(np.int32)
            self.usage -= np.bincount(self.fields[k], minlength=len(self.usage)).astype(np.int32)
            self.usage += np.bincount(changed, minlength=len(self.usage)).astype(np.int32)
            self.fields[k] = changed

    def field_images(self) -> list[Float32[np.ndarray, "h w 2"]]:
        """Per view the atlas pixel (x, y) matched to each pixel, NaN where nothing is painted."""
        result = []
        for view, field in zip(self.given.views, self.fields, strict=True):
            image = np.full((*view.index.shape, 2), np.nan, np.float32)
            image[view.xy[:, 1], view.xy[:, 0]] = self.given.atlas.xy[field]
            result.append(image)
        return result


def _active_pixels(scene: Scene, view: int) -> Int32[np.ndarray, "t 2"]:
    """Pixels a view paints: what it owns and a margin, inside the (slightly grown) coverage."""
    mine = (scene.consensus.own[view] > 0.02) & scene.coverage[view]
    grown = _grow(mine, _MARGIN) & _grow(scene.coverage[view], 2)
    if not grown.any():
        grown[:1, :1] = True
    rows, columns = np.nonzero(grown)
    return np.stack([columns, rows], -1).astype(np.int32)


def _grow(mask: Bool[np.ndarray, "h w"], margin: int) -> Bool[np.ndarray, "h w"]:
    return cv2.dilate(mask.astype(np.uint8), np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)).astype(bool)


def _start(
    guide: Float32[np.ndarray, "n h w 3"], coarser: Float32[np.ndarray, "n a b 3"] | None
) -> Float32[np.ndarray, "n h w 3"]:
    """The picture a level starts from: the coarser painting enlarged, plus part of the guide's new detail."""
    if coarser is None:
        return guide.copy()
    height, width = guide.shape[1:3]
    small = (coarser.shape[2], coarser.shape[1])
    started = np.empty_like(guide)
    for k in range(len(guide)):
        enlarged = cv2.resize(coarser[k], (width, height), interpolation=cv2.INTER_CUBIC)
        broad = cv2.resize(cv2.resize(guide[k], small, interpolation=cv2.INTER_AREA), (width, height),
                           interpolation=cv2.INTER_CUBIC)
        started[k] = np.clip(enlarged + _DETAIL * (guide[k] - broad), 0, 1)
    return started


def _start_field(
    view: ViewGuide, atlas: Atlas, sheet: StyleSheet, coarser: Float32[np.ndarray, "a b 2"] | None, coarser_layer: int
) -> Int32[np.ndarray, "t"]:
    """Matches a level starts from: the coarser level's, or the place the landmarks point to."""
    height, width = sheet.usable.shape
    guess = np.round(view.canvas_xy).astype(int)
    if coarser is not None:
        rows = np.minimum(view.xy[:, 1] // 2, coarser.shape[0] - 1)
        columns = np.minimum(view.xy[:, 0] // 2, coarser.shape[1] - 1)
        carried = coarser[rows, columns]
        # Layers lie side by side: the same layer, twice the place in it, the same half pixel.
        layer = np.floor(carried[:, 0] / coarser_layer)
        inner = carried - np.stack([layer * coarser_layer, np.zeros_like(layer)], -1)
        place = inner * 2 + np.stack([view.xy[:, 0] % 2, view.xy[:, 1] % 2], -1) + np.stack(
            [layer * width, np.zeros_like(layer)], -1)
        guess = np.where(np.isnan(place), guess, np.nan_to_num(place)).astype(int)
    else:
        guess = np.clip(guess, 0, (width - 1, height - 1))
        if sheet.unit_px is not None:  # an object's back shows the canvas mirrored: the atlas' second layer
            guess[:, 0] = np.where(_mirrored(view), 2 * width - 1 - guess[:, 0], guess[:, 0])
    rows, columns = atlas.index.shape
    clipped = np.clip(guess, 0, (columns - 1, rows - 1))
    return nearest_rows(atlas, clipped.astype(np.int32))


def _mirrored(view: ViewGuide) -> Bool[np.ndarray, "t"]:
    """True where the canvas lies mirrored on the surface, as this view sees it (nearly all of a view or nothing)."""
    x, columns = view.canvas_xy[:, 0], view.xy[:, 0]
    spread = np.cov(columns.astype(float), x.astype(float)) if len(x) > 1 else np.zeros((2, 2))
    return np.full(len(x), bool(spread[0, 1] < 0))


def nearest_rows(atlas: Atlas, xy: Int[np.ndarray, "t 2"]) -> Int32[np.ndarray, "t"]:
    """The usable style pixel nearest to each place."""
    known = atlas.index >= 0
    _, labels = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    lookup = np.zeros(int(labels.max()) + 1, np.int32)
    labels = labels.astype(np.int64)
    lookup[labels[known]] = atlas.index[known]
    return lookup[labels[xy[:, 1], xy[:, 0]]]
