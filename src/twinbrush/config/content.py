"""What goes in and how it is seen: faces, portrait, mesh files, views, the style's alignment, objects' keypoints."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from twinbrush.config.form import ShapeConfig


@dataclass(frozen=True)
class FaceConfig:
    """How the face is found in one image (photo or style)."""

    face: int | None = None
    """Which face to use when several are found (0 is the best)."""
    box: tuple[float, float, float, float] | None = None
    """x0 y0 x1 y1 of the face in pixels, instead of detection."""
    clicks: tuple[float, ...] | None = None
    """x y of five points in pixels, instead of detection: left eye, right eye, nose tip, left and right mouth corner
    (left and right as seen in the picture)."""
    landmarks: Path | None = None
    """A text file of 68 landmarks, "x y" a line, in pixels, instead of detection."""
    mask: Path | None = None
    """An image that is white where the person is, instead of the automatic matte."""
    regions: Path | None = None
    """A picture of the regions in the legend's colours, obeyed exactly instead of what is found (inspect: what is found
    is written there, to be corrected by hand)."""


@dataclass(frozen=True)
class PortraitConfig:
    """Which faces are taken."""

    max_yaw_degrees: float = 45.0
    """A face turned farther than this is refused."""
    warn_yaw_degrees: float = 30.0
    """A face turned farther than this is warned about."""
    min_face_px: float = 80.0
    """A face smaller than this (forehead to chin) is refused."""


Axis = Literal["auto", "x", "-x", "y", "-y", "z", "-z"]


@dataclass(frozen=True)
class MeshConfig:
    """How a mesh file is understood (see docs/conventions.md for what "auto" decides)."""

    up: Axis = "auto"
    """Which axis of the mesh file points up (auto: y, or z where the mesh stands on z = 0)."""
    forward: Axis = "auto"
    """Which axis of the mesh file points to the viewer, its front (auto: z, or -y where z is up)."""
    unit: Literal["auto", "mm", "cm", "m"] = "auto"
    """The unit of the mesh file (auto: metres in glTF, else guessed by the size)."""


@dataclass(frozen=True)
class ViewsConfig:
    """The stereo rig (paper, III.A)."""

    size: int = 512
    """Width and height of each view in pixels (128 to 2048)."""
    half_angle_degrees: float = 8.0
    """Each camera stands this far left or right of straight ahead (3 to 20; 7.5 to 10 is best)."""
    views: int = 0
    """Number of views: of a portrait 2 (0 is the same); of a mesh 2 (the paper's pair), or 3 to 64 all the way round
    (0: 8)."""
    angles: tuple[float, ...] = ()
    """Azimuths of a mesh's views in degrees from its front, instead of evenly around it."""


@dataclass(frozen=True)
class AlignConfig:
    """Style -> content: exaggeration and re-posing."""

    strength: float = ShapeConfig.strength
    """How far the shape goes to the style's proportions: 0 keeps the person's, 1 takes the style's (0 to 1.5)."""
    caricature: float = ShapeConfig.caricature
    """How much of the person's own deviation from an average head is kept (0.5 to 2; 1: all, 2: twice as much)."""
    hair_shape: float = ShapeConfig.hair_shape
    """How far the silhouette of the hair follows the style's (0 to 1)."""
    facets: int = ShapeConfig.facets
    """Cut the figure in planes, as cubists do: about so many on the head (0: none, at most 600; try 140)."""
    repose: bool = True
    """Turn the style's head to the content's pose through its own relief."""
    mirror_from_degrees: float = 15.0
    """Beyond this yaw gap the re-posed style's hidden side is completed by its mirror image."""


@dataclass(frozen=True)
class ObjectConfig:
    """Which points of an object (any mesh that is no head) belong to which of the style."""

    keypoints: Literal["auto", "contours", "buddies"] = "auto"
    """How they are found: contours (silhouettes), buddies (Neural Best-Buddies, see --keypoint-weights), or what
    fits."""
    pairs: Path | None = None
    """A JSON file of your own pairs instead: {"pairs": [{"content": [x, y], "style": [x, y]}, ...]}, in pixels."""
    keypoint_weights: Path | None = None
    """VGG-19's weights for buddies (safetensors, or torchvision's .pth)."""
    keypoint_count: int = 32
    """How many pairs are looked for."""
    least_keypoints: int = 6
    """With fewer than these the method is given up and the next one tried."""
    max_turn_degrees: float = 30.0
    """How far the style's object may be tilted in the picture against ours."""
    mirror_style: bool = True
    """The style's object may be looked at in a mirror (it faces left, ours right)."""
    interior_keypoints: int = 0
    """How many pairs inside the silhouette are interpolated from those on it."""
