"""The rivals' road on the bundled example at its smallest size: files, resuming, options, the figure comes back."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest

import figures
import twinbrush
from twinbrush.app import cli, demo
from twinbrush.base.errors import BadOption
from twinbrush.baselines import paint
from twinbrush.config import Config, FaceConfig, StylizeConfig
from twinbrush.config.results import ReconstructConfig
from twinbrush.config.rivals import RivalConfig
from twinbrush.config.roads import RIVALS, UNUSED
from twinbrush.road.rival_road import RIVAL

SMALL = replace(
    figures.SMALL, reconstruct=ReconstructConfig(),
    stylize=replace(
        figures.SMALL.stylize, extractor="filters",
        rivals=replace(
            RivalConfig(), nst_steps=3, strotss_sizes=(64,), strotss_steps=2, dst_sizes=(64,), dst_steps=2,
            content_samples=64, style_samples=64, nmr_steps=2, nmr_size=48, exemplar_steps=3)),
)  # fmt: skip


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demo.write_photo(tmp_path_factory.mktemp("photo"))


@pytest.mark.parametrize("method", ["nst", "flat", "nmr", "exemplar"])
def test_every_rival_makes_a_figures_files(method: Any, photo: Path, tmp_path: Path) -> None:
    config = replace(SMALL, stylize=replace(SMALL.stylize, method=method))
    style = demo.bundled_styles()["oil"]
    result = twinbrush.stylize(photo, style, tmp_path, config)
    assert {"figure.glb", "viewer.html", "figure_0.png", "clay_45.png", "sheet.png", "manifest.json"} <= set(
        result.files)
    told = json.loads((tmp_path / "manifest.json").read_text())
    assert told["engine"]["name"] == method
    assert told["parameters"]["stylize"]["method"] == method
    figure = twinbrush.load_figure(tmp_path)
    assert {part.name for part in figure.parts} >= {"Head"}
    assert np.isfinite(figure.texture).all()
    with pytest.raises(BadOption, match="no finished run"):
        twinbrush.reshape(tmp_path, 0.5)
    again = twinbrush.stylize(photo, style, tmp_path, config)
    assert [timing.resumed for timing in again.timings if timing.stage == "rival"] == [True]


def test_every_method_is_ours_or_a_rival() -> None:
    methods = set(get_args(get_type_hints(StylizeConfig)["method"]))
    assert methods == {"hybrid", "guided", "paper", *RIVALS}
    assert set(paint.RIVALS) == set(RIVALS)


def _leaves(value: Any, place: str = "") -> set[str]:
    if not is_dataclass(value) or isinstance(value, FaceConfig):
        return {place}
    inner = [_leaves(getattr(value, f.name), f"{place}.{f.name}".lstrip(".")) for f in fields(value)]
    return set().union(*inner)


def test_no_option_is_ignored_in_silence() -> None:
    used = {*RIVAL.sections, "photo_face", "style_face", "portrait", "export", "cache"}
    refused = {f"{section}.{name}" if name else section for section, names, _ in UNUSED["rival"]
               for name in names or ("",)}  # fmt: skip
    for leaf in _leaves(Config()):
        assert any(leaf == place or leaf.startswith(f"{place}.") for place in used | refused), leaf
    for place in used | refused:
        attrgetter(place)(Config())


@pytest.mark.parametrize("option", ["--strength 1.2", "--caricature 1.5", "--skin style", "--identity 0.9",
                                    "--relief 0.3", "--paper.rate 0.01", "--half-angle-degrees 9"])  # fmt: skip
def test_a_rival_takes_no_option_of_ours(option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["stylize", "nowhere.jpg", "nowhere.png", "-o", str(tmp_path / "out"), "--method", "nst"]
    assert cli.main([*line, *option.split()]) == 2
    assert "is not used here" in capsys.readouterr().err
