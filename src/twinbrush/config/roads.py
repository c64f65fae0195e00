"""Which options a road can use: the others are refused, with a line that says what takes their place."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from typing import Literal

from twinbrush.base.errors import BadOption
from twinbrush.config.presets import PRESETS, Config

Road = Literal["figure", "guided", "paper", "mesh", "rival"]
RIVALS = ("nst", "strotss", "dst", "flat", "nmr", "exemplar")
"""Methods that are baselines, not ours."""
_PAPER = "It belongs to --method paper."
_PHOTO_PAPER = "It is for a photo with --method paper."
_FOR_MESHES = "It is for meshes: leave it out for a photo."
_ROUND = "Leave it out: a photo's figure is painted all the way round. For a mesh it chooses the views."
_FOR_FIGURES = "It is for a photo's figure, painted by --method hybrid or guided."
_OURS = "It is for --method hybrid, guided and paper: a rival is run as it was published."
_LEARNS = ("stylize", ("guidance", "ablation", "warm_start"))
# road -> ((section, fields (none: all), remedy), ...)
UNUSED: dict[Road, tuple[tuple[str, tuple[str, ...], str], ...]] = {
    "figure": (
        ("mesh", (), _FOR_MESHES),
        ("views", ("views", "angles"), _ROUND),
        ("objects", (), _FOR_MESHES),
        ("stylize.paper", (), _PAPER),
        (*_LEARNS, _PAPER),
        ("reconstruct", ("shape",), f"{_PAPER} --strength, --caricature and --hair-shape shape a figure otherwise."),
    ),
    "guided": (
        ("stylize", ("extractor", "weights"), "--method guided sees without a network; hybrid uses one."),
    ),
    "paper": (
        ("align", ("caricature", "hair_shape", "facets"), _FOR_FIGURES),
        ("stylize", ("skin",), _FOR_FIGURES),
        ("mesh", (), _FOR_MESHES),
        ("views", ("views", "angles"), _ROUND),
        ("objects", (), _FOR_MESHES),
    ),
    "rival": (
        ("align", (), _OURS),
        ("views", ("half_angle_degrees", "views", "angles"), _OURS),
        ("stylize", ("style_strength", "identity", "skin", "keep_colours", "device", "threads"), _OURS),
        ("stylize.paper", (), _PAPER),
        (*_LEARNS, _PAPER),
        ("reconstruct", (), _OURS),
        ("surface", (), _OURS),
        ("mesh", (), _FOR_MESHES),
        ("objects", (), _FOR_MESHES),
    ),
    "mesh": (
        ("align", ("caricature", "hair_shape", "facets"), _FOR_FIGURES),
        ("stylize", ("skin",), _FOR_FIGURES),
        ("surface", (), _FOR_FIGURES),
        ("sculpt", (), _FOR_FIGURES),
        ("stylize.paper", (), _PHOTO_PAPER),
        (*_LEARNS, _PHOTO_PAPER),
        ("reconstruct", ("shape",), _PHOTO_PAPER),
    ),
}  # fmt: skip
# what an earlier version had: (option, its value; empty: any) -> what takes its place
GONE: dict[tuple[str, str], str] = {
    ("--back", ""): "Leave it out: a figure is a whole head.",
    ("--no-back", ""): "Leave it out: a figure is a whole head.",
    ("--grid", ""): "Leave it out: a figure's mesh is the template's, whatever the photo.",
    ("--depth-from-triangulation", ""): "Leave it out: --method paper weighs depth in one least squares.",
    ("--shape", "blend"): "Leave it out: --method paper triangulates steadily by itself (--shape steady).",
    ("--shape", "direct"): "Leave it out and --method paper, too: the style's form shapes the figure.",
}


def road_of(method: str) -> Road:
    """Returns the road that a photo walks by a method."""
    return "rival" if method in RIVALS else "paper" if method == "paper" else "figure"


def check_used(config: Config, road: Road) -> None:
    """Raise BadOption for the first option that was set and that the road cannot use."""
    for section, names, remedy in UNUSED[road]:
        value = attrgetter(section)(config)
        for name in names or tuple(item.name for item in fields(value)):
            if all(getattr(value, name) != getattr(attrgetter(section)(p), name) for p in PRESETS.values()):
                raise BadOption(f"{option_name(section, name)}: is not used here.", remedy)


def option_name(section: str, name: str) -> str:
    """The option as the command line has it."""
    prefix = {"stylize.paper": "paper."}.get(section, "")
    if (section, name) == ("sculpt", "texture_size"):
        prefix = "sculpt."
    return f"--{prefix}{name.replace('_', '-')}"
