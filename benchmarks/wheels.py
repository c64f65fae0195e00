"""Which dependencies have wheels for which Python and platform, as the table in docs/installation.md.

    python benchmarks/wheels.py [--python 3.11 3.14] [--platforms "Linux x86-64" ...] [--needs torch==2.13.0 ...]

Nothing is installed or downloaded but index pages: pip is asked which versions it would take for a platform that this
machine is not, wheels only (`pip index versions --platform ... --only-binary :all:`). What is asked for is the
package's own dependencies (pyproject.toml) and those of theirs that are compiled (COMPILED).
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
COMPILED = ("llvmlite", "protobuf", "pydantic-core")  # needed by numba, onnxruntime, fastapi
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_LINUX = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_24", "manylinux_2_17", "manylinux2014")
_MACS = tuple(range(14, 10, -1))
PLATFORMS: dict[str, tuple[str, ...]] = {
    "Linux x86-64": tuple(f"{one}_x86_64" for one in (*_LINUX, "manylinux2010", "manylinux1")),
    "Linux Arm": tuple(f"{one}_aarch64" for one in _LINUX),
    "macOS Arm": tuple(f"macosx_{one}_0_{kind}" for one in _MACS for kind in ("arm64", "universal2")),
    "macOS x86-64": (*(f"macosx_{one}_0_{kind}" for one in _MACS for kind in ("x86_64", "universal2")),
                     *(f"macosx_10_{minor}_{kind}" for minor in range(16, 8, -1) for kind in ("x86_64", "universal2"))),
    "Windows x86-64": ("win_amd64",),
    "Windows Arm": ("win_arm64",),
}


def needed() -> list[str]:
    """The requirements that are asked for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    studio = project["optional-dependencies"]["studio"]
    return [*project["dependencies"], *studio, *COMPILED]


def command(name: str, python: str, tags: tuple[str, ...]) -> list[str]:
    """How pip is asked for the versions of one package that have a wheel."""
    tag = "cp" + python.replace(".", "")
    return [
        sys.executable, "-m", "pip", "index", "versions", name, "--json", "--only-binary", ":all:",
        "--python-version", python, "--implementation", "cp", "--abi", tag, "--abi", "abi3", "--abi", "none",
        *(word for one in tags for word in ("--platform", one))]


def lacks(requirement: str, python: str, tags: tuple[str, ...]) -> bool:
    """Whether no version that the requirement takes has a wheel."""
    wanted = Requirement(requirement)
    answer = subprocess.run(command(wanted.name, python, tags), capture_output=True, text=True, check=False)
    if answer.returncode and "No matching distribution" not in answer.stderr:
        raise SystemExit(answer.stderr)
    versions = [] if answer.returncode else json.loads(re.sub(r"^[^{]*", "", answer.stdout))["versions"]
    return not any(wanted.specifier.contains(Version(one)) for one in versions)


def table(missing: dict[tuple[str, str], list[str]]) -> str:
    """The table in Markdown: a row a platform, a column a Python; what lacks a wheel, or "all"."""
    pythons = sorted({python for _, python in missing}, key=Version)
    rows = [f"| | {' | '.join(pythons)} |", "|---" * (len(pythons) + 1) + "|"]
    for place in dict.fromkeys(place for place, _ in missing):
        cells = [", ".join(missing[place, python]) or "all" for python in pythons]
        rows.append(f"| {place} | {' | '.join(cells)} |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", nargs="+", default=PYTHONS)
    parser.add_argument("--platforms", nargs="+", default=list(PLATFORMS), choices=list(PLATFORMS))
    parser.add_argument("--needs", nargs="+", default=needed())
    given = parser.parse_args()
    missing: dict[tuple[str, str], list[str]] = {}
    for place in given.platforms:
        for python in given.python:
            lacking = [Requirement(one).name for one in given.needs if lacks(one, python, PLATFORMS[place])]
            missing[place, python] = lacking
            print(f"{place}, Python {python}: {', '.join(lacking) or 'all there'}", file=sys.stderr, flush=True)
    print(table(missing))


if __name__ == "__main__":
    main()
