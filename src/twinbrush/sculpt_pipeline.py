"""`twinbrush sculpt`: a photo (or a mesh with a face) -> a sculpted figure's files."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from jaxtyping import Float

from twinbrush import store
from twinbrush.config import DEFAULT, PortraitConfig
from twinbrush.config.sculpt import SculptConfig, SculptOptions
from twinbrush.errors import BadMesh, BadOption
from twinbrush.export import manifest as page
from twinbrush.figure_outputs import write_figure_files
from twinbrush.files import nothing_left
from twinbrush.inputs import check_named_files, read_input
from twinbrush.meshes.guard import is_mesh_file
from twinbrush.models import ensure_models
from twinbrush.outputs import Result, Timing, used_models
from twinbrush.placing import move_over
from twinbrush.progress import Progress, Step, ignore
from twinbrush.run import CACHE, Run, run_folder, staging_folder
from twinbrush.sculpt.values import Figure

RANGES = {"texture_size": (256, 4096), "still_size": (128, 2048), "print_height_mm": (30, 2000)}


def sculpt_file(photo: Path, out: Path, options: SculptOptions, *, progress: Progress = ignore) -> Result:
    """Everything `twinbrush sculpt` does. Raises TwinbrushError; then nothing new is left behind."""
    from twinbrush.sculpt.figure import sculpt

    config = options.sculpt
    check_sculpt(config)
    check_options(options)
    ensure_models(progress)
    if is_mesh_file(photo):
        return _sculpt_mesh(photo, out, options, progress)
    progress(Step("inputs", 0, 1))
    given = read_input(photo, options.face, PortraitConfig(), art=False)
    with nothing_left(out / CACHE), run_folder(out, keep=options.cache) as cache:
        run = Run(cache, progress, options.cache)
        run.warn(tuple(f"photo: {warning}" for warning in given.warnings))
        key = store.stage_key("sculpt", given.key, config.texture_size, config.socle)
        figure = run.stage("sculpt", key, Figure, lambda: sculpt(
            given.picture.pixels, given.face, config, mask=given.mask, labels=given.labels, others=given.others,
            progress=progress,
        ))  # fmt: skip
        picture = given.picture
        height, width = picture.pixels.shape[:2]
        file = page.InputFile(Path(picture.path).name, picture.sha256, width, height, given.warnings)
        return _export(run, figure, file, picture.pixels, out, options, str(picture.path))


def _sculpt_mesh(path: Path, out: Path, options: SculptOptions, progress: Progress) -> Result:
    """The template fitted to a mesh with a face."""
    from twinbrush.meshes.front import find_portrait
    from twinbrush.meshes.read import load_model
    from twinbrush.sculpt.figure import sculpt_portrait

    model = load_model(path, progress=progress)
    with nothing_left(out / CACHE), run_folder(out, keep=options.cache) as cache:
        run = Run(cache, progress, options.cache)
        found = find_portrait(model, PortraitConfig(), progress=progress)
        if found is None:
            raise BadMesh(f"{path}: no face was found on this mesh.", "Give a head, upright, or a photo.")
        run.warn((*model.repairs, *model.warnings))
        portrait = found.portrait
        figure = run.stage("sculpt", None, Figure, lambda: sculpt_portrait(portrait, options.sculpt, progress=progress))
        count, triangles = len(model.mesh.vertices), len(model.mesh.faces)
        file = page.MeshFile(path.name, model.sha256, count, triangles, model.repairs)
        return _export(run, figure, file, portrait.image, out, options, str(path))


def check_options(options: SculptOptions) -> None:
    """Raise BadOption when a file that an option names cannot be read."""
    check_named_files(replace(DEFAULT, photo_face=options.face))


def check_sculpt(config: SculptConfig) -> None:
    """Raise BadOption for the first value outside its range."""
    for name, (lowest, highest) in RANGES.items():
        value = getattr(config, name)
        if not lowest <= value <= highest:
            option = "--" + name.replace("_", "-")
            raise BadOption(f"{option} {value}: out of range.", f"Give a value from {lowest} to {highest}.")


def figure_metrics(figure: Figure) -> dict[str, float]:
    """What the manifest tells about the fit: landmarks' distance from their pixels, of a 576-pixel crop."""
    from twinbrush.camera import project

    fit = figure.fit
    found, _ = project(fit.camera, _corrected_landmarks(figure))
    away = np.linalg.norm(found - fit.targets_xy, axis=1)[fit.visible > 0.5] * 576 / fit.camera.width
    return {
        "landmarks_median_px": float(np.median(away)), "landmarks_90_percent_px": float(np.quantile(away, 0.9)),
        "identity_rms": float(np.sqrt((fit.identity**2).mean())),
    }


def _corrected_landmarks(figure: Figure) -> np.ndarray:
    from twinbrush.sculpt.template import template

    return template().landmarks(figure.fit.vertices)


def _export(
    run: Run, figure: Figure, file: page.InputFile | page.MeshFile, shown: Float[np.ndarray, "h w 3"], out: Path,
    options: SculptOptions, given: str,
) -> Result:
    """Write everything into a hidden folder, then move it over. shown: the picture beside the figure on the sheet."""
    cpu, wall = time.process_time(), time.perf_counter()
    with staging_folder(run, out) as staging:
        solid = write_figure_files(figure, shown, staging, options.sculpt, run.progress)
        run.warn(() if solid is None else solid.warnings)
        metrics = figure_metrics(figure)
        run.timings.append(Timing("export", time.process_time() - cpu, time.perf_counter() - wall, False))
        document = page.Manifest(
            inputs={"photo": file}, parameters=options, engine="sculpt", metrics=metrics,
            warnings=tuple(run.warnings), models=used_models(),
            artefacts={path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in staging.iterdir()},
            timings=tuple(run.timings), machine=page.this_machine(),
            created=datetime.now(UTC).isoformat(timespec="seconds"), bust=solid,
        )
        page.write_manifest(document, staging / "manifest.json")
        named = (getattr(options.face, name) for name in ("landmarks", "mask", "regions"))
        files = move_over(staging, out, (given, *(path for path in named if path is not None)))
    notes = () if solid is None else (f"{solid.told}, stands up to a tilt of {solid.leans_degrees:.0f} degrees",)
    return Result(out, files, metrics, tuple(run.warnings), tuple(run.timings), notes)
