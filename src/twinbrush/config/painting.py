"""Views + style -> stylized views: the engines, the joint objective, the paper's optimisation."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import tyro

from twinbrush.config.rivals import RivalConfig


@dataclass(frozen=True)
class ObjectiveConfig:
    """The joint objective over all views (content, style, colour, disparity)."""

    sizes: tuple[int, ...] = (64, 128, 256)
    """Heights of the views in pixels, coarse to fine."""
    steps: tuple[int, ...] = (40, 30, 10)
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
    content_samples: int = 640
    """Places of each view that are compared with the style in a step."""
    style_samples: int = 1400
    """Places of the style that take part in a step."""
    similarity_samples: int = 512
    """Places of each view whose self-similarity is compared in a step."""
    refine_steps: int = 5
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
class RingConfig:
    """Where a figure is painted from after its stereo pair, and how."""

    waves: tuple[tuple[tuple[float, float], ...], ...] = (((0, 0), (70, 0), (-70, 0), (0, 62)), ((150, 0), (-150, 0)))
    """Azimuths and elevations in degrees, wave by wave: each wave continues what the ones before have painted. (0, 0)
    paints the chest below the pair's pictures."""
    scale: float = 0.8
    """Pixels per mm of the ring's pictures, as a share of the pair's."""
    lead_sizes: tuple[int, ...] = (64, 128)
    """Heights in pixels at which the joint objective leads a wave, coarse to fine."""
    lead_steps: tuple[int, ...] = (30, 24)
    """Steps at each of these heights."""


@dataclass(frozen=True)
class StylizeConfig:
    """Views + style -> stylized views."""

    method: Literal["hybrid", "guided", "paper", "nst", "strotss", "dst", "flat", "nmr", "exemplar"] = "hybrid"
    """Which engine paints: hybrid (trained features lead, patches of the style finish), guided (patches only), or the
    paper's joint optimisation of pictures and warps. The others are its rivals (docs/evaluation.md)."""
    style_strength: float = 1.0
    """How much of the style's brushwork and colour is taken: 0 keeps the photo, 1 is all style."""
    identity: float = 0.5
    """How strictly the person's own shading and features lead the painting (0: free, 1: strict)."""
    skin: Literal["person", "style"] = "person"
    """person: a dark skin stays dark and grey hair light beside it, within the style's palette; style: the style's own
    colours as they are (a figure only)."""
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
    warm_start: bool = False
    """Paper: its warps start where the style's form takes the figure (off: at the person's own shape)."""
    ablation: Literal["both", "none", "perspective", "disparity"] = "both"
    """Paper, Fig. 3: which of its two ideas are at work, the style's perspective transform and the disparity loss."""
    paper: PaperConfig = field(default_factory=PaperConfig)
    objective: tyro.conf.Suppress[ObjectiveConfig] = field(default_factory=ObjectiveConfig)
    rivals: tyro.conf.Suppress[RivalConfig] = field(default_factory=RivalConfig)
    ring: tyro.conf.Suppress[RingConfig] = field(default_factory=RingConfig)
