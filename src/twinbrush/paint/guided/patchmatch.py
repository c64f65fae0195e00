"""PatchMatch nearest-neighbour fields over feature rows (Barnes et al. 2009), and the vote of an EM step.

Targets and sources are lists of pixels ("rows") with one feature vector each; index images give a pixel's row or -1. So
background costs nothing, and any number of source layers can lie side by side in one atlas. Everything is sequential
and seeded: the same input gives the same bytes. (`no_type_check` keeps the tests' import hook away from the kernels.)
"""

from __future__ import annotations

from typing import Any, no_type_check

import numpy as np
from jaxtyping import Float, Float32, Int32
from numba import njit


@njit(cache=True, nogil=True)
@no_type_check
def _next_random(state: Any) -> Any:
    """xorshift64*; returns the new state."""
    state ^= (state >> np.uint64(12)) & np.uint64(0xFFFFFFFFFFFFFFFF)
    state ^= state << np.uint64(25)
    state ^= state >> np.uint64(27)
    return state


@njit(cache=True, nogil=True)
@no_type_check
def _distance(target: Any, source: Any, weight: Any, limit: float) -> Any:
    """Weighted squared distance of two feature rows, cut off once it exceeds `limit` (see `improve_field`)."""
    dx = target[0] - source[0]
    dy = target[1] - source[1]
    total = weight[0] * (dx * dx + dy * dy)
    for c in range(2, 5):
        d = target[c] - source[c]
        total += weight[1] * d * d
    if total > limit:
        return total
    n = target.shape[0]
    i = 5
    while i < n:
        stop = min(i + 8, n)
        part = np.float32(0.0)
        for c in range(i, stop):
            d = target[c] - source[c]
            part += d * d
        total += weight[2] * part
        if total > limit:
            return total
        i = stop
    return total


@njit(cache=True, nogil=True)
@no_type_check
def _costs(target: Any, source: Any, weight: Any, field: Any) -> Any:
    cost = np.empty(len(field), np.float32)
    for i in range(len(field)):
        cost[i] = _distance(target[i], source[field[i]], weight[i], np.inf)
    return cost


@njit(cache=True, nogil=True)
@no_type_check
def _row_at(index: Any, x: int, y: int) -> Any:
    """Row of a pixel, or -1 outside the image or where it is not usable."""
    if x < 0 or y < 0 or x >= index.shape[1] or y >= index.shape[0]:
        return -1
    return index[y, x]


@njit(cache=True, nogil=True)
@no_type_check
def _better(
    target: Any, weight: Any, source: Any, candidate: Any, old: Any, best: Any, cost: Any, usage: Any, penalty: float,
) -> Any:
    """The better of `best` (whose plain cost is `cost`) and `candidate`, with its plain cost.

    `old` is the row's present match: its own use of a source pixel is not held against it.
    """
    if candidate < 0 or candidate == best:
        return best, cost
    limit = cost + penalty * (usage[best] - (1 if best == old else 0))
    extra = penalty * (usage[candidate] - (1 if candidate == old else 0))
    d = _distance(target, source[candidate], weight, limit - extra)
    if d + extra < limit:
        return candidate, d
    return best, cost


@njit(cache=True, nogil=True)
@no_type_check
def _sweep(
    target: Any, weight: Any, target_xy: Any, target_index: Any, source: Any, source_xy: Any, source_index: Any,
    field: Any, cost: Any, usage: Any, penalty: float, radius: int, reverse: bool, seed: int,
) -> None:
    """One pass: propagation from two neighbours, then random search around the best; changes field, cost, usage."""
    state = np.uint64(seed * 2654435761 + 88172645463325252)
    count = len(field)
    step = -1 if reverse else 1
    for n in range(count):
        i = count - 1 - n if reverse else n
        x, y = target_xy[i, 0], target_xy[i, 1]
        old, best, best_cost = field[i], field[i], cost[i]
        for side in range(2):
            nx, ny = x - step * (1 - side), y - step * side
            neighbour = _row_at(target_index, nx, ny)
            if neighbour >= 0:
                s = field[neighbour]
                candidate = _row_at(source_index, source_xy[s, 0] + (x - nx), source_xy[s, 1] + (y - ny))
                best, best_cost = _better(
                    target[i], weight[i], source, candidate, old, best, best_cost, usage, penalty
                )
        r = radius
        while r >= 1:
            state = _next_random(state)
            a = np.int64((state >> np.uint64(33)) % np.uint64(2 * r + 1)) - r
            b = np.int64((state >> np.uint64(11)) % np.uint64(2 * r + 1)) - r
            candidate = _row_at(source_index, source_xy[best, 0] + a, source_xy[best, 1] + b)
            best, best_cost = _better(target[i], weight[i], source, candidate, old, best, best_cost, usage, penalty)
            r //= 2
        if best != old:
            usage[old] -= 1
            usage[best] += 1
            field[i], cost[i] = best, best_cost


def improve_field(
    target: Float32[np.ndarray, "t d"], weight: Float32[np.ndarray, "t 3"], target_xy: Int32[np.ndarray, "t 2"],
    target_index: Int32[np.ndarray, "h w"], source: Float32[np.ndarray, "s d"], source_xy: Int32[np.ndarray, "s 2"],
    source_index: Int32[np.ndarray, "a b"], field: Int32[np.ndarray, "t"], usage: Int32[np.ndarray, "s"], *,
    penalty: float, radius: int, passes: int, seed: int,
) -> tuple[Int32[np.ndarray, "t"], Float32[np.ndarray, "t"]]:
    """PatchMatch: a better field (row of the source for each target row) and its costs.

    Feature rows are [position 2 | region 3 | appearance d - 5]; a cost is the sum of the three squared distances
    weighted by the target row's `weight`.
    usage[s]: how many target rows of ALL views use source row s; changed in place. Each use costs `penalty` (StyLit's
    uniformity, as a soft price). radius: of the random search, pixels.
    """
    field = field.copy()
    cost = _costs(target, source, weight, field)
    for p in range(passes):
        _sweep(
            target, weight, target_xy, target_index, source, source_xy, source_index, field, cost, usage, penalty,
            radius, p % 2 == 1, seed * 31 + p,
        )
    return field, cost


@njit(cache=True, nogil=True)
@no_type_check
def _vote(
    colours: Any, target_xy: Any, target_index: Any, source_xy: Any, field: Any, weight: Any, half: int, out: Any,
) -> None:
    height, width = target_index.shape
    rows, columns, _ = colours.shape
    for i in range(len(field)):
        x, y = target_xy[i, 0], target_xy[i, 1]
        r = np.float32(0.0)
        g = np.float32(0.0)
        b = np.float32(0.0)
        total = np.float32(0.0)
        for dy in range(-half, half + 1):
            ny = y + dy
            if ny < 0 or ny >= height:
                continue
            for dx in range(-half, half + 1):
                nx = x + dx
                if nx < 0 or nx >= width:
                    continue
                j = target_index[ny, nx]
                if j < 0:
                    continue
                s = field[j]
                sx, sy = source_xy[s, 0] - dx, source_xy[s, 1] - dy
                if sx < 0 or sy < 0 or sx >= columns or sy >= rows:
                    continue
                w = weight[j]
                r += w * colours[sy, sx, 0]
                g += w * colours[sy, sx, 1]
                b += w * colours[sy, sx, 2]
                total += w
        out[i, 0] = r / total
        out[i, 1] = g / total
        out[i, 2] = b / total


def vote(
    colours: Float32[np.ndarray, "a b 3"], target_xy: Int32[np.ndarray, "t 2"],
    target_index: Int32[np.ndarray, "h w"], source_xy: Int32[np.ndarray, "s 2"], field: Int32[np.ndarray, "t"],
    cost: Float32[np.ndarray, "t"], patch: int,
) -> Float32[np.ndarray, "t 3"]:
    """Colours of the target rows: mean over the `patch` x `patch` patches that cover a pixel, good matches first.

    A patch weighs exp(-cost / (2 median)); costs are clamped to 20 times the median, else weights underflow to 0 / 0.
    """
    scale = max(float(np.median(cost)), 1e-8)
    weight = np.exp(-np.minimum(cost, 20 * scale) / (2 * scale)).astype(np.float32)
    out = np.empty((len(field), 3), np.float32)
    _vote(colours, target_xy, target_index, source_xy, field, weight, patch // 2, out)
    return out


@njit(cache=True, nogil=True)
@no_type_check
def _carry(
    target_xy: Any, sample_xy: Any, other_index: Any, other_field: Any, source_xy: Any, source_index: Any,
    field: Any,
) -> None:
    height, width = other_index.shape
    rows, columns = source_index.shape
    for i in range(len(field)):
        x, y = sample_xy[i, 0], sample_xy[i, 1]
        rx, ry = int(np.floor(x + 0.5)), int(np.floor(y + 0.5))
        if rx < 0 or ry < 0 or rx >= width or ry >= height:
            continue
        j = other_index[ry, rx]
        if j < 0:
            continue
        s = other_field[j]
        sx, sy = source_xy[s, 0], source_xy[s, 1]
        if sx < 0 or sy < 0 or sx >= columns or sy >= rows or source_index[sy, sx] < 0:
            continue
        field[i] = source_index[sy, sx]


def carry_field(
    target_xy: Int32[np.ndarray, "t 2"], sample_xy: Float[np.ndarray, "t 2"], other_index: Int32[np.ndarray, "h w"],
    other_field: Int32[np.ndarray, "u"], source_xy: Int32[np.ndarray, "s 2"],
    source_index: Int32[np.ndarray, "a b"], field: Int32[np.ndarray, "t"],
) -> Int32[np.ndarray, "t"]:
    """Bring another view's field over: target row i takes the match of the pixel nearest to sample_xy[i] (other view).

    Rows without a counterpart keep `field`.
    """
    carried = field.copy()
    _carry(target_xy, sample_xy, other_index, other_field, source_xy, source_index, carried)
    return carried
