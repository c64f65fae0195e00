"""Landmark sets of the 468-point face mesh (MediaPipe's published topology; left and right as seen in the picture)."""

from __future__ import annotations

FOREHEAD_TOP, CHIN, NOSE_TIP = 10, 152, 1
OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149,
        150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)
"""The face's outline, clockwise from the forehead's top."""
EYE_LEFT_UPPER = (33, 246, 161, 160, 159, 158, 157, 173, 133)
EYE_LEFT_LOWER = (33, 7, 163, 144, 145, 153, 154, 155, 133)
EYE_RIGHT_UPPER = (362, 398, 384, 385, 386, 387, 388, 466, 263)
EYE_RIGHT_LOWER = (362, 382, 381, 380, 374, 373, 390, 249, 263)
BROW_LEFT = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
BROW_RIGHT = (336, 296, 334, 293, 300, 276, 283, 282, 295, 285)
LIPS_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
LIPS_INNER_UPPER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LIPS_INNER_LOWER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
NOSE = (168, 6, 197, 195, 5, 4, 1, 19, 94, 2, 98, 97, 326, 327, 64, 294, 48, 278, 129, 358)

PLAIN_SKIN = (
    9, 10, 21, 34, 50, 54, 58, 63, 66, 67, 68, 69, 71, 93, 101, 103, 104, 105, 107, 108, 109, 123, 127, 132, 135,
    136, 137, 138, 139, 147, 148, 151, 152, 162, 171, 172, 175, 176, 177, 187, 192, 205, 207, 213, 214, 215, 227,
    234, 251, 264, 280, 284, 288, 293, 296, 297, 298, 299, 301, 323, 330, 332, 333, 334, 336, 337, 338, 352, 356,
    361, 364, 365, 366, 367, 368, 376, 377, 389, 396, 397, 400, 401, 411, 416, 425, 427, 433, 434, 435, 447, 454)
"""Landmarks on plain skin, away from nose, lips and eyes: there the network's points slide over the surface."""

def ring(upper: tuple[int, ...], lower: tuple[int, ...]) -> tuple[int, ...]:
    """The closed contour of an eye or of the mouth's opening from its upper and lower line (same direction)."""
    return upper + lower[-2:0:-1]


EYE_LEFT = ring(EYE_LEFT_UPPER, EYE_LEFT_LOWER)
EYE_RIGHT = ring(EYE_RIGHT_UPPER, EYE_RIGHT_LOWER)
MOUTH_OPENING = ring(LIPS_INNER_UPPER, LIPS_INNER_LOWER)
