"""The documentation as a site: it builds without a warning, all pages are in it, and it asks nobody for anything."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from shipped import ROOT

pytest.importorskip("material", reason="mkdocs-material is missing (pip install -e '.[docs]')")


def build(into: Path, docs: Path | None = None) -> subprocess.CompletedProcess[str]:
    config = ROOT / "mkdocs.yml"
    if docs is not None:
        config = docs.parent / "mkdocs.yml"
        config.write_text((ROOT / "mkdocs.yml").read_text().replace("docs_dir: docs", f"docs_dir: {docs}"))
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(config), "-d", str(into)],
        capture_output=True, text=True, check=False, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("site")
    run = build(into)
    assert run.returncode == 0, run.stdout + run.stderr
    return into


def test_it_builds_strictly_and_has_all_pages(site: Path) -> None:
    pages = {path.relative_to(ROOT / "docs").with_suffix("") for path in (ROOT / "docs").rglob("*.md")}
    for page in pages - {Path("index")}:
        assert (site / page / "index.html").is_file(), page
    assert (site / "gallery" / "index.html").read_text().count("<img") >= 4


def test_it_asks_nobody(site: Path) -> None:
    for page in site.rglob("*.html"):
        tags = r"<(?:script|img|iframe|link[^>]*stylesheet)[^>]*(?:src|href)="
        asked = re.findall(tags + r"\"(?:https?:)?//", page.read_text())
        assert asked == [], page


def test_a_broken_link_is_noticed(tmp_path: Path) -> None:
    import shutil

    docs = Path(shutil.copytree(ROOT / "docs", tmp_path / "docs"))
    (docs / "gallery.md").write_text("[gone](nowhere.md)")
    assert build(tmp_path / "site", docs).returncode != 0
