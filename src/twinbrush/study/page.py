"""The study as one page that works without a network: everything is inside, answers stay on the person's machine."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from dataclasses import asdict
from importlib import resources
from pathlib import Path

import numpy as np
from PIL import Image

from twinbrush.base.files import write_atomically
from twinbrush.base.image import resize, to_bytes
from twinbrush.study.design import Study
from twinbrush.study.results import Picture

FORMAT = "twinbrush-study-1"
VIEW_PX, OPTION_PX = 288, 220  # side of a view and of an option in pixels
QUALITY = 84  # of JPEG: 88 makes the page a third larger and nobody sees it
PER_PERSON = 60  # questions that one person is asked at most: about 15 minutes


def write_page(
    study: Study, folder: Path, *, per_person: int = PER_PERSON, title: str = "Who, and which style?"
) -> Path:
    """Write study.html into a folder; returns its path. Raises OutputError."""
    return write_atomically(folder / "study.html", page_bytes(study, per_person, title))


def study_name(study: Study) -> str:
    """Returns a name of the questions: answers to others cannot be mixed in."""
    told = json.dumps([asdict(question) for question in study.questions], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def page_bytes(study: Study, per_person: int, title: str) -> bytes:
    """Returns the page."""
    room = resources.files("twinbrush.study")
    data = {
        "format": FORMAT, "study": study_name(study), "seed": study.seed, "perPerson": per_person,
        "questions": [asdict(question) for question in study.questions],
        "pictures": {key: _encoded(key, picture) for key, picture in study.pictures.items()}}
    text = (room / "page.html").read_text(encoding="utf-8")
    values = {
        "TITLE": title, "STYLE": (room / "page.css").read_text(encoding="utf-8"),
        "SCRIPT": (room / "page.js").read_text(encoding="utf-8"),
        "DATA": json.dumps(data).replace("<", "\\u003c")}
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text.encode()


def _encoded(key: str, picture: Picture) -> str:
    height, width = picture.shape[:2]
    side = VIEW_PX if key.startswith("views-") else OPTION_PX
    small = resize(np.ascontiguousarray(picture, np.float32), round(side * width / height), side)
    stream = io.BytesIO()
    Image.fromarray(to_bytes(small)).save(stream, "JPEG", quality=QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()
