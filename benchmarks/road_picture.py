"""The road as a picture, drawn from its stages: what each is called and what it needs.

    python benchmarks/road_picture.py docs/pictures/road.svg

Grey: what a walk is given (inputs, the painter's weights). From each box a line falls to the rows of the stages that
need it: a dot in a stage's row stands below what it needs.
"""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path
from typing import Any

from twinbrush.road import head_road, object_road, paint_road, paper_road, relief_road, sculpt_road
from twinbrush.road.stages import Stage

ROADS: dict[str, tuple[Stage[Any], ...]] = {
    "Photo (--method hybrid, guided)": (
        sculpt_road.FIGURE, sculpt_road.REGIONS, sculpt_road.STYLE_HEAD, sculpt_road.FORM, sculpt_road.SHAPE,
        sculpt_road.STRENGTH_ROW, sculpt_road.CARICATURE_ROW, sculpt_road.HAIR_ROW, paint_road.PAIR,
        paint_road.TEXTURE, relief_road.RELIEF),
    "Photo, the paper's method (--method paper; start: --warm-start)": (
        sculpt_road.FIGURE, sculpt_road.REGIONS, sculpt_road.STYLE_HEAD, sculpt_road.FORM, paper_road.START,
        paper_road.PAIR, paper_road.TRIANGULATED, paper_road.SHAPE, paper_road.STRENGTH_ROW, paint_road.TEXTURE,
        relief_road.RELIEF),
    "Mesh with a face": (
        head_road.FRONT, head_road.HEAD, sculpt_road.REGIONS, sculpt_road.STYLE_HEAD, sculpt_road.FORM,
        sculpt_road.SHAPE, head_road.SHAPE, head_road.PAIR, head_road.PAINT),
    "Any other mesh": (object_road.STYLE, object_road.ALIGN, object_road.SHAPE, object_road.PAINT),
}
WIDTH, HEIGHT, ACROSS, DOWN, MARGIN, TITLE, DOT = 104, 28, 72, 38, 16, 30, 3.5  # px
PAPER, INK, LINE, GIVEN, MADE = "#faf9f7", "#333333", "#999999", "#e4e2de", "#cfe0ee"


def order(stages: tuple[Stage[Any], ...]) -> list[str]:
    """Returns the names in the order in which they are drawn: each given value just before its first use."""
    out: list[str] = []
    for stage in stages:
        out += [name for name in (*stage.needs, stage.name) if name not in out]
    return out


def drawn(title: str, stages: tuple[Stage[Any], ...], top: int) -> tuple[list[str], int]:
    """Returns one road's SVG elements, and where the next one begins: boxes on a stair, so that from each box a line
    falls to the rows of those that need it, and no line runs behind a box."""
    at = {name: (MARGIN + i * ACROSS, top + TITLE + i * DOWN) for i, name in enumerate(order(stages))}
    parts = [f'<text x="{MARGIN}" y="{top + 18}" font-weight="bold">{escape(title)}</text>']
    lowest: dict[str, int] = {}
    for stage in stages:
        right, middle = at[stage.name][0], at[stage.name][1] + HEIGHT // 2
        left = min(at[name][0] for name in stage.needs) + WIDTH // 2
        parts.append(f'<path d="M{left} {middle} H{right}" stroke="{LINE}"/>')
        for name in stage.needs:
            parts.append(f'<circle cx="{at[name][0] + WIDTH // 2}" cy="{middle}" r="{DOT}"/>')
            lowest[name] = middle
    for name, y in lowest.items():
        parts.append(f'<path d="M{at[name][0] + WIDTH // 2} {at[name][1] + HEIGHT} V{y}" stroke="{LINE}"/>')
    made = {stage.name for stage in stages}
    for name, (x, y) in at.items():
        fill = MADE if name in made else GIVEN
        parts.append(f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="5" fill="{fill}"/>')
        parts.append(f'<text x="{x + WIDTH // 2}" y="{y + 19}" text-anchor="middle">{escape(name)}</text>')
    return parts, max(y for _, y in at.values()) + HEIGHT + MARGIN


def picture() -> str:
    """Returns the whole SVG."""
    parts: list[str] = []
    top, wide = MARGIN, 0
    for title, stages in ROADS.items():
        more, top = drawn(title, stages, top)
        parts += more
        wide = max(wide, 2 * MARGIN + (len(order(stages)) - 1) * ACROSS + WIDTH)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{top}" viewBox="0 0 {wide} {top}" '
        f'font-family="sans-serif" font-size="13" fill="{INK}">')
    return "\n".join([head, f'<rect width="{wide}" height="{top}" fill="{PAPER}"/>', *parts, "</svg>\n"])


def main() -> None:
    """Write the picture to the path that is given."""
    Path(sys.argv[1]).write_text(picture())


if __name__ == "__main__":
    main()
