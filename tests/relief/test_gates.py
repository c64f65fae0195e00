from __future__ import annotations

import numpy as np
from scipy.spatial import KDTree

from figures import small_figure
from twinbrush.faces import indices
from twinbrush.paint.surface import surface_of_figure
from twinbrush.relief.gates import ON_LIPS, marked
from twinbrush.sculpt.template import template


def test_lids_plinth_and_the_mouths_inside_carry_nothing_and_lips_a_little() -> None:
    figure = small_figure()
    surface = surface_of_figure(figure)
    marks = marked(figure, surface)
    points, head = surface.mesh.vertices, surface.of("Head")
    lids = KDTree(figure.landmarks_xyz[[*indices.EYE_LEFT, *indices.EYE_RIGHT]]).query(points)[0]
    assert (marks.gate[head & (lids < 1.5)] == 0).all()
    assert (marks.gate[surface.plinth >= 1] == 0).all()
    model = template()
    inside = np.flatnonzero(head)[: len(model.layout.origin)][model.labels[model.layout.origin] >= 4]
    assert (marks.gate[inside] == 0).all()
    lips = KDTree(figure.landmarks_xyz[list(indices.LIPS_OUTER)]).query(points)[0]
    near = head & (lips < 1) & (marks.gate > 0)
    assert near.any()
    assert (marks.gate[near] <= ON_LIPS + 1e-6).all()
    assert (marks.gate[surface.of("Hair")] == 1).all()
    assert 0.5 < marks.gate[head].mean() < 1


def test_head_and_bust_are_one_surface_and_hair_another() -> None:
    surface = surface_of_figure(small_figure())
    group = marked(small_figure(), surface).group
    head, hair, bust = (set(group[surface.of(name)]) for name in ("Head", "Hair", "Bust"))
    assert head == bust
    assert head != hair
