"""The paper's road (--method paper) on the bundled example at its smallest size, and what every road does with its
folder: files, resuming, same bytes, reshape, interruption, a full disk. The figure's road: test_figure_pipeline.py."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import figures
import twinbrush
from twinbrush.app import cli, demo
from twinbrush.base.errors import BadOption, OutputError
from twinbrush.base.progress import Step
from twinbrush.config import Config, PaperConfig
from twinbrush.road import paper_road, pipeline, sculpt_road
from twinbrush.road.paint_road import TEXTURE
from twinbrush.road.placing import move_over
from twinbrush.road.relief_road import RELIEF
from twinbrush.road.run import CACHE
from twinbrush.road.stages import Stage, key_of

SMALL = replace(
    figures.SMALL,
    stylize=replace(
        figures.SMALL.stylize, method="paper", extractor="filters",
        paper=PaperConfig(
            steps=(6, 2), theta_rate=6.0, content_samples=128, style_samples=200, similarity_samples=64, crop=64),
    ),
)
ROAD: tuple[Stage[Any], ...] = (
    sculpt_road.FIGURE, sculpt_road.REGIONS, sculpt_road.STYLE_HEAD, sculpt_road.FORM, paper_road.START,
    paper_road.PAIR, paper_road.TRIANGULATED, paper_road.SHAPE, paper_road.STRENGTH_ROW, TEXTURE, RELIEF)
LEARNED = {"pair", "triangulated", "shape", "strengths", "texture", "relief"}


@pytest.fixture(scope="module", autouse=True)
def _few_shapes() -> Generator[None, None, None]:
    """Two shapes on the slider: each costs a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("twinbrush.shape.live.STRENGTHS", (0.0, 1.5))
        yield


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demo.write_photo(tmp_path_factory.mktemp("photo"))


@pytest.fixture(scope="module")
def style() -> Path:
    return demo.bundled_styles()["oil"]


@pytest.fixture(scope="module")
def first(photo: Path, style: Path, tmp_path_factory: pytest.TempPathFactory) -> pipeline.Result:
    return pipeline.stylize_files(photo, style, tmp_path_factory.mktemp("runs") / "first", SMALL)


@pytest.fixture
def copy(first: pipeline.Result, tmp_path: Path) -> Path:
    """The finished run's folder, to be changed."""
    return Path(shutil.copytree(first.out, tmp_path / "copy"))


def _hashes(folder: Path) -> dict[str, str]:
    files = [p for p in folder.iterdir() if p.is_file() and p.name != "manifest.json"]
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_every_file_is_there(first: pipeline.Result) -> None:
    there = {p.name for p in first.out.iterdir()} - {CACHE}
    assert there == set(first.files)
    assert {"figure.glb", "figure_0.png", "clay_180.png", "viewer.html", "view_left.png", "turntable.webp"} < there
    assert not list((first.out / CACHE).glob("new-*"))


def test_manifest_tells_inputs_parameters_and_metrics(first: pipeline.Result, photo: Path) -> None:
    manifest = json.loads((first.out / "manifest.json").read_text())
    assert manifest["inputs"]["photo"]["sha256"] == hashlib.sha256(photo.read_bytes()).hexdigest()
    assert manifest["parameters"]["views"]["size"] == 128
    assert manifest["engine"]["name"] == "paper"
    metrics = manifest["metrics"]
    assert metrics["flipped_faces"] < 25  # of some 60,000: thin ones in the creases of an open mouth's corners
    assert 0 < metrics["consistency_after_mean_absolute"] < 0.03
    assert metrics["consistency_after_points"] > 1000
    assert 0 < metrics["skew_px"] < 2
    assert metrics["displacement_max_mm"] > 1
    assert metrics["ring_match_cost"] > 0
    assert {m["licence"] for m in manifest["models"]} == {
        "Apache-2.0 (MediaPipe, Google)", "Apache-2.0 (MODNet, Ke et al.)"
    }
    assert manifest["artefacts"]["figure.glb"] == _hashes(first.out)["figure.glb"]


def test_second_run_resumes_and_what_is_made_anew_is_the_same(
    copy: Path, first: pipeline.Result, photo: Path, style: Path
) -> None:
    for stage in LEARNED:
        (copy / CACHE / f"{stage}.npz").unlink()
    again = pipeline.stylize_files(photo, style, copy, SMALL)
    assert {t.stage for t in again.timings if not t.resumed} == {*LEARNED, "export"}
    assert _hashes(copy) == _hashes(first.out)
    again = pipeline.stylize_files(photo, style, copy, SMALL)
    assert [t.stage for t in again.timings if not t.resumed] == ["export"]


def test_reshape_scales_what_was_learned_and_keeps_the_paint(copy: Path, first: pipeline.Result) -> None:
    before = _hashes(copy)
    shaped = _vertices(copy)
    pipeline.reshape_files(copy, 0.0)
    person = _vertices(copy)
    result = pipeline.reshape_files(copy, 0.5)
    after = _hashes(copy)
    assert after["figure.png"] == before["figure.png"]
    assert after["view_left.png"] == before["view_left.png"]
    assert after["figure.glb"] != before["figure.glb"]
    assert {t.stage for t in result.timings if not t.resumed} == {"shape", "export"}
    assert json.loads((copy / "manifest.json").read_text())["parameters"]["align"]["strength"] == 0.5
    moved = np.linalg.norm(shaped - person, axis=1)
    assert np.linalg.norm(_vertices(copy) - (person + shaped) / 2, axis=1).mean() < 0.1 * moved.mean()
    pipeline.reshape_files(copy, SMALL.align.strength, stills=True)
    assert _hashes(copy) == before == _hashes(first.out)


def _vertices(out: Path) -> np.ndarray:
    return np.concatenate([part.mesh.vertices for part in twinbrush.load_figure(out).parts])


def test_reshape_tells_what_the_learned_shape_has_not(copy: Path) -> None:
    before = _hashes(copy)
    for named in ({"caricature": 1.5}, {"hair_shape": 0.5}):
        with pytest.raises(BadOption, match="has the shape that --method paper learned"):
            pipeline.reshape_files(copy, 1.0, **named)
    (copy / CACHE / "triangulated.npz").unlink()
    with pytest.raises(BadOption, match=r"triangulated.npz: missing"):
        pipeline.reshape_files(copy, 0.5)
    assert _hashes(copy) == before


def test_what_was_learned_at_strength_0_cannot_be_scaled(photo: Path, style: Path, tmp_path: Path) -> None:
    still = replace(
        SMALL, align=replace(SMALL.align, strength=0.0), export=replace(SMALL.export, turntable=False),
        surface=replace(SMALL.surface, relief=0.0))
    result = pipeline.stylize_files(photo, style, tmp_path / "out", still)
    assert result.metrics["displacement_mean_mm"] < 1  # the pictures' losses pull the warps a little
    with pytest.raises(BadOption, match="made at strength 0"):
        pipeline.reshape_files(tmp_path / "out", 1.0)
    assert b"normalTexture" not in (tmp_path / "out" / "figure.glb").read_bytes()
    pipeline.reshape_files(tmp_path / "out", relief=0.4)  # a relief that was not wanted at first
    assert b"normalTexture" in (tmp_path / "out" / "figure.glb").read_bytes()


def _changed(config: Config, **given: str) -> set[str]:
    start = {"photo": "p", "style": "s", "engine": "e"}
    old, new = (dict(start), {**start, **given})
    for keys, options in ((old, SMALL), (new, config)):
        for stage in ROAD:
            keys[stage.name] = key_of(stage, options, keys)
    return {stage.name for stage in ROAD if old[stage.name] != new[stage.name]}


@pytest.mark.parametrize(
    ("section", "name", "value", "redone"),
    [
        ("reconstruct", "shape", "paper", LEARNED - {"pair"}),
        ("stylize", "ablation", "none", LEARNED),
        ("stylize", "warm_start", True, LEARNED),
        ("stylize", "guidance", False, LEARNED),
        ("align", "strength", 0.5, {"start", *LEARNED}),
        ("views", "size", 256, LEARNED),
        ("reconstruct", "texture_size", 512, {"texture", "relief"}),
    ],
)
def test_an_option_redoes_what_depends_on_it(section: str, name: str, value: object, redone: set[str]) -> None:
    changed = replace(getattr(SMALL, section), **{name: value})
    assert _changed(replace(SMALL, **{section: changed})) == redone


def test_an_input_redoes_what_depends_on_it() -> None:
    assert _changed(SMALL, photo="other") == {"sculpt", "form", "start", *LEARNED}
    assert _changed(SMALL, engine="other") == LEARNED


def test_warps_that_start_from_the_form(copy: Path, first: pipeline.Result, photo: Path, style: Path) -> None:
    warm = replace(SMALL, stylize=replace(SMALL.stylize, warm_start=True))
    result = pipeline.stylize_files(photo, style, copy, warm)
    assert {"style-head", "form", "start", *LEARNED, "export"} == {t.stage for t in result.timings if not t.resumed}
    assert _hashes(copy)["figure.ply"] != _hashes(first.out)["figure.ply"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--no-back", "--no-back: is gone. Leave it out: a figure is a whole head."),
        ("--grid 200", "--grid: is gone. Leave it out: a figure's mesh is the template's"),
        ("--depth-from-triangulation 0.5", "--depth-from-triangulation: is gone."),
        ("--method paper --shape blend", "--shape blend: is gone. Leave it out: --method paper triangulates steadily"),
        ("--method paper --shape=direct", "--shape direct: is gone. Leave it out and --method paper, too"),
    ],
)
def test_what_is_gone_is_told_with_what_takes_its_place(
    options: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["stylize", "nowhere.jpg", "nowhere.png", "-o", str(tmp_path / "out"), *options.split()]
    assert cli.main(line) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert says in told[0]
    assert list(tmp_path.iterdir()) == []


def test_reshape_refuses_a_folder_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="no finished run"):
        pipeline.reshape_files(tmp_path, 0.5)


def test_interruption_keeps_finished_stages_and_nothing_else(photo: Path, style: Path, tmp_path: Path) -> None:
    def interrupt(step: Step) -> None:
        if step.stage == "pair":
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        pipeline.stylize_files(photo, style, out, SMALL, progress=interrupt)
    assert [p.name for p in out.iterdir()] == [".twinbrush"]
    assert {p.name for p in (out / ".twinbrush").iterdir()} == {"sculpt.npz", "regions.npz"}


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
