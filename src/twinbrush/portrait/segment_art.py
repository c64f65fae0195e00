"""Which pixels of a painted portrait are skin, hair, cloth and background: a random walker on the paint's edges.

Paint has none of the statistics of photographs, so the selfie network counts for little. What is safe: the face's
oval is skin, the far sides at head height are wall, hair and cloth lie around and below. Colour and texture mixtures
are fitted to these seeds; with the shape prior they give every pixel's odds; a random walker with priors (Grady 2005,
"Multilabel random walker image segmentation using prior models") spreads the odds up to the edges of the paint; and
the mixtures are refitted to what became certain. A label that its own pixel's colour contradicts loses its
confidence: the painter leaves such pixels out, which costs little, while wall that counts as hair shows at once.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from twinbrush.image import to_lab
from twinbrush.mesh import Region
from twinbrush.portrait import shape_prior
from twinbrush.portrait.colour_model import fit_colours
from twinbrush.portrait.filters import GuidedFilter, blur, drop_specks, fill_holes, keep_component
from twinbrush.portrait.shape_prior import HeadFrame

SOLVE_PIXELS = 45_000  # unknowns of the random walker
ROUNDS = 3
COLOUR_WEIGHT = 0.5  # neighbouring pixels are not independent evidence
COLOUR_CAP = 12.0  # about -log density of a colour that belongs to no class
MATTE_WEIGHT = 0.35
SEED_PULL, CERTAIN_PULL = 0.004, 0.08  # weight of a pixel's own odds beside its neighbours': when unsure, when sure
WEAKEST_EDGE = 2e-3
CLASSES = (Region.BACKGROUND, Region.SKIN, Region.HAIR, Region.CLOTH)
B, S, H, C = range(4)


def segment_painted(
    small: Float[np.ndarray, "h w 3"], frame: HeadFrame, rough: Float[np.ndarray, "h w"], *, given: bool = False
) -> tuple[Float[np.ndarray, "4 h w"], Float[np.ndarray, "h w"]]:
    """Odds of (background, skin, hair, cloth), which sum to 1, and how far the pixel's own colour agrees (0..1).

    rough: the network's matte, or with `given` the user's mask, which is then believed. frame: of the same size.
    """
    features = _features(small, frame.unit_px)
    prior = _prior(frame, rough, given)
    safe = _safe_seeds(frame, rough, given)
    lit = _lit(features, safe == S)  # dark red shadows of a face have the colours of red hair
    unlike = [_unlikeness(features, where) for where in (safe == B, safe == S, lit)]
    labels = _guesses(features, safe, unlike, frame)
    strange = _stranger(features, labels == H, (safe == B) | lit)
    walker = _Walker(blur(features, 0.006 * frame.unit_px)[..., :3])
    colour, odds = np.zeros(prior.shape), np.zeros(prior.shape)
    for _ in range(ROUNDS):
        colour = _colour_energies(features, labels)
        energy = prior + COLOUR_WEIGHT * colour
        own = np.exp(-(energy - energy.min(0)))
        odds = _connected(walker(own / own.sum(0), safe), frame)
        labels = np.where(odds.max(0) > 0.8, odds.argmax(0), -1)
        # what looks like the safe wall or the safe skin must not teach what hair and cloth look like
        labels[(labels == H) & ((unlike[0] < 0.0) | (unlike[2] < 0.0) | strange)] = -1
        labels[(labels == C) & ((unlike[1] < 0) | ((unlike[0] < 0) & (_shoulders(frame) < 0)))] = -1
        labels[frame.features] = -1
        labels = np.where(safe >= 0, safe, labels)
    return odds, _agreement(colour, odds, frame)


def _features(small: Float[np.ndarray, "h w 3"], unit_px: float) -> Float[np.ndarray, "h w 4"]:
    """Lab of the paint without single strokes, and the strokes' contrast."""
    lab = to_lab(small)
    sigma = 0.012 * unit_px
    fine = blur(lab[..., 0].astype(np.float64), 0.02 * unit_px)
    spread = blur((lab[..., 0] - fine) ** 2, 0.03 * unit_px)
    return np.concatenate([blur(lab.astype(np.float64), sigma), np.sqrt(np.maximum(spread, 0))[..., None]], -1)


def _shoulders(frame: HeadFrame) -> Float[np.ndarray, "h w"]:
    """How far inside the usual line of the shoulders, in face heights."""
    return 0.38 + 1.1 * np.maximum(frame.v - 0.70, 0) - np.abs(frame.u)


def _prior(frame: HeadFrame, rough: Float[np.ndarray, "h w"], given: bool) -> Float[np.ndarray, "4 h w"]:
    """Energies from the place in the head's frame, and the matte."""
    weight = 20.0 if given else MATTE_WEIGHT
    sure = np.clip(rough, 0.02, 0.98)
    person, nobody = -weight * np.log(sure / 0.5), -weight * np.log((1 - sure) / 0.5)
    inside = _shoulders(frame)
    if not given:
        nobody = nobody + shape_prior.background_penalty(frame)
        nobody = nobody + np.where(frame.v > 0.68, 2.0 * np.clip(inside / 0.2, -1, 1), 0.0)
        nobody = nobody - 1.5 * np.clip((frame.skull - 1.15) / 0.3, 0, 1) * np.clip((0.65 - frame.v) / 0.1, 0, 1)
    # foreheads of paintings are high, and some heads are bald
    forehead = 0.8 + 5 * np.maximum(0, -frame.oval) + 5 * np.maximum(0, frame.v) + 8 * np.maximum(0, frame.skull - 1)
    forehead = forehead + 8 * np.maximum(0, np.abs(frame.u) - 0.3)
    skin = np.minimum(shape_prior.skin_penalty(frame), forehead)
    neck = 1.5 * np.clip((0.25 - np.abs(frame.u)) / 0.1, 0, 1) * np.clip((0.9 - frame.v) / 0.1, 0, 1)
    aside = 3 * np.clip((-inside - 0.15) / 0.2, 0, 1) * np.clip((0.9 - frame.v) / 0.2, 0, 1)
    cloth = shape_prior.cloth_penalty(frame) + neck + aside
    return np.stack([nobody, skin + person, shape_prior.hair_penalty(frame) + person, cloth + person])


def _safe_seeds(frame: HeadFrame, rough: Float[np.ndarray, "h w"], given: bool) -> Int[np.ndarray, "h w"]:
    """Skin and background by their place alone; else -1."""
    labels = np.full(frame.u.shape, -1)
    labels[(frame.oval > 0.05) & (frame.v > -0.08) & ~frame.features] = S
    labels[rough < 0.1 if given else _wall(frame)] = B
    return labels


def _lit(features: Float[np.ndarray, "h w 4"], skin: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """The seven tenths of the skin nearest to its median colour."""
    if not skin.any():
        return skin
    distance = ((features[..., :3] - np.median(features[skin][:, :3], axis=0)) ** 2).sum(-1)
    return skin & (distance <= np.quantile(distance[skin], 0.7))


def _unlikeness(features: Float[np.ndarray, "h w 4"], where: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """Colour energy above what nine in ten of the pixels `where` have."""
    energy = _energy(features, where)
    return energy - np.quantile(energy[where], 0.9) if where.sum() >= 40 else energy


def _guesses(
    features: Float[np.ndarray, "h w 4"], safe: Int[np.ndarray, "h w"], unlike: list[Float[np.ndarray, "h w"]],
    frame: HeadFrame,
) -> Int[np.ndarray, "h w"]:
    """The safe seeds, and hair and cloth where they are likely and the paint is unlike safe skin and wall."""
    labels = safe.copy()
    forehead = (frame.oval > 0.06) & (frame.v > -0.22) & (np.abs(frame.u) < 0.2) & ~frame.features
    forehead &= (unlike[1] < 4.0) & (labels < 0)
    labels[forehead] = S
    skin = _unlikeness(features, labels == S)
    around = (frame.oval < 0.14) & (frame.v < -0.15) & (frame.skull < 1.12) & (labels < 0)
    lit = _lit(features, safe == S) | forehead
    unfit = np.minimum(unlike[0], _unlikeness(features, lit))
    for least in (4.0, 2.0, 1.0):
        hair = around & (unfit > least)
        if hair.sum() > 0.15 * around.sum():
            break
    else:
        hair = around & (unfit > 1.0)
    hair = _main_colours(features, hair, (safe == B) | lit, np.clip(unfit, 0, COLOUR_CAP))
    labels[hair] = H
    lowest = float(np.quantile(frame.v[np.abs(frame.u) < 0.3], 0.97)) if (np.abs(frame.u) < 0.3).any() else 1.0
    below = (frame.v > np.clip(lowest - 0.15, 0.70, 0.95)) & (_shoulders(frame) > -0.1) & (frame.oval < 0)
    cloth = below & (skin > 1.0) & ((unlike[0] > 1.0) | (_shoulders(frame) > 0.15)) & (labels < 0)
    if hair.any():
        cloth &= _unlikeness(features, hair) > 0
    labels[cloth] = C
    return labels


def _main_colours(
    features: Float[np.ndarray, "h w 4"], where: Bool[np.ndarray, "h w"], foreign: Bool[np.ndarray, "h w"],
    weight: Float[np.ndarray, "h w"],
) -> Bool[np.ndarray, "h w"]:
    """Those of `where` that are nearer to its own main colour than to any colour of `foreign`: a rim of wall, or a
    piece of forehead, is not hair although it is unlike the safe wall and skin. weight: how unlike."""
    if min(where.sum(), foreign.sum()) < 80:
        return where
    centres = fit_colours(features[where], 4).centres
    others = fit_colours(features[foreign], 10).centres
    nearest = np.stack([((features[..., :3] - centre[:3]) ** 2).sum(-1) for centre in centres]).argmin(0)
    main = int(np.argmax([weight[where & (nearest == k)].sum() for k in range(len(centres))]))
    kept = np.zeros(where.shape, bool)
    for k, centre in enumerate(centres):
        own = float(np.linalg.norm(centre[:3] - centres[main, :3]))
        if k == main or own < 1.8 * np.linalg.norm(centre[:3] - others[:, :3], axis=1).min():
            kept |= where & (nearest == k)
    return kept


def _stranger(
    features: Float[np.ndarray, "h w 4"], own: Bool[np.ndarray, "h w"], foreign: Bool[np.ndarray, "h w"]
) -> Bool[np.ndarray, "h w"]:
    """Where the colour is much nearer to those of `foreign` than to those of `own`."""
    if min(own.sum(), foreign.sum()) < 40:
        return np.zeros(own.shape, bool)
    distances = [
        np.min([((features[..., :3] - c[:3]) ** 2).sum(-1) for c in fit_colours(features[where], k).centres], axis=0)
        for where, k in ((own, 5), (foreign, 10))
    ]
    return distances[0] > np.maximum(2.0 * distances[1], 100.0)


def _wall(frame: HeadFrame) -> Bool[np.ndarray, "h w"]:
    """The places farthest from the head on either side of it, above where long hair hangs."""
    above, wall = frame.v < 0.1, np.zeros(frame.u.shape, bool)
    for side in (frame.u < 0, frame.u >= 0):
        for least in (1.6, 1.45, 1.35, 1.25):
            far = (frame.skull > least) & above & side
            if far.sum() > 0.04 * far.size:
                break
        else:
            far = (frame.skull > 1.2) & above & side
        wall |= far
    return wall


def _energy(features: Float[np.ndarray, "h w 4"], where: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """Colour energy of the class whose pixels are `where`; too few of them exclude nothing."""
    if where.sum() < 40:
        return np.full(where.shape, COLOUR_CAP)
    return fit_colours(features[where], 6).energy(features)


def _colour_energies(
    features: Float[np.ndarray, "h w 4"], labels: Int[np.ndarray, "h w"]
) -> Float[np.ndarray, "4 h w"]:
    energies = np.stack([_energy(features, labels == k) for k in range(len(CLASSES))])
    return np.minimum(energies, COLOUR_CAP)


class _Walker:
    """Random walker with priors on the 4-neighbour grid: (L + P) odds = P own, P diagonal."""

    def __init__(self, guide: Float[np.ndarray, "h w 3"]) -> None:
        self.shape = guide.shape[:2]
        index = np.arange(guide.shape[0] * guide.shape[1]).reshape(self.shape)
        steps = [((guide[:, 1:] - guide[:, :-1]) ** 2).sum(-1), ((guide[1:] - guide[:-1]) ** 2).sum(-1)]
        scale = 2 * np.mean([step.mean() for step in steps]) + 1e-9
        self.weights = np.concatenate([np.exp(-step / scale).ravel() for step in steps]) + WEAKEST_EDGE
        self.starts = np.concatenate([index[:, :-1].ravel(), index[:-1].ravel()]).astype(np.int32)
        self.ends = np.concatenate([index[:, 1:].ravel(), index[1:].ravel()]).astype(np.int32)

    def __call__(
        self, own: Float[np.ndarray, "4 h w"], seeds: Int[np.ndarray, "h w"]
    ) -> Float[np.ndarray, "4 h w"]:
        from cholespy import CholeskySolverD, MatrixType  # pyright: ignore[reportAttributeAccessIssue]

        ordered = np.sort(own, axis=0)
        pull = (SEED_PULL + CERTAIN_PULL * (ordered[-1] - ordered[-2]) ** 2).ravel()
        target = own.reshape(len(own), -1).copy()
        safe = np.flatnonzero(np.isin(seeds.ravel(), (B, S)))
        target[:, safe] = np.eye(len(own))[:, seeds.ravel()[safe]]
        pull[safe] = 1.0
        count = len(pull)
        degree = np.bincount(self.starts, self.weights, count) + np.bincount(self.ends, self.weights, count)
        everything = np.arange(count, dtype=np.int32)
        solver = CholeskySolverD(
            count, np.concatenate([self.starts, self.ends, everything]),
            np.concatenate([self.ends, self.starts, everything]),
            np.concatenate([-self.weights, -self.weights, degree + pull]), MatrixType.COO,
        )
        right = np.ascontiguousarray((pull * target).T)
        odds = np.zeros_like(right)
        solver.solve(right, odds)
        odds = np.clip(odds.T.reshape(own.shape), 1e-6, 1)
        return odds / odds.sum(0)


def _connected(odds: Float[np.ndarray, "4 h w"], frame: HeadFrame) -> Float[np.ndarray, "4 h w"]:
    """Hair hangs on the skull, cloth on what is below the chin, all of the person on the face; specks go."""
    odds = odds.copy()
    labels = odds.argmax(0)
    least = 0.008 * frame.unit_px**2
    homes = {H: (frame.skull < 1.1) & (frame.v < 0.1), C: (frame.v > 0.75) & (np.abs(frame.u) < 0.5)}
    for k, home in homes.items():
        part = drop_specks(labels == k, least)
        thick = cv2.erode(part.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        _, pieces = cv2.connectedComponents(cv2.dilate(thick.astype(np.uint8), np.ones((5, 5), np.uint8)))
        touching = np.isin(pieces, np.setdiff1d(pieces[home], [0]))
        odds[k] *= np.where((labels == k) & ~(touching & part), 1e-4, 1.0)
    odds /= odds.sum(0)
    labels = odds.argmax(0)
    person = keep_component(labels != B, frame.oval > 0.02)
    odds[1:] *= np.where((labels != B) & ~person, 1e-4, 1.0)
    filled = fill_holes(person, 0.02 * frame.unit_px**2) & ~person
    odds[0] *= np.where(filled, 0.02, 1.0)
    return odds / odds.sum(0)


def _agreement(
    colour: Float[np.ndarray, "4 h w"], odds: Float[np.ndarray, "4 h w"], frame: HeadFrame
) -> Float[np.ndarray, "h w"]:
    """Low where a pixel of the person looks more like another class than like its own; away from where the head and
    the shoulders surely are, also where it looks as much like the wall."""
    labels = odds.argmax(0)
    own = np.take_along_axis(colour, labels[None], 0)[0]
    head = np.clip((frame.skull - 0.85) / 0.2, 0, 1) * (frame.v < 0.6)
    body = np.clip((0.15 - _shoulders(frame)) / 0.2, 0, 1) * (frame.v >= 0.6)
    margin = 4.0 * np.maximum(head, body) - 2.5
    wall = np.where(labels == B, np.inf, colour[B] - margin)
    forehead = (frame.oval > -0.2) & (np.abs(frame.u) < 0.4) & (frame.v < 0)
    skin = np.where((labels == H) | (labels == C), colour[S] + np.where(forehead | (labels == C), 0.5, 4.0), np.inf)
    hair = np.where((labels == S) | (labels == C), colour[H] + 3, np.inf)
    doubt = np.clip((own - np.minimum(wall, np.minimum(skin, hair))) / 3.0, 0, 1)
    doubt = np.maximum(doubt, np.where(labels == H, np.clip((own - 8) / 3.0, 0, 1), 0.0))
    return 1 - np.where((frame.oval > 0.02) & (frame.v > -0.1) | frame.features, 0.0, doubt)


def resolved(
    image: Float[np.ndarray, "h w 3"], odds: Float[np.ndarray, "4 hs ws"], scale: float
) -> tuple[Float[np.ndarray, "h w"], UInt8[np.ndarray, "h w"]]:
    """Matte and labels at the image's size; the borders follow its edges at `scale` times its size."""
    height, width = image.shape[:2]
    size = (max(8, round(width * min(scale, 1))), max(8, round(height * min(scale, 1))))
    middle = np.ascontiguousarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.float32)
    smooth = GuidedFilter(middle, max(2, round(2 * size[0] / odds.shape[2])), 4e-4)
    fine = np.stack([smooth(cv2.resize(layer, size, interpolation=cv2.INTER_LINEAR)) for layer in odds])
    full = np.stack([cv2.resize(layer, (width, height), interpolation=cv2.INTER_LINEAR) for layer in fine])
    matte = np.clip((1 - full[0] - 0.2) / 0.6, 0, 1).astype(np.float64)
    labels = full.argmax(0).astype(np.uint8)
    return matte, np.where(matte > 0.5, np.where(labels == B, full[1:].argmax(0) + 1, labels), B).astype(np.uint8)
