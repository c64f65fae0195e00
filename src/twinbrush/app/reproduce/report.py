"""The report: pictures beside numbers in one HTML page, with machine, command and commit."""

from __future__ import annotations

import html
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twinbrush import __version__
from twinbrush.app.reproduce.compare import (
    HALVES,
    Measured,
    Rate,
    Spread,
    direction_of,
    methods_of,
    on_shared_pairs,
    pairs_won,
    recognitions,
    spreads,
)
from twinbrush.app.reproduce.runs import Done
from twinbrush.evaluate.metrics import METRICS

CITED = {"paper": "156.3 s (RTX 3080)", "nmr": "1240.5 s (RTX 3080)", "EPS": "257.0 s (V100), 20 h of pre-training"}
"""Run times as the paper's Table I has them: cited, not measured."""
CITED_STUDY = "The paper's study (50 people, 20 pairs): CR 87.90% (EPS 87.30%), SR 82.00% (EPS 81.50%); cited."
REGIONS = ("Palette and texture, and with them SR, are means over those of skin, hair and clothes that result and "
           "style both have: exemplar has skin alone, and is to be compared in the columns of the skin.")
CONTROL = ("unstyled is no method but the control: the photo's own figure without a style. None can be expected to be "
           "above it in content, none should be as low in style.")
MISSING = ("exemplar is a plain stand-in for EPS, which is not public: EPS's published pictures are shown where "
           "--data has them.")  # fmt: skip
IN_SAMPLE = ("Form is measured on landmarks that the program itself found, to which our form was fitted: in sample. "
             "benchmarks/form.py measures on points placed by hand.")  # fmt: skip
COSTS = ("Of the whole command. No GPU is used: ours runs with --device cpu, the rivals know no other way. A program's "
         "first run on a machine also compiles (some 30 CPU-s): hence medians. Load of the machine moves all of them.")
STILLS = ("figure_-45.png", "figure_0.png", "figure_45.png", "clay_-45.png", "clay_0.png", "clay_45.png")
COLUMNS = (
    "palette", "palette_skin", "texture_vgg19", "texture_vgg19_skin", "texture_lite0", "texture_lite0_skin",
    "form_cosine", "form_gain", "form_kept", "landmark_distance",
    "crossing", "fold_overs", "roughness")
STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:80rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}
td,th{padding:.25rem .6rem;border-bottom:1px solid #ccc;text-align:right;white-space:nowrap}
td:first-child,th:first-child{text-align:left}img{height:150px}figure{display:inline-block;margin:.3rem}
figcaption{font-size:.8rem}code{background:#eee;padding:0 .3rem}.note{color:#744}"""


@dataclass(frozen=True)
class Heading:
    """What a report says of itself. notes: what a reader must know before the numbers."""

    subject: str
    command: str
    notes: tuple[str, ...]


def page_of(
    heading: Heading, runs: Sequence[Done], measured: Measured, ceilings: Sequence[Rate], peer: Sequence[Path],
    out: Path,
) -> str:
    """Returns the report. ceilings: of the judges. out: where it will lie; pictures are named from there."""
    parts = [
        f"<h1>{_text(heading.subject)}</h1>", f"<p><code>{_text(heading.command)}</code></p>",
        f"<p>{_text(told_machine())}</p>", *(f'<p class="note">{_text(note)}</p>' for note in heading.notes)]
    shared = on_shared_pairs(measured)
    if shared:
        count = len({done.job.pair for done, _ in shared})
        parts += [f"<h2>Means over the pairs that every method made: {count}</h2>", table_of_means(shared)]
        parts += ["<h2>Pair by pair</h2>", table_of_pairs(shared)] if len(methods_of(shared)) > 1 else []
        parts += ["<h2>Machine study</h2>", table_of_recognition(shared, ceilings)]
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


def table_of_means(measured: Measured) -> str:
    """Returns the means of every method and their spread between pairs; views of one surface have their own columns."""
    found = spreads(measured)
    columns = _columns(measured)
    counts = {method: sum(done.job.method == method for done, _ in measured) for method in found}
    rows = [[f"{method} ({counts[method]})", *(_spread(row.get(name)) for name in columns)]
            for method, row in found.items()]  # fmt: skip
    arrows = {"higher": " \u2191", "lower": " \u2193", "one": " \u21921", "none": ""}
    return _table(["method (pairs)", *(f"{name}{arrows[direction_of(name)]}" for name in columns)], rows)


def table_of_pairs(measured: Measured) -> str:
    """Returns on how many pairs each method is better than the first one."""
    columns = [name for name in _columns(measured) if direction_of(name) != "none"]
    found = pairs_won(measured, columns)
    rows = [[method, *(f"{won[name][0]} of {won[name][1]}" if won[name][1] else "-" for name in columns)]
            for method, won in found.items()]  # fmt: skip
    first = methods_of(measured)[0]
    return _table([f"better than {first}", *columns], rows) + "<p>Pairs that are equal in a metric are not counted.</p>"


def table_of_recognition(measured: Measured, ceilings: Sequence[Rate]) -> str:
    """Returns the rates, their intervals and the median ranks. ceilings: what the judges make of the styles' halves."""
    found = [*recognitions(measured), *ceilings]
    asked = list(dict.fromkeys(rate.what for rate in found))
    told = {(rate.method, rate.what): f"{rate.rate:.2f} ({rate.low:.2f} to {rate.high:.2f}), rank {rate.rank:g}"
            for rate in found}  # fmt: skip
    rows = [[method, *(told.get((method, what), "-") for what in asked)]
            for method in dict.fromkeys(rate.method for rate in found)]  # fmt: skip
    chance = {rate.what: f"{rate.chance:.2f}" for rate in found}
    rows.append(["chance", *(chance[what] for what in asked)])
    words = ("Share whose own candidate is the nearest, its 95% interval (Clopper and Pearson), median rank of the own "
             f"one. {HALVES}: how often a judge finds a style by its other half: none can be asked for more. "
             f"{CITED_STUDY} A machine's CR and SR are no people's.")  # fmt: skip
    return _table(["method", *asked], rows) + f"<p>{_text(words)}</p>"


def table_of_costs(runs: Sequence[Done]) -> str:
    """Returns median CPU-seconds and their range, wall seconds and memory a method, and the paper's times as cited."""
    rows: list[list[str]] = []
    for method in dict.fromkeys(done.job.method for done in runs):
        mine = [done for done in runs if done.job.method == method]
        costs = [done.cost for done in mine if done.made]
        refused = len(mine) - len(costs)
        if costs:
            cpu, wall, peak = (np.array([getattr(cost, name) for cost in costs]) for name in ("cpu", "wall", "peak"))
            told = [f"{np.median(cpu):.1f}", f"{cpu.min():.1f} to {cpu.max():.1f}", f"{np.median(wall):.1f}",
                    f"{peak.max():.2f}"]  # fmt: skip
        else:
            told = ["-"] * 4
        rows.append([method, *told, str(len(costs)), str(refused), CITED.get(method, "-")])
    known = {row[0] for row in rows}
    rows += [[name, "-", "-", "-", "-", "0", "0", told] for name, told in CITED.items() if name not in known]
    head = ["method", "CPU-s (median)", "least to most", "wall s (median)", "peak GB", "made", "not made",
            "cited (paper's Table I)"]  # fmt: skip
    return _table(head, rows) + f"<p>{_text(COSTS)}</p>"


def _columns(measured: Measured) -> list[str]:
    pair = sorted({name for _, told in measured for name in told["metrics"] if name.startswith("pair_")})
    return [*COLUMNS, "consistency_stereo", "consistency_ring", *pair]


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


def _spread(found: Spread | None) -> str:
    if found is None:
        return "-"
    return f"{found.mean:.3g}" + (f" \u00b1 {found.deviation:.2g}" if found.count > 1 else "")


def _text(words: str) -> str:
    return html.escape(words)


