"""Sparse elliptic solves on masked pixel grids: round inflation and screened-harmonic extension."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float


def solve_screened(
    domain: Bool[np.ndarray, "h w"], fixed: Bool[np.ndarray, "h w"], values: Float[np.ndarray, "h w"],
    source: Float[np.ndarray, "h w"], screening: float | Float[np.ndarray, "h w"],
) -> Float[np.ndarray, "h w"]:
    """Solve screening u - laplace(u) = source on `domain` (5-point, pixel units); u = values on `fixed`, 0 elsewhere.

    Pixels neither in `domain` nor in `fixed` are no neighbours: the border to them is free (Neumann). Give them as
    `fixed` with value 0 for a Dirichlet border. The image's own border is free.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.linalg import spsolve

    domain = domain & ~fixed
    count = int(domain.sum())
    result = np.where(fixed, values, 0.0)
    if count == 0:
        return result
    index = np.full(domain.shape, -1)
    index[domain] = np.arange(count)
    diagonal = np.broadcast_to(np.asarray(screening, np.float64), domain.shape)[domain].copy()
    right = source[domain].astype(np.float64)
    rows: list[np.ndarray] = []
    columns: list[np.ndarray] = []
    for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        neighbour = _shifted(index, dy, dx, -1)[domain]
        neighbour_fixed = _shifted(fixed, dy, dx, False)[domain]
        neighbour_value = _shifted(np.where(fixed, values, 0.0), dy, dx, 0.0)[domain]
        diagonal += (neighbour >= 0) | neighbour_fixed
        right += np.where(neighbour_fixed, neighbour_value, 0.0)
        linked = neighbour >= 0
        rows.append(np.flatnonzero(linked))
        columns.append(neighbour[linked])
    row, column = np.concatenate(rows), np.concatenate(columns)
    everything = np.arange(count)
    matrix = coo_matrix(
        (np.concatenate([np.full(len(row), -1.0), np.maximum(diagonal, 1e-9)]),
         (np.concatenate([row, everything]), np.concatenate([column, everything]))), shape=(count, count),
    ).tocsc()
    result[domain] = spsolve(matrix, right, permc_spec="MMD_AT_PLUS_A")
    return result


def _shifted(values: np.ndarray, dy: int, dx: int, fill: float | bool) -> np.ndarray:
    """values[y + dy, x + dx], `fill` outside."""
    result = np.full_like(values, fill)
    height, width = values.shape
    result[max(0, -dy) : height - max(0, dy), max(0, -dx) : width - max(0, dx)] = (
        values[max(0, dy) : height - max(0, -dy), max(0, dx) : width - max(0, -dx)])
    return result

