"""The optional VGG-16: from a local file, from the network, from the cache; refused with a remedy; no code runs."""

from __future__ import annotations

import hashlib
import http.server
import os
import threading
from collections.abc import Generator
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from twinbrush.app import cli
from twinbrush.base import vgg16
from twinbrush.base.errors import ModelFileError
from twinbrush.base.progress import Step
from twinbrush.paint.features import load_extractor
from twinbrush.paint.features.load import weights_sha256


def torchvision_file(path: Path, skip: int | None = None, *, zipped: bool = False) -> str:
    """A narrow network in torchvision's layout (its real file is of the old format without zip); returns its sha256."""
    generator = torch.Generator().manual_seed(0)
    state, previous = {"classifier.0.weight": torch.zeros(2, 2)}, 3
    for index in vgg16.TORCHVISION_INDEX:
        if index != skip:
            state[f"features.{index}.weight"] = torch.randn(4, previous, 3, 3, generator=generator) * 0.3
            state[f"features.{index}.bias"] = torch.randn(4, generator=generator)
        previous = 4
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small stand-in for torchvision's file, with its hash in place of the real one, and an empty cache."""
    monkeypatch.setenv("TWINBRUSH_MODELS", str(tmp_path / "cache"))
    path = tmp_path / "served" / "vgg16-397923af.pth"
    path.parent.mkdir()
    digest = torchvision_file(path)
    monkeypatch.setattr(vgg16, "SHA256", digest)
    return path


@pytest.fixture
def server(small: Path) -> Generator[str, None, None]:
    """The stand-in's address on a server of this machine."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(small.parent))) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


def test_a_local_file_is_converted_and_used_from_the_cache(small: Path) -> None:
    assert vgg16.state() == "missing"
    path = vgg16.fetch(small)
    assert path == vgg16.cached_path()
    assert vgg16.state() == "present"
    kept, source = load_file(path), torch.load(small, weights_only=True)
    assert len(kept) == 26
    for name, index in zip(vgg16.LAYERS, vgg16.TORCHVISION_INDEX, strict=True):
        for kind in ("weight", "bias"):
            assert torch.equal(kept[f"conv{name}.{kind}"], source[f"features.{index}.{kind}"])
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    maps = load_extractor("vgg16")(images)
    assert [m.shape[-1] for m in maps] == [32, 32, 16, 16, 8, 8, 8, 4, 2]  # relu1_1 ... relu5_3
    for same in (small, path):
        for one, other in zip(load_extractor("vgg16", weights=same)(images), maps, strict=True):
            assert torch.equal(one, other)
    assert weights_sha256("vgg16") == hashlib.sha256(path.read_bytes()).hexdigest()
    assert weights_sha256("vgg16", small) == hashlib.sha256(small.read_bytes()).hexdigest()


def test_it_is_downloaded_with_progress(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[Step] = []
    vgg16.fetch(url=f"{server}/vgg16-397923af.pth", progress=steps.append)
    assert vgg16.state() == "present"
    assert steps[-1].done == steps[-1].total > 0
    assert "MB" in steps[-1].note


@pytest.mark.parametrize("name", ["missing.pth", "", "other.pth"])
def test_a_failing_download_has_a_remedy(server: str, small: Path, name: str) -> None:
    (small.parent / "other.pth").write_bytes(b"another file")
    reason = "cannot be downloaded" if name == "missing.pth" else "sha256 is"
    with pytest.raises(ModelFileError, match=rf"{reason}.*models fetch --vgg16 --from FILE"):
        vgg16.fetch(url=f"{server}/{name}")
    assert vgg16.state() == "missing"
    assert not vgg16.cached_path().parent.exists()


def test_no_server_at_all(small: Path) -> None:
    with pytest.raises(ModelFileError, match=r"cannot be downloaded.*offline"):
        vgg16.fetch(url="http://127.0.0.1:9/x.pth")


def test_a_line_that_breaks_off_is_told(small: Path) -> None:
    class Short(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"x" * 40)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Short) as running:
        thread = threading.Thread(target=running.handle_request)
        thread.start()
        with pytest.raises(ModelFileError, match=r"broke off after 40 of 100|cannot be downloaded"):
            vgg16.fetch(url=f"http://127.0.0.1:{running.server_address[1]}/x.pth")
        thread.join()


def test_missing_weights_say_how_to_get_them(small: Path) -> None:
    with pytest.raises(ModelFileError, match="models fetch --vgg16"):
        load_extractor("vgg16")
    with pytest.raises(ModelFileError, match=r"cannot be read.*models fetch --vgg16"):
        load_extractor("vgg16", small.parent / "nothing.pth")
    with pytest.raises(ModelFileError, match="cannot be read"):
        weights_sha256("vgg16", small.parent / "nothing.pth")


def test_a_damaged_cache_is_noticed(small: Path) -> None:
    path = vgg16.fetch(small)
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    assert vgg16.state() == "corrupt"
    with pytest.raises(ModelFileError, match="damaged"):
        load_extractor("vgg16")
    path.write_bytes(b"text")
    with pytest.raises(ModelFileError, match="no safetensors"):
        load_extractor("vgg16")


def test_files_that_lack_layers(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for zipped in (False, True):
        monkeypatch.setattr(vgg16, "SHA256", torchvision_file(tmp_path / "part.pth", skip=28, zipped=zipped))
        with pytest.raises(ModelFileError, match=r"features\.28"):
            vgg16.weights(tmp_path / "part.pth")
    save_file({"conv1_1.weight": torch.zeros(4, 3, 3, 3)}, tmp_path / "part.safetensors")
    with pytest.raises(ModelFileError, match="does not hold"):
        load_extractor("vgg16", tmp_path / "part.safetensors")


class Harmful:
    """Unpickled without care, it makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_nothing_but_tensors_is_unpickled(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save({"features.0.weight": Harmful(tmp_path / "made")}, tmp_path / "bad.pth")
    monkeypatch.setattr(vgg16, "SHA256", hashlib.sha256((tmp_path / "bad.pth").read_bytes()).hexdigest())
    with pytest.raises(ModelFileError, match="no file of weights"):
        vgg16.weights(tmp_path / "bad.pth")
    assert not (tmp_path / "made").exists()


def test_the_command_line(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "list"]) == 0
    assert "missing  vgg16 (59 MB, optional)" in capsys.readouterr().out
    assert cli.main(["models", "fetch", "--vgg16", "--from", str(small)]) == 0
    out = capsys.readouterr().out
    assert "present  vgg16" in out
    assert "BSD-3-Clause" in out
    assert cli.main(["models", "fetch", "--from", str(small)]) == 2
    assert "--vgg16 --from FILE" in capsys.readouterr().err
    assert cli.main(["models", "fetch", "--vgg16", "--from", str(small.parent / "none.pth")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_the_real_files_hash_is_the_one_in_its_name() -> None:
    assert vgg16.SHA256.startswith(vgg16.URL.rsplit("-", 1)[1].removesuffix(".pth"))
    assert len(vgg16.SHA256) == 64
