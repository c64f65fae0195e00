"""The rooms in order: photo -> portrait -> views -> aligned style -> stylized views -> shape and texture -> files.

The only owner of paths. Every stage's result is kept under OUT/.twinbrush, named by a hash of all it depends on, so
that a second run with the same inputs goes on where the first one stopped. Results move into OUT only when complete.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from twinbrush import store
from twinbrush.config import Config, FaceConfig, check
from twinbrush.correspond.values import AlignedStyle
from twinbrush.errors import BadOption, OutputError
from twinbrush.files import output_error
from twinbrush.image import LoadedImage, load_image
from twinbrush.portrait.values import Face, Portrait
from twinbrush.progress import Progress, Step, ignore
from twinbrush.stylize.values import Stylization
from twinbrush.views.values import ViewSet

T = TypeVar("T")
CACHE = ".twinbrush"


@dataclass(frozen=True)
class Timing:
    """One stage's cost. `resumed`: it was taken from an earlier run."""

    stage: str
    cpu_seconds: float
    wall_seconds: float
    resumed: bool


@dataclass(frozen=True)
class Result:
    """What a run made: the files in `out`, the manifest's metrics, everything worth a warning, and the costs."""

    out: Path
    files: tuple[str, ...]
    metrics: dict[str, float]
    warnings: tuple[str, ...]
    timings: tuple[Timing, ...]

    def summary(self) -> str:
        """A few lines for people."""
        wall = sum(t.wall_seconds for t in self.timings)
        cpu = sum(t.cpu_seconds for t in self.timings)
        shown = [name for name in ("portrait.glb", "viewer.html", "sheet.png") if name in self.files]
        return "\n".join(
            [
                f"{self.out}: {len(self.files)} files in {wall:.1f} s ({cpu:.1f} CPU-seconds)",
                *(f"  {self.out / name}" for name in shown),
            ]
        )


@dataclass
class Run:
    """One pass through the stages: where finished ones are kept, what each one cost."""

    cache: Path
    progress: Progress
    timings: list[Timing] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def stage(self, name: str, key: str | None, compute: Callable[[], T]) -> T:
        """The stage's kept result if its key fits, else computed and kept (key None: never kept)."""
        self.progress(Step(name, 0, 1))
        cpu, wall = time.process_time(), time.perf_counter()
        path = self.cache / f"{name}.npz"
        value: Any = store.load(path, key) if key else None
        resumed = value is not None
        if not resumed:
            value = compute()
            if key:
                store.save(path, key, value)
        spent = (time.process_time() - cpu, time.perf_counter() - wall)
        self.timings.append(Timing(name, *spent, resumed))
        self.warnings += [w for w in getattr(value, "warnings", ()) if w not in self.warnings]
        self.progress(Step(name, 1, 1, "resumed" if resumed else ""))
        return value


def open_folder(out: Path) -> Path:
    """Make the results' folder and its cache, and prove that they can be written. Raises OutputError."""
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out}: is a file.", "Give a folder with -o.")
    try:
        (out / CACHE).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out / CACHE):
            pass
    except OSError as error:
        raise output_error(out, error) from error
    return out / CACHE


def stylize_files(photo: Path, style: Path, out: Path, config: Config, *, progress: Progress = ignore) -> Result:
    """Everything `twinbrush stylize` does. Raises TwinbrushError; then nothing new is left in `out`."""
    check(config)
    ensure_models(progress)
    progress(Step("inputs", 0, 1))
    content = read_input(photo, config.photo_face, "--face", art=False)
    art = read_input(style, config.style_face, "--style.face", art=True)
    fresh = not out.exists()
    try:
        return _stylize(Run(open_folder(out), progress), content, art, out, config)
    except BaseException as error:
        # A mistake the user can mend leaves nothing behind; an interruption keeps finished stages for the next run.
        if fresh and isinstance(error, Exception):
            shutil.rmtree(out, ignore_errors=True)
        raise


def _stylize(run: Run, content: Input, art: Input, out: Path, config: Config) -> Result:
    from twinbrush.portrait.build import build_portrait
    from twinbrush.portrait.regions import segment
    from twinbrush.stylize import stylize
    from twinbrush.views.render import render_views

    run.warnings += [*(f"photo: {w}" for w in content.warnings), *(f"style: {w}" for w in art.warnings)]
    keys = {"portrait": store.stage_key("portrait", content.key, config.portrait)}
    portrait: Portrait = run.stage(
        "portrait",
        keys["portrait"],
        lambda: build_portrait(
            content.picture.pixels, content.face, config.portrait, mask=content.mask, progress=run.progress
        ),
    )
    keys["style"] = store.stage_key("style", art.key)
    segmentation = run.stage(
        "style", keys["style"], lambda: segment(art.picture.pixels, art.face, mask=art.mask, art=True)
    )
    keys["views"] = store.stage_key("views", keys["portrait"], config.views)
    views: ViewSet = run.stage("views", keys["views"], lambda: render_views(portrait, config.views))
    aligned = _align(run, art, segmentation, portrait, views, config, keys)
    keys["stylize"] = store.stage_key("stylize", keys["align"], config.stylize, config.seed)
    painted: Stylization = run.stage(
        "stylize",
        keys["stylize"],
        lambda: stylize(views, aligned, config.stylize, seed=config.seed, progress=run.progress),
    )
    keys["texture"] = store.stage_key("texture", keys["stylize"], config.reconstruct.texture_size)
    store.save(run.cache / "run.npz", "run", {"config": config, "keys": keys, "content": content, "art": art})
    return _finish(run, Scene(content, art, portrait, views, aligned, painted), out, config, keys)


@dataclass(frozen=True)
class Scene:
    """All that the last stages need."""

    content: Input
    art: Input
    portrait: Portrait
    views: ViewSet
    aligned: AlignedStyle
    painted: Stylization


def _align(
    run: Run, art: Input, segmentation: Any, portrait: Portrait, views: ViewSet, config: Config, keys: dict[str, str]
) -> AlignedStyle:
    from twinbrush.correspond.align import align_style

    keys["align"] = store.stage_key("align", keys["views"], keys["style"], config.align)
    return run.stage(
        "align",
        keys["align"],
        lambda: align_style(
            art.picture.pixels, art.face, segmentation, portrait, views, config.align, progress=run.progress
        ),
    )


def _finish(run: Run, scene: Scene, out: Path, config: Config, keys: dict[str, str]) -> Result:
    """Shape, texture, metrics and files: the same for `stylize` and `reshape`."""
    from twinbrush.export.write import write_results
    from twinbrush.reconstruct.shape import reconstruct
    from twinbrush.reconstruct.texture import bake_texture

    shape = run.stage(
        "shape",
        store.stage_key("shape", keys["align"], keys["stylize"], config.reconstruct),
        lambda: reconstruct(scene.portrait, scene.views, scene.aligned, scene.painted.warped, config.reconstruct),
    )
    baked = run.stage(
        "texture", keys["texture"], lambda: bake_texture(scene.portrait, scene.painted, config.reconstruct)
    )
    mesh = shape.mesh.painted(baked.texture)
    staging = Path(tempfile.mkdtemp(prefix="new-", dir=run.cache))
    try:
        run.progress(Step("export", 0, 1))
        return write_results(run, scene, mesh, shape, baked, staging, out, config)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def reshape_files(out: Path, strength: float, *, progress: Progress = ignore) -> Result:
    """Everything `twinbrush reshape` does: align and shape again at another strength; painting and texture are kept."""
    raise BadOption(str(out), str(strength))


def ensure_models(progress: Progress) -> None:
    """Fetch missing model files. Raises ModelFileError with a remedy for people who are offline."""
    from twinbrush import models

    models.ensure_models(progress)


__all__ = ["Result", "Timing", "replace", "reshape_files", "stylize_files"]
