"""The study end to end: results in folders, the page in a real browser with persons of known rates, their score."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from browsing import Visit, open_browser
from twinbrush.app import cli
from twinbrush.base.errors import BadStudy
from twinbrush.study.answers import read_answers
from twinbrush.study.design import OPTIONS, make_study
from twinbrush.study.page import page_bytes
from twinbrush.study.results import more_pictures, read_results

PHOTOS, STYLES = 6, 5


def colour(kind: int, number: int) -> np.ndarray:
    return np.random.default_rng([kind, number]).integers(40, 220, 3).astype(np.uint8)


def flat(rgb: np.ndarray, height: int = 60, width: int = 60) -> Image.Image:
    return Image.fromarray(np.broadcast_to(rgb, (height, width, 3)).copy())


def data_uri(picture: Image.Image) -> str:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def write_result(folder: Path, photo: int, style: int, method: str) -> None:
    """What a study reads of a result: manifest, viewer, stills."""
    folder.mkdir(parents=True)
    inputs = {role: {"sha256": f"{kind}{number:03d}".ljust(64, "0"), "file": "x.png"}
              for role, kind, number in (("photo", "a", photo), ("style", "b", style))}  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps({"inputs": inputs, "parameters": {"stylize": {"method": method}}}))
    shown = [flat(colour(0, photo)), flat(colour(1, style), 80, 50)]
    images = "".join(f'<figure><img src="{data_uri(picture)}"></figure>' for picture in shown)
    (folder / "viewer.html").write_text(f'<img src="no"><aside id="inputs">{images}</aside><img src="no">')
    for stem in ("figure", "clay"):
        for degrees in (-45, 0, 45):
            flat(colour(2, photo + style)).save(folder / f"{stem}_{degrees}.png")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    for photo in range(PHOTOS):
        for method in ("guided", "hybrid"):
            write_result(folder / method / f"p{photo}", photo, photo % STYLES, method)
    write_result(folder / ".staged" / "half", 0, 0, "hybrid")
    return folder


@pytest.fixture(scope="module")
def page(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("study")
    assert cli.main(["study", "make", str(results), "-o", str(out), "--questions", "20", "--seed", "3"]) == 0
    return out / "study.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_browser() as opened:
        yield opened


def test_results_are_read_from_their_own_files(results: Path) -> None:
    found = read_results(results)
    assert len(found.shown) == 2 * PHOTOS
    assert {shown.method for shown in found.shown} == {"guided", "hybrid"}
    key = found.shown[0].photo
    np.testing.assert_allclose(found.photos[key][0, 0] * 255, colour(0, 0), atol=0.5)
    assert next(iter(found.styles.values())).shape == (80, 50, 3)


def test_every_question_has_its_own_picture_among_five_different_ones(results: Path) -> None:
    study = make_study(read_results(results), seed=0)
    asked = [question for question in study.questions if question.kind != "attention"]
    assert len(asked) == 2 * PHOTOS * 4
    assert len({question.id for question in study.questions}) == len(study.questions)
    for question in study.questions:
        assert len(set(question.options)) == OPTIONS
        assert question.own in question.options
        assert {question.views, *question.options} <= set(study.pictures)
    checks = [question for question in study.questions if question.kind == "attention"]
    assert len(checks) == 4
    assert all(question.views == question.own for question in checks)


def test_the_other_four_are_the_most_alike(results: Path, tmp_path: Path) -> None:
    twin = colour(0, 0) + np.uint8(2)
    flat(twin).save(tmp_path / "twin.png")
    study = make_study(read_results(results), seed=0, photos=more_pictures([tmp_path]))
    own = next(q for q in study.questions if q.kind == "content")
    (added,) = more_pictures([tmp_path])
    assert own.options[1] == f"photo-{added}"


def test_too_few_pictures_and_no_results_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BadStudy, match="no finished results"):
        read_results(tmp_path)
    write_result(tmp_path / "one", 0, 0, "hybrid")
    assert cli.main(["study", "make", str(tmp_path), "-o", str(tmp_path / "out")]) == 2
    assert "--photos" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    write_result(tmp_path / "two", 0, 0, "hybrid")
    with pytest.raises(BadStudy, match="twice"):
        read_results(tmp_path)
    (tmp_path / "two" / "viewer.html").write_text("<p>nothing")
    write_result(tmp_path / "three", 1, 1, "hybrid")
    (tmp_path / "three" / "viewer.html").write_text("<p>nothing")
    with pytest.raises(BadStudy, match="photo and style"):
        read_results(tmp_path)


def test_the_page_is_the_same_bytes_every_time_and_cannot_be_broken_out_of(results: Path) -> None:
    study = make_study(read_results(results), seed=0)
    assert page_bytes(study, 10, "t") == page_bytes(study, 10, "t")
    assert page_bytes(study, 10, "t").count(b"</script>") == 2


class Person(Visit):
    """Somebody at the page who knows the right answer as often as is said."""

    def begin(self, code: str) -> None:
        self.page.fill("#person", code)
        self.page.press("#person", "Enter")
        self.page.wait_for_selector("#ask:not([hidden])")

    def question(self) -> dict[str, Any]:
        return self.page.evaluate("plan[answers.length]")

    def answer_all(self, rng: np.random.Generator, rates: dict[str, float]) -> None:
        while self.page.locator("#done").is_hidden():
            asked = self.question()
            right = asked["order"].index(asked["own"])
            wrong = rng.choice([k for k in range(OPTIONS) if k != right])
            known = rng.random() < rates.get(asked["kind"], 1.0)
            self.page.keyboard.press(str((right if known else int(wrong)) + 1))

    def saved(self, folder: Path) -> Path:
        with self.page.expect_download() as found:
            self.page.click("#save")
        path = folder / found.value.suggested_filename
        found.value.save_as(path)
        return path


def test_people_of_known_rates_come_out_as_they_are(
    browser: Any, page: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("statsmodels", reason="the extra `study` is not installed")
    rng = np.random.default_rng(0)
    files = []
    for number in range(10):
        person = Person(browser, page)
        person.begin(f"person{number}")
        person.answer_all(rng, {"content": 0.9, "style": 0.4, "attention": 0.0 if number == 9 else 1.0})
        files.append(person.saved(tmp_path))
        assert not person.complaints
        assert all(url.startswith(("file:", "data:", "blob:")) for url in person.requests)
        person.context.close()
    sheets = read_answers(files)
    assert [len(sheet.answers) for sheet in sheets] == [20] * 10
    for sheet in sheets:  # nobody sees a pair by two methods
        assert len({(a.pair, a.method) for a in sheet.answers}) == len({a.pair for a in sheet.answers})
    assert {a.method for sheet in sheets for a in sheet.answers if a.method} == {"guided", "hybrid"}
    assert len({tuple(a.question for a in sheet.answers) for sheet in sheets}) == 10
    target = tmp_path / "score.json"
    assert cli.main(["study", "score", *map(str, files), "-o", str(target)]) == 0
    told = json.loads(target.read_text())
    assert [row[0] for row in told["left_out"]] == ["person9"]
    for kind, rate in (("content", 0.9), ("style", 0.4)):
        rows = [row for row in told["rates"] if row["kind"] == kind]
        assert len(rows) == 4  # two methods, painted and clay
        count = sum(row["answers"] for row in rows)
        right = sum(row["answers"] * row["raw"] for row in rows)
        assert right / count == pytest.approx(rate, abs=0.13)
    assert "left out: person9" in capsys.readouterr().out


def test_the_order_belongs_to_code_and_seed(browser: Any, page: Path) -> None:
    plans = []
    for code in ("anna", "anna", "bert"):
        person = Person(browser, page)
        person.begin(code)
        plans.append(person.page.evaluate("plan.map((q) => [q.id, q.order, q.own])"))
        person.context.close()
    assert plans[0] == plans[1] != plans[2]
    assert len({order.index(own) for _, order, own in plans[0]}) >= 3  # the right one stands anywhere


def test_a_phone_can_tap_go_back_and_take_up_where_it_was_closed(browser: Any, page: Path) -> None:
    context = browser.new_context(viewport={"width": 380, "height": 700}, has_touch=True, is_mobile=True)
    for visit in range(2):
        phone = context.new_page()
        phone.goto(page.as_uri())
        phone.fill("#person", "carl")
        phone.tap("#begin")
        phone.wait_for_selector("#ask:not([hidden])")
        if visit == 0:
            assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
            box = phone.locator("#options button").first.bounding_box()
            assert min(box["width"], box["height"]) >= 44
            for k in (0, 4, 2):
                phone.locator("#options button").nth(k).tap()
            assert phone.inner_text("#progress").startswith("4 of")
            phone.tap("#back")
        assert phone.inner_text("#progress").startswith("3 of")
        assert len(phone.evaluate("answers")) == 2
        phone.close()
    context.close()
