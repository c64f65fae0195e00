"""Wheel and sdist contain all that the package needs, and nothing that is none of its own."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import pytest
from shipped import ROOT, built, copied

pytest.importorskip("setuptools", reason="setuptools is missing (pip install -e '.[test]')")

PACKAGE = ROOT / "src" / "twinbrush"
NEVER = ("__pycache__", ".nbi", ".nbc", ".npz", ".pkl")


def wanted() -> set[str]:
    """Every file of the package, by its path in the wheel."""
    return {
        f"twinbrush/{path.relative_to(PACKAGE).as_posix()}" for path in PACKAGE.rglob("*")
        if path.is_file() and not any(part in str(path) for part in NEVER)}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(tmp_path_factory.mktemp("checkout") / "twinbrush")


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    return set(zipfile.ZipFile(built("wheel", checkout, tmp_path_factory.mktemp("wheel"))).namelist())


def test_the_wheel_has_every_file_of_the_package(wheel: set[str]) -> None:
    assert wanted() - wheel == set()
    kinds = {Path(name).suffix for name in wheel}
    assert {".safetensors", ".onnx", ".json", ".html", ".css", ".js", ".png", ".jpg", ".typed"} <= kinds


def test_the_wheel_has_nothing_else(wheel: set[str]) -> None:
    others = {name for name in wheel - wanted() if ".dist-info/" not in name}
    assert others == set()
    assert any(name.endswith("licenses/NOTICE") for name in wheel)


def test_a_wheel_of_the_sdist_is_the_same(checkout: Path, wheel: set[str], tmp_path: Path) -> None:
    sdist = built("sdist", checkout, tmp_path)
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
        archive.extractall(tmp_path / "out", filter="data")
    assert {"README.md", "NOTICE", "LICENSE", "constraints.txt", "docs/api.md", "tests/conftest.py"} <= names
    unpacked = next((tmp_path / "out").iterdir())
    again = set(zipfile.ZipFile(built("wheel", unpacked, tmp_path / "again")).namelist())
    assert again == wheel


def test_a_file_that_is_left_out_is_noticed(checkout: Path, tmp_path: Path) -> None:
    """The check itself: a wheel built without the styles' PNGs lacks them."""
    import shutil

    other = Path(shutil.copytree(checkout, tmp_path / "other"))
    project = other / "pyproject.toml"
    project.write_text(project.read_text().replace('"app/demo_styles/*.png", ', ""))
    (other / "MANIFEST.in").unlink()
    shutil.rmtree(other / "build", ignore_errors=True)
    shutil.rmtree(other / "src" / "twinbrush.egg-info", ignore_errors=True)
    names = set(zipfile.ZipFile(built("wheel", other, tmp_path / "wheel")).namelist())
    assert {Path(name).name for name in wanted() - names} == {f"{s}.png" for s in
                                                             ("ink", "mosaic", "oil", "pastel", "woodcut")}
