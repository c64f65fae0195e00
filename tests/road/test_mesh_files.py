"""What a mesh's run leaves behind: whole files or none, a turntable that goes round, a GLB that Khronos accepts."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from creatures import CONFIG
from twinbrush.app import cli
from twinbrush.base.progress import Step
from twinbrush.export.outputs import Result
from twinbrush.road import pipeline

TOOLS = Path(__file__).parents[1] / "tools"
MODULES = Path(os.environ.get("TWINBRUSH_NODE_TOOLS", Path(__file__).parents[2] / ".tools"))
SMALL = ["--preset", "fast", "--method", "guided", "--size", "128", "--views", "4", "--texture-size", "256",
         "--still-size", "128"]  # fmt: skip
TURNING = replace(CONFIG, export=replace(CONFIG.export, turntable=True, turntable_frames=4))


@pytest.fixture(scope="module")
def finished(inputs: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Result:
    return pipeline.stylize_files(*inputs, tmp_path_factory.mktemp("out") / "run", TURNING)


def hashes(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir() if p.is_file()}


def test_the_turntable_goes_once_round(finished: Result) -> None:
    with Image.open(finished.out / "turntable.webp") as film:
        assert film.format == "WEBP"
        assert getattr(film, "n_frames", 1) == 4
        frames = []
        for number in range(4):
            film.seek(number)
            frames.append(np.asarray(film.convert("RGB"), float))
    assert all(np.abs(frames[i] - frames[(i + 1) % 4]).mean() > 1 for i in range(4))  # every quarter shows another side
    mirrored = np.abs(frames[0] - frames[2][:, ::-1]).mean()  # front and back have one outline, seen from two sides
    assert mirrored < np.abs(frames[0] - frames[2]).mean()


def test_khronos_validator_accepts_the_whole_result(finished: Result) -> None:
    node = shutil.which("node")
    if node is None or not (MODULES / "node_modules" / "gltf-validator").is_dir():
        pytest.skip("node or gltf-validator is missing (make test-tools)")
    command = [node, str(TOOLS / "validate_glb.mjs"), str(MODULES), str(finished.out / "thing.glb")]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    (report,) = json.loads(run.stdout).values()
    found = report["issues"]
    assert (found["numErrors"], found["numWarnings"]) == (0, 0), found["messages"]
    assert report["info"]["hasMorphTargets"]


@pytest.mark.parametrize("stage", ["shape", "stylize", "export"])
def test_an_interruption_keeps_finished_stages_and_nothing_else(
    inputs: tuple[Path, Path], tmp_path: Path, stage: str
) -> None:
    def interrupt(step: Step) -> None:
        if step.stage == stage and step.done >= 1:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        pipeline.stylize_files(*inputs, out, CONFIG, progress=interrupt)
    assert [p.name for p in out.iterdir()] == [".twinbrush"]
    kept = {p.name for p in (out / ".twinbrush").iterdir()} - {"front.npz"}  # only where the face models are
    wanted = {"style.npz", "align.npz"}
    wanted |= {"shape.npz"} if stage != "shape" else set()
    wanted |= {"paint.npz", "run.npz"} if stage == "export" else set()
    assert kept == wanted


def test_an_interruption_while_writing_leaves_old_results_whole(finished: Result) -> None:
    before = hashes(finished.out)

    def interrupt(step: Step) -> None:
        if step.stage == "export" and step.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.reshape_files(finished.out, 0.3, progress=interrupt)
    assert hashes(finished.out) == before
    assert not list((finished.out / ".twinbrush").glob("new-*"))


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_on_the_command_line(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    with subprocess.Popen(
        [sys.executable, "-m", "twinbrush", "stylize", *map(str, inputs), "-o", str(out), *SMALL],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # background shells hand SIGINT on ignored
    ) as running:  # fmt: skip
        assert running.stderr is not None
        said = ""
        for line in running.stderr:
            said += line
            if line.rstrip().endswith(("claim", "stylize", "shape")):
                running.send_signal(signal.SIGINT)
                break
        said += running.stderr.read()
        assert running.wait(60) == 130, said
    assert "Traceback" not in said
    assert "interrupted" in said
    assert [p.name for p in out.iterdir()] == [".twinbrush"]


def test_a_flat_sheet_seen_from_its_edge_by_half_of_the_views(
    inputs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "sheet.obj"
    sheet.write_text("v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nf 1 2 3 4\n")
    assert cli.main(["stylize", str(sheet), str(inputs[1]), "-o", str(tmp_path / "out"), *SMALL]) == 0
    assert (tmp_path / "out" / "sheet.glb").is_file()
    sheet.write_text("v 0 0 0\nv 0 0 1\nv 0 1 1\nv 0 1 0\nf 1 2 3 4\n")  # its front is an edge
    capsys.readouterr()
    assert cli.main(["stylize", str(sheet), str(inputs[1]), "-o", str(tmp_path / "edge"), *SMALL]) == 2
    assert "--forward" in capsys.readouterr().err
    assert not (tmp_path / "edge").exists() or [p.name for p in (tmp_path / "edge").iterdir()] == [".twinbrush"]
