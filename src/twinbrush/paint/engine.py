"""One interface for all painting engines: the method's name in the configuration chooses who paints."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from twinbrush.align.values import AlignedStyle
from twinbrush.base.errors import BadOption
from twinbrush.base.progress import Progress, ignore
from twinbrush.config import StylizeConfig
from twinbrush.paint.stylization import Stylization
from twinbrush.views.values import ViewSet

Engine = Callable[..., Stylization]

ENGINES: dict[str, str] = {
    "hybrid": "twinbrush.paint.hybrid:paint_hybrid",
    "guided": "twinbrush.paint.guided.paint:paint_guided",
    "paper": "twinbrush.paint.paper.dst:paint_paper",
}
"""method -> "module:function" (imported when first used) with the signature of `stylize`."""


def check_engine(config: StylizeConfig) -> str | None:
    """The sha256 of the weights that the engine will use (None: it uses none), before any work is done.

    Raises BadOption (no such device) and ModelFileError (missing weights).
    """
    if config.method == "guided":
        return None
    # These import torch: only now.
    from twinbrush.paint.device import choose_compute
    from twinbrush.paint.features.load import weights_sha256

    choose_compute(config.device)
    return weights_sha256(config.extractor, config.weights)


def stylize(
    views: ViewSet, aligned: AlignedStyle, config: StylizeConfig, *, seed: int, progress: Progress = ignore
) -> Stylization:
    """Paint all views of the content in the style, in the warped frame.

    The same seed on the same machine gives the same bytes. Raises BadOption for an unknown method or a strength out of
    range.

    Example:
        result = stylize(views, aligned, StylizeConfig(identity=0.7), seed=0)
        result.images  # (N, H, W, 3), 0..1
    """
    if config.method not in ENGINES:
        raise BadOption(f"Unknown method {config.method!r}.", f"Choose one of: {', '.join(ENGINES)}.")
    for name, value in (("style_strength", config.style_strength), ("identity", config.identity)):
        if not 0 <= value <= 1:
            raise BadOption(f"{name} is {value}, but must lie in 0 to 1.", f"Give --stylize.{name} between 0 and 1.")
    module, function = ENGINES[config.method].split(":")
    engine: Engine = getattr(import_module(module), function)
    return engine(views, aligned, config, seed=seed, progress=progress)
