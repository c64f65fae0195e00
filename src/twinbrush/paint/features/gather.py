"""Hypercolumns on the CPU in one pass over memory: compiled, with a backward pass of its own.

The same values as the readable form in hypercolumns.py (a test compares values and gradients). What it spares is memory
traffic: torch's operations write every level's four corners, products, sums, norms and the joined rows one after the
other, and the gradient as often.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, no_type_check

import numpy as np
import torch
from jaxtyping import Float, Int
from numba import njit
from torch import Tensor

EPS = 1e-4  # rows shorter than this are not lengthened to one


def gathered(
    maps: Sequence[Float[Tensor, "n _ _ _"]], corners: Sequence[Int[Tensor, "_ p"]],
    weights: Sequence[Float[Tensor, "_ p"]],
) -> Float[Tensor, "p c"]:
    """Per level the weighted sum of q rows, at unit length; side by side, the whole at unit length.

    maps: on the CPU, in float32 or bfloat16. corners: linear indices of a map's pixels; weights: their shares.
    """  # fmt: skip
    return _Gathered.apply(list(corners), list(weights), *maps)  # type: ignore[no-any-return]


def summed_rows(rows: Float[Tensor, "m c"], into: Int[Tensor, "m"], count: int) -> Float[Tensor, "n c"]:
    """Row i: the sum of those rows whose `into` is i. bfloat16 is added up in float32."""
    dtype = torch.float32 if rows.dtype == torch.bfloat16 else rows.dtype
    total = torch.zeros(count, rows.shape[1], dtype=dtype, device=rows.device)
    if dtype == rows.dtype or rows.device.type != "cpu":
        return total.index_add_(0, into, rows.to(dtype))
    _add_rows(rows.detach().contiguous().view(torch.uint16).numpy(), into.numpy(), total.numpy())
    return total


def _rows(feature: Tensor) -> np.ndarray:
    """(n h w, c), bfloat16 as the uint16 that it is stored in."""
    rows = feature.detach().permute(0, 2, 3, 1).reshape(-1, feature.shape[1])
    return (rows.view(torch.uint16) if rows.dtype == torch.bfloat16 else rows).numpy()


class _Gathered(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, corners: list[Tensor], weights: list[Tensor], *maps: Tensor) -> Tensor:
        count, scale = corners[0].shape[1], 1 / len(maps) ** 0.5
        out = torch.empty(count, sum(m.shape[1] for m in maps), device="cpu")
        norms = np.empty((len(maps), count), np.float32)
        start = 0
        for level, feature in enumerate(maps):
            rows = _rows(feature)
            _forward(
                rows, rows.dtype == np.uint16, corners[level].numpy(), weights[level].numpy(), out.numpy(), start,
                scale, norms[level],
            )  # fmt: skip
            start += feature.shape[1]
        ctx.save_for_backward(out)
        ctx.given = corners, weights, norms, [(m.shape, m.dtype) for m in maps]
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        (out,) = ctx.saved_tensors
        corners, weights, norms, kinds = ctx.given
        gradient, scale, start = gradients[0].contiguous().numpy(), 1 / len(kinds) ** 0.5, 0
        found: list[Tensor] = []
        for level, ((n, channels, height, width), dtype) in enumerate(kinds):
            rows = torch.zeros(n * height * width, channels, device="cpu")
            _backward(
                gradient, out.numpy(), corners[level].numpy(), weights[level].numpy(), rows.numpy(), start, scale,
                norms[level],
            )  # fmt: skip
            found.append(rows.to(dtype).view(n, height, width, channels).permute(0, 3, 1, 2))
            start += channels
        return None, None, *found


@no_type_check
@njit(cache=True, nogil=True)
def _add_rows(rows, into, total):
    bits = np.zeros(rows.shape[1], np.uint32)
    line = bits.view(np.float32)
    for i in range(len(rows)):
        for c in range(rows.shape[1]):
            bits[c] = np.uint32(rows[i, c]) << np.uint32(16)
        for c in range(rows.shape[1]):
            total[into[i], c] += line[c]


@no_type_check
@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _add(total, weight, row):
    for c in range(len(row)):
        total[c] += weight * row[c]


@no_type_check
@njit(cache=True, nogil=True, fastmath=True)
def _forward(rows, half, corners, weights, out, start, scale, norms):
    channels = rows.shape[1]
    buffer = np.zeros(channels, np.float32)
    bits = np.zeros(channels, np.uint32)
    line = bits.view(np.float32)
    for i in range(corners.shape[1]):
        for c in range(channels):
            buffer[c] = 0
        for k in range(corners.shape[0]):
            weight, row = weights[k, i], rows[corners[k, i]]
            if half:
                for c in range(channels):
                    bits[c] = np.uint32(row[c]) << np.uint32(16)
                _add(buffer, weight, line)
            else:
                _add(buffer, weight, row)
        square = np.float32(0)
        for c in range(channels):
            square += buffer[c] * buffer[c]
        norms[i] = np.sqrt(square)
        factor = np.float32(scale / max(norms[i], EPS))
        for c in range(channels):
            out[i, start + c] = factor * buffer[c]


@no_type_check
@njit(cache=True, nogil=True, fastmath=True)
def _backward(gradient, out, corners, weights, rows, start, scale, norms):
    channels = rows.shape[1]
    buffer = np.zeros(channels, np.float32)
    for i in range(corners.shape[1]):
        along = np.float32(0)  # of the gradient in the row's own direction: a change of length is normalised away
        if norms[i] > EPS:
            for c in range(channels):
                along += gradient[i, start + c] * out[i, start + c]
            along /= np.float32(scale * scale)
        factor = np.float32(scale / max(norms[i], EPS))
        for c in range(channels):
            buffer[c] = factor * (gradient[i, start + c] - along * out[i, start + c])
        for k in range(corners.shape[0]):
            _add(rows[corners[k, i]], weights[k, i], buffer)
