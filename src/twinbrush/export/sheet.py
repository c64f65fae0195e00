"""The side-by-side sheet: what went in, and the result painted and in clay, with small captions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float
from PIL import Image, ImageDraw, ImageFont

from twinbrush.files import write_atomically
from twinbrush.image import encode_png, to_bytes

SHEET_WIDTH = 1800  # px
_MARGIN, _GAP, _CAPTION = 44, 14, 40  # px: around the page, between pictures, below each picture
_TEXT_SIZE = 19  # px
_PAPER, _INK = (250, 249, 247), (96, 95, 93)
_NARROWEST, _WIDEST = 0.62, 1.5  # width / height of a picture on the sheet; beyond it is cropped about its middle

Captioned = tuple[str, Float[np.ndarray, "_ _ 3"]]


def contact_sheet(rows: Sequence[Sequence[Captioned]], width: int = SHEET_WIDTH) -> Float[np.ndarray, "h w 3"]:
    """Rows of (caption, picture), each row as wide as the sheet: one height a row, nothing distorted.

    A row of few or narrow pictures is not blown up beyond a third of the width a picture and is centred.
    """
    font = ImageFont.load_default(_TEXT_SIZE)
    inner = width - 2 * _MARGIN
    heights = [_row_height([picture for _, picture in row], inner) for row in rows]
    page = Image.new("RGB", (width, 2 * _MARGIN - _GAP + sum(height + _CAPTION + _GAP for height in heights)), _PAPER)
    pen = ImageDraw.Draw(page)
    y = _MARGIN
    for row, height in zip(rows, heights, strict=True):
        widths = [max(1, round(height * _aspect(picture))) for _, picture in row]
        x = (width - sum(widths) - _GAP * (len(row) - 1)) // 2
        for (caption, picture), picture_width in zip(row, widths, strict=True):
            page.paste(_fitted(picture, picture_width, height), (x, y))
            pen.text((x + 1, y + height + 9), caption, font=font, fill=_INK)
            x += picture_width + _GAP
        y += height + _CAPTION + _GAP
    return np.asarray(page, np.float32) / 255


def write_sheet(sheet: Float[np.ndarray, "h w 3"], path: Path | str) -> Path:
    """Write a sheet as PNG, whole or not at all. Raises OutputError."""
    return write_atomically(path, encode_png(sheet))


def _aspect(picture: Float[np.ndarray, "h w 3"]) -> float:
    return float(np.clip(picture.shape[1] / picture.shape[0], _NARROWEST, _WIDEST))


def _row_height(pictures: Sequence[Float[np.ndarray, "_ _ 3"]], inner: int) -> int:
    """So that the row fills `inner` px; at most a third of it, so that a lone picture stays in proportion."""
    fill = (inner - _GAP * (len(pictures) - 1)) / sum(_aspect(picture) for picture in pictures)
    return max(1, round(min(fill, (inner - 2 * _GAP) / 3)))


def _fitted(picture: Float[np.ndarray, "h w 3"], width: int, height: int) -> Image.Image:
    """Scaled to cover width x height, cropped about the middle (vertically a third from the top, where heads are)."""
    scale = max(width / picture.shape[1], height / picture.shape[0])
    cut_width = min(picture.shape[1], max(1, round(width / scale)))
    cut_height = min(picture.shape[0], max(1, round(height / scale)))
    x, y = (picture.shape[1] - cut_width) // 2, (picture.shape[0] - cut_height) // 3
    cut = to_bytes(picture[y : y + cut_height, x : x + cut_width])
    pixels = cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    return Image.fromarray(pixels)
