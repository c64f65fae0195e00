"""Recognition as retrieval: is the right one the nearest among N?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True)
class Recognition:
    """rate: share of results whose own one is first. chance: what guessing gives. ranks: of each result's own one (1:
    first; ties count against it). judged: results whose distances are known."""

    rate: float
    chance: float
    ranks: tuple[int, ...]
    judged: int


def recognition(distances: Float[np.ndarray, "r n"], own: Int[np.ndarray, "r"]) -> Recognition:
    """Returns how many of `r` results have their own one of `n` nearest.

    own: the number of each result's own. A row with nan at its own place (nothing was found in the result) is judged
    and counts as not recognised: what shows no face any more keeps no likeness. Raises ValueError without candidates.
    """
    if distances.shape[1] < 2:
        raise ValueError("recognition needs two candidates at least")
    mine = distances[np.arange(len(own)), own]
    nearer = np.nan_to_num(distances, nan=np.inf) <= mine[:, None]  # with itself; ties count against it
    ranks = np.where(np.isfinite(mine), nearer.sum(1), distances.shape[1])
    rate = float((ranks == 1).mean()) if len(ranks) else float("nan")
    return Recognition(rate, 1 / distances.shape[1], tuple(int(rank) for rank in ranks), len(ranks))


@dataclass(frozen=True)
class Calibration:
    """What a distance means. threshold: where as many pairs of the same are refused as others are taken. error: that
    share. same, other: medians of both kinds."""

    threshold: float
    error: float
    same: float
    other: float


def calibration(same: Float[np.ndarray, "s"], other: Float[np.ndarray, "o"]) -> Calibration:
    """Returns the equal-error point of distances of pairs of the same person and of different people.

    Raises ValueError when one kind is missing.
    """
    if not len(same) or not len(other):
        raise ValueError("calibration needs pairs of both kinds")
    edges = np.unique(np.concatenate([same, other]))
    refused = np.array([(same > edge).mean() for edge in edges])
    taken = np.array([(other <= edge).mean() for edge in edges])
    best = int(np.abs(refused - taken).argmin())
    error = float((refused[best] + taken[best]) / 2)
    return Calibration(float(edges[best]), error, float(np.median(same)), float(np.median(other)))
