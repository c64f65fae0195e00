"""Where tensors live and how precisely: decided once, said, kept. No CUDA machine is needed (and none was used).

torch's `meta` device stands in for a GPU: its tensors hold no numbers, do not mix with the CPU's, and cannot become
numpy arrays. Losses and networks run on it, forward and backward. Whole optimisation steps run on the CPU while `meta`
is the default device: a tensor made without naming a device lands there, and the step fails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from twinbrush.align.values import AlignedStyle
from twinbrush.base.errors import BadOption, ModelFileError
from twinbrush.base.progress import Step
from twinbrush.config import ObjectiveConfig, StylizeConfig
from twinbrush.paint.device import PLAIN, Compute, bf16_is_fast, choose_compute
from twinbrush.paint.engine import check_engine, stylize
from twinbrush.paint.features import load_extractor
from twinbrush.paint.features.hypercolumns import hypercolumns
from twinbrush.paint.losses.colour import colour_loss
from twinbrush.paint.losses.content import content_loss, content_loss_reference, self_similarity
from twinbrush.paint.losses.disparity import disparity_loss, disparity_of_pixels
from twinbrush.paint.losses.matching import Guide
from twinbrush.paint.losses.moments import moment_loss, moments
from twinbrush.paint.losses.relaxed_emd import relaxed_emd, relaxed_emd_of_units, unit
from twinbrush.paint.losses.total_variation import total_variation
from twinbrush.paint.losses.warp import warp_loss
from twinbrush.paint.objective import Objective, optimise_views, refine_views
from twinbrush.paint.problem import build_problem
from twinbrush.paint.pyramid import collapse, laplacian_pyramid
from twinbrush.views.values import ViewSet

SMALL = ObjectiveConfig(sizes=(32, 64), steps=(6, 6), content_samples=200, style_samples=300, similarity_samples=64)
HALF = Compute(torch.device("cpu"), half=True)
AWAY = torch.device("meta")


def test_cuda_is_taken_where_it_is_and_refused_where_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_compute("auto").device.type == "cpu"
    with pytest.raises(BadOption, match=r"no usable CUDA GPU.*--device auto or cpu"):
        choose_compute("cuda")
    with pytest.raises(BadOption, match="no usable CUDA GPU"):
        check_engine(StylizeConfig(device="cuda"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: not including_emulation)
    assert str(choose_compute("auto")) == "cuda, bfloat16"
    assert str(choose_compute("cuda")) == "cuda, bfloat16"
    assert choose_compute("cpu").device.type == "cpu"


def test_bfloat16_only_where_the_processor_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for features, expected in (({"amx_bf16": True}, True), ({"avx512_bf16": True, "amx_bf16": False}, False)):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda features=features: features)
        assert bf16_is_fast(torch.device("cpu")) is expected
        assert str(choose_compute("cpu")) == f"cpu, {'bfloat16' if expected else 'float32'}"
    assert not bf16_is_fast(torch.device("meta"))


def test_missing_weights_are_told_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINBRUSH_MODELS", str(tmp_path))
    with pytest.raises(ModelFileError, match="models fetch --vgg16"):
        check_engine(StylizeConfig(extractor="vgg16"))
    assert check_engine(StylizeConfig(extractor="filters")) is None
    assert check_engine(StylizeConfig(method="guided", extractor="vgg16")) is None


@pytest.mark.parametrize("name", ["student", "filters"])
def test_steps_make_every_tensor_where_the_others_are(views: ViewSet, aligned: AlignedStyle, name: str) -> None:
    extractor, images = load_extractor(name, half=True), views.images.astype(np.float32)
    config = replace(SMALL, steps=(1, 1), refine_steps=1)
    with torch.device("meta"):
        lead = optimise_views(images, views, aligned, extractor, config, compute=HALF)
        refined = refine_views(images, images, views, aligned, extractor, config, compute=HALF)
    assert np.isfinite(lead).all()
    assert np.isfinite(refined).all()


def _away(*shape: int) -> torch.Tensor:
    return torch.empty(*shape, device=AWAY, requires_grad=True)


def _losses() -> dict[str, Callable[[], torch.Tensor]]:
    x, y, image = _away(9, 4), _away(11, 4), _away(3, 6, 8)
    guide = Guide(torch.empty(9, 2, device=AWAY), torch.empty(11, 2, device=AWAY))
    places = torch.empty(5, 2, device=AWAY)
    pixels = torch.empty(5, dtype=torch.long, device=AWAY)
    maps = [_away(2, 4, 8, 8), _away(2, 6, 4, 4)]
    return {
        "relaxed_emd": lambda: relaxed_emd(x, y, guide.dense()),
        "relaxed_emd_of_units": lambda: relaxed_emd_of_units(unit(x), unit(y), guide),
        "relaxed_emd_in_bfloat16": lambda: relaxed_emd_of_units(unit(x), unit(y), guide, half=True),
        "content": lambda: content_loss(x, self_similarity(y[:9])),
        "content_reference": lambda: content_loss_reference(x, y[:9]),
        "covariance": lambda: moment_loss(x, moments(y)),
        "deviation": lambda: moment_loss(x, moments(y, "deviation")),
        "colour": lambda: colour_loss(x[:, :3], y[:, :3], guide),
        "disparity": lambda: disparity_of_pixels(image, image, pixels, places),
        "warp": lambda: warp_loss(x[:, :2], x[:, :2], x[:, :2]),
        "total_variation": lambda: total_variation(_away(5, 6, 2)),
        "hypercolumns": lambda: hypercolumns(maps, pixels, 8, 8).sum(),
        "pyramid": lambda: collapse(laplacian_pyramid(_away(2, 3, 32, 32), 4)).sum(),
        "student": lambda: load_extractor("student", half=True, device=AWAY)(image[None])[2].sum(),
        "filters": lambda: load_extractor("filters", device=AWAY)(image[None])[2].sum(),
    }


def test_losses_stay_on_their_device() -> None:
    for name, loss in _losses().items():
        value = loss()
        assert value.device == AWAY, name
        value.backward()


def test_the_guard_catches_a_tensor_in_the_wrong_place() -> None:
    with pytest.raises(RuntimeError, match="device"):
        _away(4) + torch.ones(4)
    with torch.device("meta"), pytest.raises(RuntimeError, match="device"):
        torch.ones(4, device="cpu") + torch.ones(4)


def test_bfloat16_gives_the_same_loss_and_direction(views: ViewSet, aligned: AlignedStyle) -> None:
    """The stated tolerance (docs/measurements.md): 0.2% of the loss; of its gradient with respect to the pictures 1% of
    the size and a cosine of 0.998."""
    problem = build_problem(views.images, views, aligned, 128)
    values, gradients = [], []
    for half in (False, True):
        images = (problem.content + 0.1).clamp(0, 1).requires_grad_()
        generator = torch.Generator().manual_seed(0)
        objective = Objective(problem, load_extractor("student", half=half), SMALL, generator, half=half)
        loss = objective(images)
        values.append(loss.item())
        gradients.append(torch.autograd.grad(loss, images)[0].flatten())
    assert values[1] == pytest.approx(values[0], rel=0.002)
    assert float(torch.nn.functional.cosine_similarity(*gradients, dim=0)) > 0.998
    assert float(gradients[1].norm() / gradients[0].norm()) == pytest.approx(1, rel=0.01)


def test_threads_are_those_asked_for_and_what_was_set_comes_back(
    views: ViewSet, aligned: AlignedStyle, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, seen = torch.get_num_threads(), []

    def count(_: Objective, images: torch.Tensor) -> tuple[float, torch.Tensor]:
        seen.append(torch.get_num_threads())
        return 0.0, torch.ones_like(images)

    monkeypatch.setattr(Objective, "with_gradient", count)
    config = StylizeConfig(extractor="filters", threads=2, objective=replace(SMALL, steps=(1, 1), refine_steps=0))
    stylize(views, aligned, config, seed=0)
    assert seen == [2, 2]
    assert torch.get_num_threads() == before


def test_the_engine_says_where_it_computed(views: ViewSet, aligned: AlignedStyle) -> None:
    notes: list[str] = []

    def listen(step: Step) -> None:
        notes.append(step.note)

    config = StylizeConfig(extractor="filters", device="cpu", objective=replace(SMALL, steps=(1, 1), refine_steps=0))
    result = stylize(views, aligned, config, seed=0, progress=listen)
    assert result.compute == str(choose_compute("cpu"))
    assert result.compute in notes
    assert (result.extractor, result.weights_sha256) == ("filters", None)
    assert PLAIN.device.type == "cpu"


def test_disparity_without_and_with_a_mask_agree() -> None:
    generator = torch.Generator().manual_seed(0)
    one, other = torch.rand(2, 3, 6, 8, generator=generator)
    places = torch.rand(6, 8, 2, generator=generator) * 5
    valid = torch.rand(6, 8, generator=generator) > 0.5
    pixels = valid.flatten().nonzero()[:, 0]
    expected = disparity_loss(one, other, places, valid)
    torch.testing.assert_close(disparity_of_pixels(one, other, pixels, places.view(-1, 2)[pixels]), expected)
