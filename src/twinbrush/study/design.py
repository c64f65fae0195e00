"""Which questions a study asks: three views of each result, five pictures to choose from, content and style apart.

In the manner of the paper (IV.C) and of EPS (Han et al. 2021): the right picture stands among the four that are most
alike. Painted and clay are asked apart. Order and each person's share are chosen in the page, by seed and person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from twinbrush.base.errors import BadStudy
from twinbrush.base.image import resize, to_lab
from twinbrush.study.results import Picture, Results

OPTIONS = 5
ALIKE_PX = 8  # pictures are alike when their thumbnails of this side are, in Lab
EVERY = 12  # questions for one attention check
Kind = Literal["content", "style", "attention"]
COMBINATIONS = (("content", "painted"), ("style", "painted"), ("content", "clay"), ("style", "clay"))


@dataclass(frozen=True)
class Question:
    """id: short and the same in every study of these results. own: the right picture's key; options: all five, the
    right one first (the page shuffles them). views: key of the picture shown. pair: photo and style."""

    id: str
    kind: Kind
    surface: str
    method: str
    pair: str
    views: str
    own: str
    options: tuple[str, ...]


@dataclass(frozen=True)
class Study:
    """questions; pictures: all that is shown, by key; seed: of every order."""

    questions: tuple[Question, ...]
    pictures: dict[str, Picture]
    seed: int


def make_study(
    results: Results, *, seed: int, photos: dict[str, Picture] | None = None, styles: dict[str, Picture] | None = None
) -> Study:
    """Returns the questions about all results. photos, styles: more pictures to choose among.

    Raises BadStudy with fewer than five photos or styles.
    """
    pools = {
        "content": {f"photo-{k}": v for k, v in {**(photos or {}), **results.photos}.items()},
        "style": {f"style-{k}": v for k, v in {**(styles or {}), **results.styles}.items()}}
    alike = {kind: _neighbours(pool, kind) for kind, pool in pools.items()}
    questions: list[Question] = []
    pictures: dict[str, Picture] = {}
    for number, result in enumerate(results.shown):
        own = {"content": f"photo-{result.photo}", "style": f"style-{result.style}"}
        for kind, surface in COMBINATIONS:
            shown = f"views-{number}-{surface}"
            pictures[shown] = np.concatenate([_square(view) for view in result.views[surface]], axis=1)
            options = (own[kind], *alike[kind][own[kind]])
            pictures |= {key: _square(pools[kind][key]) for key in options}
            questions.append(Question(
                f"{kind[0]}{surface[0]}-{result.method}-{result.photo[:8]}-{result.style[:8]}",
                "content" if kind == "content" else "style", surface, result.method,
                f"{result.photo[:8]}-{result.style[:8]}", shown, own[kind], options))
    questions += _checks(results, alike["content"], len(questions), pictures)
    return Study(tuple(questions), pictures, seed)


def _checks(
    results: Results, alike: dict[str, tuple[str, ...]], count: int, pictures: dict[str, Picture]
) -> list[Question]:
    """Questions whose answer is plain: the picture shown is itself among the five."""
    out: list[Question] = []
    keys = sorted(results.photos)
    for number in range(max(2, round(count / EVERY))):
        own = f"photo-{keys[number % len(keys)]}"
        options = (own, *alike[own])
        if any(key not in pictures for key in options):
            continue
        out.append(Question(f"attention-{number}", "attention", "painted", "", "", own, own, options))
    return out


def _neighbours(pool: dict[str, Picture], kind: str) -> dict[str, tuple[str, ...]]:
    """The four most alike of each picture, by thumbnails."""
    if len(pool) < OPTIONS:
        what = "photos" if kind == "content" else "styles"
        raise BadStudy(
            f"The results show {len(pool)} different {what}; a question needs {OPTIONS}.",
            f"Make results of more, or name more pictures with --{what}.")
    keys = sorted(pool)
    small = np.stack([_thumbnail(pool[key]) for key in keys])
    away = np.linalg.norm(small[:, None] - small[None], axis=2)
    np.fill_diagonal(away, -1)
    nearest = np.argsort(away, axis=1, kind="stable")[:, 1:OPTIONS]
    return {key: tuple(keys[j] for j in row) for key, row in zip(keys, nearest, strict=True)}


def _thumbnail(picture: Picture) -> Float[np.ndarray, "_"]:
    small = resize(_square(picture), ALIKE_PX, ALIKE_PX)
    return to_lab(np.ascontiguousarray(small, np.float32)).ravel()


def _square(picture: Picture) -> Picture:
    """The middle of a picture, as wide as it is high; of a tall one the upper part: heads are there."""
    height, width = picture.shape[:2]
    side = min(height, width)
    left, top = (width - side) // 2, (height - side) // 5
    return picture[top : top + side, left : left + side]
