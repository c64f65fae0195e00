"""The manifest: complete, without NaN, and the same every time but for its last section."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from twinbrush.base.mesh import Region
from twinbrush.config import DEFAULT, FaceConfig
from twinbrush.export.manifest import InputFile, Manifest, UsedModel, manifest_bytes, this_machine, write_manifest


@dataclass(frozen=True)
class Time:
    stage: str
    cpu_seconds: float


MANIFEST = Manifest(
    inputs={"style": InputFile("Öl.png", "b" * 64, 3, 4), "photo": InputFile("a.jpg", "a" * 64, 10, 20, ("rotated",))},
    parameters=replace(DEFAULT, photo_face=FaceConfig(mask=Path("/home/somebody/mask.png"), box=(1.0, 2.0, 3.0, 4.0))),
    engine="guided",
    metrics={"skew_px": np.float32(0.5), "broken": float("nan"), "per_view": [1, float("inf")], "region": Region.HAIR},
    warnings=("turned far",),
    models=(UsedModel("z", "1", "Apache-2.0", "wheel"), UsedModel("a", "2", "Apache-2.0", "wheel")),
    artefacts={"b.glb": "2", "a.obj": "1"},
    timings=(Time("views", 1.5),),
    machine=this_machine(),
    created="2026-01-01T00:00:00Z",
)


def test_every_option_is_in_it_and_no_folder_of_the_user() -> None:
    document = json.loads(manifest_bytes(MANIFEST))
    assert document["schema"] == 1
    assert document["parameters"]["reconstruct"]["texture_size"] == DEFAULT.reconstruct.texture_size
    assert document["parameters"]["seed"] == DEFAULT.seed
    assert document["parameters"]["photo_face"]["mask"] == "mask.png"
    assert b"somebody" not in manifest_bytes(MANIFEST)
    assert document["inputs"]["style"]["name"] == "Öl.png"
    assert document["program"]["dependencies"]["numpy"] == np.__version__
    assert [model["name"] for model in document["models"]] == ["a", "z"]
    assert list(document["artefacts"]) == ["a.obj", "b.glb"]


def test_numbers_that_are_none_are_null_and_named() -> None:
    def refuse(name: str) -> float:
        raise AssertionError(name)

    document = json.loads(manifest_bytes(MANIFEST), parse_constant=refuse)
    assert document["metrics"] == {"broken": None, "per_view": [1, None], "region": "HAIR", "skew_px": 0.5}
    assert document["not_finite"] == ["metrics.broken", "metrics.per_view[1]"]


def test_only_the_last_section_may_differ() -> None:
    later = replace(MANIFEST, created="2027-01-01T00:00:00Z", timings=(Time("views", 9.0),), machine={})
    first, second = (json.loads(manifest_bytes(m)) for m in (MANIFEST, later))
    assert list(first)[-1] == "volatile"
    assert first.pop("volatile") != second.pop("volatile")
    assert first == second
    assert manifest_bytes(MANIFEST) == manifest_bytes(MANIFEST)


def test_what_has_no_place_is_refused() -> None:
    with pytest.raises(TypeError, match=r"metrics\.secret"):
        manifest_bytes(replace(MANIFEST, metrics={"secret": object()}))


def test_it_is_written(tmp_path: Path) -> None:
    assert json.loads(write_manifest(MANIFEST, tmp_path / "new" / "manifest.json").read_text(encoding="utf-8"))
