"""The contact sheet of a batch: every photo with what became of it, a page for so many rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from twinbrush.app.batch.pairs import Pair
from twinbrush.base.errors import TwinbrushError
from twinbrush.base.image import load_image, resize
from twinbrush.export.sheet import Captioned, contact_sheet, write_sheet
from twinbrush.meshes.guard import is_mesh_file

COLUMNS = 6
ROWS = 14  # a page: about 4000 px high
_SIDE = 320  # px: of a picture on the sheet, at most
_GREY, _PAPER = 0.86, 0.98
_CAPTION = 26  # letters that fit below a picture


def write_sheets(pairs: Sequence[Pair], records: Sequence[Mapping[str, Any]], out: Path) -> tuple[str, ...]:
    """Write contact_sheet.png (or contact_sheet_1.png ...) and remove an earlier run's; returns the names."""
    rows = _rows(pairs, records, out)
    pages = [rows[at : at + ROWS] for at in range(0, len(rows), ROWS)]
    names = ["contact_sheet.png"] if len(pages) == 1 else [f"contact_sheet_{n + 1}.png" for n in range(len(pages))]
    for page, name in zip(pages, names, strict=True):
        write_sheet(contact_sheet([[_loaded(cell) for cell in row] for row in page]), out / name)
    for old in out.glob("contact_sheet*.png"):
        if old.name not in names:
            old.unlink(missing_ok=True)
    return tuple(names)


def _rows(
    pairs: Sequence[Pair], records: Sequence[Mapping[str, Any]], out: Path
) -> list[list[tuple[str, Path | None]]]:
    """(caption, picture; None: there is none) of the whole sheet: a photo begins a row, unless each has few results."""
    groups: dict[Path, list[tuple[str, Path | None]]] = {}
    for pair, record in zip(pairs, records, strict=True):
        group = groups.setdefault(pair.photo, [_source(pair.photo)])
        if record["state"] == "done":
            group.append((pair.style.stem, _front(out / pair.name)))
        else:
            group.append((f"{pair.style.stem}: {record['state']}", None))
    cells = list(groups.values())
    if max(map(len, cells)) <= COLUMNS // 2:  # photo and result in a flow
        whole = [cell for group in cells for cell in group]
        even = len({len(group) for group in cells}) == 1
        step = COLUMNS // len(cells[0]) * len(cells[0]) if even else COLUMNS
        return [whole[at : at + step] for at in range(0, len(whole), step)]
    rows: list[list[tuple[str, Path | None]]] = []
    for group in cells:
        rows += [group[at : at + COLUMNS] for at in range(0, len(group), COLUMNS)]
    return rows


def _source(photo: Path) -> tuple[str, Path | None]:
    return f"{photo.stem}:", None if is_mesh_file(photo) else photo


def _front(folder: Path) -> Path | None:
    """The picture of a result from its front."""
    found = [path for path in (folder / "figure_0.png", *sorted(folder.glob("*_0.png"))) if path.is_file()]
    return found[0] if found else None


def _loaded(cell: tuple[str, Path | None]) -> Captioned:
    caption, path = cell
    shown = caption if len(caption) <= _CAPTION else caption[: _CAPTION - 3] + "..."
    if path is not None:
        try:
            return shown, _small(load_image(path).pixels)
        except TwinbrushError:  # it went away meanwhile
            pass
    return shown, np.full((_SIDE, _SIDE, 3), _GREY if path is None else _PAPER, np.float32)


def _small(pixels: Float[np.ndarray, "h w 3"]) -> Float[np.ndarray, "_ _ 3"]:
    scale = min(1.0, _SIDE / min(pixels.shape[:2]))
    return resize(pixels, max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
