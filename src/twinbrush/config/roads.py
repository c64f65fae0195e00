"""Which options a road can use: the others are refused, with a line that says what takes their place."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from typing import Literal

from twinbrush.config.presets import PRESETS, Config
from twinbrush.errors import BadOption

Road = Literal["figure", "guided", "relief", "mesh"]
_PAPER = "It belongs to --method paper."
_FOR_MESHES = "It is for meshes: leave it out for a photo."
_ROUND = "Leave it out: a photo's figure is painted all the way round. For a mesh it chooses the views."
_FOR_FIGURES = "It is for a photo's figure, painted by --method hybrid or guided."
# road -> ((section, fields (none: all), remedy), ...)
UNUSED: dict[Road, tuple[tuple[str, tuple[str, ...], str], ...]] = {
    "figure": (
        ("portrait", ("grid",), f"{_PAPER} A figure's mesh is the template's, whatever the photo."),
        ("mesh", (), _FOR_MESHES),
        ("views", ("views", "angles"), _ROUND),
        ("objects", (), _FOR_MESHES),
        ("stylize.paper", (), _PAPER),
        ("stylize", ("guidance", "ablation"), _PAPER),
        ("reconstruct", ("shape",), "--strength, --caricature and --hair-shape shape a figure; or use --method paper."),
        ("reconstruct", ("depth_from_triangulation",), f"{_PAPER} Nothing of a figure is triangulated."),
        ("reconstruct", ("back",), f"{_PAPER} A figure is a whole head."),
    ),
    "guided": (
        ("stylize", ("extractor", "weights"), "--method guided sees without a network; hybrid uses one."),
    ),
    "relief": (
        ("align", ("caricature", "hair_shape"), _FOR_FIGURES),
        ("stylize", ("skin",), _FOR_FIGURES),
        ("surface", (), _FOR_FIGURES),
        ("sculpt", (), _FOR_FIGURES),
        ("mesh", (), _FOR_MESHES),
        ("views", ("views", "angles"), "Leave it out: --method paper is about the stereo pair."),
        ("objects", (), _FOR_MESHES),
    ),
    "mesh": (
        ("align", ("caricature", "hair_shape"), _FOR_FIGURES),
        ("stylize", ("skin",), _FOR_FIGURES),
        ("surface", (), _FOR_FIGURES),
        ("sculpt", (), _FOR_FIGURES),
        ("portrait", ("grid",), "It is for a photo with --method paper."),
        ("stylize.paper", (), "It is for a photo with --method paper."),
        ("stylize", ("guidance", "ablation"), "It is for a photo with --method paper."),
        ("reconstruct", ("shape", "depth_from_triangulation", "back"), "It is for a photo with --method paper."),
    ),
}  # fmt: skip


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
