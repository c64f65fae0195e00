"""The packed template: topology, symmetry, layout, names."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest

from twinbrush.base.errors import ModelFileError
from twinbrush.base.mesh import border_edges
from twinbrush.sculpt.lids import lid_rims
from twinbrush.sculpt.template import WEIGHTS_FILE, read_template, template

ARKIT = [
    "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight",
    "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft", "eyeSquintRight",
    "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawRight", "jawOpen", "mouthClose", "mouthFunnel",
    "mouthPucker", "mouthLeft", "mouthRight", "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft",
    "mouthFrownRight", "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthPressLeft",
    "mouthPressRight", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff",
    "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight",
]
FLIP = np.array([-1.0, 1.0, 1.0])


def test_it_has_arkits_expressions_but_for_the_tongue() -> None:
    assert sorted(template().expressions.names) == sorted(ARKIT)


def test_left_is_the_persons_left() -> None:
    model = template()
    moved = np.linalg.norm(model.expressions.offsets[model.expressions.names.index("mouthSmileLeft")], axis=1)
    assert np.average(model.mean[:, 0], weights=moved) > 10


def test_it_is_small_and_mostly_quads() -> None:
    model = template()
    assert len(files("twinbrush.sculpt").joinpath(WEIGHTS_FILE).read_bytes()) <= 3_000_000
    assert 13_000 < len(model.mean) < 15_000
    assert len(model.modes) >= 60
    assert (model.quads[:, 2] == model.quads[:, 3]).mean() < 0.02


def test_it_is_symmetric() -> None:
    model = template()
    assert np.array_equal(model.mirror[model.mirror], np.arange(len(model.mean)))
    assert np.abs(model.mean[model.mirror] * FLIP - model.mean).max() < 0.01
    rebuilt = model.modes[:, model.mirror] * FLIP.astype(np.float32)
    sign = np.where(np.arange(len(model.modes)) < model.symmetric, 1, -1)[:, None, None]
    assert np.abs(rebuilt * sign - model.modes).max() < 0.05


def test_it_is_a_disc_open_at_the_neck_only() -> None:
    model = template()
    border = np.unique(border_edges(model.triangles))
    assert model.mean[border, 1].max() < -60
    edges = np.unique(np.sort(model.triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1), axis=0)
    assert len(model.mean) - len(edges) + len(model.triangles) == 1


def test_eyes_are_63_mm_apart_and_their_rims_are_loops() -> None:
    model = template()
    at = model.landmarks(model.mean)
    gap = at[[362, 263]].mean(0) - at[[33, 133]].mean(0)
    assert abs(np.linalg.norm(gap) - 63) < 0.5
    for rim, side in zip(lid_rims(model), (-1, 1), strict=True):
        assert len(rim) >= 30
        assert (model.mean[rim, 0] * side > 10).all()


@pytest.mark.parametrize("name", ["layout", "mouth"])
def test_no_two_triangles_share_a_texel(name: str) -> None:
    """Texel centres covered by two triangles of the atlas."""
    model = template()
    layout = model.layout if name == "layout" else model.mouth.layout
    size = 1024
    hits = np.zeros((size, size), np.int32)
    for corners in layout.uv[layout.triangles] * size:
        low, high = np.floor(corners.min(0)).astype(int), np.ceil(corners.max(0)).astype(int)
        xs, ys = np.meshgrid(np.arange(low[0], high[0]) + 0.5, np.arange(low[1], high[1]) + 0.5)
        (ax, ay), (bx, by), (cx, cy) = corners
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if abs(area) < 1e-9:
            continue
        inside = np.ones(xs.shape, bool)
        for (px, py), (qx, qy) in (((ax, ay), (bx, by)), ((bx, by), (cx, cy)), ((cx, cy), (ax, ay))):
            inside &= ((qx - px) * (ys - py) - (qy - py) * (xs - px)) * np.sign(area) > 1e-6
        hits[low[1] : high[1], low[0] : high[0]] += inside
    assert (hits > 1).sum() <= 20


def test_a_damaged_file_is_told() -> None:
    with pytest.raises(ModelFileError, match="sha256"):
        read_template(b"nonsense", "0" * 64)
