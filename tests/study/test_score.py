"""The statistics on answers whose rates are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twinbrush.base.errors import BadOption, BadStudy
from twinbrush.study.answers import Answer, Sheet, read_answers
from twinbrush.study.page import FORMAT
from twinbrush.study.report import json_of, text_of
from twinbrush.study.score import compared, needed_for_equivalence, needed_to_tell, rate_of, score

pytest.importorskip("statsmodels", reason="the extra `study` is not installed")


def answers(
    rng: np.random.Generator, rate: float, *, persons: int = 30, pairs: int = 20, spread: float = 0.0,
    method: str = "ours", kind: str = "style", pair_shift: np.ndarray | None = None,
) -> list[Answer]:
    """Everybody answers about every pair. spread: of the persons' and pairs' own rates about the mean."""
    own = rng.uniform(-spread, spread, persons)
    shift = rng.uniform(-spread, spread, pairs) if pair_shift is None else pair_shift
    return [
        Answer(f"p{p}", f"{kind}{q}", kind, "painted", method, f"q{q}",
               bool(rng.random() < rate + own[p] + shift[q]), 3)
        for p in range(persons) for q in range(pairs)]


def sheets(rows: list[Answer], checks: dict[str, tuple[int, int]] | None = None) -> list[Sheet]:
    out = []
    for person in sorted({row.person for row in rows}):
        passed, asked = (checks or {}).get(person, (2, 2))
        marks = [Answer(person, f"a{k}", "attention", "painted", "", "", k < passed, 1) for k in range(asked)]
        out.append(Sheet(person, "s", (*marks, *(row for row in rows if row.person == person))))
    return out


def test_the_interval_holds_the_true_rate_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    held = naive = 0
    for _ in range(40):
        found = rate_of(answers(rng, 0.75, persons=15, pairs=12, spread=0.2))
        held += found.low <= 0.75 <= found.high
        half = 1.96 * np.sqrt(found.raw * (1 - found.raw) / found.answers)
        naive += abs(found.raw - 0.75) <= half
    assert held >= 35  # 38 expected; 34 of 40 or fewer come once in 40 runs
    assert naive < held  # who takes answers for independent is too sure


def test_spread_over_pairs_is_told_as_a_design_effect() -> None:
    rng = np.random.default_rng(2)
    plain = rate_of(answers(rng, 0.7))
    uneven = rate_of(answers(rng, 0.7, spread=0.28))
    assert plain.design < 2
    assert uneven.design > 3
    assert uneven.high - uneven.low > 1.5 * (plain.high - plain.low)
    assert plain.rate == pytest.approx(0.7, abs=0.05)
    assert (plain.persons, plain.pairs, plain.answers) == (30, 20, 600)


def test_who_is_always_right_has_wilsons_interval() -> None:
    found = rate_of(answers(np.random.default_rng(0), 1.0, persons=5, pairs=4))
    assert found.rate == found.high == 1
    assert found.low == pytest.approx(1 / (1 + 1.96**2 / 20), abs=1e-3)  # Wilson's lower bound at 20 of 20


def test_equal_methods_are_proved_equivalent_and_different_ones_different() -> None:
    rng = np.random.default_rng(3)
    shift = rng.uniform(-0.1, 0.1, 20)
    first = answers(rng, 0.8, persons=80, method="a", pair_shift=shift)
    same = answers(rng, 0.8, persons=80, method="b", pair_shift=shift)
    other = answers(rng, 0.65, persons=80, method="c", pair_shift=shift)
    equal = compared(first, same, 0.06, 0.8)
    assert equal.equivalent
    assert equal.p_different > 0.05
    assert equal.low < 0 < equal.high
    unequal = compared(first, other, 0.06, 0.8)
    assert not unequal.equivalent
    assert unequal.p_different < 0.01
    assert unequal.low < 0.15 < unequal.high
    few = compared(first[:200], same[:200], 0.01, 0.8)
    assert not few.equivalent  # no difference seen is no proof of none
    assert few.p_different > 0.05


def test_the_difference_of_equal_methods_holds_nothing_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    held = proved = 0
    for _ in range(60):
        found = compared(
            answers(rng, 0.75, persons=15, pairs=12, spread=0.2, method="a"),
            answers(rng, 0.75, persons=15, pairs=12, spread=0.2, method="b"), 0.03, 0.8)
        held += found.low <= 0 <= found.high
        proved += found.equivalent
    assert held >= 53  # 57 expected; 52 of 60 or fewer come once in 40 runs
    assert proved == 0  # 180 answers prove nothing so fine


def test_power_is_what_simulation_finds() -> None:
    """The paper's 50 people x 20 pairs cannot tell 87.9 from 87.3; the number that can is known."""
    assert needed_to_tell(0.879, 0.873) > 45_000  # 1000 answers a method were given
    count, rng = needed_to_tell(0.8, 0.7), np.random.default_rng(0)
    one, other = rng.binomial(count, 0.8, 4000) / count, rng.binomial(count, 0.7, 4000) / count
    error = np.sqrt((one * (1 - one) + other * (1 - other)) / count)
    assert (np.abs(one - other) > 1.96 * error).mean() == pytest.approx(0.8, abs=0.03)
    assert needed_to_tell(0.8, 0.7, design=3) == pytest.approx(3 * count, abs=3)
    count = needed_for_equivalence(0.8, 0.05)
    one, other = rng.binomial(count, 0.8, 4000) / count, rng.binomial(count, 0.8, 4000) / count
    error = np.sqrt((one * (1 - one) + other * (1 - other)) / count)
    assert (np.abs(one - other) + 1.645 * error < 0.05).mean() == pytest.approx(0.8, abs=0.03)


def test_the_score_leaves_out_who_does_not_attend_and_keeps_kinds_apart() -> None:
    rng = np.random.default_rng(4)
    rows = [*answers(rng, 0.9, persons=8, pairs=6, kind="content"), *answers(rng, 0.5, persons=8, pairs=6)]
    found = score(sheets(rows, {"p3": (1, 4)}))
    assert found.left_out == (("p3", 1, 4),)
    assert [(rate.kind, rate.persons) for rate in found.rates] == [("content", 7), ("style", 7)]
    assert found.rates[0].rate > found.rates[1].rate + 0.2
    text = text_of(found)
    assert "left out: p3" in text
    assert "CR painted" in text
    assert json.loads(json_of(found))["rates"][0]["kind"] == "content"
    with pytest.raises(BadStudy, match="Nobody"):
        score(sheets(rows, {f"p{k}": (0, 2) for k in range(8)}))
    with pytest.raises(BadOption, match="margin"):
        score(sheets(rows), margin=2)


def page(**change: Any) -> dict[str, Any]:
    row = {"question": "q", "kind": "style", "surface": "clay", "method": "m", "pair": "x", "own": "a", "chosen": "a",
           "options": ["b", "a"], "milliseconds": 1500}  # fmt: skip
    return {"format": FORMAT, "study": "s", "seed": 0, "person": "anna", "answers": [{**row, **change}]}


def test_files_of_answers_are_checked(tmp_path: Path) -> None:
    def written(name: str, content: object) -> Path:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    good = written("good.json", page())
    (sheet,) = read_answers([good])
    assert sheet.answers[0].right
    assert sheet.answers[0].seconds == 1.5
    for bad in ("{", "[]", {"format": "other"}, {**page(), "answers": [{}]}, page(chosen="z"), page(kind="other"),
                page(method=3)):  # fmt: skip
        with pytest.raises(BadStudy):
            read_answers([written("bad.json", bad)])
    with pytest.raises(BadStudy, match="two files"):
        read_answers([good, good])
    with pytest.raises(BadStudy, match="different studies"):
        read_answers([good, written("other.json", {**page(), "study": "t", "person": "bert"})])
    with pytest.raises(BadStudy, match="No answers"):
        read_answers([])
    with pytest.raises(BadStudy, match="cannot be read"):
        read_answers([tmp_path / "none.json"])
