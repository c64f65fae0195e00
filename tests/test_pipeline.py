"""The relief's road (--method paper) on the bundled example at its smallest size: files, resuming, same bytes, reshape,
interruption. The figure's road is test_figure_pipeline.py's."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from twinbrush import demo, pipeline
from twinbrush.config import DEFAULT, Config, PaperConfig
from twinbrush.errors import BadMesh, BadOption, OutputError
from twinbrush.placing import move_over
from twinbrush.progress import Step

SMALL = replace(
    DEFAULT,
    views=replace(DEFAULT.views, size=128),
    portrait=replace(DEFAULT.portrait, grid=96),
    reconstruct=replace(DEFAULT.reconstruct, texture_size=256),
    stylize=replace(
        DEFAULT.stylize, method="paper", extractor="filters",
        paper=PaperConfig(steps=(2, 2), content_samples=128, style_samples=200, similarity_samples=64, crop=64),
    ),
    export=replace(DEFAULT.export, still_size=128, turntable_frames=4, stl=True, threemf=True),
)
EXPECTED = {
    "portrait.glb", "portrait.obj", "portrait.mtl", "portrait.png", "portrait.ply", "bust.stl", "bust.3mf",
    "portrait_-30.png", "portrait_0.png", "portrait_30.png", "clay_-30.png", "clay_0.png", "clay_30.png",
    "sheet.png", "turntable.webp", "viewer.html", "manifest.json", "view_left.png", "view_right.png",
}  # fmt: skip


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demo.write_photo(tmp_path_factory.mktemp("photo"))


@pytest.fixture(scope="module")
def style() -> Path:
    return demo.bundled_styles()["oil"]


@pytest.fixture(scope="module")
def first(photo: Path, style: Path, tmp_path_factory: pytest.TempPathFactory) -> pipeline.Result:
    return pipeline.stylize_files(photo, style, tmp_path_factory.mktemp("runs") / "first", SMALL)


def _hashes(folder: Path) -> dict[str, str]:
    files = [p for p in folder.iterdir() if p.is_file() and p.name != "manifest.json"]
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_every_file_is_there(first: pipeline.Result) -> None:
    assert {p.name for p in first.out.iterdir()} - {".twinbrush"} == EXPECTED
    assert set(first.files) == EXPECTED
    assert not list((first.out / ".twinbrush").glob("new-*"))


def test_manifest_tells_inputs_parameters_and_metrics(first: pipeline.Result, photo: Path) -> None:
    manifest = json.loads((first.out / "manifest.json").read_text())
    assert manifest["inputs"]["photo"]["sha256"] == hashlib.sha256(photo.read_bytes()).hexdigest()
    assert manifest["parameters"]["views"]["size"] == 128
    assert manifest["engine"]["name"] == "paper"
    metrics = manifest["metrics"]
    assert metrics["landmark_distance_after"] < metrics["landmark_distance_before"]
    assert metrics["flipped_faces"] == 0
    assert 0 < metrics["consistency_after_mean_absolute"] < 0.02
    assert metrics["consistency_after_points"] > 1000
    assert metrics["skew_px"] < 2
    assert {m["licence"] for m in manifest["models"]} == {
        "Apache-2.0 (MediaPipe, Google)", "Apache-2.0 (MODNet, Ke et al.)"
    }
    assert manifest["artefacts"]["portrait.glb"] == _hashes(first.out)["portrait.glb"]


def test_the_bust_is_the_whole_heads_and_that_is_told(first: pipeline.Result) -> None:
    manifest = json.loads((first.out / "manifest.json").read_text())
    assert manifest["bust"]["made_from"] == "closed head"
    assert manifest["bust"]["files"] == ["bust.stl", "bust.3mf"]
    assert manifest["bust"]["self_intersections"] == 0
    assert manifest["bust"]["base_mm2"] > 300
    assert manifest["bust"]["leans_degrees"] > 8
    assert manifest["fallbacks"] == []
    assert "bust.stl, bust.3mf: the whole head, 100 mm high" in first.summary()


def test_an_open_portrait_gets_the_other_bust_and_that_is_told(
    first: pipeline.Result, photo: Path, style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(first.out, tmp_path / "open")
    export = replace(SMALL.export, threemf=False, turntable=False)
    config = replace(SMALL, export=export, reconstruct=replace(SMALL.reconstruct, back=False))
    result = pipeline.stylize_files(photo, style, tmp_path / "open", config)
    manifest = json.loads((result.out / "manifest.json").read_text())
    assert manifest["bust"]["made_from"] == "open relief"
    assert manifest["bust"]["open_because"] == "--no-back"
    assert manifest["fallbacks"] == []  # it was asked for
    assert "bust.stl: the open relief with a back of its own (--no-back), 100 mm high" in result.summary()
    assert _hashes(result.out)["bust.stl"] != _hashes(first.out)["bust.stl"]

    def full(*_: object) -> None:
        raise BadMesh("The texture has no room.", "")

    monkeypatch.setattr("twinbrush.export.closed.close_portrait", full)
    config = replace(config, reconstruct=SMALL.reconstruct)
    result = pipeline.stylize_files(photo, style, tmp_path / "open", config)
    manifest = json.loads((result.out / "manifest.json").read_text())
    assert manifest["bust"]["made_from"] == "open relief"
    assert manifest["fallbacks"] == [
        "bust.stl: the open relief with a back of its own (The texture has no room.), 100 mm high"
    ]
    assert any("stays open behind" in warning for warning in result.warnings)


def test_a_bust_that_cannot_stand_leaves_nothing_new(
    first: pipeline.Result, photo: Path, style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def falls(*_: object) -> float:
        raise BadMesh("The head would fall over on any flat base.", "Leave out --stl.")

    shutil.copytree(first.out, tmp_path / "out")
    before = _hashes(tmp_path / "out")
    monkeypatch.setattr("twinbrush.export.bust.base_level", falls)
    with pytest.raises(BadMesh, match="fall over"):
        pipeline.stylize_files(photo, style, tmp_path / "out", SMALL)
    assert _hashes(tmp_path / "out") == before
    assert not list((tmp_path / "out" / ".twinbrush").glob("new-*"))


def test_second_run_resumes_and_gives_the_same_bytes(first: pipeline.Result, photo: Path, style: Path) -> None:
    before = _hashes(first.out)
    again = pipeline.stylize_files(photo, style, first.out, SMALL)
    assert [t.stage for t in again.timings if not t.resumed] == ["export"]
    assert _hashes(first.out) == before


def test_a_fresh_run_gives_the_same_bytes(first: pipeline.Result, photo: Path, style: Path, tmp_path: Path) -> None:
    pipeline.stylize_files(photo, style, tmp_path / "other", SMALL)
    assert _hashes(tmp_path / "other") == _hashes(first.out)


def test_reshape_moves_the_shape_and_keeps_the_paint(first: pipeline.Result) -> None:
    before = _hashes(first.out)
    result = pipeline.reshape_files(first.out, 0.2)
    after = _hashes(first.out)
    assert after["portrait.png"] == before["portrait.png"]
    assert after["view_left.png"] == before["view_left.png"]
    assert after["portrait.glb"] != before["portrait.glb"]
    assert all(t.resumed for t in result.timings if t.stage != "export")
    assert json.loads((first.out / "manifest.json").read_text())["parameters"]["align"]["strength"] == 0.2
    pipeline.reshape_files(first.out, SMALL.align.strength)
    assert _hashes(first.out)["portrait.glb"] == before["portrait.glb"]


def test_reshape_refuses_a_folder_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="no finished run"):
        pipeline.reshape_files(tmp_path, 0.5)


def test_interruption_keeps_finished_stages_and_nothing_else(photo: Path, style: Path, tmp_path: Path) -> None:
    def interrupt(step: Step) -> None:
        if step.stage == "views":
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        pipeline.stylize_files(photo, style, out, SMALL, progress=interrupt)
    assert [p.name for p in out.iterdir()] == [".twinbrush"]
    assert {p.name for p in (out / ".twinbrush").iterdir()} == {"portrait.npz", "style.npz"}


def test_interruption_while_writing_leaves_old_results_whole(first: pipeline.Result) -> None:
    before = _hashes(first.out)

    def interrupt(step: Step) -> None:
        if step.stage == "export" and step.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.reshape_files(first.out, 0.1, progress=interrupt)
    assert _hashes(first.out) == before
    assert not list((first.out / ".twinbrush").glob("new-*"))


def test_full_disk_is_told_and_leaves_nothing(
    photo: Path, style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match="disk is full"):
        pipeline.stylize_files(photo, style, tmp_path / "new" / "out", SMALL)
    assert list(tmp_path.iterdir()) == []


def test_an_input_is_never_overwritten(first: pipeline.Result, photo: Path) -> None:
    staging = first.out / ".twinbrush" / "staging"
    staging.mkdir()
    (staging / photo.name).write_text("a result")
    (staging / "another.txt").write_text("a result")
    before = photo.read_bytes()
    with pytest.raises(OutputError, match="would overwrite"):
        move_over(staging, photo.parent, (str(photo),))
    assert photo.read_bytes() == before
    assert not (photo.parent / "another.txt").exists()
    shutil.rmtree(staging)


def test_an_impossible_folder_is_told(photo: Path, style: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        pipeline.stylize_files(photo, style, tmp_path / ("x" * 300), SMALL)


def test_a_file_in_the_way_is_told(photo: Path, style: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OutputError, match="is a file"):
        pipeline.stylize_files(photo, style, tmp_path / "out", SMALL)
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [("views", "size", 64), ("views", "size", 4096), ("align", "strength", 1.6), ("align", "strength", float("nan")),
     ("stylize", "identity", -0.1), ("reconstruct", "texture_size", 100_000),
     ("portrait", "max_yaw_degrees", float("nan")), ("align", "mirror_from_degrees", -1)],
)  # fmt: skip
def test_values_out_of_range_are_refused(section: str, name: str, value: float, tmp_path: Path) -> None:
    config: Config = replace(SMALL, **{section: replace(getattr(SMALL, section), **{name: value})})
    with pytest.raises(BadOption, match="out of range"):
        pipeline.stylize_files(tmp_path / "no.jpg", tmp_path / "no.png", tmp_path / "out", config)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seed", [-1, 2**31, 10**30])
def test_seeds_out_of_range_are_refused(seed: int, tmp_path: Path) -> None:
    with pytest.raises(BadOption, match=r"--seed .*out of range"):
        pipeline.stylize_files(tmp_path / "no.jpg", tmp_path / "no.png", tmp_path / "out", replace(SMALL, seed=seed))
