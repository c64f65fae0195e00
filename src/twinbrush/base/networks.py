"""The fetched networks as functions of arrays: checked by hash, loaded once, on one thread, quiet."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from twinbrush.base.beside import once
from twinbrush.base.files import quiet_stderr
from twinbrush.base.models import model_path


class Network:
    """One loaded network: call it with its float32 input of shape `input_shape`; it returns its outputs by name.

    One thread works on it, so that the same input gives the same bytes; several take turns.
    """

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        with quiet_stderr():  # litert greets at INFO level and has no switch for it
            runner: Any = Interpreter(model_path=str(path), num_threads=1)
            runner.allocate_tensors()
            runner.invoke()  # the first call is the one that talks
        self._runner, self._turn = runner, threading.Lock()
        (self._input,) = runner.get_input_details()
        self._outputs = {detail["name"]: detail["index"] for detail in runner.get_output_details()}
        self.input_shape: tuple[int, ...] = tuple(int(n) for n in self._input["shape"])

    def __call__(self, values: Float[np.ndarray, "..."]) -> dict[str, Float[np.ndarray, "..."]]:
        """values: float32 of shape `input_shape`. Raises ValueError on any other shape."""
        if values.shape != self.input_shape:
            raise ValueError(f"expected {self.input_shape}, got {values.shape}")
        with self._turn:
            self._runner.set_tensor(self._input["index"], np.ascontiguousarray(values, np.float32))
            self._runner.invoke()
            return {name: np.array(self._runner.get_tensor(index)) for name, index in self._outputs.items()}


def interpreter(name: str) -> Network:
    """The network of that name, hash-checked and loaded once per file. Raises ModelFileError."""
    return _load(str(model_path(name)))


@once
def _load(path: str) -> Network:
    return Network(Path(path))


def onnx_session(name: str) -> Callable[..., Float[np.ndarray, "..."]]:
    """The ONNX network of that name as a function of its inputs, hash-checked. Raises ModelFileError."""
    return load_onnx(str(model_path(name)))


@once
def load_onnx(path: str) -> Callable[..., Float[np.ndarray, "..."]]:
    """An ONNX file as a function of its inputs (float32, in the file's order) to its first output; loaded once, on one
    thread, so that the same input gives the same bytes."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only: it warns about folded constants
    options.enable_cpu_mem_arena = False  # else the largest picture's memory is kept for good
    session: Any = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [entry.name for entry in session.get_inputs()]

    def run(*values: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        inputs = {name: np.ascontiguousarray(v, np.float32) for name, v in zip(names, values, strict=True)}
        return session.run(None, inputs)[0]

    return run
