"""Twinbrush: one face photo and one style portrait in, a stylized 3D portrait out.

`twinbrush.sculpt(...)`, `stylize`, `reshape`, `load_figure`: what the commands do, from Python (docs/api.md).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from twinbrush.base.compiled import ensure_cache_folder

if TYPE_CHECKING:
    from twinbrush.config import Config
    from twinbrush.config.sculpt import SculptOptions
    from twinbrush.export.outputs import Result
    from twinbrush.sculpt.values import Figure

__version__ = "0.1.0"

# Here, because numba reads it when it is first imported, and every way to a kernel comes through here.
ensure_cache_folder()


def sculpt(photo: Path | str, out: Path | str, options: SculptOptions | None = None) -> Result:
    """Sculpt a photo (or a mesh with a face) and write its files into the folder `out`. Raises TwinbrushError."""
    from twinbrush.config.sculpt import SculptOptions
    from twinbrush.road.sculpt_pipeline import sculpt_file

    return sculpt_file(Path(photo), Path(out), SculptOptions() if options is None else options)


def stylize(photo: Path | str, style: Path | str, out: Path | str, config: Config | None = None) -> Result:
    """Stylize a photo or a mesh after a style portrait and write its files into `out`. Raises TwinbrushError."""
    from twinbrush.config import DEFAULT
    from twinbrush.road.pipeline import stylize_files

    return stylize_files(Path(photo), Path(style), Path(out), DEFAULT if config is None else config)


def reshape(
    out: Path | str, strength: float | None = None, *, caricature: float | None = None,
    hair_shape: float | None = None, relief: float | None = None, stills: bool = False,
) -> Result:
    """Give a folder of `stylize` another shape or relief; nothing is painted again. Raises BadOption."""
    from twinbrush.road.pipeline import reshape_files

    return reshape_files(
        Path(out), strength, caricature=caricature, hair_shape=hair_shape, relief=relief, stills=stills)


def load_figure(out: Path | str) -> Figure:
    """Returns the figure that a results folder shows, with its paint. Raises BadOption when it is not kept there."""
    from twinbrush.road.figure_export import load_figure

    return load_figure(Path(out))


_DOORS: dict[str, Callable[..., Any]] = {"sculpt": sculpt}


class _Room(ModuleType):
    """A room that is called like the function of its name."""

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return _DOORS[self.__name__.rpartition(".")[2]](*arguments, **named)


class _House(ModuleType):
    """A function is called like a room: whoever imports the room puts it in the function's place."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in _DOORS and isinstance(value, ModuleType):
            value.__class__ = _Room
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _House
