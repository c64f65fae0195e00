"""What was found in a picture, drawn on it: for `twinbrush inspect`.

On the left the whole picture with its regions, the face's box and the head's axes; in the middle the face near by with
its landmarks; on the right how sure the regions are (dark: not at all); below what the colours and numbers mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float
from PIL import Image, ImageDraw, ImageFont
from scipy.spatial import Delaunay

from twinbrush.faces import indices
from twinbrush.faces.face_model import interocular, mean_face
from twinbrush.faces.values import Face
from twinbrush.regions.values import COLOURS, GLASSES_COLOUR, Label, RegionMap

Colour = tuple[float, float, float]
Canvas = Float[np.ndarray, "_ _ 3"]
_PANEL = 720  # height of both panels, pixels
_WIDEST = 1280
_GAP, _FOOT = 16, 92
_PAPER: Colour = (0.97, 0.965, 0.95)
_INK = (45, 43, 40)
_GREEN: Colour = (0.35, 0.95, 0.55)
_GOLD: Colour = (1.0, 0.82, 0.25)
_CORAL: Colour = (1.0, 0.42, 0.38)
_SKY: Colour = (0.35, 0.8, 1.0)
_ROSE: Colour = (0.95, 0.55, 1.0)
_CONTOURS: tuple[tuple[str, Colour, tuple[tuple[tuple[int, ...], bool], ...]], ...] = (
    ("eyes", _GREEN, ((indices.EYE_LEFT, True), (indices.EYE_RIGHT, True))),
    ("brows", _SKY, ((indices.BROW_LEFT, True), (indices.BROW_RIGHT, True))),
    ("nose", _ROSE, (((168, 6, 197, 195, 5, 4, 1), False), ((129, 98, 97, 2, 326, 327, 358), False))),
    ("lips", _CORAL, ((indices.LIPS_OUTER, True), (indices.MOUTH_OPENING, True))),
    ("outline", _GOLD, ((indices.OVAL, True),)),
)
_TINT = 0.45


@dataclass(frozen=True)
class _Frame:
    """Picture pixels -> panel pixels: panel = picture * scale + (x, y)."""

    scale: float
    x: float
    y: float

    def __call__(self, points_xy: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 2"]:
        return points_xy * self.scale + [self.x, self.y]

    def cut(self, image: Float[np.ndarray, "_ _ *c"], width: int, height: int) -> Float[np.ndarray, "_ _ *c"]:
        """The picture resampled into the panel; paper (0 for a single channel) outside."""
        affine = np.array([[self.scale, 0, self.x], [0, self.scale, self.y]])
        source = np.ascontiguousarray(image, np.float32)
        if self.scale < 1:  # a blur before shrinking, against aliasing
            source = cv2.GaussianBlur(source, (0, 0), 0.4 / self.scale)
        flags = cv2.INTER_LINEAR if self.scale < 1 else cv2.INTER_CUBIC
        cut = cv2.warpAffine(source, affine, (width, height), flags=flags, borderMode=cv2.BORDER_CONSTANT,
                             borderValue=_PAPER if image.ndim == 3 else 0.0)
        return np.clip(cut, 0, 1).astype(np.float32)


def draw_inspection(
    image: Float[np.ndarray, "h w 3"], face: Face, parts: RegionMap | None = None
) -> Float[np.ndarray, "h2 w2 3"]:
    """The picture (RGB, 0..1) with what was found; parts: its regions, or None."""
    panels = [_whole(image, face, parts), _near(image, face)]
    if parts is not None:
        panels.append(_certainty(image, parts))
    width = sum(panel.shape[1] + _GAP for panel in panels) + _GAP
    page = np.empty((_PANEL + 2 * _GAP + _FOOT, width, 3), np.float32)
    page[:] = _PAPER
    left = _GAP
    for panel in panels:
        page[_GAP : _GAP + _PANEL, left : left + panel.shape[1]] = panel
        left += panel.shape[1] + _GAP
    return _caption(page, face, parts is not None)


def _fitted(image: Float[np.ndarray, "h w 3"]) -> tuple[_Frame, int]:
    """The frame that fits the whole picture into a panel, and the panel's width."""
    height, width = image.shape[:2]
    scale = min(_PANEL / height, _WIDEST / width)
    frame = _Frame(scale, (scale - 1) / 2, (scale - 1) / 2 + (_PANEL - height * scale) / 2)
    return frame, max(1, round(width * scale))


def _whole(image: Float[np.ndarray, "h w 3"], face: Face, parts: RegionMap | None) -> Canvas:
    """The whole picture, tinted by region, the ground dimmed, with box and axes."""
    frame, panel_width = _fitted(image)
    panel = frame.cut(image, panel_width, _PANEL)
    if parts is not None:
        for name, colour in _legend():
            where = parts.glasses if name == "glasses" else parts.labels == Label[name.upper()]
            inside = frame.cut(where.astype(np.float32), panel_width, _PANEL)
            panel = _over(panel, np.array(colour, np.float32), _TINT * inside)
            _outline(panel, inside, colour)
        outside = 1 - frame.cut(parts.matte, panel_width, _PANEL)
        panel = _over(panel, np.array(_PAPER, np.float32), 0.55 * outside)
    x0, y0, x1, y1 = face.box_xyxy
    _line(panel, frame(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])), True, _GOLD, 2)
    _axes(panel, frame, face)
    return panel


def _legend() -> list[tuple[str, Colour]]:
    """Names and colours of what is tinted: the region picture's own, ground left out."""
    pairs = [*((label.name.lower(), COLOURS[label]) for label in Label if label), ("glasses", GLASSES_COLOUR)]
    return [(name, (r / 255, g / 255, b / 255)) for name, (r, g, b) in pairs]


def _certainty(image: Float[np.ndarray, "h w 3"], parts: RegionMap) -> Canvas:
    """The confidence of the regions as light and dark."""
    frame, panel_width = _fitted(image)
    sure = frame.cut(parts.confidence, panel_width, _PANEL)
    return np.repeat(sure[..., None], 3, 2).astype(np.float32)


def _near(image: Float[np.ndarray, "h w 3"], face: Face) -> Canvas:
    """The face, with a faint mesh, its points and contours."""
    x0, y0, x1, y1 = face.box_xyxy
    side = 1.2 * max(x1 - x0, y1 - y0)
    scale = _PANEL / side
    frame = _Frame(scale, _PANEL / 2 - scale * (x0 + x1) / 2, _PANEL / 2 - scale * (y0 + y1) / 2)
    panel = frame.cut(image, _PANEL, _PANEL)
    points = frame(face.landmarks[:, :2])
    mesh = panel.copy()
    for triangle in Delaunay(mean_face()[:, :2]).simplices:
        _line(mesh, points[triangle], True, (1.0, 1.0, 1.0), 1)
    panel = np.ascontiguousarray(_over(panel, mesh, np.full(panel.shape[:2], 0.22, np.float32)))
    for x, y in points:
        cv2.circle(panel, (round(16 * x), round(16 * y)), 22, (1.0, 1.0, 1.0), -1, cv2.LINE_AA, 4)
    for _, colour, contours in _CONTOURS:
        for contour, closed in contours:
            _line(panel, points[list(contour)], closed, (0.1, 0.1, 0.1), 4)
            _line(panel, points[list(contour)], closed, colour, 2)
    return panel


def _axes(panel: Canvas, frame: _Frame, face: Face) -> None:
    """The head's own axes from the nose tip: right red, up green, forward blue."""
    start = face.landmarks[indices.NOSE_TIP, :2]
    length = 0.9 * interocular(face.landmarks)
    for axis, colour in enumerate(((0.95, 0.25, 0.2), (0.2, 0.8, 0.3), (0.2, 0.45, 1.0))):
        tip = start + length * face.rotation[:2, axis] * [1, -1]
        a, b = (tuple(int(v) for v in np.round(p)) for p in frame(np.stack([start, tip])))
        cv2.arrowedLine(panel, a, b, (1.0, 1.0, 1.0), 5, cv2.LINE_AA, tipLength=0.15)
        cv2.arrowedLine(panel, a, b, colour, 3, cv2.LINE_AA, tipLength=0.15)


def _outline(panel: Canvas, inside: Float[np.ndarray, "_ _"], colour: Colour) -> None:
    contours, _ = cv2.findContours((inside > 0.5).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(panel, contours, -1, colour, 1, cv2.LINE_AA)


def _over(below: Canvas, above: Float[np.ndarray, "*_ 3"], alpha: Float[np.ndarray, "_ _"]) -> Canvas:
    return below * (1 - alpha[..., None]) + above * alpha[..., None]


def _line(panel: Canvas, points_xy: Float[np.ndarray, "n 2"], closed: bool, colour: Colour, width: int) -> None:
    cv2.polylines(panel, [np.round(16 * points_xy).astype(np.int32)], closed, colour, width, cv2.LINE_AA, 4)


def _caption(page: Canvas, face: Face, with_regions: bool) -> Canvas:
    """Legend and numbers below the panels."""
    picture = Image.fromarray((np.clip(page, 0, 1) * 255 + 0.5).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    font, small = ImageFont.load_default(19), ImageFont.load_default(16)
    top = _PANEL + 2 * _GAP
    yaw, pitch, roll = np.degrees([face.yaw_radians, face.pitch_radians, face.roll_radians])
    draw.text((_GAP, top), f"yaw {yaw:+.0f}°   pitch {pitch:+.0f}°   roll {roll:+.0f}°   face {face.height_px:.0f} px"
              f"   found by {face.source}, score {face.score:.2f}", fill=_INK, font=font)
    legend: list[tuple[str, Colour]] = [(name, colour) for name, colour, _ in _CONTOURS]
    if with_regions:
        legend = [*_legend(), *legend, ("right: how sure (white: sure)", (1.0, 1.0, 1.0))]
    x = float(_GAP)
    for name, colour in legend:
        box = (x, top + 40, x + 16, top + 56)
        draw.rounded_rectangle(box, 4, fill=tuple(round(255 * c) for c in colour), outline=_INK)
        draw.text((x + 22, top + 37), name, fill=_INK, font=small)
        x += 22 + draw.textlength(name, font=small) + 22
    return np.asarray(picture, np.float32) / np.float32(255)
