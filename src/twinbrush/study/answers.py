"""Files of answers, as the page saves them, checked."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from twinbrush.base.errors import BadStudy
from twinbrush.base.files import read_file
from twinbrush.study.page import FORMAT

_MOST_BYTES = 1 << 24
_WORDS = ("question", "kind", "surface", "method", "pair", "own", "chosen")
_REMEDY = "Give the files that the study's page saved, as they are."


@dataclass(frozen=True)
class Answer:
    """One answer. kind: content, style or attention. right: the own picture was chosen. seconds: how long it took."""

    person: str
    question: str
    kind: str
    surface: str
    method: str
    pair: str
    right: bool
    seconds: float


@dataclass(frozen=True)
class Sheet:
    """One person's answers to the study of a name."""

    person: str
    study: str
    answers: tuple[Answer, ...]

    @property
    def attention(self) -> tuple[int, int]:
        """Attention checks passed, and asked."""
        checks = [answer.right for answer in self.answers if answer.kind == "attention"]
        return sum(checks), len(checks)


def read_answers(paths: Iterable[Path]) -> tuple[Sheet, ...]:
    """Returns the sheets in the files. Raises BadStudy: no such files, of several studies, one person twice."""
    sheets = [_sheet(path) for path in paths]
    if not sheets:
        raise BadStudy("No answers were given.", _REMEDY)
    if len({sheet.study for sheet in sheets}) > 1:
        raise BadStudy("The answers are to different studies.", "Score those of one study at a time.")
    known: set[str] = set()
    for sheet in sheets:
        if sheet.person in known:
            raise BadStudy(f"{sheet.person}: two files of one person.", "Give the one that counts.")
        known.add(sheet.person)
    return tuple(sheets)


def _sheet(path: Path) -> Sheet:
    try:
        found: object = json.loads(read_file(path, _MOST_BYTES))
        told = cast("dict[str, Any]", found)
        if not isinstance(found, dict) or told.get("format") != FORMAT:
            raise BadStudy(f"{path}: holds no answers of a study.", _REMEDY)
        person = str(told["person"])
        return Sheet(person, str(told["study"]), tuple(_answer(person, row) for row in told["answers"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadStudy(f"{path}: cannot be read ({type(error).__name__}: {error}).", _REMEDY) from error


def _answer(person: str, row: dict[str, Any]) -> Answer:
    words = {name: row[name] for name in _WORDS}
    if not all(isinstance(word, str) for word in words.values()):
        raise TypeError("an answer that is no text")
    if words["kind"] not in ("content", "style", "attention") or words["chosen"] not in row["options"]:
        raise ValueError(f"{words['question']}: no answer to that question")
    return Answer(
        person, words["question"], words["kind"], words["surface"], words["method"], words["pair"],
        words["chosen"] == words["own"], float(row["milliseconds"]) / 1000)
