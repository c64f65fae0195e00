"""A worker of the studio that finds faces and makes figures at once, as the names of pictures and options say."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from twinbrush.app.batch.work import load_config
from twinbrush.app.batch.worker import serve
from twinbrush.base.errors import BadMask, FaceNotFound, SeveralFaces
from twinbrush.base.progress import Progress, Step
from twinbrush.regions.given import picture_of_labels
from twinbrush.regions.values import Label

POINTS = [[30 + number % 17, 30 + number // 17] for number in range(68)]
FILES = ["figure.glb", "figure.obj", "figure.mtl", "figure.png", "viewer.html", "manifest.json", "figure_0.png"]


def perform(task: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    if task["kind"] == "look":
        return _look(task)
    if task["kind"] == "regions":
        return _regions(task)
    config = None if task["kind"] == "reshape" else load_config(Path(task["config"]))
    out = Path(task["out"])
    with (out.parents[2] / "made.txt").open("a") as log:
        log.write(f"{os.getpid()} {out.parent.name} {task['kind']} {out.name}\n")
    progress(Step("sculpt", 0, 1, overall=0.1))
    seed = 0 if config is None else config.seed  # what the stub does hangs on it
    if seed == 7:
        raise FaceNotFound(Path(task["style"]).name, 0.1, 0.5)
    if seed == 8:
        os.kill(os.getpid(), signal.SIGKILL)
    if seed == 9:
        raise RuntimeError("a fault of the stub")
    for part in range(200 if seed == 5 else 2):
        progress(Step("ring", part, 200, overall=0.1 + part / 250))
        time.sleep(0.03)
    out.mkdir(parents=True, exist_ok=True)
    files = [*FILES, *(["figure.stl"] if config is not None and config.export.stl else [])]
    for name in files:
        (out / name).write_bytes(b"of " + name.encode())
    picture = np.full((96, 96, 3), (60, 90, 160), np.uint8)
    cv2.imwrite(str(out / "figure_0.png"), picture)
    cv2.imwrite(task["thumb"], picture)
    (out / "viewer.html").write_text(
        "<!doctype html><title>Figure</title><p>figure</p><input id=form-strength value=0.4><input id=form-caricature "
        "value=1.2><input id=form-hair value=0.7><input id=form-relief value=0.35>")
    return {"files": files, "warnings": ["A remark."]}


def _regions(task: Mapping[str, Any]) -> dict[str, Any]:
    """A head of skin on ground, half as large as the picture."""
    height, width = cv2.imread(task["picture"]).shape[:2]
    if width == 93:
        raise FaceNotFound("it", 0.1, 0.5)
    labels = np.zeros((height // 2, width // 2), np.uint8)
    labels[height // 8:, width // 8:width // 3] = Label.SKIN
    cv2.imwrite(task["drawn"], picture_of_labels(labels)[..., ::-1])
    return {"width": width, "height": height}


def _look(task: Mapping[str, Any]) -> dict[str, Any]:
    picture, place = cv2.imread(task["picture"]), load_config(Path(task["config"]))
    height, width = picture.shape[:2]
    Path(task["preview"]).parent.mkdir(exist_ok=True)
    cv2.imwrite(task["preview"], picture)
    face = place.style_face if task["art"] else place.photo_face
    if not task["only_preview"] and width == 92 and face.mask is not None:
        raise BadMask("mask.png (the mask): leaves most of the face out.", "Paint the person white.")
    name, known = Path(task["picture"]).name, face.clicks or face.landmarks or face.box
    if not task["only_preview"] and not known and width == 90:  # a picture without a face
        raise FaceNotFound(name, 0.1, 0.5)
    if not task["only_preview"] and not known and width == 91 and face.face is None:
        raise SeveralFaces(name, [(5, 5, 30, 30), (40, 5, 70, 30)])
    return {"width": width, "height": height} if task["only_preview"] else {
        "width": width, "height": height, "box": [20, 20, 60, 60], "landmarks": POINTS, "score": 0.9}


if __name__ == "__main__":
    serve(perform)
