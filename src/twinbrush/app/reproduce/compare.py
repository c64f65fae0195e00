"""The methods against each other, over the pairs that all of them made: none gains by refusing hard ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import binomtest

from twinbrush.app.reproduce.measure import Gallery, recognised
from twinbrush.app.reproduce.runs import Done
from twinbrush.evaluate.figure_numbers import style_distances
from twinbrush.evaluate.metrics import METRICS, Direction
from twinbrush.evaluate.recognition import Recognition

HALVES = "the judge itself (halves of styles)"
Measured = Sequence[tuple[Done, Mapping[str, Any]]]


@dataclass(frozen=True)
class Spread:
    """A metric over a method's pairs. deviation: standard deviation between pairs, nan for one. count: where known."""

    mean: float
    deviation: float
    count: int


@dataclass(frozen=True)
class Rate:
    """How often a method's own candidate was the nearest. what: "SR judge" or "CR embedder surface". low, high: the 95%
    interval of Clopper and Pearson over results. rank: median rank of the own candidate (1: nearest)."""

    method: str
    what: str
    rate: float
    low: float
    high: float
    chance: float
    rank: float
    results: int


def methods_of(measured: Measured) -> list[str]:
    """Returns the methods, each once, in the order in which they were run."""
    return list(dict.fromkeys(done.job.method for done, _ in measured))


def on_shared_pairs(measured: Measured) -> Measured:
    """Returns the results on pairs of which every method made one."""
    methods = methods_of(measured)
    pairs = [{done.job.pair for done, _ in measured if done.job.method == method} for method in methods]
    shared = set[str].intersection(*pairs) if pairs else set[str]()
    return [(done, told) for done, told in measured if done.job.pair in shared]


def spreads(measured: Measured) -> dict[str, dict[str, Spread]]:
    """Returns {method: {metric: mean and spread over its pairs}}; a metric that no pair knows is left out."""
    out: dict[str, dict[str, Spread]] = {method: {} for method in methods_of(measured)}
    for method, found in out.items():
        rows = [told["metrics"] for done, told in measured if done.job.method == method]
        for name in dict.fromkeys(name for row in rows for name in row):
            values = np.array([row[name] for row in rows if row.get(name) is not None], float)
            if len(values):
                deviation = float(values.std(ddof=1)) if len(values) > 1 else math.nan
                found[name] = Spread(float(values.mean()), deviation, len(values))
    return out


def recognitions(measured: Measured) -> list[Rate]:
    """Returns SR by every judge, and CR by every embedder and surface, of every method."""
    out: list[Rate] = []
    for method in methods_of(measured):
        mine = [(done, told) for done, told in measured if done.job.method == method]
        asked = [("SR", "styles", name) for name in mine[0][1]["styles"]]
        asked += [("CR", "photos", name) for name in mine[0][1]["photos"]]
        for kind, table, name in asked:
            own = [(done.job.style if kind == "SR" else done.job.content).stem for done, _ in mine]
            found = recognised([(o, told[table][name]) for o, (_, told) in zip(own, mine, strict=True)])
            out.append(rate_of(method, f"{kind} {name}", found))
    return out


def ceilings(gallery: Gallery) -> list[Rate]:
    """Returns how often each judge of style finds one half of a style by the other: no method can be asked for more."""
    out: list[Rate] = []
    for net in gallery.jury.nets:
        left, right = gallery.halves(net)
        found = [(name, style_distances(half, others)) for one, others in ((left, right), (right, left))
                 for name, half in one.items()]  # fmt: skip
        out.append(rate_of(HALVES, f"SR {net}", recognised(found)))
    return out


def rate_of(method: str, what: str, found: Recognition) -> Rate:
    """Returns a recognition with its interval."""
    sure = binomtest(round(found.rate * found.judged), found.judged).proportion_ci(0.95, "exact")
    return Rate(method, what, found.rate, float(sure.low), float(sure.high), found.chance,
                float(np.median(found.ranks)), found.judged)  # fmt: skip


def pairs_won(measured: Measured, names: Sequence[str]) -> dict[str, dict[str, tuple[int, int]]]:
    """Returns {method: {metric: (pairs on which it is better than the first method, pairs that differ)}}.

    names: metrics, of which those that judge nothing are left out.
    """
    first, *others = methods_of(measured)
    table = {(done.job.method, done.job.pair): told["metrics"] for done, told in measured}
    out: dict[str, dict[str, tuple[int, int]]] = {method: {} for method in others}
    for method in others:
        for name in names:
            better = direction_of(name)
            if better == "none":
                continue
            both = [(row.get(name), table.get((first, pair), {}).get(name))
                    for (who, pair), row in table.items() if who == method]  # fmt: skip
            gaps = [merit(ours, better) - merit(theirs, better)
                    for ours, theirs in both if ours is not None and theirs is not None]  # fmt: skip
            out[method][name] = sum(gap > 0 for gap in gaps), sum(gap != 0 for gap in gaps)
    return out


def direction_of(name: str) -> Direction:
    """Returns which way a metric of a report is better: of its own name, or of that which it begins with."""
    known = [metric for metric in METRICS.values() if name.removeprefix("pair_").startswith(metric.name)]
    return max(known, key=lambda metric: len(metric.name)).better if known else "none"


def merit(value: float, better: Direction) -> float:
    """Returns a number that is higher where the metric is better."""
    return {"higher": value, "lower": -value, "one": -abs(value - 1), "none": 0.0}[better]
