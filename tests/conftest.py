"""Shape types bite in the tests: jaxtyping + beartype check every annotated function of the package."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

# As the command line and the Makefile: with two threads sums differ in the last bit.
os.environ["OMP_NUM_THREADS"] = "1"
if not os.environ.get("TWINBRUSH_FUZZ"):  # long fuzzing meets the program as its users do
    install_import_hook("twinbrush", "typecheck.typecheck")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real photos, styles and heads with known geometry beside the checkout; tests that need them skip without them."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not there")
    return SHARED


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A made-up mesh and style as files."""
    from creatures import write_obj, write_style

    folder = tmp_path_factory.mktemp("inputs")
    return write_obj(folder / "thing.obj"), write_style(folder / "style.png")
