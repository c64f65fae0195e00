"""Damaged and forged files of kept stages: the value that was stored, one that fits its types, or nothing."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mutations import COUNT, SEED, Budget, mutated

from twinbrush import store
from twinbrush.camera import Camera
from twinbrush.config import DEFAULT
from twinbrush.faces.values import Face
from twinbrush.figure_pipeline import FigureRun
from twinbrush.image import LoadedImage
from twinbrush.inputs import Input
from twinbrush.mesh import Mesh
from twinbrush.portrait.values import Portrait

SHORT, LONG = 300, 8_000


def _face() -> Face:
    return Face(np.zeros((468, 3)), np.eye(3), 0.1, 0.2, 0.3, 0.9, (0.0, 1.0, 2.0, 3.0))


def _kept() -> dict[str, object]:
    pixels = np.full((4, 5, 3), 0.5, np.float32)
    mesh = Mesh(np.eye(3), np.array([[0, 1, 2]]), np.zeros((3, 2)), pixels)
    one = Input(LoadedImage(pixels, None, "a", "photo.jpg"), _face(), np.ones((4, 5), np.float32), "key", ("w",))
    portrait = Portrait(mesh, np.zeros((468, 3)), Camera(np.eye(3), np.eye(4)[:3], 5, 4), pixels, np.ones((4, 5)),
                        np.zeros((4, 5), np.uint8), _face())  # fmt: skip
    return {"run": FigureRun(DEFAULT, {"photo": "k"}, {"shape": "k"}, one, one), "portrait": portrait}


def _nodes(tree: Any) -> list[tuple[Any, Any]]:
    """(container, key) of every place in a tree."""
    items = list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree)) if isinstance(tree, list) else []
    return [(tree, key) for key, _ in items] + [pair for _, item in items for pair in _nodes(item)]


_HOSTILE: tuple[Any, ...] = (
    None, True, 0, -1, 2**70, 1.5, float("nan"), "", "a0", [], {}, {"array": "a0"}, {"array": "zz"}, {"bytes": "a0"},
    {"tuple": []}, {"dict": {}}, {"path": "/etc/passwd"}, {"path": "\0"},
    {"type": "twinbrush.files:write_atomically", "fields": {"path": {"path": "x"}, "writer": {"bytes": "a0"}}},
    {"type": "os:system", "fields": {"command": "true"}}, {"type": "Mesh", "fields": {}}, {"type": 5, "fields": 5},
)  # fmt: skip


def _forged(data: bytes, rng: np.random.Generator) -> bytes:
    """A well-formed file whose tree or arrays are others."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {info.filename.removesuffix(".npy"): archive.read(info) for info in archive.infolist()}
    arrays = {name: np.load(io.BytesIO(member)) for name, member in members.items()}
    tree = json.loads(arrays.pop("__json__").tobytes())
    if rng.random() < 0.7:
        places = _nodes(tree["value"])
        container, key = places[int(rng.integers(len(places)))]
        container[key] = _HOSTILE[int(rng.integers(len(_HOSTILE)))]
    else:
        name = list(arrays)[int(rng.integers(len(arrays)))]
        other = [np.array([1e300]), arrays[name][..., None], arrays[name].astype("S3"), arrays[name][:0], np.array(-9),
                 arrays[name].astype(">f8"), (arrays[name] * 0 - 7).astype(arrays[name].dtype)]  # fmt: skip
        arrays[name] = other[int(rng.integers(len(other)))]
    stream = io.BytesIO()
    saving = np.savez_compressed if rng.random() < 0.1 else np.savez
    saving(stream, allow_pickle=False, __json__=np.frombuffer(json.dumps(tree).encode(), np.uint8), **arrays)
    return stream.getvalue()


def _fuzz(count: int, seed: int, folder: Path) -> Budget:
    budget, path = Budget(), folder / "kept.npz"
    values = list(_kept().values())
    whole: list[bytes] = []
    for value in values:
        store.save(path, "key", value)
        whole.append(path.read_bytes())
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        which = number % len(values)
        forge = rng.random() < 0.5
        path.write_bytes(_forged(whole[which], rng) if forge else mutated(whole[which], rng))

        kind = type(values[which])

        def read(kind: type = kind) -> None:
            found = store.load(path, "key", kind)
            assert found is None or isinstance(found, kind)
            if found is None:
                raise FileNotFoundError

        budget.spend(read, (FileNotFoundError,), f"seed {seed}, number {number}")
        assert sorted(p.name for p in folder.iterdir()) in ([], ["kept.npz"])
    return budget


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_damaged_stages(tmp_path: Path) -> None:
    budget = _fuzz(SHORT, 1, tmp_path)
    assert not budget.faults
    assert budget.refused > SHORT // 4
    assert budget.accepted


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_many_damaged_stages(tmp_path: Path) -> None:
    budget = _fuzz(COUNT or LONG, SEED or 3003, tmp_path)
    budget.checked()
