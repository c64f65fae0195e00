"""What a painting's portrait shows."""

from __future__ import annotations

from twinbrush.regions.inputs import Input
from twinbrush.sculpt.seen import SeenPerson, seen_person


def seen_portrait(given: Input) -> SeenPerson:
    """Returns what a picture's portrait shows. Raises BadMask."""
    return seen_person(
        given.picture.pixels, given.face, mask=given.mask, labels=given.labels, others=given.others)
