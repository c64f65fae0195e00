"""Photographs in other light or made to look like art, and parts that are rare in the training pictures: glasses,
hats, beards.

Everything works on a picture (s, s, 3) in 0..1 and, where shapes change, on its labels (s, s). Randomness is `rng`.
"""

from __future__ import annotations

import cv2
import numpy as np

from twinbrush.faces import indices

GROUND, SKIN, HAIR, BEARD, CLOTH, HEADWEAR = range(6)
UNSURE = 6
KINDS = ("drawn", "casual", "photo", "painting")
"""Whose labels a picture has: drawn by hand; by networks and corrected by hand; by networks; drawn by hand, or by our
own network and corrected."""


def kind_of(name: str) -> str:
    """A picture's kind: what stands before its name's first hyphen, or drawn."""
    kind = name.partition("-")[0]
    return kind if kind in KINDS else "drawn"


def stylized(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The picture as one of eight kinds of art: painting, flat print, woodcut, pencil, ink, mosaic, cartoon, pastel."""
    kinds = (_painting, _flat_print, _woodcut, _pencil, _ink, _mosaic, _cartoon, _pastel)
    out = kinds[rng.integers(len(kinds))](np.ascontiguousarray(image, np.float32), rng)
    return np.clip(out, 0, 1).astype(np.float32)


def relit(image: np.ndarray, rng: np.random.Generator, scale: float = 1.0) -> np.ndarray:
    """Gamma, contrast, cast, saturation, side light, noise, blur, JPEG; sometimes grey or sepia.

    scale: of blur and noise, for pictures smaller than region_pictures.LARGE.
    """
    out = np.clip(image, 0, 1) ** np.exp(rng.normal(0, 0.3))
    out = (out - 0.5) * rng.uniform(0.7, 1.25) + 0.5 + rng.normal(0, 0.04)
    grey = out.mean(-1, keepdims=True)
    saturation = rng.choice([0.0, 1.0], p=[0.12, 0.88]) * rng.uniform(0.5, 1.4)
    out = (grey + (out - grey) * saturation) * np.exp(rng.normal(0, 0.06, 3))
    if rng.random() < 0.35:
        y, x = np.mgrid[: out.shape[0], : out.shape[1]].astype(np.float32) / out.shape[0] - 0.5
        angle, sharp = rng.uniform(0, 2 * np.pi), rng.uniform(2, 12)
        side = 1 / (1 + np.exp(-sharp * (x * np.cos(angle) + y * np.sin(angle) + rng.normal(0, 0.1))))
        out = out * (1 - rng.uniform(0.2, 0.6) * side[..., None] * np.exp(rng.normal(0, 0.15, 3)))
    if rng.random() < 0.4:
        out = cv2.GaussianBlur(out, (0, 0), float(scale * rng.uniform(0.6, 2.5)))
    out = out + rng.normal(0, scale * rng.uniform(0, 0.03), out.shape)
    data = (np.clip(out, 0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.4:
        data = cv2.imdecode(cv2.imencode(".jpg", data, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 80))])[1], 1)
    return data.astype(np.float32) / 255


def carved(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As if of one stuff (clay, stone, bronze): only the shading within a few per cent of the picture is left."""
    grey = image.mean(-1)
    reach = float(rng.uniform(0.04, 0.12)) * image.shape[0]
    shading = cv2.GaussianBlur(grey, (0, 0), 0.8) - cv2.GaussianBlur(grey, (0, 0), reach)
    tone = rng.uniform(0.25, 0.75) * np.exp(rng.normal(0, 0.12, 3)) * [1.12, 1.0, 0.88]
    ground = cv2.GaussianBlur(grey, (0, 0), 2 * reach) - 0.5
    out = tone * (1 + rng.uniform(1.2, 2.4) * shading + rng.uniform(0, 0.4) * ground)[..., None]
    return np.clip(out, 0, 1).astype(np.float32)


def throat_shaded(image: np.ndarray, u: np.ndarray, v: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """With the chin's shadow on the throat. u, v (s, s): places in face heights from between the eyes."""
    from_v, to_v = rng.uniform(0.50, 0.62), rng.uniform(0.75, 1.05)
    depth = 1 / (1 + np.exp(-(v - from_v) / 0.02)) / (1 + np.exp((v - to_v) / rng.uniform(0.03, 0.1)))
    depth = depth / (1 + np.exp((np.abs(u) - rng.uniform(0.25, 0.45)) / 0.04))
    colour = rng.uniform(0.25, 0.65) * np.exp(rng.normal(0, 0.08, 3))
    return (image * (1 - depth[..., None] * (1 - colour))).astype(np.float32)


def _bytes(image: np.ndarray) -> np.ndarray:
    return (np.clip(image, 0, 1) * 255).astype(np.uint8)


def _painting(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mean shift into strokes, a stronger palette, and a canvas' relief."""
    small = cv2.resize(_bytes(image), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    out = cv2.pyrMeanShiftFiltering(small, float(rng.uniform(4, 9)), float(rng.uniform(15, 35)))
    out = cv2.resize(out, image.shape[1::-1], interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
    out = (out - out.mean()) * rng.uniform(1.0, 1.4) + out.mean()
    strokes = cv2.GaussianBlur(rng.standard_normal(image.shape[:2]).astype(np.float32), (0, 0), 4.0, None, 1.0)
    return out + 0.1 * strokes[..., None]


def _flat_print(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Few flat colours with dark outlines, on toned paper."""
    smooth = cv2.bilateralFilter(image, 9, 0.15, 7)
    colours = smooth.reshape(-1, 3)[:: max(1, smooth.size // 60000)]
    count = int(rng.integers(5, 10))
    _, _, centres = cv2.kmeans(np.ascontiguousarray(colours), count, np.zeros(0, np.int32),
                               (cv2.TERM_CRITERIA_MAX_ITER, 8, 0), 1, cv2.KMEANS_PP_CENTERS)
    nearest = ((smooth[:, :, None] - centres) ** 2).sum(-1).argmin(-1).astype(np.uint8)
    out = centres[cv2.medianBlur(nearest, 7)]
    paper = np.array([0.93, 0.88, 0.76], np.float32) ** rng.uniform(0.3, 1.5)
    return np.where(_lines(image, rng)[..., None], 0.12, out * paper)


def _lines(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Thick dark outlines: a difference of Gaussians, thresholded."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    sigma = rng.uniform(1.2, 2.5)
    response = cv2.GaussianBlur(grey, (0, 0), sigma) - 0.98 * cv2.GaussianBlur(grey, (0, 0), 1.6 * sigma)
    return response < rng.uniform(-0.012, -0.003)


def _woodcut(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Two to three tones and grooves along one direction."""
    grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (0, 0), 2.5)
    angle, period = rng.uniform(0, np.pi), rng.uniform(6, 11)
    y, x = np.mgrid[: grey.shape[0], : grey.shape[1]]
    wave = 0.5 + 0.5 * np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / period + 6 * grey)
    black = grey + 0.25 * (wave - 0.5) < np.quantile(grey, rng.uniform(0.3, 0.5))
    ink, paper = rng.uniform(0, 0.3, 3), rng.uniform(0.7, 1, 3)
    tint = image if rng.random() < 0.4 else paper
    return np.where(black[..., None], ink, 0.6 * paper + 0.4 * tint).astype(np.float32)


def _pencil(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Dodged grey with paper grain: white paper, lines where tones change."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    blurred = cv2.GaussianBlur(grey, (0, 0), rng.uniform(5, 14))
    out = np.clip(grey / np.maximum(blurred, 0.02), 0, 1) ** rng.uniform(1.5, 4)
    out = out + 0.04 * rng.standard_normal(grey.shape)
    return np.repeat(out[..., None], 3, 2) * rng.uniform(0.85, 1.0, 3)


def _ink(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Hatching in two directions where it is dark, and outlines, on paper."""
    grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (0, 0), 1.5)
    grey = (grey - grey.min()) / max(float(np.ptp(grey)), 1e-3)
    y, x = np.mgrid[: grey.shape[0], : grey.shape[1]]
    black, period = _lines(image, rng), rng.uniform(4, 8)
    for level, angle in ((0.55, rng.uniform(0, 3)), (0.3, rng.uniform(0, 3))):
        phase = (x * np.cos(angle) + y * np.sin(angle) + 6 * grey) / period
        black |= (np.abs(phase % 1 - 0.5) < 0.5 * np.clip(level - grey, 0, 1) + 0.02) & (grey < level)
    paper = np.array([0.95, 0.92, 0.84]) ** rng.uniform(0, 2)
    return np.where(black[..., None], 0.1, paper).astype(np.float32)


def _mosaic(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Voronoi tesserae with grout."""
    height, width = image.shape[:2]
    step = rng.uniform(7, 13)
    y, x = np.mgrid[0:height:step, 0:width:step]
    points = np.stack([x.ravel(), y.ravel()], 1) + rng.uniform(-0.4, 0.4, (x.size, 2)) * step
    seeds = np.ones((height, width), np.uint8)
    seeds[np.clip(points[:, 1].astype(int), 0, height - 1), np.clip(points[:, 0].astype(int), 0, width - 1)] = 0
    _, cells = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    count = int(cells.max()) + 1
    area = np.maximum(np.bincount(cells.ravel(), minlength=count), 1)
    mean = np.stack([np.bincount(cells.ravel(), image[..., c].ravel(), count) / area for c in range(3)], 1)
    mean += rng.normal(0, 0.05, (count, 1)) + rng.normal(0, 0.02, (count, 3))
    grout = cv2.morphologyEx(cells.astype(np.float32), cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8)) > 0
    return np.where(grout[..., None], rng.uniform(0.1, 0.7), mean[cells]).astype(np.float32)


def _cartoon(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Edge-preserving smoothing, strong colours, soft light."""
    out = cv2.edgePreservingFilter(_bytes(image), flags=1, sigma_s=30, sigma_r=float(rng.uniform(0.25, 0.5)))
    out = out.astype(np.float32) / 255
    grey = out.mean(-1, keepdims=True)
    return grey + (out - grey) * rng.uniform(1.0, 1.8)


def _pastel(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Chalky noise along strokes, pale colours."""
    noise = rng.standard_normal(image.shape[:2]).astype(np.float32)
    kernel = cv2.getRotationMatrix2D((7, 7), float(rng.uniform(0, 180)), 1.0)
    line = np.zeros((15, 15), np.float32)
    line[7] = 1 / 15
    noise = cv2.filter2D(noise, -1, cv2.warpAffine(line, kernel, (15, 15)))
    smooth = cv2.bilateralFilter(image, 7, 0.1, 5)
    return (1 - rng.uniform(0, 0.3)) * smooth + rng.uniform(0, 0.3) + 0.3 * noise[..., None]


def add_glasses(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Glasses drawn over the eyes (points: 468 landmarks in pixels); the picture and their mask."""
    eyes = [points[list(part)].mean(0) for part in (indices.EYE_LEFT, indices.EYE_RIGHT)]
    apart = float(np.linalg.norm(eyes[1] - eyes[0]))
    along = (eyes[1] - eyes[0]) / apart
    width, height = rng.uniform(0.36, 0.46) * apart, rng.uniform(0.24, 0.42) * apart
    thick = max(1, round(rng.uniform(0.012, 0.06) * apart))
    power = float(rng.uniform(2, 5))
    angle = np.linspace(0, 2 * np.pi, 60)
    shape = np.stack([np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** (2 / power) * width,
                      np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** (2 / power) * height], 1)
    turn = np.stack([along, [-along[1], along[0]]])
    lens, frame = np.zeros(image.shape[:2], np.uint8), np.zeros(image.shape[:2], np.uint8)
    for side, eye in zip((-1, 1), eyes, strict=True):
        contour = np.round((shape @ turn + eye + [0, 0.05 * apart]) * 16).astype(np.int32)
        cv2.fillPoly(lens, [contour], 1, cv2.LINE_8, 4)
        cv2.polylines(frame, [contour], True, 1, thick, cv2.LINE_8, 4)
        outer = eye + side * along * width
        temple = points[indices.OVAL[9] if side > 0 else indices.OVAL[-9]]
        for start, end in ((outer, temple), (eye - side * along * width, (eyes[0] + eyes[1]) / 2)):
            ends = np.round(np.stack([start, end]) * 16).astype(np.int32)
            cv2.polylines(frame, [ends], False, 1, thick, cv2.LINE_8, 4)
    tint = rng.choice([0.0, 0.05, 0.15, 0.7, 0.9]) if rng.random() < 0.6 else 0.05
    out = image * (1 - tint * lens[..., None]) + tint * lens[..., None] * rng.uniform(0, 0.5, 3)
    out = np.where(frame[..., None] > 0, rng.uniform(0, 0.8, 3) if rng.random() < 0.4 else rng.uniform(0, 0.15), out)
    return out.astype(np.float32), ((lens | frame) > 0).astype(np.uint8)


def add_beard(image: np.ndarray, labels: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> (
    tuple[np.ndarray, np.ndarray]
):
    """A beard, a goatee or a moustache of the hair's texture (or of noise) on the lower face; its labels."""
    unit = float(np.linalg.norm(points[10] - points[152]))
    mouth, chin = points[list(indices.LIPS_OUTER)].mean(0), points[152]
    down = (chin - mouth) / np.linalg.norm(chin - mouth)
    y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32)
    v = ((x - mouth[0]) * down[0] + (y - mouth[1]) * down[1]) / unit
    u = ((x - mouth[0]) * down[1] - (y - mouth[1]) * down[0]) / unit
    kind = rng.integers(3)
    lips = np.zeros(labels.shape, np.uint8)
    cv2.fillPoly(lips, [np.round(points[list(indices.LIPS_OUTER)]).astype(np.int32)], 1)
    moustache = (v > -0.11) & (v < -0.01) & (np.abs(u) < rng.uniform(0.1, 0.2) - 0.4 * (v + 0.06))
    length = rng.uniform(0.0, 0.25)
    if kind == 0:
        where = (v > -0.12 + 0.0 * u) & (np.abs(u) < 0.6) & ((v > 0.02) | (np.abs(u) > 0.2) | moustache)
        where &= v > 0.1 - 0.9 * np.abs(u) - 0.25 * (np.abs(u) > 0.15)
    elif kind == 1:
        where = (np.abs(u) < rng.uniform(0.1, 0.18)) & (v > 0.05) | moustache
    else:
        where = moustache
    where &= (labels == SKIN) & (lips == 0)
    outline = np.zeros(labels.shape, np.uint8)
    cv2.fillPoly(outline, [np.round(points[list(indices.OVAL)]).astype(np.int32)], 1)
    where &= outline > 0
    if kind < 2 and length > 0.05:
        where |= (v > 0.05) & (np.abs(u) < 0.28 - 0.5 * np.maximum(0, v - 0.2)) & (v < 0.27 + length) & (labels != HAIR)
    rough = cv2.GaussianBlur(rng.standard_normal(labels.shape).astype(np.float32), (0, 0), 2.0) * 0.03 * unit
    distance = cv2.distanceTransform(where.astype(np.uint8), cv2.DIST_L2, 5) - cv2.distanceTransform(
        (~where).astype(np.uint8), cv2.DIST_L2, 5)
    soft = np.clip((distance + 4 * rough) / (0.025 * unit) + 0.5, 0, 1)[..., None]
    hair = image[labels == HAIR]
    base = np.median(hair, 0) if len(hair) > 200 and rng.random() < 0.7 else rng.uniform(0.05, 0.9, 1) * np.ones(3)
    grain = cv2.GaussianBlur(rng.standard_normal(labels.shape).astype(np.float32), (0, 0), 1.2)
    streaks = cv2.blur(grain, (1, 9)) * 3 if rng.random() < 0.5 else cv2.blur(grain, (7, 3)) * 3
    texture = np.clip(base + 0.12 * streaks[..., None], 0, 1)
    out = image * (1 - soft) + texture * soft
    labels = np.where(soft[..., 0] > 0.6, BEARD, np.where(soft[..., 0] > 0.15, UNSURE, labels))
    return out.astype(np.float32), labels.astype(np.uint8)


def add_headwear(image: np.ndarray, labels: np.ndarray, points: np.ndarray, texture: np.ndarray,
                 rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A cap, a brimmed hat, a band, a scarf or flowers, of `texture` (another picture's part) or one colour."""
    unit = float(np.linalg.norm(points[10] - points[152]))
    top, chin = points[10], points[152]
    down = (chin - top) / np.linalg.norm(chin - top)
    y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32)
    v = ((x - top[0]) * down[0] + (y - top[1]) * down[1]) / unit
    u = ((x - top[0]) * down[1] - (y - top[1]) * down[0]) / unit
    kind, brow = rng.integers(5), rng.uniform(-0.05, 0.12)
    wide, high = rng.uniform(0.5, 0.75), rng.uniform(0.35, 0.8)
    crown = (np.abs(u / wide) ** 2.5 + np.abs((v - brow) / high) ** 2.5 < 1) & (v < brow + 0.12 * (u / wide) ** 2)
    if kind == 0:
        where = crown
    elif kind == 1:
        brim = np.abs(v - brow - 0.15 * (u / wide) ** 2) < rng.uniform(0.05, 0.15)
        brim &= np.abs(u) < rng.uniform(0.8, 1.3)
        where = crown | brim
    elif kind == 2:
        where = (labels == HAIR) | ((labels == SKIN) & (v < 0.1))
        where &= np.abs(v - brow + 0.1 + 0.2 * (u / wide) ** 2) < rng.uniform(0.03, 0.1)
    elif kind == 3:
        oval = np.hypot(u / 0.36, (v - 0.55) / 0.62)
        where = (np.hypot(u / wide, (v - 0.35) / (high + 0.35)) < 1) & (oval > rng.uniform(0.95, 1.1))
        where &= labels != CLOTH
        where |= (labels == HAIR) & (v < 1.2)
    else:
        where = np.zeros(labels.shape, bool)
        for _ in range(int(rng.integers(1, 8))):
            centre = rng.uniform([-0.5, -0.45], [0.5, 0.1])
            where |= np.hypot(u - centre[0], v - centre[1]) < rng.uniform(0.05, 0.16)
        where &= cv2.dilate((labels == HAIR).astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    paint = texture if rng.random() < 0.5 else np.clip(rng.uniform(0, 1, 3) + 0.25 * (texture - texture.mean()), 0, 1)
    shade = np.clip(1.1 - 0.5 * (u + 0.3) ** 2 - 0.2 * v, 0.4, 1.2)[..., None]
    soft = cv2.GaussianBlur(where.astype(np.float32), (0, 0), 1.0)[..., None]
    out = image * (1 - soft) + np.clip(paint * shade, 0, 1) * soft
    return out.astype(np.float32), np.where(where, HEADWEAR, labels).astype(np.uint8)
