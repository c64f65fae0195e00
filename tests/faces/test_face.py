"""From a picture to its one face, or to one clear error."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from faces.photos import astronaut, need_models
from twinbrush.config import FaceConfig, PortraitConfig
from twinbrush.errors import BadLandmarks, BadOption, FaceNotFound, FaceUnusable, SeveralFaces
from twinbrush.faces.face import find_face, find_face_with_warnings, moved
from twinbrush.faces.hints import click_points
from twinbrush.faces.landmarks68 import INDEX_68
from twinbrush.faces.values import Face
from twinbrush.image import load_image, resize
from twinbrush.portrait.inspection import draw_inspection
from twinbrush.regions.values import Label, RegionMap

PLAIN = FaceConfig()


@pytest.fixture(scope="module")
def face() -> Face:
    need_models()
    return find_face(astronaut(), PLAIN, where="astronaut")


def beside(*pictures: np.ndarray) -> np.ndarray:
    height = max(p.shape[0] for p in pictures)
    padded = [np.pad(p, ((0, height - p.shape[0]), (0, 0), (0, 0)), constant_values=0.5) for p in pictures]
    return np.concatenate(padded, axis=1)


def head() -> np.ndarray:
    """The astronaut's head alone."""
    return np.ascontiguousarray(astronaut()[20:260, 100:340])


def test_the_astronaut(face: Face) -> None:
    assert face.source == "detector"
    assert face.score > 0.9
    assert 100 < face.height_px < 140
    left, right, nose, mouth_left, mouth_right = click_points(face.landmarks)[:, :2]
    np.testing.assert_allclose(left, (204, 106), atol=5)
    np.testing.assert_allclose(right, (247, 107), atol=5)
    assert left[1] < nose[1] < mouth_left[1]
    assert mouth_left[0] < mouth_right[0]
    assert abs(np.degrees(face.yaw_radians)) < 12
    x0, y0, x1, y1 = face.box_xyxy
    assert x0 < left[0] < x1
    assert y0 < left[1] < y1


def test_same_bytes_again(face: Face) -> None:
    again = find_face(astronaut(), PLAIN, where="astronaut")
    assert again.landmarks.tobytes() == face.landmarks.tobytes()


def test_nothing_there() -> None:
    need_models()
    for picture in (np.full((200, 300, 3), 0.5, np.float32), np.ascontiguousarray(astronaut()[300:420, :128])):
        with pytest.raises(FaceNotFound) as caught:
            find_face(picture, PLAIN, where="wall.png")
        assert "wall.png" in str(caught.value)
        assert caught.value.best_score < caught.value.threshold
        assert "clicks" in caught.value.remedy


def test_two_equal_faces_need_a_choice() -> None:
    need_models()
    two = beside(head(), head()[:, ::-1])
    with pytest.raises(SeveralFaces, match="--face N") as caught:
        find_face(two, PLAIN, where="two.png")
    assert len(caught.value.boxes) == 2
    with pytest.raises(SeveralFaces, match=r"--style\.face"):
        find_face(two, PLAIN, where="two.png", art=True)
    chosen = [find_face(two, FaceConfig(face=i), where="two.png") for i in (0, 1)]
    for face, box in zip(chosen, caught.value.boxes, strict=True):
        np.testing.assert_allclose(face.box_xyxy, box)
    with pytest.raises(BadOption, match="no face 2"):
        find_face(two, FaceConfig(face=2), where="two.png")
    with pytest.raises(BadOption, match="no face -1"):
        find_face(two, FaceConfig(face=-1), where="two.png")


def test_a_much_smaller_second_face_only_warns() -> None:
    need_models()
    picture = beside(resize(head(), 480, 480), resize(head(), 200, 200))
    found = find_face_with_warnings(picture, PLAIN, where="a.png")
    assert found.face.landmarks[:, 0].mean() < 480
    assert len(found.others) == 1
    assert "2 faces" in found.warnings[0]


def test_people_beside_a_face_that_was_given() -> None:
    need_models()
    two = beside(head(), head()[:, ::-1])
    left, right = (find_face(two, FaceConfig(face=i), where="two.png") for i in (0, 1))
    if left.box_xyxy[0] > right.box_xyxy[0]:
        left, right = right, left
    found = find_face_with_warnings(two, FaceConfig(box=left.box_xyxy), where="two.png")
    assert len(found.others) == 1
    np.testing.assert_allclose(found.others[0].box_xyxy, right.box_xyxy)
    assert find_face_with_warnings(head(), FaceConfig(box=left.box_xyxy), where="one.png").others == ()


def test_small_faces() -> None:
    need_models()
    small = resize(head(), 120, 120)
    with pytest.raises(FaceUnusable, match=r"px high; at least 80"):
        find_face(small, PLAIN, where="small.png")
    painted = find_face_with_warnings(small, PLAIN, where="small.png", art=True)
    assert "px high" in painted.warnings[0]
    assert find_face(small, PLAIN, where="small.png", portrait=PortraitConfig(min_face_px=40.0)).height_px < 80


def test_turned_faces(face: Face) -> None:
    yaw = float(abs(np.degrees(face.yaw_radians)))
    with pytest.raises(FaceUnusable, match="turned"):
        find_face(astronaut(), PLAIN, where="a", portrait=PortraitConfig(max_yaw_degrees=yaw - 0.1))
    limits = PortraitConfig(warn_yaw_degrees=yaw - 0.1)
    warned = find_face_with_warnings(astronaut(), PLAIN, where="a", portrait=limits)
    assert "turned" in warned.warnings[0]


def test_cut_off_face() -> None:
    need_models()
    half = np.ascontiguousarray(astronaut()[:160])
    with pytest.raises((FaceUnusable, FaceNotFound)):
        find_face(half[:150, :222], PLAIN, where="half.png")


def test_clicks_and_box_find_the_same_face(face: Face) -> None:
    clicks = tuple(float(v) for v in click_points(face.landmarks)[:, :2].ravel())
    x0, y0, x1, y1 = face.box_xyxy
    box = (x0 - 9, y0 + 4, x1 + 5, y1)
    for config, source in [(FaceConfig(clicks=clicks), "clicks"), (FaceConfig(box=box), "box")]:
        found = find_face_with_warnings(astronaut(), config, where="a")
        assert found.face.source == source
        assert found.warnings == ()
        assert np.abs(found.face.landmarks - face.landmarks).max() < 4


def test_clicks_where_the_network_sees_nothing_still_give_a_face() -> None:
    need_models()
    picture = np.full((300, 300, 3), 0.5, np.float32)
    clicks = (110.0, 120.0, 170.0, 130.0, 135.0, 175.0, 120.0, 185.0, 140.0, 192.0)  # long nose, small mouth
    found = find_face_with_warnings(picture, FaceConfig(clicks=clicks), where="a")
    np.testing.assert_allclose(click_points(found.face.landmarks)[:, :2].ravel(), clicks, atol=1.5)
    assert 0.05 < found.face.roll_radians < 0.3
    assert "average face" in found.warnings[0]
    assert "average face" in find_face_with_warnings(
        picture, FaceConfig(box=(80.0, 80.0, 220.0, 240.0)), where="a").warnings[0]


@pytest.mark.parametrize(("config", "complaint"), [
    (FaceConfig(clicks=(1.0, 2.0, 3.0)), "3 numbers"),
    (FaceConfig(clicks=(10.0,) * 10), "coincide"),
    (FaceConfig(clicks=(float("nan"),) + (10.0,) * 9), "not a number"),
    (FaceConfig(clicks=(900.0,) + (10.0,) * 9), "outside the picture"),
    (FaceConfig(clicks=(170.0, 130.0, 110.0, 120.0, 135.0, 160.0, 110.0, 185.0, 155.0, 192.0)), "wrong order"),
    (FaceConfig(box=(50.0, 50.0, 20.0, 90.0)), "empty or tiny"),
    (FaceConfig(box=(-50.0, 50.0, 20.0, 90.0)), "outside the picture"),
    (FaceConfig(landmarks=Path("no/such/file.txt")), "cannot be read"),
])
def test_bad_hints(config: FaceConfig, complaint: str) -> None:
    with pytest.raises(BadLandmarks, match=complaint) as caught:
        find_face(astronaut(), config, where="a")
    assert caught.value.remedy.startswith("Give")


def test_two_hints_at_once() -> None:
    with pytest.raises(BadOption, match="clicks and box"):
        find_face(astronaut(), FaceConfig(clicks=(1.0,) * 10, box=(0.0, 0.0, 9.0, 9.0)), where="a")


def test_landmark_file_is_followed(face: Face, tmp_path: Path) -> None:
    points = face.landmarks[list(INDEX_68), :2] + [2.0, -1.5]
    path = tmp_path / "a.txt"
    np.savetxt(path, points)
    found = find_face_with_warnings(astronaut(), FaceConfig(landmarks=path), where="a")
    assert found.face.source == "file68"
    assert found.warnings == ()
    firm = np.array([i for i in range(60) if i not in (31, 32, 34, 35)])
    np.testing.assert_allclose(found.face.landmarks[np.array(INDEX_68)[firm], :2], points[firm], atol=0.5)
    np.testing.assert_allclose(found.face.landmarks[:, :2] - face.landmarks[:, :2], [[2.0, -1.5]] * 468, atol=1.0)


def test_landmark_file_on_a_blank_picture_gives_the_average_face(face: Face, tmp_path: Path) -> None:
    np.savetxt(tmp_path / "a.txt", face.landmarks[list(INDEX_68), :2])
    blank = np.full((512, 512, 3), 0.5, np.float32)
    found = find_face_with_warnings(blank, FaceConfig(landmarks=tmp_path / "a.txt"), where="a")
    assert "average" in found.warnings[0]
    off = np.linalg.norm((found.face.landmarks - face.landmarks)[:, :2], axis=1)
    assert off.mean() < 3
    assert abs(found.face.yaw_radians - face.yaw_radians) < 0.2


def test_points_beside_the_face_are_believed_and_warned_about(face: Face, tmp_path: Path) -> None:
    points = face.landmarks[list(INDEX_68), :2] + [35.0, 0.0]
    np.savetxt(tmp_path / "a.txt", points)
    found = find_face_with_warnings(astronaut(), FaceConfig(landmarks=tmp_path / "a.txt"), where="a")
    assert "average" in found.warnings[0]
    np.testing.assert_allclose(found.face.landmarks[np.array(INDEX_68)[:27], :2], points[:27], atol=1)


def test_files_with_pupils_at_the_end_are_understood(face: Face, tmp_path: Path) -> None:
    points = face.landmarks[list(INDEX_68), :2].copy()
    points[66], points[67] = click_points(face.landmarks)[:2, :2]
    np.savetxt(tmp_path / "a.txt", points)
    found = find_face_with_warnings(astronaut(), FaceConfig(landmarks=tmp_path / "a.txt"), where="a")
    assert "points 61-68" in found.warnings[0]
    assert np.abs(found.face.landmarks[:, :2] - face.landmarks[:, :2]).max() < 2


@pytest.mark.parametrize(("change", "complaint"), [
    (lambda rows: rows[:67], "67 points, 68"), (lambda rows: [*rows, "1 1"], "69 points"),
    (lambda rows: ["nan 3", *rows[1:]], "point 1 is not a number"),
    (lambda rows: ["a b", *rows[1:]], "point 1 is not two numbers"),
    (lambda rows: ["1 2 3", *rows[1:]], "point 1 is not two numbers"),
    (lambda rows: [*rows[:9], "600 3", *rows[10:]], "point 10 .* outside the picture"),
    (lambda rows: ["5 5"] * 68, "do not spread"), (lambda rows: [], "0 points"),
    (lambda rows: [f"{511 - float(r.split()[0])} {r.split()[1]}" for r in rows], "exchanged"),
])
def test_bad_landmark_files(face: Face, tmp_path: Path, change, complaint: str) -> None:  # type: ignore[no-untyped-def]
    rows = [f"{x} {y}" for x, y in face.landmarks[list(INDEX_68), :2]]
    (tmp_path / "a.txt").write_text("\n".join(change(rows)))
    with pytest.raises(BadLandmarks, match=complaint) as caught:
        find_face(astronaut(), FaceConfig(landmarks=tmp_path / "a.txt"), where="a")
    assert "a.txt" in str(caught.value)


def test_a_landmark_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(bytes(range(256)))
    with pytest.raises(BadLandmarks, match="not a text file"):
        find_face(astronaut(), FaceConfig(landmarks=tmp_path / "a.txt"), where="a")


def test_moved_keeps_pose_and_scales_everything(face: Face) -> None:
    there = moved(face, 2.0, (10.0, -5.0))
    np.testing.assert_allclose(there.landmarks[:, :2], face.landmarks[:, :2] * 2 + [10, -5])
    np.testing.assert_allclose(there.landmarks[:, 2], face.landmarks[:, 2] * 2)
    assert there.height_px == pytest.approx(2 * face.height_px)
    assert there.rotation is face.rotation


def test_inspection_draws_what_was_found(face: Face) -> None:
    matte = np.zeros((512, 512))
    matte[60:] = 1
    labels = np.zeros((512, 512), np.uint8)
    labels[100:200, 150:300] = Label.HAIR
    parts = RegionMap(matte, labels, 0.5 * matte, labels > 9)
    page = draw_inspection(astronaut(), face, parts)
    assert page.dtype == np.float32
    assert page.shape[1] > page.shape[0] > 700
    assert 0 <= page.min() < page.max() <= 1
    np.testing.assert_array_equal(page, draw_inspection(astronaut(), face, parts))
    for other in (replace(parts, labels=0 * labels), replace(parts, glasses=labels > 0)):
        assert np.abs(page - draw_inspection(astronaut(), face, other)).max() > 0.1
    assert draw_inspection(astronaut(), face).shape[1] < page.shape[1]  # without its regions no panel of confidence
    strip = np.ascontiguousarray(astronaut()[30:200])
    assert draw_inspection(strip, moved(face, 1.0, (0.0, -30.0))).shape[1] < 2200


USABLE_STYLES = ("00016_style.jpg", "doll_woman.png", "fauve_woman.png", "ink_sketch.jpg", "picasso_selfport1907.jpg",
                 "ukiyoe_1.png", "ukiyoe_2.png")


def test_all_photos_are_found(shared_data: Path) -> None:
    need_models()
    paths = sorted((shared_data / "photos").glob("*.jpg"))
    assert len(paths) == 10
    for path in paths:
        found = find_face_with_warnings(load_image(path).pixels, PLAIN, where=path.name)
        assert found.face.score > 0.9
        assert len(found.others) == (1 if path.name == "00016.jpg" else 0)


@pytest.mark.parametrize("name", USABLE_STYLES)
def test_usable_styles_are_found(shared_data: Path, name: str) -> None:
    need_models()
    face = find_face(load_image(shared_data / "styles" / name).pixels, PLAIN, where=name, art=True)
    assert face.height_px > 100


@pytest.mark.parametrize("name", ["starry_night_no_face.jpg", "ukiyoe_profile.png"])
def test_unusable_styles_are_refused(shared_data: Path, name: str) -> None:
    need_models()
    with pytest.raises((FaceNotFound, FaceUnusable)):
        find_face(load_image(shared_data / "styles" / name).pixels, PLAIN, where=name, art=True)


def test_points_on_a_painting_against_hand_set_ones(shared_data: Path) -> None:
    need_models()
    truth = np.loadtxt(shared_data / "styles" / "00016_style_landmarks68.txt")
    image = load_image(shared_data / "styles" / "00016_style.jpg").pixels
    face = find_face(image, PLAIN, where="style", art=True)
    unit = np.linalg.norm(truth[42:48].mean(axis=0) - truth[36:42].mean(axis=0))
    off = np.linalg.norm(face.landmarks[list(INDEX_68), :2] - truth, axis=1) / unit
    assert off.mean() < 0.085
    assert off[48:60].mean() < 0.07  # lips
    assert off[36:48].mean() < 0.05  # eyes
