"""Bounded least squares for small dense normal equations."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

ROUNDS = 20  # of fixing what leaves its bounds: each fixes at least one variable or ends


def bounded_step(
    normal: Float[np.ndarray, "p p"], gradient: Float[np.ndarray, "p"], now: Float[np.ndarray, "p"],
    low: Float[np.ndarray, "p"], high: Float[np.ndarray, "p"],
) -> Float[np.ndarray, "p"]:
    """Returns the step d that minimises d' normal d / 2 - gradient' d with low <= now + d <= high, nearly.

    An active set that only grows: what leaves its bounds is put onto them and the rest is solved again. Exact when
    nothing put onto a bound would leave it again; what is lost otherwise is won back in the next Gauss-Newton step.
    """
    free: Bool[np.ndarray, "p"] = np.ones(len(now), bool)
    step = np.zeros(len(now))
    for _ in range(ROUNDS):
        right = gradient[free] - normal[np.ix_(free, ~free)] @ step[~free]
        step[free] = np.linalg.solve(normal[np.ix_(free, free)], right)
        after = now + step
        outside = free & ((after < low - 1e-9) | (after > high + 1e-9))
        if not outside.any():
            break
        step[outside] = np.where(after[outside] < low[outside], low[outside], high[outside]) - now[outside]
        free &= ~outside
    return np.clip(now + step, low, high) - now
