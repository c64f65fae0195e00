"""Every option, its default and its help text: the only place where defaults live (the CLI is made from these classes).

The string below a field is its help text. Presets are plain Python objects at the end of the file.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

import tyro

from twinbrush.errors import BadOption


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


@dataclass(frozen=True)
class PortraitConfig:
    """Photo -> 3D portrait."""

    max_yaw_degrees: float = 45.0
    """A face turned farther than this is refused."""
    warn_yaw_degrees: float = 30.0
    """A face turned farther than this is warned about."""
    min_face_px: float = 80.0
    """A face smaller than this (forehead to chin) is refused."""
    grid: int = 384
    """Samples of the relief along each side of the crop."""


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

    strength: float = 1.0
    """How far the shape goes to the style's proportions: 0 keeps the person's, 1 takes the style's (0 to 1.5)."""
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


@dataclass(frozen=True)
class ObjectiveConfig:
    """The joint objective over all views (content, style, colour, disparity)."""

    sizes: tuple[int, ...] = (64, 128, 256)
    """Heights of the views in pixels, coarse to fine."""
    steps: tuple[int, ...] = (50, 40, 32)
    """Steps at each size."""
    rate: float = 0.006
    """Step size at the start of each size; it falls to a tenth."""
    content_weight: float = 0.5
    """Weight of the content's self-similarity (at identity 0.5; 2.5 times that at identity 1)."""
    moment_weight: float = 1.0
    """Weight of the features' means and deviations."""
    colour_weight: float = 2.0
    """Weight of the palette."""
    disparity_weight: float = 10.0
    """Weight of the difference between the views at the same surface points."""
    position_weight: float = 2.0
    """Cost of taking style from another place of the face, per squared face height."""
    feature_emphasis: float = 4.0
    """How much more that costs on eyes, brows, lips and nose."""
    region_weight: float = 0.3
    """Cost of taking style from another region (skin, hair, cloth)."""
    colour_guide: float = 0.5
    """Share of these costs in the palette's matching."""
    content_samples: int = 1024
    """Places of each view that are compared with the style in a step."""
    style_samples: int = 2500
    """Places of the style that take part in a step."""
    similarity_samples: int = 512
    """Places of each view whose self-similarity is compared in a step."""
    refine_steps: int = 8
    """Steps at full size after the patch synthesis (0: none)."""
    refine_rate: float = 0.0025
    """Step size at the start of these; it falls to a fifth."""
    chroma_anchor: float = 1.0
    """How strongly these steps keep the colours they started from."""


@dataclass(frozen=True)
class PaperConfig:
    """The paper's joint optimisation (Eq. 3-10): pictures and warps of all views learned together."""

    steps: Annotated[tuple[int, ...], tyro.conf.arg(name="paper.steps")] = (100, 80, 60)
    """Steps at each size, coarse to fine: the last size is the views' own, each one before it half as large (the
    published DST program: 150 150 150)."""
    optimizer: Annotated[Literal["sgd", "adam"], tyro.conf.arg(name="paper.optimizer")] = "sgd"
    """sgd: as in the paper. adam: faster at small detail."""
    rate: Annotated[float, tyro.conf.arg(name="paper.rate")] = 0.001
    """Step size of the pictures (adam: 0.006 is good)."""
    theta_rate: Annotated[float, tyro.conf.arg(name="paper.theta-rate")] = 0.3
    """Step size of the warps' keypoints (published: 0.3)."""
    alpha: Annotated[float, tyro.conf.arg(name="paper.alpha")] = 8.0
    """Weight of the content at full size; doubled at each coarser one."""
    alpha_unit: Annotated[float, tyro.conf.arg(name="paper.alpha-unit")] = 0.0625
    """What one unit of alpha counts. 1: to the letter, for features up to relu5_3; features that end at relu3_2 see
    colour as content, and at 1 they would keep the photo as it is."""
    beta: Annotated[float, tyro.conf.arg(name="paper.beta")] = 0.5
    """Weight of the keypoints' distance to their targets."""
    gamma: Annotated[float, tyro.conf.arg(name="paper.gamma")] = 50.0
    """Weight of the warp's total variation."""
    delta: Annotated[tuple[float, float], tyro.conf.arg(name="paper.delta")] = (1.0, 3.0)
    """Weights of each view's own loss (delta 1 and 2) and of the disparity between the views (delta 3)."""
    start: Annotated[Literal["content", "matched"], tyro.conf.arg(name="paper.start")] = "content"
    """What the optimisation starts from: the photo's views (paper), or the same in the style's palette."""
    keypoints: Annotated[Literal["solid", "style"], tyro.conf.arg(name="paper.keypoints")] = "solid"
    """Targets of the keypoints. style: the style's own, perspective-transformed (Eq. 10 to the letter: all of them lie
    on one plane, which flattens the face); solid: the projections of landmarks moved in 3D."""
    content_samples: Annotated[int, tyro.conf.arg(name="paper.content-samples")] = 768
    """Places of each picture compared with the style in a step (published: 2048)."""
    style_samples: Annotated[int, tyro.conf.arg(name="paper.style-samples")] = 2500
    """Places of the style that take part in a step (published: 5000)."""
    similarity_samples: Annotated[int, tyro.conf.arg(name="paper.similarity-samples")] = 512
    """Places of each view whose self-similarity is compared in a step (published: 2048)."""
    moment_channels: Annotated[int, tyro.conf.arg(name="paper.moment-channels")] = 256
    """Features whose covariances are compared in a step, drawn at random (0: all)."""
    turns: Annotated[bool, tyro.conf.arg(name="paper.turns")] = True
    """A step looks at one of each view's two pictures (unwarped, warped), with double weight, the next step at the
    other; off: every step looks at both."""
    crop: Annotated[int, tyro.conf.arg(name="paper.crop")] = 160
    """Side in pixels of the random window that the network sees in a step (0: the whole picture)."""


@dataclass(frozen=True)
class StylizeConfig:
    """Views + style -> stylized views."""

    method: Literal["hybrid", "guided", "paper"] = "hybrid"
    """Which engine paints: hybrid (trained features lead, patches of the style finish), guided (patches only), or the
    paper's joint optimisation of pictures and warps."""
    style_strength: float = 1.0
    """How much of the style's brushwork and colour is taken: 0 keeps the photo, 1 is all style."""
    identity: float = 0.5
    """How strictly the person's own shading and features lead the painting (0: free, 1: strict)."""
    keep_colours: bool = False
    """Keep the photo's colours and take only the style's brushwork."""
    extractor: Literal["student", "vgg16", "vgg19-low", "filters"] = "student"
    """Which network sees likeness (hybrid, paper): the built-in one, VGG weights (see `twinbrush models list` and
    --weights), or plain filters."""
    weights: Path | None = None
    """A file with the weights of vgg16 or vgg19-low, instead of the model cache's."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the objective runs: auto takes a CUDA GPU where there is one."""
    threads: int = 1
    """Threads of the objective on the CPU (1 to 64). 2 shortens runs with VGG on free cores; each number has its own
    last digits."""
    guidance: bool = True
    """Paper: match eyes with eyes and hair with hair (off: the plain relaxed earth mover's distance)."""
    ablation: Literal["both", "none", "perspective", "disparity"] = "both"
    """Paper, Fig. 3: which of its two ideas are at work, the style's perspective transform and the disparity loss."""
    paper: PaperConfig = field(default_factory=PaperConfig)
    objective: tyro.conf.Suppress[ObjectiveConfig] = field(default_factory=ObjectiveConfig)


@dataclass(frozen=True)
class ReconstructConfig:
    """Stylized views -> stylized mesh."""

    shape: Literal["blend", "paper", "direct"] = "blend"
    """blend: x, y triangulated, depth mostly from the direct 3D deformation, displacement smoothed; paper: plain
    triangulation and Taubin smoothing; direct: 3D deformation of the landmarks only."""
    depth_from_triangulation: float = 0.25
    """Share of the triangulated depth in `blend`."""
    texture_size: int = 2048
    """Width and height of the texture in pixels (256 to 8192)."""


@dataclass(frozen=True)
class ExportConfig:
    """Which files are written."""

    back: bool = True
    """Give the portrait the back of a whole head, so that it can be seen from every side (off: the open relief)."""
    stl: bool = False
    """Also write a watertight bust as STL (for printing)."""
    threemf: bool = False
    """Also write the watertight bust as 3MF."""
    print_height_mm: float = 100.0
    """Height of the printed bust in mm."""
    still_size: int = 768
    """Width and height of the stills in pixels."""
    turntable: bool = True
    """Write the turntable animation."""
    turntable_frames: int = 24
    """Number of frames of the turntable."""


@dataclass(frozen=True)
class Config:
    """All options of `twinbrush stylize`."""

    photo_face: tyro.conf.OmitArgPrefixes[FaceConfig] = field(default_factory=FaceConfig)
    style_face: Annotated[FaceConfig, tyro.conf.arg(name="style")] = field(default_factory=FaceConfig)
    portrait: tyro.conf.OmitArgPrefixes[PortraitConfig] = field(default_factory=PortraitConfig)
    mesh: tyro.conf.OmitArgPrefixes[MeshConfig] = field(default_factory=MeshConfig)
    views: tyro.conf.OmitArgPrefixes[ViewsConfig] = field(default_factory=ViewsConfig)
    align: tyro.conf.OmitArgPrefixes[AlignConfig] = field(default_factory=AlignConfig)
    objects: tyro.conf.OmitArgPrefixes[ObjectConfig] = field(default_factory=ObjectConfig)
    stylize: tyro.conf.OmitArgPrefixes[StylizeConfig] = field(default_factory=StylizeConfig)
    reconstruct: tyro.conf.OmitArgPrefixes[ReconstructConfig] = field(default_factory=ReconstructConfig)
    export: tyro.conf.OmitArgPrefixes[ExportConfig] = field(default_factory=ExportConfig)
    seed: int = 0
    """Seed of every random choice: the same seed on the same machine gives the same bytes."""


DEFAULT = Config()
FAST = replace(
    DEFAULT,
    portrait=replace(DEFAULT.portrait, grid=256),
    views=replace(DEFAULT.views, size=256),
    stylize=replace(DEFAULT.stylize, method="guided"),
    reconstruct=replace(DEFAULT.reconstruct, texture_size=1024),
    export=replace(DEFAULT.export, turntable=False, still_size=512),
)
FINE = replace(
    DEFAULT,
    views=replace(DEFAULT.views, size=1024),
    reconstruct=replace(DEFAULT.reconstruct, texture_size=4096),
)
PRESETS: dict[str, Config] = {"fast": FAST, "default": DEFAULT, "fine": FINE}


# Allowed ranges, both ends included: (section, field, lowest, highest).
LIMITS: tuple[tuple[str, str, float, float], ...] = (
    ("views", "size", 128, 2048),
    ("views", "half_angle_degrees", 3, 20),
    ("views", "views", 0, 64),
    ("align", "strength", 0, 1.5),
    ("stylize", "style_strength", 0, 1),
    ("stylize", "identity", 0, 1),
    ("stylize", "threads", 1, 64),
    ("reconstruct", "depth_from_triangulation", 0, 1),
    ("reconstruct", "texture_size", 256, 8192),
    ("portrait", "grid", 64, 1024),
    ("portrait", "min_face_px", 20, 4096),
    ("portrait", "max_yaw_degrees", 0, 60),
    ("portrait", "warn_yaw_degrees", 0, 60),
    ("align", "mirror_from_degrees", 0, 90),
    ("objects", "keypoint_count", 8, 200),
    ("objects", "least_keypoints", 3, 60),
    ("objects", "max_turn_degrees", 0, 180),
    ("objects", "interior_keypoints", 0, 100),
    ("export", "print_height_mm", 10, 1000),
    ("export", "still_size", 128, 2048),
    ("export", "turntable_frames", 4, 360),
)


def check(config: Config) -> None:
    """Raise BadOption for the first value outside its range (NaN included)."""
    for section, name, lowest, highest in LIMITS:
        value = getattr(getattr(config, section), name)
        if not lowest <= value <= highest:
            option = "--" + name.replace("_", "-")
            raise BadOption(f"{option} {value}: out of range.", f"Give a value from {lowest} to {highest}.")
    if not 0 <= config.seed < 2**31:
        raise BadOption(f"--seed {config.seed}: out of range.", f"Give a whole number from 0 to {2**31 - 1}.")
