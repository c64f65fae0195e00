"""Sparse symmetric positive definite systems on meshes, factorised once."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import SuperLU, splu

CHOLESPY = find_spec("cholespy") is not None  # no wheels of it for Linux on Arm: docs/installation.md


def factorised(matrix: sparse.spmatrix) -> SuperLU:
    """Returns the factors of a sparse symmetric positive definite matrix (n, n): `.solve(right)` for (n,) or (n, c).

    The order is chosen for the matrix' own graph (minimum degree) and no row is exchanged: half the work of the order
    that unsymmetric matrices need (SuperLU's users' guide, 2.4).
    """
    return splu(sparse.csc_matrix(matrix), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0,
                options={"SymmetricMode": True})


def quick_solver(matrix: sparse.spmatrix) -> Callable[[np.ndarray], np.ndarray]:
    """Returns x = solve(b) for a sparse symmetric positive definite matrix (n, n) and right sides (n, c).

    By the fastest factorisation that is installed: cholespy's (Cholesky), else SuperLU's; the same to rounding.
    """
    if not CHOLESPY:
        return factorised(matrix).solve
    from cholespy import CholeskySolverD, MatrixType  # pyright: ignore[reportAttributeAccessIssue]

    entries = sparse.coo_matrix(matrix)
    rows, columns = entries.row.astype(np.int32), entries.col.astype(np.int32)
    solver = CholeskySolverD(int(rows.max()) + 1, rows, columns, entries.data, MatrixType.COO)

    def solve(right: np.ndarray) -> np.ndarray:
        # Column by column, to the same bytes: the solver never gives back the room for the widest right side.
        out = np.zeros(right.shape[::-1])
        for column, given in zip(out, np.ascontiguousarray(right.T, np.float64), strict=True):
            solver.solve(given, column)
        return np.ascontiguousarray(out.T)

    return solve
