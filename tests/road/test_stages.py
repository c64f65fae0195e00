"""A row of stages: what is kept, what is done again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from twinbrush.base.progress import Progress, ignore
from twinbrush.config import DEFAULT, Config
from twinbrush.road.run import Run
from twinbrush.road.stages import Stage, Walk, content_of


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
