"""A worker that makes nothing but marks, as the names of its styles say: what batch and studio do with a worker is
tested with it in seconds."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from twinbrush.app.batch.worker import serve
from twinbrush.base.beside import CORES_VARIABLE
from twinbrush.base.errors import FaceNotFound
from twinbrush.base.progress import Progress, Step

LOG = "made.txt"


def perform(task: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    out, style = Path(task["out"]), Path(task["style"]).stem
    with (out.parent / LOG).open("a") as log:
        log.write(f"{out.name} {os.getpid()} {','.join(sorted(task['lend']))}\n")
    progress(Step("sculpt", 0, 1, overall=0.1))
    if style.startswith("refuse"):
        raise FaceNotFound(Path(task["style"]).name, 0.1, 0.5)
    if style.startswith("crash"):
        raise RuntimeError("a fault of the stub")
    out.mkdir(parents=True, exist_ok=True)
    if style.startswith("cores"):
        (out / "cores").write_text(os.environ[CORES_VARIABLE])
    once = out / "begun"
    if style.startswith("die") and (style == "dies_always" or not once.exists()):
        once.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if style.startswith("slow"):
        for part in range(200):
            progress(Step("paint", part, 200, overall=part / 200))
            time.sleep(0.05)
    cv2.imwrite(str(out / "figure_0.png"), np.full((96, 96, 3), 120, np.uint8))
    (out / "manifest.json").write_text("{}")
    progress(Step("export", 1, 1, overall=1.0))
    return {"files": ["manifest.json"], "warnings": []}


if __name__ == "__main__":
    sys.stdout.flush()
    serve(perform)
