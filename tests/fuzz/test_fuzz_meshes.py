"""Damaged meshes of every format through reading and writing back: refused in one line when they are read, or whole."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from mutations import COUNT, SEED, Budget, mutated

from twinbrush.base.errors import BadMesh
from twinbrush.maths.overlap import overlap_share
from twinbrush.meshes import colours, tiles, unwrap
from twinbrush.meshes.read import load_model
from twinbrush.meshes.write import model_files

sys.path.insert(0, str(Path(__file__).parents[1] / "meshes"))
import makers

SHORT, LONG = 120, 20_000


@pytest.fixture(autouse=True)
def small_textures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(colours, "DEFAULT_SIZE", 64)
    monkeypatch.setattr(colours, "_SKY_VIEWS", 1)
    for user in (tiles, unwrap):
        monkeypatch.setattr(user, "overlap_share", partial(overlap_share, resolution=256))


def _corpus(folder: Path) -> list[tuple[Path, bool]]:
    """(file to be damaged, it is text); what they name lies beside them."""
    return [
        (makers.cube_obj(folder / "obj"), True), (folder / "obj" / "cube.mtl", True),
        (makers.cube_glb(folder / "glb"), True), (makers.cube_gltf(folder / "gltf"), True),
        (makers.cube_gltf(folder / "embedded", embedded=True), True),
        (makers.cube_ply(folder / "ascii", uv=True), True), (makers.cube_ply(folder / "extra", extra=True), True),
        (makers.cube_ply(folder / "little", kind="binary_little_endian"), False),
        (makers.cube_ply(folder / "big", kind="binary_big_endian", extra=True), False),
        (makers.cube_stl(folder / "stl"), False), (makers.cube_stl(folder / "text", binary=False), True),
    ]  # fmt: skip


def _whole_way(path: Path) -> None:
    """Read; then, whatever happens, writing must succeed: nothing that was read may fail after the painting."""
    model = load_model(path)
    texture = np.full((64, 64, 3), 0.5, np.float32)
    try:
        files = model_files(model, model.mesh.vertices * 1.01, texture, "out")
    except Exception as error:
        raise AssertionError(f"read, but not written back: {type(error).__name__}: {error}") from error
    for name, data in files.items():
        if name.endswith(".gltf"):
            json.loads(data)
        assert data


def _fuzz(count: int, seed: int, folder: Path) -> Budget:
    for name in ("obj", "glb", "gltf", "embedded", "ascii", "extra", "little", "big", "stl", "text"):
        (folder / name).mkdir()
    corpus, budget = _corpus(folder), Budget()
    whole = [path.read_bytes() for path, _ in corpus]
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        which = number % len(corpus)
        path, text = corpus[which]
        path.write_bytes(mutated(whole[which], rng, text=text))
        model = path.with_suffix(".obj") if path.suffix == ".mtl" else path
        budget.spend(lambda model=model: _whole_way(model), (BadMesh,), f"{path.name}, seed {seed}, number {number}")
        path.write_bytes(whole[which])
    return budget


def test_damaged_meshes(tmp_path: Path) -> None:
    budget = _fuzz(SHORT, 1, tmp_path)
    assert not budget.faults
    assert budget.refused > SHORT // 4


@pytest.mark.long
def test_many_damaged_meshes(tmp_path: Path) -> None:
    budget = _fuzz(COUNT or LONG, SEED or 2002, tmp_path)
    budget.checked()
