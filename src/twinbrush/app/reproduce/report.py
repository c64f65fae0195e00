"""The report: pictures beside numbers in one HTML page, with machine, command and commit."""

from __future__ import annotations

import html
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twinbrush import __version__
from twinbrush.app.reproduce.measure import recognised
from twinbrush.app.reproduce.runs import Done
from twinbrush.evaluate.metrics import METRICS

CITED = {"paper": "156.3 s (RTX 3080)", "nmr": "1240.5 s (RTX 3080)", "EPS": "257.0 s (V100), 20 h of pre-training"}
"""Run times as the paper's Table I has them: cited, not measured."""
CITED_STUDY = "The paper's study (50 people, 20 pairs): CR 87.90% (EPS 87.30%), SR 82.00% (EPS 81.50%); cited."
MISSING = ("exemplar is a plain stand-in for EPS, which is not public: EPS's published pictures are shown where "
           "--data has them.")  # fmt: skip
IN_SAMPLE = ("Form is measured on landmarks that the program itself found, to which our form was fitted: in sample. "
             "benchmarks/form.py measures on points placed by hand.")  # fmt: skip
STILLS = ("figure_-45.png", "figure_0.png", "figure_45.png", "clay_-45.png", "clay_0.png", "clay_45.png")
COLUMNS = (
    "palette", "texture_vgg19", "texture_lite0", "form_cosine", "form_gain", "form_kept", "landmark_distance",
    "crossing", "roughness")
STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:80rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}
td,th{padding:.25rem .6rem;border-bottom:1px solid #ccc;text-align:right}
td:first-child,th:first-child{text-align:left}img{height:150px}figure{display:inline-block;margin:.3rem}
figcaption{font-size:.8rem}code{background:#eee;padding:0 .3rem}.note{color:#744}"""
Measured = Sequence[tuple[Done, Mapping[str, Any]]]


@dataclass(frozen=True)
class Heading:
    """What a report says of itself. notes: what a reader must know before the numbers."""

    subject: str
    command: str
    notes: tuple[str, ...]


def page_of(heading: Heading, runs: Sequence[Done], measured: Measured, peer: Sequence[Path], out: Path) -> str:
    """Returns the report. out: where it will lie; pictures are named from there."""
    parts = [
        f"<h1>{_text(heading.subject)}</h1>", f"<p><code>{_text(heading.command)}</code></p>",
        f"<p>{_text(told_machine())}</p>", *(f'<p class="note">{_text(note)}</p>' for note in heading.notes)]
    parts += ["<h2>Means</h2>", table_of_means(measured)] if measured else []
    parts += ["<h2>Machine study</h2>", table_of_recognition(measured)] if len(measured) > 1 else []
    parts += ["<h2>Run times</h2>", table_of_costs(runs), "<h2>Pictures</h2>", *_pictures(runs, peer, out)]
    parts += ["<h2>What the columns are</h2>", _legend()]
    body = "\n".join(parts)
    return (f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{_text(heading.subject)}</title>'
            f"<style>{STYLE}</style><body>{body}</body></html>\n")  # fmt: skip


def told_machine() -> str:
    """Returns machine, version, commit."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False,
                            cwd=Path(__file__).parent)  # fmt: skip
    known = commit.stdout.strip() if commit.returncode == 0 else "unknown"
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (f"{platform.machine()}, {os.cpu_count()} cores{load}, Python {platform.python_version()}, twinbrush "
            f"{__version__}, commit {known}")  # fmt: skip


def means(measured: Measured) -> dict[str, dict[str, float]]:
    """Returns {method: {metric: mean over its pairs}}."""
    out: dict[str, dict[str, float]] = {}
    for method in _methods(measured):
        rows = [told["metrics"] for done, told in measured if done.job.method == method]
        names = dict.fromkeys(name for row in rows for name in row)
        for name in names:
            values = [row[name] for row in rows if row.get(name) is not None]
            out.setdefault(method, {})[name] = float(np.mean(values)) if values else float("nan")
    return out


def recognitions(measured: Measured) -> list[tuple[str, str, float, float, int]]:
    """Returns (method, what, rate, chance, results) for SR by every judge and CR by every embedder and surface."""
    out: list[tuple[str, str, float, float, int]] = []
    for method in _methods(measured):
        mine = [(done, told) for done, told in measured if done.job.method == method]
        for net in mine[0][1]["styles"]:
            found = recognised([(done.job.style.stem, told["styles"][net]) for done, told in mine])
            out.append((method, f"SR {net}", found.rate, found.chance, found.judged))
        for who in mine[0][1]["photos"]:
            found = recognised([(done.job.content.stem, told["photos"][who]) for done, told in mine])
            out.append((method, f"CR {who}", found.rate, found.chance, found.judged))
    return out


def table_of_means(measured: Measured) -> str:
    """Returns the means of every method as an HTML table; views of one surface in columns of their own."""
    found = means(measured)
    pair = sorted({name for row in found.values() for name in row if name.startswith("pair_")})
    columns = [*COLUMNS, "consistency_stereo", "consistency_ring", *pair]
    counts = {method: sum(done.job.method == method for done, _ in measured) for method in found}
    rows = [[f"{method} ({counts[method]})", *(_number(row.get(name)) for name in columns)]
            for method, row in found.items()]  # fmt: skip
    return _table(["method (pairs)", *columns], rows)


def table_of_recognition(measured: Measured) -> str:
    """Returns the rates with their chance."""
    found = recognitions(measured)
    asked = list(dict.fromkeys(what for _, what, *_ in found))
    rows = [[method, *(f"{rate:.2f} (chance {chance:.2f})" for name, _, rate, chance, _ in found if name == method)]
            for method in _methods(measured)]  # fmt: skip
    return _table(["method", *asked], rows) + f"<p>{_text(CITED_STUDY)} A machine's CR and SR are no people's.</p>"


def table_of_costs(runs: Sequence[Done]) -> str:
    """Returns CPU-seconds, wall seconds and memory a method, and the paper's own times as cited."""
    rows: list[list[str]] = []
    for method in dict.fromkeys(done.job.method for done in runs):
        mine = [done for done in runs if done.job.method == method]
        costs = [done.cost for done in mine if done.made]
        refused = len(mine) - len(costs)
        if costs:
            values = [float(np.mean([getattr(cost, name) for cost in costs])) for name in ("cpu", "wall", "peak")]
            told = [f"{values[0]:.1f}", f"{values[1]:.1f}", f"{values[2]:.2f}"]
        else:
            told = ["-"] * 3
        rows.append([method, *told, str(len(costs)), str(refused), CITED.get(method, "-")])
    known = {row[0] for row in rows}
    rows += [[name, "-", "-", "-", "0", "0", told] for name, told in CITED.items() if name not in known]
    return _table(["method", "CPU-s", "wall s", "peak GB", "made", "not made", "cited (paper's Table I)"], rows)


def _pictures(runs: Sequence[Done], peer: Sequence[Path], out: Path) -> list[str]:
    parts: list[str] = []
    for pair in dict.fromkeys(done.job.pair for done in runs):
        mine = [done for done in runs if done.job.pair == pair]
        job = mine[0].job
        shown = [path for path in (job.content, job.style) if path.suffix.lower() not in (".obj", ".ply")]
        parts.append(f"<h3>{_text(pair)}</h3><div>{''.join(_figure(path, path.stem, out) for path in shown)}</div>")
        for done in mine:
            stills = [done.folder / name for name in STILLS if (done.folder / name).is_file()]
            images = "".join(_figure(path, f"{done.job.method}: {path.stem}", out) for path in stills)
            parts.append(f"<div>{images or _text(f'{done.job.method}: not made')}</div>")
        known = [path for path in peer if job.content.stem in path.stem]
        parts.append("".join(_figure(path, "EPS, as published", out) for path in known))
    return parts


def _figure(path: Path, caption: str, out: Path) -> str:
    source = html.escape(os.path.relpath(path.resolve(), out.resolve()))
    return f'<figure><img src="{source}" alt=""><figcaption>{_text(caption)}</figcaption></figure>'


def _legend() -> str:
    rows = [[m.name, m.title, m.unit or "-", m.better, m.formula, m.source] for m in METRICS.values()]
    return _table(["name", "what", "unit", "better", "formula", "source"], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{_text(cell)}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"


def _methods(measured: Measured) -> list[str]:
    return list(dict.fromkeys(done.job.method for done, _ in measured))


def _number(value: float | None) -> str:
    return "-" if value is None or not np.isfinite(value) else f"{value:.4g}"


def _text(words: str) -> str:
    return html.escape(words)


