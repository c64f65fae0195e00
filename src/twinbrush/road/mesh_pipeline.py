"""A mesh and a style picture -> the same mesh, moved and repainted: the rooms in order, as in road/pipeline.py.

model -> style's object -> matches and deformation -> shape from all views -> paint all the way round -> files. A mesh
with a face and a style with a face go through the portrait's stages first (road/head_road.py).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from twinbrush.align.objects.align import (
    MATCH_SIZE,
    ObjectAlignment,
    StyleObject,
    align_object,
    view_from,
)
from twinbrush.align.objects.matches import Matches
from twinbrush.align.objects.matching import match_object
from twinbrush.base import store
from twinbrush.base.errors import BadOption, FaceNotFound, FaceUnusable, ModelFileError
from twinbrush.base.files import nothing_left
from twinbrush.base.image import LoadedImage, load_image
from twinbrush.base.models import ensure_models
from twinbrush.base.progress import Meter, Progress, Step, ignore
from twinbrush.config import Config, check, check_used, named_files
from twinbrush.export.mesh_outputs import (
    ObjectScene,
    PaintedAtlas,
    mesh_metrics,
    write_mesh_manifest,
    write_models,
    write_round,
)
from twinbrush.export.outputs import Result, RunReport, Timing
from twinbrush.meshes.front import FoundFront, find_portrait
from twinbrush.meshes.orient import face_axes
from twinbrush.meshes.read import load_model
from twinbrush.meshes.values import SourceModel
from twinbrush.paint.engine import check_engine
from twinbrush.regions.inputs import Input, read_input, read_mask
from twinbrush.road.head_road import Front, head_scene
from twinbrush.road.object_style import pairs_text, style_object, user_pairs
from twinbrush.road.placing import move_over
from twinbrush.road.plans import MESH
from twinbrush.road.run import CACHE, Run, gone, restrengthened, run_folder, staging_folder
from twinbrush.road.stages import content_of
from twinbrush.shape.displacement import ShapeResult
from twinbrush.views.values import ViewSet


@dataclass(frozen=True)
class MeshInputs:
    """model: how its file is read again. picture: the style; mask (h, w): the user's own cut-out of it."""

    mesh: Path
    picture: LoadedImage
    mask: Float[np.ndarray, "h w"] | None


@dataclass(frozen=True)
class MeshRun:
    """What `reshape` must know of a mesh's finished run. key: {stage: key of its kept result}; sha256: of the mesh file
    then. The rest: see ObjectScene."""

    given: MeshInputs
    config: Config
    key: dict[str, str]
    sha256: str
    front_degrees: float
    metrics: dict[str, float]
    reference: Float[np.ndarray, "h w 3"]
    head: bool


def stylize_mesh(mesh: Path, style: Path, out: Path, config: Config, *, progress: Progress = ignore) -> Result:
    """Everything `twinbrush stylize model.obj style.jpg` does. Raises TwinbrushError; then nothing new is left."""
    check(config)
    if config.stylize.method == "paper":
        raise BadOption("--method paper: is for portraits.", "Leave it out for a mesh, or give --method guided.")
    check_used(config, "mesh")
    progress = Meter(MESH, progress)
    progress(Step("inputs", 0, 1))
    picture = load_image(style)
    path = config.style_face.mask
    mask = None if path is None else read_mask(path, picture, shown="the object is")
    given = MeshInputs(mesh, picture, mask)
    model = load_model(mesh, config.mesh, progress=progress)
    with nothing_left(out / CACHE), run_folder(out, keep=config.cache) as cache:
        run = Run(cache, progress, config.cache)
        return _stylize(run, model, given, out, config)


def _stylize(run: Run, model: SourceModel, given: MeshInputs, out: Path, config: Config) -> Result:
    run.warn((*model.repairs, *model.warnings))
    if config.export.stl or config.export.threemf:
        run.warn(("--stl, --threemf: only a photo's portrait becomes a bust; the mesh comes back in its own format.",))
    head = _as_head(run, model, given, config)
    model, config, head = _upright(run, model, given, config, head)
    if head is None:
        run.warn(given.picture.notes)
        key, scene = _object_scene(run, model, given, config)
    else:
        front, art = head
        run.warn(tuple(f"style: {warning}" for warning in art.warnings))
        scene, key = head_scene(run, model, front, art, _front_key(model, given, config), config)
    kept = {name: key[name] for name in ("shape", "paint")}
    known = MeshRun(
        given, config, kept, model.sha256, scene.front_degrees, scene.metrics, scene.reference, scene.head
    )  # fmt: skip
    run.remember(known)
    return _export(run, scene, out, config)


def _upright(
    run: Run, model: SourceModel, given: MeshInputs, config: Config, head: tuple[FoundFront, Input] | None
) -> tuple[SourceModel, Config, tuple[FoundFront, Input] | None]:
    """The mesh placed as the face on it is upright, unless the user has said which way up it is."""
    axes = None if head is None or config.mesh.up != "auto" else face_axes(model.to_world, head[0].to_portrait)
    if axes is None:
        return model, config, head
    turned = replace(config, mesh=replace(config.mesh, up=axes[0], forward=axes[1]))
    again = load_model(given.mesh, turned.mesh, progress=run.progress)
    found = _as_head(run, again, given, turned, "front_upright")
    if found is None:
        return model, config, head
    run.warn((f"{given.mesh.name}: taken with {axes[0]} up and {axes[1]} in front, as the face on it is upright; --up "
              "and --forward say otherwise.",))  # fmt: skip
    return again, turned, found


def _front_key(model: SourceModel, given: MeshInputs, config: Config) -> str:
    return store.stage_key("front", model.sha256, config.mesh, config.portrait)


def _as_head(
    run: Run, model: SourceModel, given: MeshInputs, config: Config, stage: str = "front"
) -> tuple[FoundFront, Input] | None:
    """The face on the mesh and the one in the style, when both are there (the user's pairs make it an object)."""
    if config.objects.pairs is not None:
        return None
    try:
        ensure_models(run.progress)
    except ModelFileError:  # where they would lie is nobody's business: warnings go into the manifest
        run.warn(("No faces were looked for: the model files are not there (`twinbrush models fetch`).",))
        return None
    front = run.stage(stage, _front_key(model, given, config), Front, lambda: _front(run, model, config))
    if front.found is None:
        return None
    try:
        art = read_input(Path(given.picture.path), config.style_face, config.portrait, art=True)
    except (FaceNotFound, FaceUnusable) as error:
        run.warn((f"The mesh is a head, but the style shows no face ({error.problem}): it is painted as an object.",))
        return None
    return front.found, art


def _front(run: Run, model: SourceModel, config: Config) -> Front:
    found = find_portrait(model, config.portrait, progress=run.progress)
    if found is not None:
        return Front(found, found.warnings)
    said = config.mesh.up != "auto" or model.source.file.y_up  # glTF says which way up it is
    note = f"{model.path.name}: no face was found on it that says which way up it is; --up and --forward turn it."
    return Front(None, () if said else (note,))


def _object_scene(
    run: Run, model: SourceModel, given: MeshInputs, config: Config
) -> tuple[dict[str, str], ObjectScene]:
    from twinbrush.paint.round.object import cameras_for
    from twinbrush.shape.n_view import solve_allround

    key = _keys(model, given, config)
    style = run.stage("style", key["style"], StyleObject, lambda: style_object(given.picture, given.mask, config))
    alignment = run.stage("align", key["align"], ObjectAlignment, lambda: _aligned(model, style, config))
    framed = np.concatenate([model.mesh.vertices, alignment.target_xyz])
    cameras = cameras_for(framed, config.views, alignment.azimuth_degrees)
    shape = run.stage(
        "shape",
        key["shape"],
        ShapeResult,
        lambda: solve_allround(
            model.mesh, model.welded, alignment.target_xyz, cameras, config.align.strength, progress=run.progress
        ),
    )
    painted = run.stage(
        "paint", key["paint"], PaintedAtlas, lambda: _painted(run, model, alignment, style, shape, config)
    )
    reference = _reference(model, alignment)
    scene = ObjectScene(
        model, given.picture, shape, painted, alignment.azimuth_degrees, alignment.metrics, reference
    )
    return key, scene


def _keys(model: SourceModel, given: MeshInputs, config: Config) -> dict[str, str]:
    """What every stage's result depends on, as a hash."""
    key = {"model": store.stage_key("model", model.sha256, config.mesh)}
    key["style"] = store.stage_key("style-object", given.picture.sha256, given.mask, config.style_face)
    pairs = config.objects.pairs
    clicked = None if pairs is None else pairs_text(pairs)
    painter = config.stylize
    network = painter.extractor, content_of(painter.weights), check_engine(painter)
    key["align"] = store.stage_key(
        "align-object", key["model"], key["style"], content_of(config.objects), clicked, *network)
    key["shape"] = store.stage_key("solve", key["align"], config.views, config.align.strength)
    key["paint"] = store.stage_key(
        "paint-round", key["shape"], content_of(painter), *network, config.reconstruct.texture_size, config.seed)
    return key


def _aligned(model: SourceModel, style: StyleObject, config: Config) -> ObjectAlignment:
    """Matches by the user's pairs, features or silhouettes."""
    pairs = user_pairs(config.objects.pairs, style)
    features = None if pairs is not None else _features(config)

    def match(views: ViewSet) -> Matches:
        return match_object(
            views.images[0], views.coverage[0], style.image, style.mask, config.objects,
            features=features, user_pairs=pairs,
        )  # fmt: skip

    # the user's pairs were clicked in the picture of the front
    return align_object(model.mesh, style, config.objects, match, azimuth_degrees=None if pairs is None else 0.0)


def _features(config: Config) -> Any:
    """Maps for Neural Best-Buddies, when the user has VGG weights: --keypoint-weights (VGG-19), or those that paint."""
    from twinbrush.paint.features.arrays import as_arrays
    from twinbrush.paint.features.load import load_extractor
    from twinbrush.paint.features.vgg19 import load_vgg19

    if config.objects.keypoint_weights is not None:
        return as_arrays(load_vgg19(config.objects.keypoint_weights))
    if config.stylize.extractor in ("vgg16", "vgg19-low"):
        return as_arrays(load_extractor(config.stylize.extractor, config.stylize.weights))
    return None


def _painted(
    run: Run, model: SourceModel, alignment: ObjectAlignment, style: StyleObject, shape: ShapeResult, config: Config
) -> PaintedAtlas:
    from twinbrush.paint.bake import finish_texture
    from twinbrush.paint.features.load import weights_sha256
    from twinbrush.paint.round.agreement import ring_consistency
    from twinbrush.paint.round.object import paint_object, prepare

    surroundings = prepare(shape.mesh, model.welded, alignment, style, config.views, coloured=model.coloured)
    paint, log = paint_object(
        surroundings, config.stylize, config.reconstruct.texture_size, seed=config.seed, progress=run.progress
    )
    baked = finish_texture(paint)
    agreement = ring_consistency(shape.mesh.painted(baked.texture), surroundings.cameras)
    engine = config.stylize
    used = None if engine.method == "guided" else weights_sha256(engine.extractor, engine.weights)
    return PaintedAtlas(baked.texture, {**log, **baked.metrics, **agreement}, engine.method, used)


def _reference(model: SourceModel, alignment: ObjectAlignment) -> Float[np.ndarray, "h w 3"]:
    """The picture in which points were matched (and in which the user clicks pairs)."""
    from twinbrush.base.shade import shade

    camera = view_from(model.mesh.vertices, alignment.azimuth_degrees, MATCH_SIZE)
    return shade(model.mesh, camera)


def _export(run: Run, scene: ObjectScene, out: Path, config: Config) -> Result:
    """Write everything into a hidden folder, then move it over."""
    cpu, wall = time.process_time(), time.perf_counter()
    with staging_folder(run, out) as staging:
        metrics = mesh_metrics(scene)
        run.warn(write_models(scene, staging, run.progress))
        write_round(scene, staging, config, run.progress)
        run.timings.append(Timing("export", time.process_time() - cpu, time.perf_counter() - wall, False))
        report = RunReport(tuple(run.warnings), tuple(run.timings))
        write_mesh_manifest(scene, staging, config, metrics, report)
        files = move_over(staging, out, (scene.model.path, scene.picture.path, *named_files(config)))
    run.progress(Step("export", 1, 1))
    return Result(out, files, metrics, tuple(run.warnings), tuple(run.timings))


def reshape_mesh(run: Run, out: Path, strength: float, known: MeshRun) -> Result:
    """The shape at another strength; nothing is painted again. Raises BadOption when stages are gone or the mesh file
    has changed since."""
    from twinbrush.shape.n_view import reshape_allround

    given, config = known.given, restrengthened(known.config, strength, out)
    model = load_model(given.mesh, config.mesh, progress=run.progress)
    if model.sha256 != known.sha256:
        raise BadOption(f"{given.mesh}: has changed since {out} was made.", "Run `twinbrush stylize` again.")
    before = run.stage("shape", known.key.get("shape", ""), ShapeResult, lambda: gone(out, "shape"))
    painted = run.stage("paint", known.key.get("paint", ""), PaintedAtlas, lambda: gone(out, "paint"))
    shape = reshape_allround(model.mesh, model.welded, before, strength / known.config.align.strength)
    run.warn(shape.warnings)
    scene = ObjectScene(
        model, given.picture, shape, painted, known.front_degrees, known.metrics, known.reference, known.head
    )  # fmt: skip
    return _export(run, scene, out, config)
