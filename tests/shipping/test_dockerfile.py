"""The Dockerfile, which cannot be built everywhere: what it copies is there, and passes its .dockerignore."""

from __future__ import annotations

import fnmatch
import re
import tomllib

import pytest
from shipped import ROOT

from twinbrush.base.models import CACHE_VARIABLE

TEXT = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def lines(word: str) -> list[str]:
    return [line.removeprefix(word).strip() for line in TEXT.splitlines() if line.startswith(word + " ")]


def copied() -> list[str]:
    return [source for line in lines("COPY") for source in line.split()[:-1]]


def kept_out(name: str) -> bool:
    """Docker's rule: the last line that matches a path, or a folder above it, decides."""
    out = False
    for line in (ROOT / ".dockerignore").read_text().split():
        pattern = line.removeprefix("!")
        parts = name.split("/")
        above = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        if any(fnmatch.fnmatch(one, pattern.removeprefix("**/")) or (
                pattern.startswith("**/") and fnmatch.fnmatch(one.rsplit("/", 1)[-1], pattern[3:])) for one in above):
            out = not line.startswith("!")
    return out


def test_what_is_copied_is_there_and_reaches_docker() -> None:
    assert "src" in copied()
    for name in copied():
        assert (ROOT / name).exists(), name
        assert not kept_out(name), name
    for path in (ROOT / "src" / "twinbrush").rglob("*"):
        if path.is_file() and "__pycache__" not in str(path):
            assert not kept_out(path.relative_to(ROOT).as_posix()), path
    assert kept_out("tests/conftest.py")
    assert kept_out(".git/config")


def test_the_build_needs_no_file_that_is_not_copied() -> None:
    needed = {"pyproject.toml", "constraints.txt", PROJECT["readme"], *PROJECT["license-files"]}
    assert needed <= set(copied())


def test_its_python_is_one_that_is_supported() -> None:
    (image,) = lines("FROM")
    version = re.fullmatch(r"python:(3\.\d+)-slim", image)
    assert version is not None
    assert f"Programming Language :: Python :: {version[1]}" in PROJECT["classifiers"]


def test_it_runs_the_command_as_nobody_special() -> None:
    (entry,) = lines("ENTRYPOINT")
    assert entry == f'["{next(iter(PROJECT["scripts"]))}"]'
    assert lines("USER")[-1] not in ("root", "0")
    assert any(line.startswith(f"{CACHE_VARIABLE}=") for line in lines("ENV"))
    assert not re.search(r"https?://|\bADD\b|curl|wget", TEXT)


@pytest.mark.parametrize("name", ["src/twinbrush/app/__pycache__/cli.pyc", "out/figure.glb", "README.mdx"])
def test_the_rule_keeps_out_what_it_should(name: str) -> None:
    assert kept_out(name)
