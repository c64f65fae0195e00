"""The user's pairs: read, scaled to the pictures, and refused with the number of the pair that is wrong."""

from __future__ import annotations

import json

import numpy as np
import pytest

from twinbrush.align.objects.pairs import UserPairs, format_pairs, parse_pairs
from twinbrush.base.errors import BadLandmarks

CONTENT, STYLE = (200, 100), (300, 150)
GOOD = [([10, 10], [20, 20]), ([90, 15], [200, 30.5]), ([50, 80], [100, 140])]


def text(pairs: list, **more: object) -> str:
    return json.dumps({"pairs": [{"content": a, "style": b} for a, b in pairs], **more})


def parse(source: str) -> UserPairs:
    return parse_pairs(source, content_size=CONTENT, style_size=STYLE, where="mine.json")


def test_pairs_are_read() -> None:
    pairs = parse(text(GOOD))
    assert pairs.content_xy.tolist() == [[10, 10], [90, 15], [50, 80]]
    assert pairs.style_xy.tolist() == [[20, 20], [200, 30.5], [100, 140]]


def test_what_is_written_is_read() -> None:
    pairs = parse(text(GOOD))
    again = parse(format_pairs(pairs, CONTENT, STYLE))
    assert np.array_equal(again.content_xy, pairs.content_xy)
    assert np.array_equal(again.style_xy, pairs.style_xy)


def test_points_clicked_in_a_smaller_picture_are_scaled() -> None:
    pairs = parse(text(GOOD, content_size=[100, 100]))
    assert pairs.content_xy[:, 0].tolist() == [20.5, 180.5, 100.5]  # pixel centres
    assert pairs.content_xy[:, 1].tolist() == [10, 15, 80]
    assert pairs.style_xy.tolist() == [[20, 20], [200, 30.5], [100, 140]]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", 'no list "pairs"'),
        ('{"pairs": 3}', 'no list "pairs"'),
        (text(GOOD[:2]), "2 pairs, 3 to 500"),
        (text(GOOD * 200), "600 pairs"),
        (text([*GOOD, ([1, 2], [3])]), 'pair 4: has no "style"'),
        ('{"pairs": [1, 2, 3]}', 'pair 1: has no "content"'),
        (text([*GOOD, ([1, float("nan")], [3, 4])]), "pair 4: the content point .* finite"),
        (text([*GOOD, ([1, 2], [float("inf"), 4])]), "pair 4: the style point .* finite"),
        (text([*GOOD, ([1, 2], ["3", 4])]), "pair 4: the style point"),
        (text([*GOOD, ([1, 2], [True, 4])]), "pair 4: the style point"),
        (text([*GOOD, ([1, 2], [10**400, 4])]), "pair 4: the style point"),
        (text([*GOOD, ([200, 50], [3, 4])]), r"pair 4: the content point \(200, 50\) is outside .*200 x 100"),
        (text([*GOOD, ([1, 2], [3, -0.6])]), "pair 4: the style point .* outside"),
        (text([*GOOD, ([60, 50], [20.5, 20])]), "style points of pairs 1 and 4 coincide"),
        (text([([10, 10], [1, 9]), ([20, 20], [2, 100]), ([30, 30], [50, 40])]), "content points lie on one line"),
        (text(GOOD, style_size=[0, 10]), '"style_size" is no'),
        (text(GOOD, content_size="big"), '"content_size" is no'),
    ],
)
def test_bad_pairs_are_refused_with_a_remedy(source: str, message: str) -> None:
    with pytest.raises(BadLandmarks, match=message) as caught:
        parse(source)
    assert caught.value.problem.startswith("mine.json")
    assert caught.value.remedy
