"""The figure in three.js' face-capture example: its structure and names are those that the example works with, and with
the real loader (where npm has brought `three`) a captured face moves it."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from figure_file import write_glb
from PIL import Image

from browsing import change, open_browser

ROOT = Path(__file__).parents[2]
THREE = ROOT / ".tools" / "node_modules" / "three"
# Of MediaPipe's face landmarker, as the example gets them, but "_neutral"; ARKit's but tongueOut.
SIDED = (
    "browDown", "browOuterUp", "cheekSquint", "eyeBlink", "eyeLookDown", "eyeLookIn", "eyeLookOut", "eyeLookUp",
    "eyeSquint", "eyeWide", "mouthDimple", "mouthFrown", "mouthLowerDown", "mouthPress", "mouthSmile", "mouthStretch",
    "mouthUpperUp", "noseSneer")
WHOLE = (
    "browInnerUp", "cheekPuff", "jawForward", "jawLeft", "jawOpen", "jawRight", "mouthClose", "mouthFunnel",
    "mouthLeft", "mouthPucker", "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper")
CAPTURED = {*WHOLE, *(name + side for name in SIDED for side in ("Left", "Right"))}


@pytest.fixture(scope="module")
def glb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_glb(tmp_path_factory.mktemp("three") / "figure.glb")


def test_its_structure_and_names_are_the_examples(glb: Path) -> None:
    data = glb.read_bytes()
    document = json.loads(data[20:20 + struct.unpack_from("<I", data, 12)[0]])
    assert len(CAPTURED) == 51
    (root,) = document["scenes"][document["scene"]]["nodes"]  # the example takes the scene's first child
    nodes = {node["name"]: node for node in document["nodes"]}
    assert document["nodes"][root]["name"] == "Head"
    for name in ("Head", "Teeth"):
        mesh = document["meshes"][nodes[name]["mesh"]]
        (primitive,) = mesh["primitives"]  # one: three.js makes a mesh of the node's name, not a group of meshes
        assert set(mesh["extras"]["targetNames"]) == CAPTURED
        assert len(primitive["targets"]) == len(mesh["extras"]["targetNames"])
        assert all("POSITION" in target for target in primitive["targets"])
    assert not document.get("extensionsRequired")  # no decoder is needed


@pytest.fixture(scope="module")
def page(glb: Path) -> Iterator[Any]:
    if not THREE.is_dir():
        pytest.skip("three is missing (make test-tools)")
    files = {"/": Path(__file__).with_name("capture.html"), "/figure.glb": glb}
    kinds = {".html": "text/html", ".js": "text/javascript", ".glb": "model/gltf-binary"}
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 400, "height": 400})
        page.set_default_timeout(120_000)

        def serve(route: Any) -> None:
            path = "/" + route.request.url.split("/", 3)[3]
            file = files.get(path) or THREE / path.removeprefix("/three/")
            if path not in files and not path.startswith("/three/"):
                route.fulfill(status=404)
            else:
                route.fulfill(body=file.read_bytes(), content_type=kinds[file.suffix])

        page.route("**/*", serve)  # nothing goes to any network
        page.goto("http://example.test/")
        page.wait_for_selector("body[data-ready]")
        yield page


def shot(page: Any) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB")).astype(float)


def test_a_captured_face_moves_it(page: Any) -> None:
    assert page.evaluate("roots") == 1
    assert set(page.evaluate("names")) == {"Head", "EyeLeft", "EyeRight", "Teeth", "Hair", "Bust"}
    assert set(page.evaluate("dictionary")) == CAPTURED
    rest = shot(page)
    assert rest[200, 200].tolist() != rest[5, 5].tolist()  # something is in the middle
    categories = [{"categoryName": "_neutral", "score": 0.0}, {"categoryName": "jawOpen", "score": 0.9},
                  {"categoryName": "eyeBlinkLeft", "score": 1.0}, {"categoryName": "eyeBlinkRight", "score": 1.0}]
    assert page.evaluate("list => capture(list)", categories) == 6
    opened = shot(page)
    assert change(opened, rest) > 0.3
    page.evaluate("list => capture(list)", [{**one, "score": 0.0} for one in categories])
    assert change(shot(page), rest) == 0
    page.evaluate("nod(0.3)")
    assert change(shot(page), rest) > 1
    page.evaluate("nod(0)")
    for name in sorted(CAPTURED):
        page.evaluate("list => capture(list)", [{"categoryName": name, "score": 1.0}])
        if not name.startswith(("eyeLook", "jawForward")):
            assert change(shot(page), rest) > 0.002, name
        page.evaluate("list => capture(list)", [{"categoryName": name, "score": 0.0}])
