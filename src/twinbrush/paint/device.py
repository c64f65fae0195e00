"""Where the tensors live and how precisely they are computed: decided once, said in the output and the manifest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch

from twinbrush.base.errors import BadOption

# Names of processor features with fast bfloat16 products (x86: AMX; ARM: FEAT_BF16), as torch reports them. AVX-512's
# own (avx512_bf16) take 1.4 to 2 times as long as float32 in all that is computed here (docs/measurements.md).
_BF16_FEATURES = ("amx_bf16", "bf16", "sve_bf16")


@dataclass(frozen=True)
class Compute:
    """device: of every tensor of the objective. half: networks and matching run in bfloat16 (sums in float32)."""

    device: torch.device
    half: bool

    def __str__(self) -> str:
        return f"{self.device.type}, {'bfloat16' if self.half else 'float32'}"


PLAIN = Compute(torch.device("cpu"), half=False)
"""The CPU in float32: works everywhere."""


def choose_compute(wanted: Literal["auto", "cpu", "cuda"] = "auto") -> Compute:
    """auto: CUDA where there is a usable GPU, else the CPU; bfloat16 where the hardware has it, else float32.

    Raises BadOption when CUDA is asked for and absent.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise BadOption(
            "--device cuda: torch finds no usable CUDA GPU.",
            "Use --device auto or cpu, or install the CUDA build of torch and the GPU's driver.",
        )
    device = torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")
    return Compute(device, bf16_is_fast(device))


def bf16_is_fast(device: torch.device) -> bool:
    """Whether the hardware itself multiplies in bfloat16 (emulated, it would be slower than float32)."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    features = torch.cpu.get_capabilities()
    return any(bool(features.get(name)) for name in _BF16_FEATURES)
