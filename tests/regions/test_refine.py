"""Borders along edges, strands where the mattes agree, one piece."""

from __future__ import annotations

import numpy as np

from twinbrush.regions.refine import in_one_piece, sharpened, with_strands

UNIT = 100.0


def test_borders_move_onto_the_pictures_edge() -> None:
    square = np.zeros((200, 200, 3), np.float32)
    square[:, 102:] = 0.8  # the picture's edge lies beside the odds' border
    coarse = np.zeros((2, 50, 50), np.float32)
    coarse[0, :, :25], coarse[1, :, 25:] = 1, 1
    rough = np.repeat(np.repeat(coarse, 4, 1), 4, 2)
    fine = sharpened(coarse, square, UNIT)
    assert (rough[1] > rough[0])[:, 100:102].all()
    assert (fine[1] < fine[0])[20:-20, 100:102].all()
    assert (fine[1] > fine[0])[20:-20, 102:].all()


def test_strands_are_taken_only_where_the_mattes_agree() -> None:
    person = np.zeros((200, 200))
    person[100:] = 1
    fine = person.copy()
    fine[90:100, 50] = 0.8  # one strand
    fine[20:70, 120:190] = 1.0  # another person's head
    mixed = with_strands(person, fine, UNIT)
    assert mixed[95, 50] > 0.6
    assert mixed[40, 150] < 0.1


def test_only_the_piece_of_the_face_is_kept_without_pinholes() -> None:
    matte = np.zeros((200, 200))
    matte[50:150, 50:110] = 0.9
    matte[50:150, 140:190] = 0.9
    matte[80:85, 80:85] = 0.1
    matte[120:145, 60:90] = 0.0  # ground seen through curls
    face = np.zeros((200, 200), bool)
    face[90:110, 70:90] = True
    kept = in_one_piece(matte, face, UNIT)
    assert kept[100, 160] == 0
    assert kept[82, 82] == 1
    assert kept[130, 75] == 0
    assert kept[60, 60] == 0.9
