"""A figure's finished files take their places: `sculpt`, `stylize` and `reshape` end here."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from twinbrush.config import ExportConfig
from twinbrush.figure_outputs import FigureScene, write_figure_files, write_figure_manifest
from twinbrush.outputs import Result, RunReport, Timing
from twinbrush.placing import move_over
from twinbrush.progress import Step
from twinbrush.run import Run, staging_folder


def export_figure(
    run: Run, scene: FigureScene, out: Path, config: ExportConfig, given: Iterable[Path | str], *, stills: bool = True
) -> Result:
    """Write everything into a hidden folder, then move it over. given: files that no result may overwrite. stills:
    False: those of an earlier shape are removed, which is told. Raises BadMesh, OutputError."""
    cpu, wall = time.process_time(), time.perf_counter()
    with staging_folder(run, out) as staging:
        solid = write_figure_files(scene, staging, config, run.progress, stills=stills)
        run.warn(() if solid is None else solid.warnings)
        run.timings.append(Timing("export", time.process_time() - cpu, time.perf_counter() - wall, False))
        write_figure_manifest(scene, staging, RunReport(tuple(run.warnings), tuple(run.timings)), solid)
        before = _pictures(out)
        files = move_over(staging, out, given)
    run.progress(Step("export", 1, 1))
    notes = [] if solid is None else [f"{solid.told}, stands up to a tilt of {solid.leans_degrees:.0f} degrees"]
    removed = len(before - _pictures(out))
    if removed and not stills:
        notes.append(f"{removed} pictures of the old shape were removed: --stills draws them of the new one")
    return Result(out, files, scene.metrics, tuple(run.warnings), tuple(run.timings), tuple(notes))


def _pictures(out: Path) -> set[str]:
    return {path.name for path in out.iterdir() if path.suffix in (".png", ".webp")}
