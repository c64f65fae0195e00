"""What this room hands on: Template, HeadFit, Figure."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from twinbrush.base.camera import Camera
from twinbrush.base.mesh import Mesh

FACE, SKULL, EAR, NECK, MOUTH_BAG, SOCKET_LEFT, SOCKET_RIGHT = range(7)
"""Labels of the template's vertices; left and right as seen in the picture."""


@dataclass(frozen=True)
class TextureLayout:
    """Where a part lies in the atlas.

    uv: (u, 2) in 0..1, (0, 0) at the bottom left.
    origin: (u,) the mesh vertex that each texture vertex is (a copy of).
    triangles: (t, 3) in texture vertices.
    """

    uv: Float[np.ndarray, "u 2"]
    origin: Int[np.ndarray, "u"]
    triangles: Int[np.ndarray, "t 3"]


@dataclass(frozen=True)
class Expressions:
    """ARKit's expressions.

    names: ARKit's; `Left` is the person's left (x > 0).
    twins: (e,) number of the mirror image.
    offsets: (e, n, 3) mm, of the head's vertices.
    mouth_maps: (e, 2, 4, 3) affine offsets of what hangs on the skull, and on the jaw: [x y z 1] @ map, mm.
    """

    names: tuple[str, ...]
    twins: Int[np.ndarray, "e"]
    offsets: Float[np.ndarray, "e n 3"]
    mouth_maps: Float[np.ndarray, "e 2 4 3"]


@dataclass(frozen=True)
class MouthParts:
    """Gums, tongue and teeth, one mesh.

    mean: (m, 3) mm. modes: (k, 2, 4, 3) affine offsets per identity mode (on the skull, on the jaw).
    jaw: (m,) 0 moves with the skull, 1 with the jaw. labels: (m,) 0 gums and tongue, 1 upper, 2 lower teeth.
    """

    mean: Float[np.ndarray, "m 3"]
    modes: Float[np.ndarray, "k 2 4 3"]
    jaw: Float[np.ndarray, "m"]
    labels: UInt8[np.ndarray, "m"]
    layout: TextureLayout


@dataclass(frozen=True)
class Regression:
    """The regression from upright landmarks to coefficients (identity modes, then expressions but for eyeLook*).

    observed_mean (468, 3), weights (1404, c), mean (c,), doubt (c, c): covariance of what true coefficients are off.
    offset (468, 2): where the network sees a landmark beside its place on the surface, head's x and y, mm.
    sigma (468,): standard deviation about that, mm.
    """

    observed_mean: Float[np.ndarray, "468 3"]
    weights: Float[np.ndarray, "1404 c"]
    mean: Float[np.ndarray, "c"]
    doubt: Float[np.ndarray, "c c"]
    offset: Float[np.ndarray, "468 2"]
    sigma: Float[np.ndarray, "468"]


@dataclass(frozen=True)
class Template:
    """Our head: 63 mm between the middles of the eyes' corners, origin between them, y up, looking along +z.

    mean (n, 3) mm; modes (k, n, 3) mm at one standard deviation, `symmetric` symmetric ones first, then
    antisymmetric ones; mirror (n,); quads (q, 4), a triangle repeating its last corner, counter-clockwise; labels (n,).
    landmark_corners, landmark_weights (468, 3): the landmarks on the surface.
    eyes_mean (2, 4), eyes_modes (k, 2, 4): centre and radius of the eyeballs, mm, left in the picture first.
    """

    mean: Float[np.ndarray, "n 3"]
    modes: Float[np.ndarray, "k n 3"]
    symmetric: int
    mirror: Int[np.ndarray, "n"]
    quads: Int[np.ndarray, "q 4"]
    triangles: Int[np.ndarray, "t 3"]
    labels: UInt8[np.ndarray, "n"]
    layout: TextureLayout
    landmark_corners: Int[np.ndarray, "468 3"]
    landmark_weights: Float[np.ndarray, "468 3"]
    eyes_mean: Float[np.ndarray, "2 4"]
    eyes_modes: Float[np.ndarray, "k 2 4"]
    mouth: MouthParts
    expressions: Expressions
    regression: Regression

    @property
    def fitted_expressions(self) -> Int[np.ndarray, "_"]:
        """Numbers of the expressions that the fit (and the regression) knows: the eyes turn by themselves."""
        return np.array([i for i, name in enumerate(self.expressions.names) if not name.startswith("eyeLook")])

    def landmarks(self, values: Float[np.ndarray, "*s n c"]) -> Float[np.ndarray, "*s 468 c"]:
        """The landmarks of a head, or any other attribute of its vertices there."""
        return (values[..., self.landmark_corners, :] * self.landmark_weights[..., None]).sum(-2)


@dataclass(frozen=True)
class HeadFit:
    """The template on one photo.

    camera: the photo's, in the HEAD's frame (upright, origin between the eyes, 63 mm): project(camera, vertices).
    identity (k,), expression (e,): coefficients. uncorrected (n, 3), vertices (n, 3): before and after the correction.
    visible (468,) 0..1: how well each landmark is seen. targets_xy (468, 2): where the surface's landmarks shall lie,
    pixels. seen_xy (468, 2): where the landmarks were seen (lids and lips as the fit takes them), pixels.
    pixels_per_mm: at the eyes. eye_growth: how many times as large as the template's the eyeballs are.
    """

    camera: Camera
    identity: Float[np.ndarray, "k"]
    expression: Float[np.ndarray, "e"]
    uncorrected: Float[np.ndarray, "n 3"]
    vertices: Float[np.ndarray, "n 3"]
    visible: Float[np.ndarray, "468"]
    targets_xy: Float[np.ndarray, "468 2"]
    pixels_per_mm: float
    seen_xy: Float[np.ndarray, "468 2"] = field(default_factory=lambda: np.zeros((468, 2)))
    eye_growth: float = 1.0


@dataclass(frozen=True)
class Eyeball:
    """One eye: centre (3,) and radius, mm, head's frame; gaze (3,): unit vector along which it looks."""

    centre: Float[np.ndarray, "3"]
    radius: float
    gaze: Float[np.ndarray, "3"]


Morphs = dict[str, tuple[Int[np.ndarray, "_"], Float[np.ndarray, "_ 3"]]]
"""Sparse morph targets: ARKit's name -> (vertices, offsets in mm)."""


@dataclass(frozen=True)
class Part:
    """One node of the figure.

    mesh: in the head's frame, mm; uv in the figure's common atlas.
    pivot: (3,) mm, what it turns about. turn: (3, 3), how it is turned at rest (an eye looks along its own z).
    targets: ARKit's name -> (vertices, offsets mm): sparse morph targets.
    plinth: (n,) where it is the socle or the cut surface below, 0..1; None: nowhere.
    facets: (f,) number of the plane that each triangle lies in, -1 for none; None: the part is not cut in planes.
    """

    name: str
    mesh: Mesh
    pivot: Float[np.ndarray, "3"]
    turn: Float[np.ndarray, "3 3"] = field(default_factory=lambda: np.eye(3))
    targets: Morphs = field(default_factory=dict)
    plinth: Float[np.ndarray, "n"] | None = None
    facets: Int[np.ndarray, "f"] | None = None


@dataclass(frozen=True)
class Surroundings:
    """The photo about the head, wide enough for long hair and shoulders.

    image (h, w, 3) RGB 0..1; labels (h, w) of `regions.Label`; confidence (h, w) 0..1 of the label; inside (h, w): the
    photo reaches here (beyond its border the labels are GROUND). camera: of this picture, in the head's frame.
    pixels_per_mm: at the eyes.
    """

    image: Float[np.ndarray, "h w 3"]
    labels: UInt8[np.ndarray, "h w"]
    confidence: Float[np.ndarray, "h w"]
    inside: Bool[np.ndarray, "h w"]
    camera: Camera
    pixels_per_mm: float


@dataclass(frozen=True)
class Solid:
    """One closed body of the figure beside the head: hair, beard, headwear, bust.

    name: of its node. vertices (n, 3): head's frame, mm. triangles (t, 3): counter-clockwise from outside.
    strands (n, 3): unit tangents along the strands (zero where there are none), or None.
    relief (n,): how high the surface stands over the mass below it, -1..1: locks are lighter than the furrows between.
    bare (n,): where it is the person's skin (the bust above its clothes), 0..1; None: nowhere.
    plinth (n,): where it is the socle or the cut surface below, 0..1; None: nowhere.
    """

    name: str
    vertices: Float[np.ndarray, "n 3"]
    triangles: Int[np.ndarray, "t 3"]
    strands: Float[np.ndarray, "n 3"] | None = None
    relief: Float[np.ndarray, "n"] | None = None
    bare: Float[np.ndarray, "n"] | None = None
    plinth: Float[np.ndarray, "n"] | None = None


@dataclass(frozen=True)
class Figure:
    """A person, sculpted: parts with one texture atlas (h, w, 3), sRGB 0..1.

    landmarks_xyz (468, 3): on the head's surface, mm. camera: the photo's, in the head's frame.
    """

    parts: tuple[Part, ...]
    texture: Float[np.ndarray, "h w 3"]
    landmarks_xyz: Float[np.ndarray, "468 3"]
    camera: Camera
    fit: HeadFit
    warnings: tuple[str, ...] = ()

    def whole(self) -> Mesh:
        """All parts as one mesh."""
        from twinbrush.sculpt.assemble import joined

        return joined(self.parts, self.texture)
