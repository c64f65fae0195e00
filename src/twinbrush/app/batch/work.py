"""What a worker does with one task: a dict in, a dict out, files in between.

A task names its kind and what that needs. Nothing in a task is ever called or imported.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twinbrush.base import store
from twinbrush.base.errors import BadOption
from twinbrush.base.files import nothing_left
from twinbrush.base.progress import Progress
from twinbrush.config import Config
from twinbrush.export.outputs import Result
from twinbrush.road.run import CACHE

# Stages that depend on the photo alone, and on the style alone: another pair's kept ones serve as well.
OF_PHOTO, OF_STYLE = ("sculpt",), ("regions", "style-head")
CONFIG_KEY = "options"  # of a kept file of options; which ones they are stands in its name


def save_config(path: Path, config: Config) -> None:
    """Write options for a worker to read. Raises OutputError."""
    store.save(path, CONFIG_KEY, config)


def load_config(path: Path) -> Config:
    """The options in a file that `save_config` wrote. Raises BadOption."""
    config = store.load(path, CONFIG_KEY, Config)
    if config is None:
        raise BadOption(f"{path}: no options can be read there.", "Run the same command again.")
    return config


def perform(task: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Carry out a task and return what is to be said of it. Raises TwinbrushError."""
    if task["kind"] == "stylize":
        return told(stylize(task, progress))
    raise ValueError(f"{task['kind']!r} is no kind of task")


def stylize(task: Mapping[str, Any], progress: Progress) -> Result:
    """`twinbrush stylize` of one pair, with stages that other pairs have kept. Raises TwinbrushError.

    task: photo, style, out, config (a file that `save_config` wrote), lend ({stage: folder of kept stages}).
    """
    from twinbrush.road.pipeline import stylize_files

    config, out = load_config(Path(task["config"])), Path(task["out"])
    with nothing_left(out / CACHE):
        if config.cache:
            lend(task.get("lend", {}), out / CACHE)
        return stylize_files(Path(task["photo"]), Path(task["style"]), out, config, progress=progress)


def lend(stages: Mapping[str, str], cache: Path) -> None:
    """Put kept stages of other folders into `cache`: where their keys fit they are taken, else made anew.

    They are linked where the file system can, else copied; whatever goes wrong costs time only.
    """
    for stage, folder in stages.items():
        source, target = Path(folder) / f"{stage}.npz", cache / f"{stage}.npz"
        with contextlib.suppress(OSError):
            if target.exists() or not source.is_file():
                continue
            cache.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                os.link(source, target)
            except OSError:
                partial = target.with_name(f".{target.name}.lent.part")  # swept with other parts after a kill
                shutil.copyfile(source, partial)
                os.replace(partial, target)


def told(result: Result) -> dict[str, Any]:
    """What a worker answers of a finished run."""
    return {
        "files": list(result.files), "warnings": list(result.warnings), "notes": list(result.notes),
        "wall_seconds": round(sum(timing.wall_seconds for timing in result.timings), 2),
        "cpu_seconds": round(sum(timing.cpu_seconds for timing in result.timings), 2),
        "resumed": [timing.stage for timing in result.timings if timing.resumed],
    }
