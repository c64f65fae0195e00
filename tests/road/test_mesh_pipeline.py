"""A mesh file and a style picture through everything, at small sizes: files, resume, reshape, refusals."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from creatures import CONFIG
from twinbrush.app import cli
from twinbrush.base.errors import BadMask, BadOption
from twinbrush.base.image import save_png
from twinbrush.config import Config
from twinbrush.export.outputs import Result
from twinbrush.road import head_road, object_road, pipeline, sculpt_road
from twinbrush.road.stages import Stage, key_of


@pytest.fixture(scope="module")
def finished(inputs: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Result:
    return pipeline.stylize_files(*inputs, tmp_path_factory.mktemp("out") / "run", CONFIG)


def vertices_of(path: Path) -> np.ndarray:
    rows = [line.split()[1:4] for line in path.read_text().splitlines() if line.startswith("v ")]
    return np.array(rows, float)


def test_everything_is_there(finished: Result) -> None:
    files = set(finished.files)
    assert {"thing.obj", "thing.glb", "viewer.html", "sheet.png", "manifest.json", "reference.png"} <= files
    assert {f"{kind}_{side:03d}.png" for kind in ("painted", "clay") for side in range(0, 360, 45)} <= files
    manifest = json.loads((finished.out / "manifest.json").read_text())
    assert manifest["inputs"]["mesh"]["triangles"] == 4800
    assert manifest["engine"]["name"] == "guided"
    assert finished.metrics["consistency_worst_pair"] < 0.01
    assert finished.metrics["texels_seen"] > 0.95
    assert finished.metrics["flipped_faces"] == 0


def test_the_same_mesh_comes_back_moved(finished: Result, inputs: tuple[Path, Path]) -> None:
    before, after = vertices_of(inputs[0]), vertices_of(finished.out / "thing.obj")
    assert before.shape == after.shape
    away = np.linalg.norm(after - before, axis=1) / np.linalg.norm(np.ptp(before, axis=0))
    assert 0.005 < away.mean() < 0.15
    kept = [line for line in inputs[0].read_text().splitlines() if line.startswith(("f ", "g "))]
    written = [line for line in (finished.out / "thing.obj").read_text().splitlines() if line.startswith(("f ", "g "))]
    assert [line.split("/")[0] for line in kept] == [line.split("/")[0] for line in written]


def test_the_style_s_colours_are_on_all_sides(finished: Result) -> None:
    from twinbrush.base.image import load_image

    for side in range(0, 360, 45):
        middle = load_image(finished.out / f"painted_{side:03d}.png").pixels[54:74, 54:74].reshape(-1, 3).mean(0)
        assert middle[0] > middle[2] + 0.2, side  # a warm red-brown, not the pale ground, not clay


def test_a_second_run_resumes(finished: Result, inputs: tuple[Path, Path]) -> None:
    again = pipeline.stylize_files(*inputs, finished.out, CONFIG)
    stages = {timing.stage: timing.resumed for timing in again.timings}
    stages.pop("front", None)  # only where the face models are
    assert stages == {"style": True, "align": True, "shape": True, "paint": True, "export": False}
    assert again.metrics == finished.metrics


def test_a_bust_of_a_mesh_is_not_silently_left_out(finished: Result, inputs: tuple[Path, Path]) -> None:
    asked = replace(CONFIG, export=replace(CONFIG.export, stl=True))
    result = pipeline.stylize_files(*inputs, finished.out, asked)
    assert any("--stl" in warning for warning in result.warnings)
    assert "bust.stl" not in result.files


GIVEN = {name: name for name in ("model", "picture", "front", "style", "engine")}
OBJECT = object_road.STYLE, object_road.ALIGN, object_road.SHAPE, object_road.PAINT
HEAD = (
    head_road.HEAD, sculpt_road.REGIONS, sculpt_road.STYLE_HEAD, sculpt_road.FORM, sculpt_road.SHAPE, head_road.SHAPE,
    head_road.PAIR, head_road.PAINT)


def changed(road: tuple[Stage[Any], ...], before: Config, after: Config, **given: str) -> set[str]:
    """The stages whose keys change with the options, or with what the walk is given."""
    old, new = dict(GIVEN), GIVEN | given
    for stage in road:
        old[stage.name], new[stage.name] = key_of(stage, before, old), key_of(stage, after, new)
    return {stage.name for stage in road if old[stage.name] != new[stage.name]}


@pytest.mark.parametrize(
    ("section", "name", "value", "objects", "heads"),
    [
        ("style_face", "face", 1, {"style", "align", "shape", "paint"}, set()),
        ("objects", "keypoints", "contours", {"align", "shape", "paint"}, set()),
        ("views", "views", 6, {"shape", "paint"}, {"pair", "paint"}),
        ("align", "strength", 0.5, {"shape", "paint"}, {"shape", "mesh-shape", "pair", "paint"}),
        ("stylize", "identity", 0.21, {"paint"}, {"pair", "paint"}),
        ("reconstruct", "texture_size", 512, {"paint"}, {"paint"}),
        ("sculpt", "texture_size", 512, set(), {"sculpt", "form", "shape", "mesh-shape", "pair", "paint"}),
        ("export", "still_size", 200, set(), set()),
    ],
)
def test_an_option_redoes_what_depends_on_it(
    section: str, name: str, value: object, objects: set[str], heads: set[str]
) -> None:
    other = replace(CONFIG, **{section: replace(getattr(CONFIG, section), **{name: value})})
    assert changed(OBJECT, CONFIG, other) == objects
    assert changed(HEAD, CONFIG, other) == heads


def test_weights_and_pairs_count_with_their_content(tmp_path: Path) -> None:
    assert changed(OBJECT, CONFIG, CONFIG, engine="other") == {"align", "shape", "paint"}
    assert changed(HEAD, CONFIG, CONFIG, engine="other") == {"pair", "paint"}
    old, new = tmp_path / "old", tmp_path / "new"
    for file in (old, new):
        file.write_bytes(b"the same")
    for name in ("keypoint_weights", "pairs"):
        first, second = (
            replace(CONFIG, objects=replace(CONFIG.objects, **{name: file}))  # type: ignore[arg-type]
            for file in (old, new))
        assert changed(OBJECT, first, second) == set()
        new.write_bytes(b"another")
        assert changed(OBJECT, first, second) == {"align", "shape", "paint"}
        new.write_bytes(b"the same")


def test_reshape_scales_the_change_and_paints_nothing(finished: Result, inputs: tuple[Path, Path]) -> None:
    rest, full = vertices_of(inputs[0]), vertices_of(finished.out / "thing.obj")
    glued = pipeline.reshape_files(finished.out, 0.5)
    half = vertices_of(glued.out / "thing.obj")
    np.testing.assert_allclose(half - rest, 0.5 * (full - rest), atol=2e-3 * np.abs(full - rest).max() + 1e-5)
    assert all(timing.resumed for timing in glued.timings if timing.stage != "export")
    pipeline.reshape_files(finished.out, 1.0)
    np.testing.assert_allclose(vertices_of(glued.out / "thing.obj"), full, atol=1e-5)


def test_strength_zero_keeps_the_shape(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    still = replace(CONFIG, align=replace(CONFIG.align, strength=0.0))
    done = pipeline.stylize_files(*inputs, tmp_path / "still", still)
    rest = vertices_of(inputs[0])
    size = np.linalg.norm(np.ptp(rest, axis=0))
    assert np.abs(vertices_of(done.out / "thing.obj") - rest).max() < 1e-6 * size + 1e-6  # six decimals in the file
    with pytest.raises(BadOption, match="strength 0"):
        pipeline.reshape_files(done.out, 0.5)


def test_the_paper_s_pair_of_views(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    pair = replace(CONFIG, views=replace(CONFIG.views, views=2))
    done = pipeline.stylize_files(*inputs, tmp_path / "pair", pair)
    assert 0.2 < done.metrics["texels_seen"] < 0.7  # the back is filled, and said to be unseen
    assert done.metrics["consistency_mean_absolute"] < 0.01


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: replace(c, stylize=replace(c.stylize, method="paper")), "portraits"),
        (lambda c: replace(c, views=replace(c.views, views=65)), "out of range"),
    ],
)
def test_refusals_leave_nothing(inputs: tuple[Path, Path], tmp_path: Path, change, message: str) -> None:  # type: ignore[no-untyped-def]
    config: Config = change(CONFIG)
    with pytest.raises(BadOption, match=message):
        pipeline.stylize_files(*inputs, tmp_path / "none", config)
    assert not (tmp_path / "none").exists()


def test_a_mask_of_another_size_is_named(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    mask = save_png(tmp_path / "mask.png", np.ones((90, 80, 3), np.float32))
    masked = replace(CONFIG, style_face=replace(CONFIG.style_face, mask=mask))
    with pytest.raises(BadMask, match="80 x 90"):
        pipeline.stylize_files(*inputs, tmp_path / "none", masked)


def test_the_command_line_says_what_is_wrong(
    inputs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.obj"
    broken.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 99\n")
    assert cli.main(["stylize", str(broken), str(inputs[1]), "-o", str(tmp_path / "out")]) == 2
    assert "99" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert cli.main(["stylize", str(inputs[1]), str(inputs[1]), "-o", str(tmp_path / "out"), "--views", "8"]) == 2
    assert "mesh" in capsys.readouterr().err
