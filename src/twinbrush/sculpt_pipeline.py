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
from twinbrush.config.sculpt import SculptConfig, SculptOptions, ShapeConfig
from twinbrush.errors import BadMesh, BadOption
from twinbrush.export import manifest as page
from twinbrush.export.viewer.live import LiveShapes
from twinbrush.figure_outputs import write_figure_files
from twinbrush.files import nothing_left
from twinbrush.inputs import Input, check_named_files, read_input
from twinbrush.meshes.guard import is_mesh_file
from twinbrush.models import ensure_models
from twinbrush.outputs import Result, Timing, used_models
from twinbrush.placing import move_over
from twinbrush.progress import Progress, Step, ignore
from twinbrush.run import CACHE, Run, run_folder, staging_folder
from twinbrush.sculpt.values import Figure
from twinbrush.shape.head import Form

RANGES: dict[str, tuple[float, float]] = {
    "texture_size": (256, 4096), "still_size": (128, 2048), "print_height_mm": (30, 2000)}
SHAPE_RANGES: dict[str, tuple[float, float]] = {"strength": (0, 1.5), "caricature": (0.5, 2), "hair_shape": (0, 1)}


def sculpt_file(photo: Path, out: Path, options: SculptOptions, *, progress: Progress = ignore) -> Result:
    """Everything `twinbrush sculpt` does. Raises TwinbrushError; then nothing new is left behind."""
    config = options.sculpt
    check_sculpt(config)
    check_options(options)
    ensure_models(progress)
    progress(Step("inputs", 0, 1))
    style = None if options.shape.form is None else read_input(
        options.shape.form, options.style, PortraitConfig(), art=True)
    if is_mesh_file(photo):
        return _sculpt_mesh(photo, out, options, style, progress)
    given = read_input(photo, options.face, PortraitConfig(), art=options.art)
    with nothing_left(out / CACHE), run_folder(out, keep=options.cache) as cache:
        run = Run(cache, progress, options.cache)
        run.warn(tuple(f"photo: {warning}" for warning in given.warnings))
        key = store.stage_key("sculpt", given.key, config.texture_size, config.socle, options.art)
        figure = run.stage("sculpt", key, Figure, lambda: _sculpted(given, config, options.art, progress))
        file = _picture_file(given)
        return _export(run, figure, file, style, given.picture.pixels, out, options, str(given.picture.path))


def _sculpted(given: Input, config: SculptConfig, art: bool, progress: Progress) -> Figure:
    """The figure of a photo, or of a painting with the painting's own proportions."""
    from twinbrush.sculpt.figure import sculpt
    from twinbrush.shape.painted import sculpt_painting

    if art:
        return sculpt_painting(given, config, progress=progress)
    return sculpt(
        given.picture.pixels, given.face, config, mask=given.mask, labels=given.labels, others=given.others,
        progress=progress,
    )


def _picture_file(given: Input) -> page.InputFile:
    """What the manifest tells of a picture."""
    picture = given.picture
    height, width = picture.pixels.shape[:2]
    return page.InputFile(Path(picture.path).name, picture.sha256, width, height, given.warnings)


def _form_of(style: Input | None) -> Form:
    """The style portrait's form; without one the mean head's, which gives nothing."""
    from twinbrush.align.painted import seen_portrait
    from twinbrush.align.style_head import fit_style_head, mean_head
    from twinbrush.sculpt.template import template
    from twinbrush.shape.head import make_form

    model = template()
    if style is None:
        return make_form(model, mean_head(model))
    person = seen_portrait(style)
    form = make_form(model, fit_style_head(model, person.crop))
    notes = tuple(f"form: {note}" for note in (*style.warnings, *person.warnings))
    return replace(form, warnings=(*form.warnings, *notes))


def kept_form(run: Run, style: Input | None) -> Form:
    """Returns the style portrait's form, kept: another photo or strength in the same folder reads it no more."""
    key = None if style is None else store.stage_key("form", style.key)
    return run.stage("form", key, Form, lambda: _form_of(style))


def _in_form(
    run: Run, figure: Figure, style: Input | None, options: ShapeConfig
) -> tuple[Figure, LiveShapes | None]:
    """The figure with the style's form and so much of the person's own as the options say; and the shapes between
    which the viewer's sliders blend (None: nothing to blend)."""
    from twinbrush.sculpt.template import template
    from twinbrush.shape.figure import shaped
    from twinbrush.shape.live import live_shapes

    if style is None and options.caricature == 1:
        return figure, None
    form = kept_form(run, style)
    amounts = 0.0 if style is None else options.strength, options.caricature, options.hair_shape
    whole = run.stage("shape", None, Figure, lambda: shaped(template(), figure, form, *amounts))
    if style is None:
        return whole, None
    return whole, run.stage("sliders", None, LiveShapes, lambda: live_shapes(
        template(), figure, form, *amounts, shown=whole))


def _sculpt_mesh(path: Path, out: Path, options: SculptOptions, style: Input | None, progress: Progress) -> Result:
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
        return _export(run, figure, file, style, portrait.image, out, options, str(path))


def check_options(options: SculptOptions) -> None:
    """Raise BadOption when a file that an option names cannot be read."""
    check_named_files(replace(DEFAULT, photo_face=options.face, style_face=options.style))
    _check_ranges(options.shape, SHAPE_RANGES)
    if options.shape.form is None:
        for name in ("strength", "hair_shape"):
            if getattr(options.shape, name) != getattr(ShapeConfig, name):
                option = "--" + name.replace("_", "-")
                raise BadOption(f"{option} says how far a style's form goes, and there is none.",
                                "Give a style portrait with --form, or leave the option out.")


def check_sculpt(config: SculptConfig) -> None:
    """Raise BadOption for the first value outside its range."""
    _check_ranges(config, RANGES)


def _check_ranges(config: object, ranges: dict[str, tuple[float, float]]) -> None:
    for name, (lowest, highest) in ranges.items():
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
    run: Run, figure: Figure, file: page.InputFile | page.MeshFile, style: Input | None,
    shown: Float[np.ndarray, "h w 3"], out: Path, options: SculptOptions, given: str,
) -> Result:
    """Write everything into a hidden folder, then move it over. shown: the picture beside the figure on the sheet."""
    metrics = figure_metrics(figure)
    figure, live = _in_form(run, figure, style, options.shape)
    cpu, wall = time.process_time(), time.perf_counter()
    form = () if style is None else (("Form", style.picture.pixels),)
    inputs: dict[str, page.InputFile | page.MeshFile] = {"photo": file}
    if style is not None:
        inputs["form"] = _picture_file(style)
    with staging_folder(run, out) as staging:
        solid = write_figure_files(figure, (("Photo", shown), *form), staging, options.sculpt, run.progress, live)
        run.warn(() if solid is None else solid.warnings)
        run.timings.append(Timing("export", time.process_time() - cpu, time.perf_counter() - wall, False))
        document = page.Manifest(
            inputs=inputs, parameters=options, engine="sculpt", metrics=metrics,
            warnings=tuple(run.warnings), models=used_models(),
            artefacts={path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in staging.iterdir()},
            timings=tuple(run.timings), machine=page.this_machine(),
            created=datetime.now(UTC).isoformat(timespec="seconds"), bust=solid,
        )
        page.write_manifest(document, staging / "manifest.json")
        named = [getattr(face, name) for face in (options.face, options.style)
                 for name in ("landmarks", "mask", "regions")] + [options.shape.form]
        files = move_over(staging, out, (given, *(path for path in named if path is not None)))
    notes = () if solid is None else (f"{solid.told}, stands up to a tilt of {solid.leans_degrees:.0f} degrees",)
    return Result(out, files, metrics, tuple(run.warnings), tuple(run.timings), notes)
