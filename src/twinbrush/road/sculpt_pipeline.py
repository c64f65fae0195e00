"""`twinbrush sculpt`: a photo (or a mesh with a face) -> a sculpted figure's files."""

from __future__ import annotations

from pathlib import Path

from twinbrush.base.errors import BadMesh, BadOption
from twinbrush.base.files import nothing_left
from twinbrush.base.models import ensure_models
from twinbrush.base.progress import Meter, Progress, Step, ignore
from twinbrush.config import AlignConfig, Config, PortraitConfig, check
from twinbrush.config.sculpt import SculptOptions, ShapeConfig
from twinbrush.export import manifest as page
from twinbrush.export.figure_outputs import Captioned, FigureScene, InputFiles, figure_metrics, picture_file
from twinbrush.export.outputs import Result
from twinbrush.meshes.guard import is_mesh_file
from twinbrush.regions.inputs import Input, check_named_files, read_input
from twinbrush.road import sculpt_road
from twinbrush.road.figure_export import Shown, export_figure, remember_shown
from twinbrush.road.plans import sculpt_plan
from twinbrush.road.run import CACHE, Run, run_folder
from twinbrush.road.stages import Walk


def sculpt_file(photo: Path, out: Path, options: SculptOptions, *, progress: Progress = ignore) -> Result:
    """Everything `twinbrush sculpt` does. Raises TwinbrushError; then nothing new is left behind."""
    check_options(options)
    formed = options.shape.form is not None or options.shape.caricature != 1
    progress = Meter(sculpt_plan(mesh=is_mesh_file(photo), formed=formed), progress)
    ensure_models(progress)
    progress(Step("inputs", 0, 1))
    form = options.shape.form
    style = None if form is None else read_input(form, options.style, PortraitConfig(), art=True)
    if is_mesh_file(photo):
        return _sculpt_mesh(photo, out, options, style, progress)
    given = read_input(photo, options.face, PortraitConfig(), art=options.art)
    with nothing_left(out / CACHE), run_folder(out, keep=options.cache) as cache, \
            Walk(Run(cache, progress, options.cache), as_config(options)) as walk:
        walk.run.warn(tuple(f"photo: {warning}" for warning in given.warnings))
        walk.give("photo", given, given.key)
        _begin_style(walk, style)
        walk.through(sculpt_road.FIGURE_OF_PAINTING if options.art else sculpt_road.FIGURE)
        shown = ("Photo", given.picture.pixels)
        return _finished(walk, picture_file(given), shown, style, out, options, Path(given.picture.path))


def as_config(options: SculptOptions) -> Config:
    """Returns the command's options as the road takes them; without a style nothing of one is added."""
    shape = options.shape
    align = AlignConfig(
        strength=0.0 if shape.form is None else shape.strength, caricature=shape.caricature,
        hair_shape=shape.hair_shape, facets=shape.facets)
    return Config(
        photo_face=options.face, style_face=options.style, align=align, sculpt=options.sculpt, export=options.export,
        cache=options.cache)


def check_options(options: SculptOptions) -> None:
    """Raise BadOption for a value out of its range, a file that cannot be read, and what needs a style without one."""
    config = as_config(options)
    check(config, lambda section, name: "--" + name.replace("_", "-"))
    check_named_files(config)
    if options.shape.form is None:
        for name in ("strength", "hair_shape"):
            if getattr(options.shape, name) != getattr(ShapeConfig, name):
                option = "--" + name.replace("_", "-")
                raise BadOption(f"{option} says how far a style's form goes, and there is none.",
                                "Give a style portrait with --form, or leave the option out.")


def _sculpt_mesh(path: Path, out: Path, options: SculptOptions, style: Input | None, progress: Progress) -> Result:
    """The template fitted to a mesh with a face."""
    from twinbrush.meshes.read import load_model
    from twinbrush.road.head_road import front_of, give_model

    model = load_model(path, progress=progress)
    with nothing_left(out / CACHE), run_folder(out, keep=options.cache) as cache, \
            Walk(Run(cache, progress, options.cache), as_config(options)) as walk:
        walk.run.warn((*model.repairs, *model.warnings))
        give_model(walk, model)
        found = front_of(walk)
        if found is None:
            raise BadMesh(f"{path}: no face was found on this mesh.", "Give a head, upright, or a photo.")
        _begin_style(walk, style)
        walk.through(sculpt_road.FIGURE_OF_MESH)
        count, triangles = len(model.mesh.vertices), len(model.mesh.faces)
        file = page.MeshFile(path.name, model.sha256, count, triangles, model.repairs)
        return _finished(walk, file, ("Photo", found.portrait.image), style, out, options, path)


def _begin_style(walk: Walk, style: Input | None) -> None:
    """Lay down the style, if there is one, and begin to read it beside the sculpting."""
    if style is not None:
        walk.give("style", style, style.key)
        sculpt_road.begin_style(walk)


def _finished(
    walk: Walk, file: page.InputFile | page.MeshFile, shown: Captioned, style: Input | None, out: Path,
    options: SculptOptions, given: Path,
) -> Result:
    """The figure in the style's form, if there is one, and its files. shown: the picture beside it on the sheet."""
    figure, live = walk.values["sculpt"], None
    inputs: InputFiles = {"photo": file}
    pictures = [shown]
    metrics = figure_metrics(figure)
    if style is not None:
        walk.run.warn(tuple(f"form: {note}" for note in style.warnings))
        inputs["form"] = picture_file(style)
        pictures.append(("Form", style.picture.pixels))
        for stage in (sculpt_road.REGIONS, sculpt_road.STYLE_HEAD, sculpt_road.FORM):
            walk.through(stage)
    elif options.shape.caricature != 1 or options.shape.facets:
        walk.give("form", sculpt_road.mean_form(), "mean head")
    if "form" in walk.values:
        figure = walk.through(sculpt_road.SHAPE)
    if style is not None:
        walk.ahead(
            sculpt_road.STRENGTH_ROW, sculpt_road.HAIR_ROW, sculpt_road.CARICATURE_ROW, sculpt_road.PLANES)
        live = sculpt_road.live_of(walk)
    scene = FigureScene(figure, inputs, tuple(pictures), options, metrics, live)
    named = [getattr(face, name) for face in (options.face, options.style)
             for name in ("landmarks", "mask", "regions")] + [options.shape.form]
    files = (given, *(path for path in named if path is not None))
    result = export_figure(walk.run, scene, out, options.export, files)
    stage = "shape" if "shape" in walk.values else "sculpt"
    remember_shown(walk.run, Shown(stage, walk.keys[stage]))
    return result
