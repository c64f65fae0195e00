"""One image -> the one face to work on, with its landmarks and pose, or a clear error."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from twinbrush.base.errors import BadOption, FaceNotFound, FaceUnusable, SeveralFaces
from twinbrush.config import FaceConfig, PortraitConfig
from twinbrush.faces import detect as detector
from twinbrush.faces.hints import fit_to_68, fit_to_box, fit_to_clicks
from twinbrush.faces.landmarks import Fit, fit_landmarks, halvings, roi_from_eyes
from twinbrush.faces.landmarks68 import read_landmarks68
from twinbrush.faces.pose import angles_from_rotation, head_rotation, shape_residual
from twinbrush.faces.refine import refine_on_art
from twinbrush.faces.values import Face

# A candidate is a face if the landmark network says so, its answer does not change when the crop is mirrored, and the
# shape is a face's. Measured: 24 real faces, painted ones among them: flag >= 0.90, spread <= 0.07, residual <= 0.09;
# false ones: flag mostly < 0.5, spread mostly > 0.08.
_MIN_FLAG, _MAX_SPREAD, _MAX_RESIDUAL = 0.5, 0.12, 0.12
_MAX_CANDIDATES = 12  # false candidates of a window search worth verifying
_COMPARABLE_AREA, _COMPARABLE_SCORE = 0.45, 0.75  # a second face this big and this sure is a rival
_SAME_FACE = 0.6  # of its height: a face detected this near to a given one is the same
_MIN_ART_PX = 40.0
_WARN_ART_PX = 80.0
_MAX_YAW_ART = 50.0
# Which way up a picture is: on the ten shared photos and eleven painted faces the upright one of the four turns always
# scores highest; photos 0.94 to 0.98, against 0.50 to 0.88 on their side and 0.20 to 0.71 upside down.
_SURE_UPRIGHT = 0.9  # such a face is not looked at the other ways up
_MIN_TURNED = 0.85  # a picture is only turned to a face as sure as this ...
_MIN_GAIN = 0.04  # ... and by this much surer than it is any other way up
_MAX_ROLL_DEGREES = 50.0  # a face tilted further than this belongs to another turn


@dataclass(frozen=True)
class FoundFace:
    """The chosen face, the other real ones (best first), and what the user should know."""

    face: Face
    others: tuple[Face, ...]
    warnings: tuple[str, ...]


def find_face(
    image: Float[np.ndarray, "h w 3"], config: FaceConfig, *, where: str, art: bool = False,
    portrait: PortraitConfig | None = None,
) -> Face:
    """The face in a picture: as `find_face_with_warnings`, without the warnings."""
    return find_face_with_warnings(image, config, where=where, art=art, portrait=portrait).face


def find_face_with_warnings(
    image: Float[np.ndarray, "h w 3"], config: FaceConfig, *, where: str, art: bool = False,
    portrait: PortraitConfig | None = None,
) -> FoundFace:
    """Find the face in an RGB image (0..1); `where` names the picture in messages.

    art: the picture is a style portrait (smaller faces pass, with a warning). portrait: limits of size and yaw.
    Raises FaceNotFound, SeveralFaces, FaceUnusable, BadLandmarks, BadOption and ModelFileError.
    """
    limits = portrait or PortraitConfig()
    levels = halvings(image)
    hinted = _hinted(levels, config, where, art)
    if hinted is not None:
        face, warnings = hinted
        others = [] if art else _beside(face, levels, where)
    else:
        face, others, warnings = _choose(_detected(levels, where), config, where, art)
        if art:
            face = make_face(refine_on_art(levels, Fit(face.landmarks, 1.0, 0.0)), face.score)
    warnings += _check(face, image.shape[1], image.shape[0], where, limits, art)
    return FoundFace(face, tuple(others), tuple(warnings))


def upright_turn(image: Float[np.ndarray, "h w 3"], config: FaceConfig, *, where: str) -> int:
    """Quarter turns, counter-clockwise as np.rot90 takes them, after which the picture's clearest face is upright; 0
    also where no face is found, or where the user has said where it is.

    Raises FaceUnusable where a face is there, but which way up it is stays doubtful.
    """
    if config.landmarks is not None or config.clicks is not None or config.box is not None:
        return 0
    scores = [_upright_score(image)]
    if scores[0] >= _SURE_UPRIGHT:
        return 0
    scores += [_upright_score(np.ascontiguousarray(np.rot90(image, turn))) for turn in (1, 2, 3)]
    best = int(np.argmax(scores))
    rival = max(score for turn, score in enumerate(scores) if turn != best)
    if best == 0 or scores[best] == 0:
        return 0
    if scores[best] < _MIN_TURNED or scores[best] - rival < _MIN_GAIN:
        raise FaceUnusable(f"{where}: the face looks upright only when the picture is turned, and that is doubtful.",
                           "Turn the picture upright first, or give --box, --clicks or --landmarks.")
    return best


def _upright_score(image: Float[np.ndarray, "h w 3"]) -> float:
    """The surest upright face in the whole picture, 0 to 1; 0: none."""
    names = (detector.SHORT_RANGE, detector.FULL_RANGE)
    window = detector.whole_image(image.shape[1], image.shape[0])
    candidates = detector.detect(image, [window], names, detector.CERTAIN)
    faces, _ = _verified(halvings(image), candidates[:_MAX_CANDIDATES])
    return max((f.score for f in faces if abs(np.degrees(f.roll_radians)) < _MAX_ROLL_DEGREES), default=0.0)


def _hinted(
    levels: list[Float[np.ndarray, "_ _ 3"]], config: FaceConfig, where: str, art: bool
) -> tuple[Face, list[str]] | None:
    """The face where the user said it is; None when nothing was said. Raises BadLandmarks and BadOption."""
    height, width = levels[0].shape[:2]
    given = [name for name in ("landmarks", "clicks", "box") if getattr(config, name) is not None]
    if len(given) > 1:
        raise BadOption(f"{where}: {' and '.join(given)} were given.", "Give one of landmarks, clicks or box.")
    if config.landmarks is not None:
        points = read_landmarks68(config.landmarks, width, height)
        fit, warnings = fit_to_68(levels, points, art)
        where, source = config.landmarks.name, "file68"
    elif config.clicks is not None:
        (fit, warnings), source = fit_to_clicks(levels, config.clicks, where, art), "clicks"
    elif config.box is not None:
        (fit, warnings), source = fit_to_box(levels, config.box, where, art), "box"
    else:
        return None
    return make_face(fit, fit.flag, source), [f"{where}: {warning}" for warning in warnings]


def make_face(fit: Fit, score: float, source: str = "detector") -> Face:
    """A Face from fitted landmarks: pose by Procrustes, box by the landmarks' extent."""
    rotation = head_rotation(fit.landmarks)
    yaw, pitch, roll = angles_from_rotation(rotation)
    x0, y0 = (float(v) for v in fit.landmarks[:, :2].min(axis=0))
    x1, y1 = (float(v) for v in fit.landmarks[:, :2].max(axis=0))
    return Face(fit.landmarks, rotation, yaw, pitch, roll, score, (x0, y0, x1, y1), source)


def _detected(levels: list[Float[np.ndarray, "_ _ 3"]], where: str) -> list[Face]:
    """All verified faces, best first. Raises FaceNotFound."""
    image = levels[0]
    height, width = image.shape[:2]
    names = (detector.SHORT_RANGE, detector.FULL_RANGE)
    whole = [detector.whole_image(width, height)]
    best = 0.0
    for windows, threshold in (
        (whole, detector.CERTAIN), (detector.search_windows(width, height), detector.DOUBTFUL)
    ):
        candidates = detector.detect(image, windows, names, threshold)
        faces, score = _verified(levels, candidates[:_MAX_CANDIDATES])
        best = max(best, score)
        if faces:
            return faces
    raise FaceNotFound(where, min(best, detector.CERTAIN - 0.01), detector.CERTAIN)


def _beside(face: Face, levels: list[Float[np.ndarray, "_ _ 3"]], where: str) -> list[Face]:
    """Other people than the one of a face that was given (nobody, where nothing is detected)."""
    try:
        faces = _detected(levels, where)
    except FaceNotFound:
        return []
    centre, reach = face.landmarks[:, :2].mean(0), _SAME_FACE * face.height_px
    return [other for other in faces if np.linalg.norm(other.landmarks[:, :2].mean(0) - centre) > reach]


def _verified(
    levels: list[Float[np.ndarray, "_ _ 3"]], candidates: list[detector.Candidate]
) -> tuple[list[Face], float]:
    """Landmarks of every candidate; those that are no face, or one that is there already, are dropped. Also the best
    score (detector's times landmark network's) of those dropped."""
    faces: list[Face] = []
    best_dropped = 0.0
    for candidate in candidates:
        roi = roi_from_eyes(candidate.points_xy[0], candidate.points_xy[1], candidate.box_xyxy)
        fit = fit_landmarks(levels, roi, passes=3)
        if fit.flag < _MIN_FLAG or fit.spread > _MAX_SPREAD or shape_residual(fit.landmarks) > _MAX_RESIDUAL:
            best_dropped = max(best_dropped, candidate.score * fit.flag)
            continue
        face = make_face(fit, candidate.score * fit.flag)
        boxes = np.array([f.box_xyxy for f in faces]).reshape(-1, 4)
        if len(faces) and (detector.overlap(np.array(face.box_xyxy), boxes) > 0.2).any():
            continue
        faces.append(face)
    return sorted(faces, key=lambda f: -f.score), best_dropped


def _choose(
    faces: list[Face], config: FaceConfig, where: str, art: bool
) -> tuple[Face, list[Face], list[str]]:
    if config.face is not None:
        if not 0 <= config.face < len(faces):
            raise BadOption(f"{where}: there is no face {config.face}; {len(faces)} found.",
                            f"Choose 0 to {len(faces) - 1}.")
        return faces[config.face], [f for f in faces if f is not faces[config.face]], []
    best = faces[0]
    option = "--style.face (`inspect`: --face)" if art else "--face"
    rivals = [f for f in faces[1:] if _area(f) > _COMPARABLE_AREA * _area(best)
              and f.score > _COMPARABLE_SCORE * best.score]
    if rivals:
        raise SeveralFaces(where, [f.box_xyxy for f in faces], option)
    note = f"{where}: {len(faces)} faces found; the clearest is used ({option} N chooses)."
    return best, faces[1:], [note] if faces[1:] else []


def _area(face: Face) -> float:
    x0, y0, x1, y1 = face.box_xyxy
    return (x1 - x0) * (y1 - y0)


def _check(face: Face, width: int, height: int, where: str, limits: PortraitConfig, art: bool) -> list[str]:
    """Refuse what cannot work, warn of what may not."""
    warnings: list[str] = []
    smallest = _MIN_ART_PX if art else limits.min_face_px
    if face.height_px < smallest:
        raise FaceUnusable(f"{where}: the face is {face.height_px:.0f} px high; at least {smallest:.0f} are needed.",
                           "Use a larger picture, or one taken from nearer.")
    if art and face.height_px < _WARN_ART_PX:
        warnings.append(f"{where}: the face is only {face.height_px:.0f} px high; brushwork will be coarse.")
    yaw, farthest = abs(np.degrees(face.yaw_radians)), _MAX_YAW_ART if art else limits.max_yaw_degrees
    if yaw > farthest:
        raise FaceUnusable(f"{where}: the face is turned {yaw:.0f} degrees away; {farthest:.0f} are the most.",
                           "Use a picture that is seen more from the front.")
    if yaw > limits.warn_yaw_degrees:
        warnings.append(f"{where}: the face is turned {yaw:.0f} degrees; its hidden side has to be guessed.")
    outside = np.mean((face.landmarks[:, 0] < -0.5) | (face.landmarks[:, 0] > width - 0.5)
                      | (face.landmarks[:, 1] < -0.5) | (face.landmarks[:, 1] > height - 0.5))
    if outside > 0.15:
        raise FaceUnusable(f"{where}: the face is cut off by the picture's border.", "Use a picture with all of it.")
    if outside > 0.0:
        warnings.append(f"{where}: the face touches the picture's border.")
    return warnings


def moved(face: Face, scale: float, offset_xy: tuple[float, float]) -> Face:
    """The same face in another pixel frame: new = old * scale + offset (pixel centres)."""
    shift = np.array([*offset_xy, 0.0])
    box = np.array(face.box_xyxy) * scale + np.tile(offset_xy, 2)
    x0, y0, x1, y1 = (float(v) for v in box)
    return replace(face, landmarks=face.landmarks * scale + shift, box_xyxy=(x0, y0, x1, y1))
