"""A score as text for people, and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

from twinbrush.study.score import Score

TITLES = {"content": "CR", "style": "SR"}


def text_of(score: Score) -> str:
    """Returns the tables, one line a rate and one a comparison."""
    lines = ["method         asked         answers  persons  pairs   rate   95% interval     design effect"]
    for rate in score.rates:
        asked = f"{TITLES[rate.kind]} {rate.surface}"
        lines.append(f"{rate.method:14} {asked:12} {rate.answers:8d} {rate.persons:8d} {rate.pairs:6d}  "
                     f"{rate.rate:5.3f}   {rate.low:.3f} - {rate.high:.3f}   {rate.design:6.1f}")  # fmt: skip
    lines.append(f"guessing gives {score.chance:.2f}")
    for one in score.comparisons:
        verdict = "equivalent" if one.equivalent else "not proved equivalent"
        lines.append(
            f"{TITLES[one.kind]} {one.surface}: {one.first} - {one.second} = {one.difference:+.3f} "
            f"({one.low:+.3f} to {one.high:+.3f}), p {one.p_different:.3f}; within {one.margin:g}: {verdict} "
            f"(p {one.p_equivalent:.3f}; about {one.needed} answers a method would do)")
    for person, passed, asked in score.left_out:
        lines.append(f"left out: {person}, who passed {passed} of {asked} attention checks")
    return "\n".join(lines)


def json_of(score: Score) -> bytes:
    """Returns everything as JSON."""
    return (json.dumps(asdict(score), indent=1) + "\n").encode()
