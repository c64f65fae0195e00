"""Options of `stylize` as words (a column of a CSV file, a request of the studio) -> Config."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from twinbrush.app.mistakes import told_in_one_line
from twinbrush.config import Config, check
from twinbrush.config.limits import FILES

FILE_OPTIONS = frozenset(option.removeprefix("--") for _, _, option in FILES)
_YES, _NO = ("yes", "true", "on"), ("no", "false", "off")
PROGRAM = "twinbrush stylize"
_PARSER = threading.Lock()  # the parser and what catches its complaints are one for the whole process


def words_of(name: str, value: str, folder: Path) -> list[str]:
    """The words that the command line would have for an option `name` (without dashes) with a value.

    Several numbers stand apart by spaces; yes and no are for options without a value. folder: where a relative path
    begins.
    """
    if name in FILE_OPTIONS:
        return [f"--{name}", str(folder / Path(value).expanduser())]
    if value.lower() in _YES:
        return [f"--{name}"]
    if value.lower() in _NO:
        return [f"--no-{name}"]
    return [f"--{name}", *value.split()]


def options_from(words: Sequence[str], start: Config) -> Config:
    """The options `start` with those of the words in their place. Raises BadOption."""
    if not words:
        return start
    import tyro  # takes a moment: only where there are words

    with _PARSER:
        config = told_in_one_line(
            lambda given: tyro.cli(Config, args=given, default=start, prog=PROGRAM), words, PROGRAM)
    check(config)
    return config
