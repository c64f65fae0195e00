"""Wheel and sdist, built from a copy of this checkout so that nothing is left in it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
_LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".tools", "node_modules", "__pycache__", "*.egg-info", "build", "dist", "demo-out", "site",
    ".*_cache", "*.nbi", "*.nbc", ".hypothesis")


def copied(folder: Path) -> Path:
    """A copy of this checkout without what is not ours."""
    return Path(shutil.copytree(ROOT, folder, ignore=_LEFT_OUT, symlinks=True))


def built(kind: str, checkout: Path, into: Path) -> Path:
    """The wheel or the sdist of a checkout, by the backend that pyproject.toml names."""
    into.mkdir(parents=True, exist_ok=True)
    code = f"import sys, setuptools.build_meta as backend; print(backend.build_{kind}(sys.argv[1]))"
    run = subprocess.run(
        [sys.executable, "-c", code, str(into.absolute())], cwd=checkout, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    return into / run.stdout.split()[-1]
