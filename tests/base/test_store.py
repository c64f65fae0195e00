"""The store gives back what was put in, and nothing when anything differs."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, is_dataclass, make_dataclass, replace
from dataclasses import fields as fields_of
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
import pytest

from twinbrush.align.objects.align import ObjectAlignment, StyleObject
from twinbrush.align.values import AlignedStyle
from twinbrush.base import store, stored_types
from twinbrush.base.camera import Camera
from twinbrush.base.mesh import Mesh, Region
from twinbrush.config import DEFAULT, Config, FaceConfig
from twinbrush.export.mesh_outputs import PaintedAtlas
from twinbrush.paint.stylization import Stylization
from twinbrush.paint.values import PaintedPair, PaintedTexture
from twinbrush.regions.values import RegionMap
from twinbrush.road.figure_export import Shown
from twinbrush.road.figure_pipeline import FigureRun
from twinbrush.road.head_road import Front
from twinbrush.road.mesh_pipeline import MeshRun
from twinbrush.road.sculpt_road import SliderRow
from twinbrush.sculpt.portrait.values import Portrait
from twinbrush.sculpt.values import Figure
from twinbrush.shape.displacement import ShapeResult
from twinbrush.shape.head import Form
from twinbrush.views.values import ViewSet


def _mesh() -> Mesh:
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0.5]], float)
    return Mesh(vertices, np.array([[0, 1, 2]]), uv=vertices[:, :2].copy())


def _with(**changes: np.ndarray) -> Mesh:
    """A mesh that no constructor would make."""
    mesh = _mesh()
    for name, value in changes.items():
        object.__setattr__(mesh, name, value)
    return mesh


@dataclass(frozen=True)
class Kept:
    """One field of every kind that is stored."""

    mesh: Mesh
    config: Config
    pair: tuple[int, str]
    numbers: tuple[float, ...]
    names: dict[str, float]
    lines: list[str]
    maybe: Mesh | FaceConfig | None
    path: Path | None
    choice: Literal["a", "b"]
    region: Region
    data: bytes
    yes: bool


KEPT = Kept(_mesh(), DEFAULT, (1, "x"), (2.5, 3), {"a": 1.0}, ["l"], FaceConfig(box=(1.0, 2.0, 3.0, 4.0)), Path("p"),
            "a", Region.HAIR, b"bytes", True)  # fmt: skip


def test_a_file_that_cannot_be_read_just_now_is_not_thrown_away(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s.npz"
    store.save(path, "key", KEPT)

    def fails(code: int) -> Any:
        def opened(*_: object) -> None:
            raise MemoryError if code < 0 else OSError(code, os.strerror(code))
        return opened

    for code in (errno.EMFILE, errno.EIO, errno.EACCES, -1):
        with monkeypatch.context() as patch:
            patch.setattr(store, "open_regular", fails(code))
            assert store.load(path, "key", Kept) is None
        assert store.load(path, "key", Kept) is not None, code


def test_a_damaged_file_that_was_replaced_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s.npz"
    path.write_bytes(b"damaged")

    def unpacked(_: object) -> None:
        store.save(path, "key", KEPT)  # by another process
        raise ValueError

    with monkeypatch.context() as patch:
        patch.setattr(store, "_unpacked", unpacked)
        assert store.load(path, "key", Kept) is None
    assert store.load(path, "key", Kept) is not None


def test_round_trip_of_nested_values(tmp_path: Path) -> None:
    store.save(tmp_path / "s.npz", "key", KEPT)
    back = store.load(tmp_path / "s.npz", "key", Kept)
    assert back is not None
    np.testing.assert_array_equal(back.mesh.vertices, KEPT.mesh.vertices)
    assert back.mesh.texture is None
    assert replace(back, mesh=KEPT.mesh) == KEPT
    assert isinstance(back.region, Region)
    assert store.load(tmp_path / "s.npz", "key", FaceConfig, Kept) is not None


def test_other_key_missing_file_and_damage_give_none(tmp_path: Path) -> None:
    path = tmp_path / "s.npz"
    assert store.load(path, "key", Mesh) is None
    store.save(path, "key", _mesh())
    assert store.load(path, "other", Mesh) is None
    assert path.exists()
    path.write_bytes(path.read_bytes()[:200])
    assert store.load(path, "key", Mesh) is None
    assert not path.exists()  # a bad file goes away


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pair", (1, 2)), ("pair", (1,)), ("pair", [1, "x"]), ("pair", (True, "x")), ("numbers", (1.0, "2")),
        ("names", {"a": "b"}), ("names", ["a"]), ("lines", ("l",)), ("lines", [1]), ("maybe", 1), ("maybe", _mesh),
        ("path", "p"), ("path", None), ("choice", "c"), ("region", 9), ("region", "HAIR"), ("data", "bytes"),
        ("yes", 1), ("mesh", FaceConfig()), ("mesh", None), ("config", {}),
        ("mesh", _with(vertices=np.zeros((3, 2)))), ("mesh", _with(faces=np.zeros((1, 3)))),
        ("mesh", _with(uv=np.zeros((4, 2)))), ("pair", (2**64, "x")),
    ],
)  # fmt: skip
def test_what_does_not_fit_its_annotation_is_damage(name: str, value: object, tmp_path: Path) -> None:
    path, fine = tmp_path / "s.npz", value is None and name == "path"
    value = Camera(np.eye(3), np.eye(4)[:3], 1, 1) if value is _mesh else value  # no member of the union
    fields = {f.name: getattr(KEPT, f.name) for f in fields_of(KEPT)} | {name: value}
    store.save(path, "key", make_dataclass("Kept", list(fields))(**fields))
    assert (store.load(path, "key", Kept) is not None) == fine
    assert path.exists() == fine


def test_everything_that_is_stored_has_annotations_that_can_be_checked() -> None:
    seen: set[object] = set()

    def walk(kind: Any) -> None:
        if kind in seen or kind is ...:
            return
        seen.add(kind)
        with pytest.raises((stored_types.Misfit, KeyError)):
            stored_types.decode(object(), {}.__getitem__, kind)
        inside = () if get_origin(kind) is Literal else get_args(kind)
        for part in get_type_hints(kind).values() if is_dataclass(kind) else inside:
            walk(part)

    for kind in (FigureRun, Shown, Figure, Form, SliderRow, PaintedPair, PaintedTexture, MeshRun, Front,
                 RegionMap, Portrait, ViewSet, AlignedStyle, Stylization, ShapeResult, StyleObject,
                 ObjectAlignment, PaintedAtlas):  # fmt: skip
        walk(kind)
    assert len(seen) > 60


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


def test_measuring_and_making_have_fingerprints_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "__file__", str(tmp_path / "base" / "store.py"))

    def prints() -> tuple[str, str]:
        return store.code_hash.__wrapped__(), store.measuring_hash.__wrapped__()

    for name in ("paint/engine.py", "evaluate/metric.py", "app/reproduce/report.py", "app/evidence.py", "app/cli.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    making, measuring = prints()
    for name in ("evaluate/metric.py", "app/reproduce/report.py", "app/evidence.py"):
        (tmp_path / name).write_text("2")
        assert prints()[0] == making
        assert prints()[1] != measuring
        measuring = prints()[1]
    for name in ("paint/engine.py", "app/cli.py"):
        (tmp_path / name).write_text("2")
        assert prints()[0] != making
        assert prints()[1] == measuring
        making = prints()[0]
