"""What the rivals of `--method nst|strotss|dst|flat|nmr` do: their published numbers, where there are any."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RivalConfig:
    """Steps and weights of the baselines. Not on the command line: a rival is run as it was published."""

    nst_steps: int = 300
    """Steps of Gatys' style transfer at full size."""
    nst_style: float = 10.0
    """Weight of the Gram matrices against the content, both relative to the style's and the content's own size."""
    strotss_sizes: tuple[int, ...] = (64, 128, 256, 512)
    """Sides in pixels, coarse to fine; those larger than the views are left out."""
    strotss_steps: int = 200
    """Steps at each size (published: 200)."""
    strotss_alpha: float = 16.0
    """Weight of the content at the first size, halved at each finer one (published: 16)."""
    dst_sizes: tuple[int, ...] = (128, 256, 512)
    """Sides in pixels, coarse to fine (published: three sizes)."""
    dst_steps: int = 150
    """Steps at each size (published: 150)."""
    dst_alpha: float = 8.0
    """Weight of the content at the last size, doubled at each coarser one (published: 8)."""
    dst_beta: float = 0.5
    """Weight of the keypoints' distance to their targets (published: 0.5)."""
    dst_gamma: float = 50.0
    """Weight of the warp's total variation (published: 50)."""
    content_samples: int = 1024
    """Places compared in a step (published: 1024)."""
    style_samples: int = 2500
    """Places of the style that take part in a step."""
    nmr_steps: int = 1000
    """Steps of the neural mesh renderer, one picture each (its authors' program: 5000 of four)."""
    exemplar_steps: int = 300
    """Steps of the exemplar's texture, its views in turns."""
    exemplar_alpha: float = 4.0
    """Weight of the content against the style in it, as STROTSS counts it."""
    nmr_size: int = 224
    """Side in pixels of the pictures that it draws in a step."""
