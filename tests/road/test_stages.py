"""A row of stages: what is kept, what is done again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from twinbrush.base import beside
from twinbrush.base.errors import BadOption
from twinbrush.base.progress import Progress, Step, ignore
from twinbrush.config import DEFAULT, Config
from twinbrush.road.run import Run
from twinbrush.road.stages import Stage, Walk, content_of, key_of


@dataclass(frozen=True)
class Number:
    """A stage's value."""

    value: float


def _doubled(given: float, config: Config, progress: Progress) -> Number:
    del config, progress
    return Number(2 * given)


def _times_strength(number: Number, config: Config, progress: Progress) -> Number:
    del progress
    return Number(number.value * config.align.strength)


def _summed(first: Number, second: Number, config: Config, progress: Progress) -> Number:
    del config, progress
    return Number(first.value + second.value)


DOUBLED = Stage("doubled", Number, ("given",), (), _doubled)
SCALED = Stage("scaled", Number, ("doubled",), ("align.strength",), _times_strength)
SUMMED = Stage("summed", Number, ("doubled", "scaled"), ("views",), _summed)


def _walk(cache: Path, config: Config, given: float = 3.0) -> tuple[float, set[str]]:
    """The last stage's value, and which stages were computed."""
    walk = Walk(Run(cache, ignore), config)
    walk.give("given", given, str(given))
    walk.through(DOUBLED)
    walk.through(SCALED)
    value = walk.through(SUMMED).value
    return value, {timing.stage for timing in walk.run.timings if not timing.resumed}


def test_a_change_redoes_exactly_what_depends_on_it(tmp_path: Path) -> None:
    assert _walk(tmp_path, DEFAULT) == (12.0, {"doubled", "scaled", "summed"})
    assert _walk(tmp_path, DEFAULT) == (12.0, set())
    half = replace(DEFAULT, align=replace(DEFAULT.align, strength=0.5))
    assert _walk(tmp_path, half) == (9.0, {"scaled", "summed"})
    smaller = replace(half, views=replace(half.views, size=128))
    assert _walk(tmp_path, smaller) == (9.0, {"summed"})
    assert _walk(tmp_path, replace(smaller, seed=7)) == (9.0, set())
    assert _walk(tmp_path, smaller, given=1.0) == (3.0, {"doubled", "scaled", "summed"})


@pytest.mark.parametrize("cores", [1, 2])
def test_stages_begun_ahead_are_told_of_when_they_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cores: int
) -> None:
    monkeypatch.setattr(beside, "cores", lambda: cores)
    for resumed in (False, True):
        steps: list[Step] = []
        with Walk(Run(tmp_path, steps.append), DEFAULT) as walk:
            walk.give("given", 3.0, "3")
            walk.ahead(DOUBLED, SCALED)  # the second needs the first
            walk.ahead(SUMMED)
            assert steps == []
            assert [walk.through(stage).value for stage in (SUMMED, DOUBLED, SCALED)] == [12.0, 6.0, 6.0]
        assert [(step.stage, step.done) for step in steps] == [
            (stage.name, done) for stage in (SUMMED, DOUBLED, SCALED) for done in (0, 1)]
        assert {timing.resumed for timing in walk.run.timings} == {resumed}
        assert walk.keys["summed"] == key_of(SUMMED, DEFAULT, walk.keys)


def test_what_a_stage_begun_ahead_raises_comes_where_it_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "cores", lambda: 2)

    def refused(given: float, config: Config, progress: Progress) -> Number:
        raise BadOption(f"{given} is too much.", "Give less.")

    with Walk(Run(tmp_path, ignore), DEFAULT) as walk:
        walk.give("given", 3.0, "3")
        walk.ahead(replace(DOUBLED, name="refused", compute=refused))
        walk.through(DOUBLED)
        with pytest.raises(BadOption, match=r"3\.0 is too much"):
            walk.through(replace(DOUBLED, name="refused"))
    assert {path.name for path in tmp_path.iterdir()} == {"doubled.npz"}


def test_nothing_is_kept_where_nothing_shall_be(tmp_path: Path) -> None:
    walk = Walk(Run(tmp_path, ignore, keep=False), DEFAULT)
    walk.give("given", 1.0, "1")
    assert walk.through(DOUBLED) == Number(2.0)
    assert list(tmp_path.iterdir()) == []


def test_a_stage_without_what_it_needs_is_our_fault(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="doubled"):
        Walk(Run(tmp_path, ignore), DEFAULT).through(SCALED)


def test_a_file_that_an_option_names_counts_with_its_content(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(b"same")
    second.write_bytes(b"same")
    one, two = (replace(DEFAULT.objects, pairs=path) for path in (first, second))
    assert content_of(one) == content_of(two) != content_of(DEFAULT.objects)
    second.write_bytes(b"other")
    assert content_of(one) != content_of(two)
    assert content_of((first, 1)) == content_of((first, 1)) != content_of((second, 1))
