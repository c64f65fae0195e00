"""Silhouette against silhouette: points of two outlines matched by what they see of the rest, in the outlines' order.

The cost of a pair is Belongie's (shape contexts, chi-squared) with the outline's direction and bend beside it; the
assignment is not the Hungarian method's but cyclic dynamic time warping (Maes 1990; Sakoe and Chiba 1978): order along
the outline is kept, so pairs never cross, and a part that only one outline has is passed by at a bounded price. As
in the original, the first matches give a smooth warp and the outlines are matched again under it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float, Int
from numba import njit
from scipy.interpolate import RBFInterpolator

from twinbrush.align.objects.outline import (
    Outline,
    chi_squared,
    mirrored,
    shape_contexts,
    tips,
)

CONTEXT, DIRECTION, BEND, PLACE = 0.6, 0.3, 0.3, 0.2  # weights of the four costs
SPENT = 0.45  # a pair costs at most this: a part without counterpart does not spoil the rest
STEP = 0.03  # what it costs to stay at a point of one outline while going on along the other
TURN_COST = 0.15  # of a radian: things stand upright in pictures, and narrow shapes look like broad ones when tilted
MIRROR_COST = 0.01  # a mirror image has to be better by this
ROUNDS = 3
SMOOTHING = (1.0, 0.1, 0.03)  # of the warp after each round


@dataclass(frozen=True)
class OutlineMatch:
    """The path through both outlines: first[i] of one goes with second[i] of the other (indices, in order, a point
    may come again); cost (p,): of each pair, 0 (alike) to 0.45; mean_cost: over the path; unlikeness: mean cost before
    the second outline was warped to the first, and the turn's price; mirrored: the second outline was taken in a mirror
    (its indices still count along the outline as it was given)."""

    first: Int[np.ndarray, "p"]
    second: Int[np.ndarray, "p"]
    cost: Float[np.ndarray, "p"]
    mean_cost: float
    unlikeness: float
    turn_radians: float
    mirrored: bool


def match_outlines(
    first: Outline, second: Outline, *, max_turn_degrees: float, mirror: bool = False, rounds: int = ROUNDS
) -> OutlineMatch:
    """The best path over all turns of `second` within bounds (steps of about 10 degrees), and over its mirror image
    if `mirror`."""
    candidates = [(second, False), (mirrored(second), True)] if mirror else [(second, False)]
    best: tuple[OutlineMatch, Outline] | None = None
    for other, flipped in candidates:
        match = _best_turn(first, other, max_turn_degrees)
        if best is None or match.unlikeness + MIRROR_COST < best[0].unlikeness:
            best = replace(match, mirrored=flipped), other
    assert best is not None
    match, other = best
    for number in range(rounds):
        again = _again(first, other, match, SMOOTHING[min(number, len(SMOOTHING) - 1)])
        match = replace(again, mirrored=match.mirrored, unlikeness=match.unlikeness)
    if match.mirrored:
        return replace(match, second=len(second.points_xy) - 1 - match.second)
    return match


def chosen_pairs(
    first: Outline, second: Outline, match: OutlineMatch, count: int
) -> tuple[Float[np.ndarray, "k 2"], Float[np.ndarray, "k 2"], Float[np.ndarray, "k"]]:
    """About `count` pairs of the path, well spread: tips of either outline first, then whatever is farthest from all
    that are chosen. (first_xy, second_xy, confidence 0..1)."""
    strength = np.zeros(len(match.first))
    for outline, index in ((first, match.first), (second, match.second)):
        marked = np.zeros(len(outline.points_xy))
        for tip in tips(outline):
            marked[tip] = abs(outline.bend[tip, 1])
        strength += marked[index]
    usable = (match.cost < SPENT - 1e-9) & _moving(match)
    first_xy, second_xy = first.points_xy[match.first], second.points_xy[match.second]
    picked = _spread(first_xy / first.scale, second_xy / second.scale, strength, usable, count)
    confidence = np.clip(1 - match.cost[picked] / SPENT, 0, 1)
    return first_xy[picked], second_xy[picked], confidence


def _moving(match: OutlineMatch) -> Bool[np.ndarray, "p"]:
    """False where the path stands still on one outline, but for the best pair of each such stay."""
    keep = np.ones(len(match.first), bool)
    for index in (match.first, match.second):
        order = np.lexsort((match.cost, index))
        again = np.concatenate([[False], index[order][1:] == index[order][:-1]])
        keep[order[again]] = False
    return keep


def _spread(
    a: Float[np.ndarray, "p 2"], b: Float[np.ndarray, "p 2"], strength: Float[np.ndarray, "p"],
    usable: Bool[np.ndarray, "p"], count: int,
) -> Int[np.ndarray, "k"]:
    """Greedy farthest points in both outlines; a tip counts as farther than it is."""
    if not usable.any():
        return np.zeros(0, np.int64)
    favour = 1 + 1.5 * np.minimum(strength, 2)
    gap = np.full(len(a), 10.0)
    picked: list[int] = []
    for _ in range(min(count, int(usable.sum()))):
        score = np.where(usable, gap * favour, -1.0)
        best = int(score.argmax())
        if score[best] <= 0:
            break
        picked.append(best)
        near = np.minimum(np.linalg.norm(a - a[best], axis=1), np.linalg.norm(b - b[best], axis=1))
        gap = np.minimum(gap, near)
    return np.sort(np.array(picked, np.int64))


def _best_turn(first: Outline, second: Outline, max_turn_degrees: float) -> OutlineMatch:
    turns = np.radians(np.linspace(-max_turn_degrees, max_turn_degrees, 2 * max(1, round(max_turn_degrees / 10)) + 1))
    if max_turn_degrees == 0:
        turns = np.zeros(1)
    unit_a, unit_b = _unit(first.normalised), _unit(second.normalised)
    contexts = shape_contexts(first.normalised, unit_a)
    paths: list[OutlineMatch] = []
    for turn in turns:
        seen = chi_squared(contexts, shape_contexts(second.normalised, unit_b, float(turn)))
        placed = second.normalised @ _rotation(float(turn)).T
        cost = _cost(first, second, seen, first.normalised, placed, first.tangents, second.tangents + turn, PLACE)
        paths.append(_path(cost, float(turn)))
    return min(paths, key=lambda match: match.unlikeness)


def _again(first: Outline, second: Outline, match: OutlineMatch, smoothing: float) -> OutlineMatch:
    """The second outline warped to the first by the matches so far, then both matched afresh."""
    good = (match.cost < SPENT - 1e-9) & _moving(match)
    if good.sum() < 8:
        return match
    source, target = second.normalised[match.second[good]], first.normalised[match.first[good]]
    warp = RBFInterpolator(source, target, kernel="thin_plate_spline", smoothing=smoothing)
    warped = warp(second.normalised)
    ahead = np.roll(warped, -2, axis=0) - np.roll(warped, 2, axis=0)
    contexts = shape_contexts(first.normalised, _unit(first.normalised))
    seen = chi_squared(contexts, shape_contexts(warped, _unit(warped)))
    tangents = np.arctan2(ahead[:, 1], ahead[:, 0])
    cost = _cost(first, second, seen, first.normalised, warped, first.tangents, tangents, 2 * PLACE)
    return _path(cost, match.turn_radians)


def _cost(
    first: Outline, second: Outline, seen: Float[np.ndarray, "n m"], a: Float[np.ndarray, "n 2"],
    b: Float[np.ndarray, "m 2"], a_tangents: Float[np.ndarray, "n"], b_tangents: Float[np.ndarray, "m"], place: float,
) -> Float[np.ndarray, "n m"]:
    """Costs of all pairs, at most `SPENT`."""
    direction = 0.5 * (1 - np.cos(a_tangents[:, None] - b_tangents[None]))
    bend = np.abs(first.bend[:, None] - second.bend[None]).mean(2) / np.pi
    apart = np.linalg.norm(a[:, None] - b[None], axis=2)
    total = CONTEXT * seen + DIRECTION * direction + BEND * bend + place * np.minimum(apart, 1)
    return np.minimum(total, SPENT)


def _path(cost: Float[np.ndarray, "n m"], turn: float) -> OutlineMatch:
    """Both outlines once around at the least cost, wherever on the second one starts."""
    n, m = cost.shape
    start = int(np.unravel_index(np.argmin(cost), cost.shape)[0])  # a point that surely has its counterpart
    rolled = np.ascontiguousarray(np.roll(cost, -start, axis=0))
    totals = _totals(rolled, STEP)
    offset = int(totals.argmin())
    first, second = _trace(np.ascontiguousarray(np.roll(rolled, -offset, axis=1)), STEP)
    first, second = (first + start) % n, (second + offset) % m
    mean = float(totals[offset]) / (n + m)
    return OutlineMatch(first, second, cost[first, second], mean, mean + TURN_COST * abs(turn), turn, False)


@njit(cache=True, nogil=True)
@no_type_check
def _totals(cost, step):
    """Cost of the best closed path for every place of the second outline where it may begin."""
    n, m = cost.shape
    out = np.empty(m)
    row = np.empty(m + 1)
    for offset in range(m):
        row[:] = np.inf
        row[0] = 0.0
        for i in range(n):
            diagonal = row[0]
            row[0] = np.inf
            for j in range(m):
                k = j + offset
                c = cost[i, k if k < m else k - m]
                up = row[j + 1]
                best = diagonal + 2 * c
                best = min(best, up + c + step)
                best = min(best, row[j] + c + step)
                diagonal = up
                row[j + 1] = best
        out[offset] = row[m]
    return out


@njit(cache=True, nogil=True)
@no_type_check
def _trace(cost, step):
    """The path from the first pair to the last."""
    n, m = cost.shape
    total = np.full((n + 1, m + 1), np.inf)
    total[0, 0] = 0.0
    for i in range(n):
        for j in range(m):
            c = cost[i, j]
            best = total[i, j] + 2 * c
            best = min(best, total[i, j + 1] + c + step)
            best = min(best, total[i + 1, j] + c + step)
            total[i + 1, j + 1] = best
    first, second = np.empty(n + m, np.int64), np.empty(n + m, np.int64)
    i, j, length = n, m, 0
    while i > 0 and j > 0:
        first[length], second[length] = i - 1, j - 1
        length += 1
        c = cost[i - 1, j - 1]
        if total[i, j] == total[i - 1, j - 1] + 2 * c:
            i, j = i - 1, j - 1
        elif total[i, j] == total[i - 1, j] + c + step:
            i -= 1
        else:
            j -= 1
    return first[:length][::-1].copy(), second[:length][::-1].copy()


def _unit(points: Float[np.ndarray, "n 2"]) -> float:
    """Mean distance between two points."""
    return float(np.linalg.norm(points[:, None] - points[None], axis=2).mean())


def _rotation(turn: float) -> Float[np.ndarray, "2 2"]:
    """Clockwise in the picture (y down)."""
    c, s = np.cos(turn), np.sin(turn)
    return np.array([[c, -s], [s, c]])
