"""`reproduce` on made-up runs: what is run, that nothing finished is run again, what the report says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twinbrush.app import cli
from twinbrush.app.reproduce import plan, run, runs
from twinbrush.app.reproduce.compare import (
    Rate,
    ceilings,
    direction_of,
    on_shared_pairs,
    pairs_won,
    recognitions,
    spreads,
)
from twinbrush.app.reproduce.measure import Gallery, Jury, recognised
from twinbrush.app.reproduce.plan import Job, find_data, jobs_for, pairs_of
from twinbrush.app.reproduce.report import Heading, page_of, table_of_costs
from twinbrush.app.reproduce.runs import Done
from twinbrush.base import store
from twinbrush.base.errors import BadOption
from twinbrush.base.image import save_png
from twinbrush.base.mesh import Region
from twinbrush.evaluate.cost import Cost
from twinbrush.evaluate.figure_numbers import Look

FREE = Cost(1.5, 2.5, 0.3, 0)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of pictures; a face is `found` in all styles but those that say so."""
    folder = tmp_path / "data"
    for place, names in {"photos": "abc", "people": "d", "styles": "xyn", "objects": "s"}.items():
        for name in names:
            stem = {"n": "no_face", "s": "rabbit_style"}.get(name, name)
            save_png(folder / place / f"{stem}.png", np.full((8, 8, 3), 0.5, np.float32))
    (folder / "objects" / "bunny.obj").write_text("v 0 0 0\n")
    monkeypatch.setattr(plan, "shows_face", lambda path: path.stem != "no_face")
    return folder


class Machine:
    """Stands for the processes: writes a manifest, or refuses."""

    def __init__(self, refuses: str = "", dies_at: int = 10**9) -> None:
        self.refuses, self.dies_at, self.ran = refuses, dies_at, list[str]()

    def __call__(self, words: Sequence[str]) -> Cost:
        if len(self.ran) == self.dies_at:
            raise KeyboardInterrupt
        folder = Path(words[words.index("-o") + 1])
        self.ran.append(folder.parent.name + "/" + folder.name)
        if self.refuses and self.refuses in str(folder):
            return Cost(0.1, 0.1, 0.1, 2)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "manifest.json").write_text("{}")
        save_png(folder / "figure_0.png", np.full((8, 8, 3), 0.5, np.float32))
        return FREE


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    stand_in = Machine()
    monkeypatch.setattr(runs, "cost_of", stand_in)
    monkeypatch.setattr(run, "_numbers", lambda *_: ([], [], ("a judge is missing",)))
    return stand_in


def test_pairs_are_all_different_and_every_photo_comes_before_one_comes_twice(data: Path) -> None:
    found = find_data(data)
    assert [path.stem for path in found.styles] == ["x", "y"]
    assert [(p.stem, s.stem) for p, s in pairs_of(found, 4)] == [("a", "x"), ("b", "y"), ("c", "x"), ("d", "y")]
    everything = pairs_of(found, 99)
    assert len(everything) == len(set(everything)) == 8


def test_each_figure_has_its_methods(data: Path) -> None:
    found = find_data(data)

    def methods(subject: Any, **given: Any) -> list[str]:
        given = {"quick": True, "pairs": 1, "methods": (), **given}
        return [job.method for job in jobs_for(subject, found, **given)]

    assert methods("fig2") == ["hybrid", "paper", *plan.RIVALS, "unstyled"]
    assert methods("table1") == ["hybrid", "paper", *plan.RIVALS]
    (control,) = jobs_for("study", found, quick=True, pairs=1, methods=("unstyled",))
    assert control.words("a.png", "x.png", "-o", "out") == ("sculpt", "a.png", "-o", "out")
    assert methods("table1", methods=("nst",)) == ["nst"]
    assert methods("fig3") == [f"paper-{form}-0" for form in plan.ABLATIONS]
    assert len(methods("fig3", quick=False)) == 4 * plan.SEEDS
    assert methods("fig4") == ["hybrid"]
    assert jobs_for("fig4", found, quick=True, pairs=1, methods=())[0].content.name == "bunny.obj"
    with pytest.raises(BadOption, match="no such method"):
        methods("fig2", methods=("eps",))
    (job,) = jobs_for("study", found, quick=False, pairs=1, methods=("guided",))
    (variant,) = jobs_for("study", found, quick=True, pairs=1, methods=("hybrid-style-skin",))
    assert variant.options[-6:] == ("--method", "hybrid", "--device", "cpu", "--skin", "style")
    assert job.options == ("--preset", "default", "--no-turntable", "--method", "guided", "--device", "cpu")


def test_a_run_that_was_cut_off_goes_on_where_it_stopped(
    data: Path, tmp_path: Path, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    line = ["reproduce", "fig2", "--data", str(data), "-o", str(out), "--quick", "--pairs", "2", "--methods", "nst",
            "flat"]  # fmt: skip
    machine.dies_at = 3
    assert cli.main(line) == 130
    assert machine.ran == ["nst/a__x", "flat/a__x", "nst/b__y"]
    assert not (out / "fig2.html").exists()
    machine.dies_at, machine.ran = 10**9, []
    assert cli.main(line) == 0
    assert machine.ran == ["flat/b__y"]
    assert "4 of 4 runs made" in capsys.readouterr().out
    page = (out / "fig2.html").read_text()
    for words in ("reproduce fig2 --data data", "--quick", "pairs: 2", "commit", "cores", "1.5", "a judge is missing",
                  "156.3 s", "cited"):  # fmt: skip
        assert words in page, words
    assert json.loads((out / "fig2.json").read_text())["costs"]["nst/a__x"]["cpu"] == 1.5
    (out / "runs" / "nst" / "a__x" / "manifest.json").unlink()
    machine.ran = []
    assert cli.main(line) == 0
    assert machine.ran == ["nst/a__x"]


def test_a_new_metric_asks_for_no_new_run_and_a_new_engine_or_another_picture_does(
    data: Path, tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = run.Wish("table1", data, tmp_path / "out", quick=True, pairs=1, methods=("nst",))

    def ran() -> int:
        machine.ran = []
        runs.content_hash.cache_clear()
        run.reproduce(wish, "c", lambda _: None)
        return len(machine.ran)

    assert ran() == 1
    monkeypatch.setattr(store, "measuring_hash", lambda: "other")
    assert ran() == 0
    save_png(data / "photos" / "a.png", np.zeros((8, 8, 3), np.float32))
    assert [ran(), ran()] == [1, 0]
    monkeypatch.setattr(store, "code_hash", lambda: "other")
    assert ran() == 1


def test_what_is_refused_is_told_and_not_tried_again(data: Path, tmp_path: Path, machine: Machine) -> None:
    machine.refuses = "flat"
    wish = run.Wish("table1", data, tmp_path / "out", quick=True, pairs=1, methods=("nst", "flat"))
    assert "1 of 2 runs made" in run.reproduce(wish, "c", lambda _: None)
    assert "flat: not made" in (tmp_path / "out" / "table1.html").read_text()
    run.reproduce(wish, "c", lambda _: None)
    assert machine.ran == ["nst/a__x", "flat/a__x"]


def test_counts_and_folders_that_cannot_be_are_told(data: Path, tmp_path: Path) -> None:
    assert run.pair_count(run.Wish("study", data, tmp_path)) == 20
    assert run.pair_count(run.Wish("study", data, tmp_path, quick=True)) == 6
    assert run.pair_count(run.Wish("table1", data, tmp_path)) == 3
    with pytest.raises(BadOption, match="--pairs"):
        run.pair_count(run.Wish("study", data, tmp_path, pairs=-1))
    with pytest.raises(BadOption, match="0 photos"):
        find_data(tmp_path / "nowhere")


def measured_runs() -> list[tuple[Done, dict[str, Any]]]:
    """Three results of one method, two of which are nearest to their own; one of another without a face."""
    rows = []
    for method, name, styles, faces in (
        ("a", "p0__x", {"x": 0.1, "y": 0.3}, {"p0": 0.2, "p1": 0.4}),
        ("a", "p1__y", {"x": 0.1, "y": 0.3}, {"p0": 0.2, "p1": 0.1}),
        ("b", "p0__x", {"x": 0.2, "y": 0.3}, {"p0": None, "p1": None}),
    ):
        photo, style = name.split("__")
        job = Job(method, name, Path(f"{photo}.png"), Path(f"{style}.png"), ())
        told = {"metrics": {"palette": styles[style] * 10, "crossing": None}, "styles": {"net": styles},
                "photos": {"who painted": faces}}  # fmt: skip
        rows.append((Done(job, FREE, Path("nowhere"), "c", "k"), told))
    return rows


def test_means_and_rates_of_the_report_are_those_of_the_runs() -> None:
    rows = measured_runs()
    found = spreads(rows)
    assert found["a"]["palette"].mean == pytest.approx(2.0)
    assert found["a"]["palette"].deviation == pytest.approx(np.sqrt(2))
    assert "crossing" not in found["a"]
    rates = {(rate.method, rate.what): rate for rate in recognitions(rows)}
    assert (rates["a", "SR net"].rate, rates["a", "SR net"].chance, rates["a", "SR net"].rank) == (0.5, 0.5, 1.5)
    assert rates["a", "SR net"].low == pytest.approx(0.0126, abs=1e-3)  # of one hit in two
    assert rates["a", "CR who painted"].rate == 1.0
    assert rates["b", "CR who painted"].rate == 0.0
    page = page_of(Heading("fig2", "c", ("<note>",)), [done for done, _ in rows], rows, [], [Path("eps_p0.png")],
                   Path())  # fmt: skip
    assert "&lt;note&gt;" in page
    assert "<note>" not in page
    assert "the pairs that every method made: 1" in page
    assert "1.00 (0.03 to 1.00), rank 1" in page
    assert "0 of 1" in page  # b's palette is worse on the only shared pair
    assert "EPS, as published" in page
    assert recognised([("p0", {"p0": 0.5, "p1": 0.5})]).rate == 0  # a tie is no recognition


def test_methods_are_compared_on_shared_pairs_in_the_direction_of_each_metric() -> None:
    rows = measured_runs()
    assert [done.job.name for done, _ in on_shared_pairs(rows)] == ["a/p0__x", "b/p0__x"]
    kept = [(done, {**told, "metrics": {"form_kept": kept, "form_gain": kept, "roughness": kept}})
            for (done, told), kept in zip(on_shared_pairs(rows), (1.4, 0.9), strict=True)]  # fmt: skip
    won = pairs_won(kept, ("form_kept", "form_gain", "roughness", "palette"))
    assert won == {"b": {"form_kept": (1, 1), "form_gain": (0, 1), "palette": (0, 0)}}
    assert direction_of("pair_fold_overs") == direction_of("delta_e_above_5_ring") == "lower"
    assert direction_of("skew_px") == "none"


def test_the_ceiling_of_a_judge_is_how_often_it_finds_a_styles_other_half(tmp_path: Path) -> None:
    regions = np.full((24, 48), Region.SKIN, np.uint8)
    even = {name: np.full((24, 48, 3), level, np.float32) for name, level in {"x": 0.2, "y": 0.9}.items()}
    torn = np.concatenate([even["x"][:, :24], even["y"][:, 24:]], 1)  # its halves are those of two others

    def rate(**pictures: np.ndarray) -> Rate:
        looks = {name: Look(picture, regions) for name, picture in pictures.items()}
        judges = Jury({"net": lambda image: [image.transpose(2, 0, 1)]}, {}, ())
        (found,) = ceilings(Gallery(judges, (), tuple(Path(name) for name in looks), _looks=looks))
        return found

    assert (rate(**even).rate, rate(**even).results, rate(**even).what) == (1.0, 4, "SR net")
    assert rate(**even, z=torn).rate < 1


def test_costs_are_medians_so_that_one_run_that_compiled_does_not_count() -> None:
    job = Job("a", "p0__x", Path("p0.png"), Path("x.png"), ())
    costs = [Cost(cpu, 1, peak, 0) for cpu, peak in ((65, 1), (35, 2), (36, 1))]
    runs = [Done(job, cost, Path("nowhere"), "c", "k") for cost in costs]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Done, "made", True)
        page = table_of_costs(runs)
    assert "<td>36.0</td><td>35.0 to 65.0</td><td>1.0</td><td>2.00</td><td>3</td>" in page
    assert "No GPU is used" in page


def test_a_jury_without_its_networks_says_who_is_missing() -> None:
    from twinbrush.app.reproduce.measure import make_jury

    found = make_jury(None)
    assert isinstance(found, Jury)
    assert any("VGG-19" in line for line in found.missing)
    assert "vgg19" not in found.nets
