"""The figure's road on the bundled example at its smallest size: files, resuming, same bytes, reshape, progress."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import pairwise
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh

import traces
import twinbrush
from figures import SMALL
from twinbrush.app import cli, demo
from twinbrush.app.terminal import Display
from twinbrush.base import beside
from twinbrush.base.errors import BadOption, TwinbrushError
from twinbrush.base.image import load_image
from twinbrush.base.progress import Progress, Step
from twinbrush.config import FAST, PRESETS, Config, FaceConfig
from twinbrush.config.roads import UNUSED
from twinbrush.export.outputs import Result
from twinbrush.meshes.plain.surface import surface_of
from twinbrush.road import pipeline, sculpt_road
from twinbrush.road.paint_road import PAIR, TEXTURE
from twinbrush.road.relief_road import RELIEF
from twinbrush.road.run import CACHE
from twinbrush.road.stages import Stage, key_of

SIDES = ("-135", "-90", "-45", "0", "45", "90", "135", "180")
EXPECTED = {
    "figure.glb", "figure.obj", "figure.mtl", "figure.png", "figure.ply", "viewer.html", "sheet.png", "turntable.webp",
    "view_left.png", "view_right.png", "manifest.json", *(f"figure_{side}.png" for side in SIDES),
    *(f"clay_{side}.png" for side in SIDES),
}  # fmt: skip
STILLS = {name for name in EXPECTED if name.startswith(("figure_", "clay_", "sheet", "turntable"))}
ROAD: tuple[Stage[Any], ...] = (
    sculpt_road.FIGURE, sculpt_road.REGIONS, sculpt_road.STYLE_HEAD, sculpt_road.FORM, sculpt_road.SHAPE,
    sculpt_road.STRENGTH_ROW, sculpt_road.CARICATURE_ROW, sculpt_road.HAIR_ROW, sculpt_road.PLANES, PAIR, TEXTURE,
    RELIEF)
GIVEN = {"photo": "p", "style": "s", "engine": "e"}
PAINTED = {"pair", "texture", "relief"}
SHAPED = {"shape", "strengths", "caricatures", "hairs", "planes", *PAINTED}


@dataclass(frozen=True)
class Walked:
    """A finished run and all that it reported."""

    result: Result
    steps: tuple[Step, ...]


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photo")
    return traces.marked(demo.write_photo(folder / "plain"), folder / "astronaut.png")


@pytest.fixture(scope="module")
def style() -> Path:
    return demo.bundled_styles()["oil"]


@pytest.fixture(scope="module", autouse=True)
def _few_shapes() -> Generator[None, None, None]:
    """Two shapes a slider: each costs a second. Two cores, whatever the machine has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(beside, "cores", lambda: 2)
        patch.setattr("twinbrush.shape.live.STRENGTHS", (0.0, 1.5))
        patch.setattr("twinbrush.shape.live.CARICATURES", (0.5, 2.0))
        yield


@pytest.fixture(scope="module")
def first(photo: Path, style: Path, tmp_path_factory: pytest.TempPathFactory) -> Walked:
    steps: list[Step] = []
    out = tmp_path_factory.mktemp("runs") / "first"
    return Walked(pipeline.stylize_files(photo, style, out, SMALL, progress=steps.append), tuple(steps))


@pytest.fixture
def copy(first: Walked, tmp_path: Path) -> Path:
    """The finished run's folder, to be changed."""
    return Path(shutil.copytree(first.result.out, tmp_path / "copy"))


def _hashes(folder: Path) -> dict[str, str]:
    files = [p for p in folder.iterdir() if p.is_file() and p.name != "manifest.json"]
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def _manifest(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "manifest.json").read_text())


def _resumed(result: Result) -> dict[str, bool]:
    return {timing.stage: timing.resumed for timing in result.timings}


def test_every_file_is_there(first: Walked) -> None:
    out = first.result.out
    assert {p.name for p in out.iterdir()} - {CACHE} == EXPECTED == set(first.result.files)
    assert not list((out / CACHE).glob("new-*"))


def test_no_file_tells_of_the_camera_or_the_machine(first: Walked, photo: Path) -> None:
    words = [traces.CAMERA, traces.OWNER, traces.PLACE, traces.NOTE, *traces.of_machine(photo.parent, first.result.out)]
    told = traces.found(first.result.out, words)
    assert {name: which for name, which in told.items() if which} == {}
    assert told.keys() == EXPECTED


def test_manifest_tells_of_figure_and_paint(first: Walked, photo: Path) -> None:
    manifest = _manifest(first.result.out)
    assert manifest["inputs"]["photo"]["sha256"] == hashlib.sha256(photo.read_bytes()).hexdigest()
    assert manifest["inputs"]["style"]["name"] == "oil.png"
    assert manifest["engine"]["name"] == "hybrid"
    assert manifest["engine"]["extractor"] == "student"
    metrics = manifest["metrics"]
    assert 0 < metrics["landmarks_median_px"] < 1
    assert metrics["consistency_after_points"] > 1000
    assert 0 < metrics["consistency_after_mean_absolute"] < 0.02
    assert metrics["ring_match_cost"] > 0
    assert 0.3 < metrics["texels_seen"] <= 1
    assert manifest["artefacts"]["figure.glb"] == _hashes(first.result.out)["figure.glb"]


def test_second_run_resumes_and_paint_made_anew_is_the_same(
    copy: Path, first: Walked, photo: Path, style: Path
) -> None:
    for stage in ("pair", "texture"):
        (copy / CACHE / f"{stage}.npz").unlink()
    steps: list[Step] = []
    again = pipeline.stylize_files(photo, style, copy, SMALL, progress=steps.append)
    assert {stage for stage, kept in _resumed(again).items() if not kept} == {"pair", "texture", "export"}
    assert _hashes(copy) == _hashes(first.result.out)
    steps.clear()
    again = pipeline.stylize_files(photo, style, copy, SMALL, progress=steps.append)
    assert {stage for stage, kept in _resumed(again).items() if not kept} == {"export"}
    _check_bar(tuple(steps))


def test_one_core_makes_the_same_bytes_as_two(
    first: Walked, photo: Path, style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "cores", lambda: 1)
    pipeline.stylize_files(photo, style, tmp_path / "out", SMALL)
    assert _hashes(tmp_path / "out") == _hashes(first.result.out)


def test_reshape_moves_the_shape_and_keeps_the_paint(copy: Path, first: Walked, photo: Path, style: Path) -> None:
    before = _hashes(copy)
    steps: list[Step] = []
    result = pipeline.reshape_files(copy, SMALL.align.strength, caricature=1.3, progress=steps.append)
    after = _hashes(copy)
    assert set(before) - set(after) == STILLS  # of the old shape
    assert result.notes[-1].startswith(f"{len(STILLS)} pictures of the old shape were removed: --stills")
    assert after["figure.png"] == before["figure.png"]
    assert after["view_left.png"] == before["view_left.png"]
    assert after["figure.ply"] != before["figure.ply"]
    made = {stage for stage, kept in _resumed(result).items() if not kept}
    assert made == {"shape", "strengths", "caricatures", "hairs", "planes", "export"}
    parameters = _manifest(copy)["parameters"]["align"]
    assert (parameters["strength"], parameters["caricature"], parameters["hair_shape"]) == (1.0, 1.3, 0.3)
    _check_bar(tuple(steps))
    # it is the shape of a run with these options from the start, whose paint would be another
    asked = replace(SMALL, align=replace(SMALL.align, caricature=1.3))
    steps.clear()
    with pytest.raises(KeyboardInterrupt):
        pipeline.stylize_files(photo, style, copy, asked, progress=_interrupted_at("pair", steps))
    assert {step.stage for step in steps if step.note == "resumed"} >= {"sculpt", "style-head", "shape"}
    whole = pipeline.reshape_files(copy, SMALL.align.strength, stills=True)
    assert whole.notes == ()
    assert _hashes(copy) == before == _hashes(first.result.out)


def test_reshape_changes_the_height_of_the_relief_alone(copy: Path, first: Walked) -> None:
    before = _hashes(copy)
    told = _manifest(copy)["metrics"]["relief"]
    assert told["medium"] == "oil"
    assert told["height_mm"] > 0.3
    result = pipeline.reshape_files(copy, relief=0.2)
    assert {stage for stage, kept in _resumed(result).items() if not kept} == {"export"}
    assert _manifest(copy)["metrics"]["relief"]["height_mm"] == 0.2
    after = _hashes(copy)
    assert after["figure.glb"] != before["figure.glb"]
    assert after["figure.ply"] == before["figure.ply"]
    pipeline.reshape_files(copy, relief=0.0)
    assert "relief" not in _manifest(copy)["metrics"]
    assert b"normalTexture" not in (copy / "figure.glb").read_bytes()
    with pytest.raises(BadOption, match=r"--relief 3.*out of range"):
        pipeline.reshape_files(copy, relief=3)
    pipeline.reshape_files(copy, relief=told["height_mm"], stills=True)
    assert _hashes(copy) == before == _hashes(first.result.out)


def test_a_folders_figure_is_loaded_in_its_shape_and_paint(copy: Path, first: Walked) -> None:
    before = twinbrush.load_figure(copy)
    painted = load_image(first.result.out / "figure.png").pixels
    assert np.abs(before.texture - painted).max() < 0.51 / 255
    assert before.parts[0].targets
    twinbrush.reshape(copy, 0.0)
    after = twinbrush.load_figure(str(copy))
    assert np.array_equal(after.texture, before.texture)
    assert np.abs(after.parts[0].mesh.vertices - before.parts[0].mesh.vertices).max() > 1
    shown = surface_of(after.whole()).vertices  # without what no triangle uses
    assert np.abs(trimesh.load(copy / "figure.ply", process=False).vertices - shown).max() < 1e-3
    (copy / CACHE / "shape.npz").unlink()
    with pytest.raises(BadOption, match=r"shape.npz: missing"):
        twinbrush.load_figure(copy)
    with pytest.raises(BadOption, match="no figure"):
        twinbrush.load_figure(copy / "elsewhere")


def test_a_room_is_called_like_the_function_of_its_name(tmp_path: Path) -> None:
    import twinbrush.sculpt.values

    assert twinbrush.sculpt.values.Figure
    with pytest.raises(TwinbrushError):
        twinbrush.sculpt(tmp_path / "none.jpg", tmp_path / "out")
    with pytest.raises(TwinbrushError):
        twinbrush.stylize(tmp_path / "none.jpg", tmp_path / "none.png", tmp_path / "out")


def test_reshape_does_not_import_torch(copy: Path) -> None:
    code = f'''if True:
        import sys
        from twinbrush.road.pipeline import reshape_files
        from pathlib import Path
        reshape_files(Path({str(copy)!r}), {SMALL.align.strength})
        print("numba" in sys.modules, "torch" in sys.modules)'''
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True False"


def test_interruption_while_writing_leaves_old_results_whole(copy: Path, photo: Path, style: Path) -> None:
    before = _hashes(copy)
    larger = replace(SMALL, export=replace(SMALL.export, still_size=130))
    with pytest.raises(KeyboardInterrupt):
        pipeline.stylize_files(photo, style, copy, larger, progress=_interrupted_at("export", [], "sheet"))
    assert _hashes(copy) == before
    assert not list((copy / CACHE).glob("new-*"))


def _interrupted_at(stage: str, told: list[Step], note: str = "") -> Progress:
    def interrupt(step: Step) -> None:
        told.append(step)
        if step.stage == stage and step.note == note:
            raise KeyboardInterrupt

    return interrupt


def test_reshape_of_a_folder_whose_paint_is_gone_is_told(copy: Path) -> None:
    (copy / CACHE / "texture.npz").unlink()
    before = _hashes(copy)
    with pytest.raises(BadOption, match="texture"):
        pipeline.reshape_files(copy, 0.5)
    with pytest.raises(BadOption, match=r"--caricature 7.*out of range"):
        pipeline.reshape_files(copy, 0.5, caricature=7)
    assert _hashes(copy) == before


def _check_bar(steps: tuple[Step, ...]) -> None:
    """A display that is driven by a run's steps never goes back and ends at 100%."""
    display, shown = Display(), [0.0]
    for step in steps:
        display.progress(step)
        task = display.bar.tasks[0]
        assert task.total is not None
        shown.append(task.completed / task.total)
    assert shown == sorted(shown)
    assert shown[-1] == pytest.approx(1.0)
    assert max(b - a for a, b in pairwise(shown)) < 0.6


def test_the_bar_never_goes_back_and_ends_at_100_percent(first: Walked) -> None:
    _check_bar(first.steps)
    inner = {step.stage for step in first.steps}
    assert {"sculpt", "objective", "stylize", "refine", "ring", "export"} <= inner


def _keys(config: Config, given: dict[str, str]) -> dict[str, str]:
    keys = dict(given)
    for stage in ROAD:
        keys[stage.name] = key_of(stage, config, keys)
    return {stage.name: keys[stage.name] for stage in ROAD}


def _changed(config: Config, **given: str) -> set[str]:
    old, new = _keys(SMALL, GIVEN), _keys(config, GIVEN | given)
    return {name for name in old if old[name] != new[name]}


@pytest.mark.parametrize(
    ("section", "name", "value", "redone"),
    [
        ("sculpt", "socle", False, {"sculpt", "form", *SHAPED}),
        ("align", "strength", 0.5, SHAPED - {"strengths"}),
        ("align", "caricature", 1.5, SHAPED),
        ("align", "hair_shape", 0.9, SHAPED - {"hairs"}),
        ("align", "facets", 140, SHAPED - {"strengths", "hairs"}),
        ("align", "repose", False, PAINTED),
        ("views", "size", 256, PAINTED),
        ("stylize", "skin", "style", PAINTED),
        ("reconstruct", "texture_size", 512, {"texture", "relief"}),
        ("surface", "medium", "mosaic", {"relief"}),
        ("surface", "relief", 0.4, set()),
        ("export", "stl", True, set()),
    ],
)
def test_an_option_redoes_what_depends_on_it(section: str, name: str, value: object, redone: set[str]) -> None:
    changed = replace(getattr(SMALL, section), **{name: value})
    assert _changed(replace(SMALL, **{section: changed})) == redone


def test_an_input_redoes_what_depends_on_it() -> None:
    assert _changed(SMALL, photo="other") == {"sculpt", "form", *SHAPED}  # the form is the person's; its regions stay
    assert _changed(SMALL, style="other") == {"regions", "style-head", "form", *SHAPED}
    assert _changed(SMALL, engine="other") == PAINTED
    assert _changed(replace(SMALL, seed=5)) == PAINTED


def test_weights_count_with_their_content(tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    file.write_bytes(b"one")
    config = replace(SMALL, stylize=replace(SMALL.stylize, weights=file))
    before = _keys(config, GIVEN)
    assert _keys(config, GIVEN) == before
    file.write_bytes(b"two")
    after = _keys(config, GIVEN)
    assert {name for name in before if before[name] != after[name]} == PAINTED
    file.unlink()
    with pytest.raises(BadOption, match="cannot be read"):
        _keys(config, GIVEN)


def _leaves(value: Any, place: str = "") -> set[str]:
    if not is_dataclass(value) or isinstance(value, FaceConfig):
        return {place}
    inner = [_leaves(getattr(value, f.name), f"{place}.{f.name}".lstrip(".")) for f in fields(value)]
    return set().union(*inner)


def test_no_option_is_ignored_in_silence() -> None:
    """Every option reaches a stage, or the reading of the inputs, or the files, or is refused."""
    read = {"photo_face", "style_face", "portrait"}
    used = {section for stage in ROAD for section in stage.sections} | read | {"export", "cache", "surface.relief"}
    refused = {f"{section}.{name}" if name else section for section, names, _ in UNUSED["figure"]
               for name in names or ("",)}  # fmt: skip
    for leaf in _leaves(Config()):
        assert any(leaf == place or leaf.startswith(f"{place}.") for place in used | refused), leaf
    for place in used | refused:
        attrgetter(place)(Config())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--views 4", "--views: is not used here. Leave it out: a photo's figure is painted all the way round."),
        ("--angles 0 90", "--angles: is not used here."),
        ("--shape paper", "--shape: is not used here. It belongs to --method paper. --strength, --caricature"),
        ("--warm-start", "--warm-start: is not used here. It belongs to --method paper."),
        ("--ablation none", "--ablation: is not used here. It belongs to --method paper."),
        ("--paper.rate 0.01", "--paper.rate: is not used here."),
        ("--keypoints contours", "--keypoints: is not used here. It is for meshes"),
        ("--up z", "--up: is not used here. It is for meshes"),
        ("--method guided --extractor filters", "--extractor: is not used here. --method guided"),
        ("--method paper --caricature 1.5", "--caricature: is not used here. It is for a photo's figure"),
        ("--method paper --hair-shape 0.5", "--hair-shape: is not used here."),
        ("--method paper --skin style", "--skin: is not used here."),
        ("--method paper --views 4", "--views: is not used here."),
        ("--caricature 3", "--caricature 3.0: out of range. Give a value from 0.5 to 2."),
        ("--sculpt.texture-size 9", "--sculpt.texture-size 9: out of range."),
    ],
)
def test_options_that_the_road_cannot_use_are_refused(
    options: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for preset in PRESETS:
        line = ["stylize", "nowhere.jpg", "nowhere.png", "-o", str(tmp_path / "out"), "--preset", preset]
        assert cli.main([*line, *options.split()]) == 2
        told = capsys.readouterr().err.splitlines()
        assert len(told) == 2
        assert says in told[1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["photo.jpg", "mesh.obj"])
@pytest.mark.parametrize("method", ["hybrid", "guided", "paper"])
def test_an_absent_device_is_told_before_any_work(
    name: str, method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    config = replace(FAST, stylize=replace(FAST.stylize, device="cuda", method=method))
    with pytest.raises(BadOption, match="no usable CUDA"):
        pipeline.stylize_files(tmp_path / name, tmp_path / "no.png", tmp_path / "out", config)
