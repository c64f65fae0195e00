"""What the parser draws as a box about a mistaken option, told in one line with a remedy."""

from __future__ import annotations

import contextlib
import difflib
import io
import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from twinbrush.config.roads import GONE
from twinbrush.errors import BadOption

T = TypeVar("T")
_NEAR = 0.72  # how alike a mistyped option is to the one that was meant (--veiws and --views: 0.86)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m|\[/?bold\]")
_NAMES = {"INT": "a whole number", "FLOAT": "a number", "PATH": "a path", "FLOAT FLOAT FLOAT FLOAT": "four numbers",
          "[FLOAT [FLOAT ...]]": "numbers"}


def told_in_one_line(parse: Callable[[Sequence[str]], T], words: Sequence[str], program: str) -> T:
    """`parse(words)`, whose complaint (on standard error, with exit code 2) becomes BadOption. Help passes through."""
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return parse(words)
    except SystemExit as end:
        if end.code in (0, None):
            raise
    _check_gone(words)
    text = _problem(complaint.getvalue())
    strange = _strange(words, parse)
    if strange:
        raise _unknown(strange, parse, program)
    unknown = re.match(r"(?:.* )?Unrecognized options: (.*)$", text)
    if unknown:
        raise _unknown(unknown[1].split(", "), parse, program)
    raise BadOption(_plain(text), f"See {program} --help.")


def _check_gone(words: Sequence[str]) -> None:
    """Raise BadOption for an option, or a value of one, that an earlier version had."""
    spread = [part for word in words for part in (word.split("=", 1) if word.startswith("--") else [word])]
    for word, value in zip(spread, [*spread, ""][1:], strict=True):
        option = word.replace("_", "-")
        for name, told in (((option, ""), option), ((option, value), f"{option} {value}")):
            if name in GONE:
                raise BadOption(f"{told}: is gone.", GONE[name])


def _unknown(tokens: list[str], parse: Callable[[Sequence[str]], T], program: str) -> BadOption:
    """Words the parser does not know: mistyped options (the closest one is the remedy), or too many words."""
    options = [token for token in tokens if token.startswith("-")]
    if not options:
        return BadOption(f"{' '.join(tokens)}: not expected here.", f"See {program} --help.")
    named = [option for option in options if not option.startswith("--")]
    if named:
        remedy = f"If it is a file, write ./{named[0]}. See {program} --help."
        return BadOption(f"{named[0]}: is taken for an option.", remedy)
    known = _known(parse)
    meant = [near for option in options for near in difflib.get_close_matches(option, known, n=1, cutoff=_NEAR)]
    remedy = f"See {program} --help."
    if meant:
        remedy = f"Did you mean {' and '.join(dict.fromkeys(meant))}? {remedy}"
    return BadOption(f"{' and '.join(options)}: no such option.", remedy)


def _known(parse: Callable[[Sequence[str]], T]) -> list[str]:
    """All options that the help page shows."""
    page = io.StringIO()
    with contextlib.redirect_stdout(page), contextlib.suppress(SystemExit):
        parse(["--help"])
    return re.findall(r"(?<!\w)--[a-z0-9.-]*[a-z0-9]", page.getvalue())


def _strange(words: Sequence[str], parse: Callable[[Sequence[str]], T]) -> list[str]:
    """Words like options that are none: the parser complains of something else when a path is missing, too."""
    names = [word.partition("=")[0] for word in words if word.startswith("-") and not _is_number(word)]
    known = {*_known(parse), "-o", "-h"} if names else set[str]()
    return [name for name in names if name.replace("_", "-") not in known and not re.fullmatch(r"-[xyz]", name)]


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _problem(box: str) -> str:
    """The box's first section as one line, without frame, title and colours."""
    lines: list[str] = []
    for drawn in _COLOUR.sub("", box).splitlines():
        line = drawn.strip("│ ")
        if re.match(r"[╭╰]|─{8}|-{8}", line):
            if drawn.startswith(" -"):  # a terminal without box characters gets its title in a line, ruled below
                lines.clear()
            elif lines:
                break
        elif line:
            lines.append(line)
    return " ".join(lines) or "mistaken options."


def _plain(text: str) -> str:
    """The parser's words, shortened: what is missing or wrong, not where the parser stood."""
    missing = re.match(r"Missing from [^:]*: (?:(-\S+)(?: \S+)?|PATH) (.*?)\.? \(required\)", text)
    if missing:
        return f"{missing[1] or 'a path'} is missing: {missing[2][:1].lower()}{missing[2][1:]}."
    empty = re.match(r"Missing value for argument '([^']*)'", text)
    if empty:
        return f"{empty[1]} needs a value."
    choice = re.match(r"invalid choice '([^']*)' for argument '([^']*)'\. Expected one of \(([^)]*)\)", text)
    if choice:
        return f"{choice[2]} {choice[1]}: no such choice; it is one of {choice[3].replace(chr(39), '')}."
    wrong = re.match(r"Error parsing (\S+): (.*)$", text)
    if wrong:
        return f"{wrong[1].split('/')[-1]}: {_reason(wrong[2])}"
    return text


def _reason(text: str) -> str:
    """Why a value was not taken, told without the types' names."""
    number = re.match(r"invalid literal for int\(\) with base 10: (.*)$|could not convert string to float: (.*)$", text)
    if number:
        return f"{number[1] or number[2]} is not {_NAMES['INT' if number[1] else 'FLOAT']}."
    several = re.match(r"no type matching (?:\{None\}\|)?\{?(.*?)\}? could be instantiated from \[(.*?)\]", text)
    if several:
        given = several[2].replace("'", "").replace(",", "")
        return f"{given} given, {_NAMES.get(several[1], several[1])} expected."
    return text if text.endswith(".") else f"{text}."
