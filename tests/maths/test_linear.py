"""Both factorisations give what a dense solve gives, and the slower one stands in where cholespy is not installed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from twinbrush.maths import linear


def system() -> sparse.csr_matrix:
    rng = np.random.default_rng(3)
    loose = sparse.random(60, 60, 0.08, random_state=rng)
    return sparse.csr_matrix(loose @ loose.T + sparse.diags(1.0 + rng.random(60)))


@pytest.mark.parametrize("installed", [True, False])
def test_the_quick_solver_solves(installed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if installed and not linear.CHOLESPY:
        pytest.skip("cholespy is not installed")
    if not installed:
        monkeypatch.setitem(__import__("sys").modules, "cholespy", None)  # importing it fails
        monkeypatch.setattr(linear, "CHOLESPY", False)
    matrix, right = system(), np.random.default_rng(4).standard_normal((60, 3))
    solved = linear.quick_solver(matrix)(right)
    assert np.abs(solved - np.linalg.solve(matrix.toarray(), right)).max() < 1e-10


@pytest.mark.skipif(not linear.CHOLESPY, reason="cholespy is not installed")
def test_a_solver_is_given_one_column_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for all columns of the widest right side is never given back."""
    import cholespy

    matrix, right = system(), np.random.default_rng(4).standard_normal((60, 3))
    given: list[tuple[int, ...]] = []

    class Solver(cholespy.CholeskySolverD):
        def solve(self, right: np.ndarray, out: np.ndarray) -> None:
            given.append(right.shape)
            super().solve(right, out)

    monkeypatch.setattr(cholespy, "CholeskySolverD", Solver)
    assert np.abs(matrix @ linear.quick_solver(matrix)(right) - right).max() < 1e-10
    assert given == [(60,)] * 3
