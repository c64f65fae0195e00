"""A painting is read once: its form is kept in the results' folder, and belongs to that painting alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from twinbrush import sculpt_pipeline
from twinbrush.align.style_head import mean_head
from twinbrush.inputs import Input
from twinbrush.progress import ignore
from twinbrush.run import Run
from twinbrush.sculpt.template import template
from twinbrush.shape.head import Form, make_form


def painting(key: str) -> Input:
    """A picture of which only the key is known."""
    made = object.__new__(Input)
    object.__setattr__(made, "key", key)
    return made


def test_a_paintings_form_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    form = replace(make_form(template(), mean_head(template())), warnings=("form: small",))
    read: list[object] = []

    def form_of(style: Input | None) -> Form:
        read.append(style)
        return form

    monkeypatch.setattr(sculpt_pipeline, "_form_of", form_of)

    def asked(style: Input | None, keep: bool = True) -> tuple[Form, Run]:
        run = Run(tmp_path, ignore, keep)
        return sculpt_pipeline.kept_form(run, style), run

    asked(painting("a"))
    kept, run = asked(painting("a"))
    assert len(read) == 1
    assert np.array_equal(kept.vertices, form.vertices)
    assert np.array_equal(kept.turns.power(1.3), form.turns.power(1.3))
    assert run.warnings == ["form: small"]
    asked(painting("b"))
    assert len(read) == 2
    asked(painting("b"), keep=False)
    asked(None)
    asked(None)
    assert len(read) == 5
