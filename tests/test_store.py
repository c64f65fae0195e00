"""The store gives back what was put in, and nothing when anything differs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twinbrush import store
from twinbrush.config import DEFAULT, FaceConfig
from twinbrush.mesh import Mesh


def _mesh() -> Mesh:
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0.5]], float)
    return Mesh(vertices, np.array([[0, 1, 2]]), uv=vertices[:, :2].copy())


def test_round_trip_of_nested_values(tmp_path: Path) -> None:
    face = FaceConfig(box=(1.0, 2.0, 3.0, 4.0))
    value = {"mesh": _mesh(), "config": DEFAULT, "pair": (1, [2.5, None, "x"]), "face": face}
    store.save(tmp_path / "s.npz", "key", value)
    back = store.load(tmp_path / "s.npz", "key")
    assert back is not None
    assert back["config"] == DEFAULT
    assert back["pair"] == (1, [2.5, None, "x"])
    assert back["face"].box == (1.0, 2.0, 3.0, 4.0)
    np.testing.assert_array_equal(back["mesh"].vertices, _mesh().vertices)
    assert back["mesh"].texture is None


def test_other_key_missing_file_and_damage_give_none(tmp_path: Path) -> None:
    path = tmp_path / "s.npz"
    assert store.load(path, "key") is None
    store.save(path, "key", _mesh())
    assert store.load(path, "other") is None
    path.write_bytes(path.read_bytes()[:200])
    assert store.load(path, "key") is None


def test_foreign_types_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        store.save(tmp_path / "s.npz", "key", object())
    assert not list(tmp_path.iterdir())


def test_key_depends_on_every_part() -> None:
    base = store.stage_key("views", DEFAULT.views, "abc", np.arange(3))
    assert base == store.stage_key("views", DEFAULT.views, "abc", np.arange(3))
    others = [
        store.stage_key("align", DEFAULT.views, "abc", np.arange(3)),
        store.stage_key("views", DEFAULT.align, "abc", np.arange(3)),
        store.stage_key("views", DEFAULT.views, "abd", np.arange(3)),
        store.stage_key("views", DEFAULT.views, "abc", np.arange(1, 4)),
    ]
    assert base not in others
    assert len(set(others)) == 4
