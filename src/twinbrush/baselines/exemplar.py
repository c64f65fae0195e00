"""A rival in the manner of EPS: Han, Ye, Wang et al., Exemplar-Based 3D Portrait Stylization, TVCG 2021.

Its three steps, each in its plainest form: the style's landmarks are carried to the head without hair; a Laplacian
deformation lets the head follow them (Sorkine et al., Laplacian Surface Editing, SGP 2004); the texture is optimised
over several views for the style's features. What it lacks of EPS: the learned translation of landmarks between photos
and portraits (20 hours of training; here the style's own landmarks are taken, so that the person's are lost), its head
model, and its texture space's own losses. EPS's published pair is the reference where the user has it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy import sparse
from torch import Tensor

from twinbrush.base.camera import Camera
from twinbrush.base.mesh import Mesh
from twinbrush.baselines.edges import drawn_mesh
from twinbrush.baselines.strotss import LAST, RATE, Report
from twinbrush.baselines.terms import Task, colours_at, content_at, make_task, style_term
from twinbrush.config.rivals import RivalConfig
from twinbrush.export.stills import framed_cameras
from twinbrush.faces.values import Face
from twinbrush.maths.linear import factorised
from twinbrush.maths.similarity import weighted_similarity
from twinbrush.maths.surface import cotangent_laplacian
from twinbrush.paint.adam import Adam
from twinbrush.paint.features import Extractor
from twinbrush.paint.features.hypercolumns import hypercolumns
from twinbrush.paint.paper.dst_keypoints import LANDMARKS
from twinbrush.paint.pyramid import resized
from twinbrush.sculpt.values import Figure, Template
from twinbrush.shape.figure import Shape, face_part, figure_eyes, head_at, person_head, with_shape
from twinbrush.shape.unfold import Unfolder, kept_apart

BARE = ("Head", "EyeLeft", "EyeRight", "Teeth")  # EPS has neither hair nor bust
HOLD = 30.0  # how strictly a landmark is followed, against the bending of its neighbourhood
STILL = 1e-4  # how strictly every vertex stays where it is: settles the back of the head
VIEWS_DEGREES = (-45.0, 0.0, 45.0)
COARSER = 2  # texels of the atlas a learned one


def wanted_landmarks(model: Template, own: Float[np.ndarray, "468 3"], style: Face) -> Float[np.ndarray, "468 3"]:
    """Returns the style's landmarks on the person's head: from the front as the style has them, as deep as they were.

    own: the person's on the surface, mm. What the network sees beside the surface of an average head is taken off.
    """
    upright = (style.landmarks * [1, -1, -1]) @ style.rotation
    middle = model.landmarks(np.asarray(model.mean, float))[:, :2]
    seen = np.asarray(model.regression.observed_mean, float)[:, :2]
    even = np.ones(len(own))
    goal = weighted_similarity(upright[:, :2], seen, even).apply(upright[:, :2]) - seen + middle
    laid = weighted_similarity(goal, own[:, :2], even).apply(goal)
    return np.concatenate([laid, own[:, 2:]], 1)


def deformed(
    model: Template, vertices: Float[np.ndarray, "n 3"], wanted: Float[np.ndarray, "468 3"]
) -> Float[np.ndarray, "n 3"]:
    """Returns the head whose landmarks follow, every vertex keeping its Laplacian as well as it can.

    Least squares of |L (x - x0)|^2 + HOLD |landmarks(x) - wanted|^2 + STILL |x - x0|^2.
    """
    stiffness, areas = cotangent_laplacian(vertices, model.triangles)
    bending = stiffness @ sparse.diags(1 / areas) @ stiffness
    chosen = list(LANDMARKS)
    corners, shares = model.landmark_corners[chosen], model.landmark_weights[chosen]
    rows = np.repeat(np.arange(len(chosen)), 3)
    pick = sparse.csr_matrix((shares.ravel(), (rows, corners.ravel())), shape=(len(chosen), len(vertices)))
    system = bending + HOLD * pick.T @ pick + STILL * sparse.diags(areas)
    gap = wanted[chosen] - pick @ vertices
    return vertices + factorised(system).solve(HOLD * (pick.T @ gap))


def shaped(model: Template, figure: Figure, style: Face) -> Figure:
    """Returns the bare head, eyes and teeth of a figure in the style's proportions; what follows the skin follows it as
    in our own figures."""
    bare = replace(figure, parts=tuple(part for part in figure.parts if part.name in BARE))
    person, eyes = person_head(model, bare), figure_eyes(bare)
    goal = deformed(model, person.vertices, wanted_landmarks(model, model.landmarks(person.vertices), style))
    head = head_at(model, person, eyes, Unfolder(person.vertices, kept_apart()), goal)
    parts = tuple(face_part(model, part, eyes, head) for part in bare.parts)
    return with_shape(model, bare, Shape(parts, head.vertices, head.eyes, head.crossing))


@dataclass(frozen=True)
class _View:
    """A camera, the photo's colours seen by it, and where the head is."""

    camera: Camera
    task: Task
    covered: Bool[np.ndarray, "h w"]


def paint_texture(
    mesh: Mesh, style: Float[Tensor, "1 3 h w"], extractor: Extractor, config: RivalConfig, unit: float, *, seed: int,
    report: Report,
) -> Float[np.ndarray, "a b 3"]:
    """Returns the mesh's texture in the style, optimised over all views in turns. unit: of alpha (terms.py)."""
    assert mesh.uv is not None
    assert mesh.texture is not None
    generator, size = torch.Generator().manual_seed(seed), style.shape[-1]
    photo = torch.from_numpy(np.ascontiguousarray(mesh.texture, np.float32)).permute(2, 0, 1)[None]
    height, width = photo.shape[-2:]
    change = torch.zeros(1, 3, max(height // COARSER, 1), max(width // COARSER, 1)).requires_grad_()
    vertices, ground = torch.from_numpy(np.ascontiguousarray(mesh.vertices, np.float32)), style.mean((0, 2, 3))
    views: list[_View] = []
    for camera in framed_cameras(mesh, VIEWS_DEGREES, size):
        with torch.no_grad():
            seen = drawn_mesh(camera, vertices, mesh.faces, mesh.uv, photo, ground)
        covered = (seen - ground).abs().sum(2).numpy() > 0
        counts = config.content_samples, config.style_samples
        task = make_task(extractor, seen.permute(2, 0, 1)[None], style, unit * config.exemplar_alpha, counts, generator)
        views.append(_View(camera, task, covered))
    optimizer = Adam([change])
    for step in range(config.exemplar_steps):
        view = views[step % len(views)]
        texture = (photo + resized(change, height, width)).clamp(0, 1)
        image = drawn_mesh(view.camera, vertices, mesh.faces, mesh.uv, texture, ground).permute(2, 0, 1)[None]
        inside = torch.from_numpy(np.flatnonzero(view.covered))
        pixels = inside[torch.randperm(len(inside), generator=generator)[: view.task.counts[0]]]
        columns = hypercolumns(view.task.extractor(image), pixels, size, size)
        loss = style_term(columns, colours_at(image, pixels), view.task) + view.task.alpha * content_at(
            columns, view.task, pixels, image.shape[-2:])
        rate = 2 * RATE * (1 - (1 - LAST) * step / max(config.exemplar_steps - 1, 1))
        optimizer.step(torch.autograd.grad(loss, [change]), rate)
        report(step + 1, config.exemplar_steps, float(loss.detach()))
    with torch.no_grad():
        texture = (photo + resized(change, height, width)).clamp(0, 1)
    return np.ascontiguousarray(texture[0].permute(1, 2, 0).numpy())
