"""The part of all views that covers the surface: what lies beside it costs no features."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from twinbrush.paint.problem import Problem

_MARGIN = 8  # pixels of content around the surface: the features near its edge see some of it
_CELL = 16  # pixels: the pyramid halves four times


@dataclass(frozen=True)
class Box:
    """Rows top..bottom and columns left..right of every view, ends excluded."""

    top: int
    bottom: int
    left: int
    right: int

    def cut(self, planes: Tensor) -> Tensor:
        """The box's part of a tensor whose last two axes are rows and columns."""
        return planes[..., self.top : self.bottom, self.left : self.right]

    def pasted(self, into: Float[Tensor, "n c h1 w1"], cut: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h1 w1"]:
        """`into` with `cut` in the box's place."""
        result = into.clone()
        self.cut(result).copy_(cut)
        return result


def box_around(problem: Problem) -> Box:
    """One box for all views around what they cover, with a margin, its sides multiples of 16 where there is room.

    Whole cells of the coarsest feature map and of the pyramid: a cut moves neither.
    """
    height, width = problem.content.shape[-2:]
    seen = np.zeros(height * width, bool)
    for covered in problem.covered:
        seen[covered.cpu().numpy()] = True
    ends: list[int] = []
    for axis, size in ((1, height), (0, width)):
        inside = np.flatnonzero(seen.reshape(height, width).any(axis))
        first, last = (int(inside[0]), int(inside[-1]) + 1) if len(inside) else (0, size)
        first = max(0, first - _MARGIN) // _CELL * _CELL
        ends += [first, min(size, -(-(last + _MARGIN) // _CELL) * _CELL)]
    return Box(*ends)


def cropped(problem: Problem, box: Box) -> Problem:
    """The same task inside the box: what covers no surface costs no features."""
    height, width = problem.content.shape[-2:]
    corner = problem.content.new_tensor([box.left, box.top])

    def cut_flat(planes: Float[Tensor, "n p *c"]) -> Float[Tensor, "n q *c"]:
        grid = planes.unflatten(1, (height, width))
        return grid[:, box.top : box.bottom, box.left : box.right].flatten(1, 2)

    def cut_indices(covered: Int[Tensor, "_"]) -> Int[Tensor, "_"]:
        y = torch.div(covered, width, rounding_mode="floor") - box.top
        return y * (box.right - box.left) + covered % width - box.left

    transfers = [
        dataclasses.replace(
            transfer, valid=box.cut(transfer.valid),
            transfer_xy=transfer.transfer_xy[box.top : box.bottom, box.left : box.right] - corner,
        )
        for transfer in problem.transfers
    ]  # fmt: skip
    return dataclasses.replace(
        problem, content=box.cut(problem.content).contiguous(), painted=box.cut(problem.painted).contiguous(),
        covered=[cut_indices(c) for c in problem.covered], position=cut_flat(problem.position),
        emphasis=cut_flat(problem.emphasis), regions=cut_flat(problem.regions), transfers=transfers,
    )  # fmt: skip
