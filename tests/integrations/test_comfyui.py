"""ComfyUI's nodes against the interface that ComfyUI calls, and the example workflow; a stub in the program's place."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from twinbrush.app import cli

FOLDER = Path(__file__).parents[2] / "integrations" / "comfyui"
TYPES = {"IMAGE", "MASK", "STRING", "INT", "FLOAT", "BOOLEAN"}
STUB = """
import sys
from pathlib import Path
from PIL import Image
words = sys.argv[1:]
out = Path(words[words.index("-o") + 1] if "-o" in words else words[1])
with (out.parents[1] / "calls.txt").open("a") as log:
    log.write(chr(9).join(words) + chr(10))
print("twinbrush: [0.1 s] sculpt", file=sys.stderr)
if "--strength" in words and words[words.index("--strength") + 1] == "1.5":
    sys.exit("twinbrush: style: no face found. Give five clicks.")
grey = 90 if words[0] == "stylize" else 200
for side in (0, 45, 90, 135, 180, -135, -90, -45):
    for kind in ("figure", "clay"):
        Image.new("RGB", (32, 24), (grey, side % 256, 7)).save(out / f"{kind}_{side}.png")
(out / "figure.glb").write_bytes(b"glTF of " + words[0].encode())
"""


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The folder loaded as ComfyUI loads it: by its path, under a name of ComfyUI's own."""
    stub = tmp_path / "stub.py"
    stub.write_text(STUB)
    monkeypatch.setenv("TWINBRUSH_PROGRAM", f'"{sys.executable}" "{stub}"')
    comfy = ModuleType("folder_paths")
    comfy.get_output_directory = lambda: str(tmp_path / "output")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "folder_paths", comfy)
    name = "custom_nodes_twinbrush"
    spec = importlib.util.spec_from_file_location(
        name, FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    for part in (name, f"{name}.nodes", f"{name}.program"):
        monkeypatch.delitem(sys.modules, part, raising=False)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


def pictures(count: int, height: int = 20, width: int = 30) -> torch.Tensor:
    return torch.rand(count, height, width, 3, generator=torch.Generator().manual_seed(count))


def calls(folder: Path) -> list[list[str]]:
    return [line.split("\t") for line in (folder / "output" / "calls.txt").read_text().splitlines()]


def defaults(node: Any) -> dict[str, Any]:
    """What ComfyUI gives for inputs that nobody touched."""
    found: dict[str, Any] = {}
    for name, (kind, *rest) in node.INPUT_TYPES()["required"].items():
        settings = rest[0] if rest else {}
        if isinstance(kind, list):
            found[name] = settings.get("default", kind[0])
        elif "default" in settings:
            found[name] = settings["default"]
    return found


def test_every_node_has_the_interface(pack: ModuleType) -> None:
    assert set(pack.NODE_CLASS_MAPPINGS) == set(pack.NODE_DISPLAY_NAME_MAPPINGS)
    for name, node in pack.NODE_CLASS_MAPPINGS.items():
        groups = node.INPUT_TYPES()
        assert set(groups) <= {"required", "optional", "hidden"}
        for kind, *rest in (value for group in groups.values() for value in group.values()):
            assert isinstance(kind, list) or kind in TYPES, name
            settings = rest[0] if rest else {}
            if kind in ("INT", "FLOAT"):
                assert settings["min"] <= settings["default"] <= settings["max"]
            if isinstance(kind, list):
                assert settings["default"] in kind
        assert set(node.RETURN_TYPES) <= TYPES
        assert len(node.RETURN_TYPES) == len(node.RETURN_NAMES) == len(node.OUTPUT_IS_LIST)
        assert callable(getattr(node(), node.FUNCTION))
        assert node.CATEGORY == "Twinbrush"
        import inspect

        wanted = set(inspect.signature(getattr(node, node.FUNCTION)).parameters) - {"self"}
        assert wanted == {name for group in groups.values() for name in group}


def test_a_figure_of_each_photo_of_a_batch(pack: ModuleType, tmp_path: Path) -> None:
    node = pack.NODE_CLASS_MAPPINGS["TwinbrushFigure"]
    given = defaults(node) | {"photo": pictures(2), "style": pictures(1), "photo_mask": torch.ones(1, 20, 30)}
    files, painted, clay, folders = getattr(node(), node.FUNCTION)(**given)
    assert painted.shape == clay.shape == (16, 24, 32, 3)
    assert painted.dtype == torch.float32
    assert 0 <= float(painted.min()) <= float(painted.max()) <= 1
    assert torch.allclose(painted[1, 0, 0], torch.tensor([90, 45, 7]) / 255)
    assert len(set(files)) == len(folders) == 2
    for file in files:
        assert (tmp_path / "output" / file).read_bytes() == b"glTF of stylize"
    first, _ = calls(tmp_path)
    assert cli.parse(first) is not None  # options of ours, in their ranges
    with Image.open(first[1]) as written:
        assert np.abs(np.asarray(written) / 255 - given["photo"][0].numpy()).max() < 0.003
    assert first[first.index("--mask") + 1].endswith("given_mask.png")
    again = getattr(node(), node.FUNCTION)(**given)
    assert again[0] == files  # the same inputs go on in the same folder
    assert getattr(node(), node.FUNCTION)(**(given | {"seed": 3}))[0][0] not in files


def test_the_programs_refusal_is_the_nodes_and_an_interrupt_ends_it(
    pack: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    node = pack.NODE_CLASS_MAPPINGS["TwinbrushFigure"]
    given = defaults(node) | {"photo": pictures(1), "style": pictures(1)}
    with pytest.raises(RuntimeError, match=r"no face found\. Give five clicks\."):
        node().make(**(given | {"strength": 1.5}))
    with pytest.raises(ValueError, match="Twinbrush Figure"):
        pack.NODE_CLASS_MAPPINGS["TwinbrushReshape"]().make("../../etc", 1.0, 1.0, 0.0)
    (tmp_path / "stub.py").write_text("import time; time.sleep(60)")
    management = ModuleType("comfy.model_management")

    class Interrupted(Exception):
        pass

    def interrupted() -> None:
        raise Interrupted

    management.throw_exception_if_processing_interrupted = interrupted  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "comfy", ModuleType("comfy"))
    monkeypatch.setitem(sys.modules, "comfy.model_management", management)
    with pytest.raises(Interrupted):
        node().make(**given)
    monkeypatch.setenv("TWINBRUSH_PROGRAM", "no_such_program_here")
    with pytest.raises(RuntimeError, match="no such program"):
        node().make(**given)


class LoadImage:
    """ComfyUI's own, as far as the example needs it."""

    RETURN_TYPES, FUNCTION = ("IMAGE", "MASK"), "load_image"

    def load_image(self, image: str) -> tuple[torch.Tensor, torch.Tensor]:
        return pictures(1 + (image == "style.png"))[:1], torch.zeros(1, 20, 30)


class Preview3D:
    """ComfyUI's own: takes the path of a model below the output folder."""

    RETURN_TYPES, FUNCTION = (), "process"
    shown: str = ""

    def process(self, model_file: str) -> tuple[()]:
        Preview3D.shown = model_file
        return ()


class PreviewImage:
    """ComfyUI's own."""

    RETURN_TYPES, FUNCTION = (), "save"
    shown: torch.Tensor

    def save(self, images: torch.Tensor) -> tuple[()]:
        PreviewImage.shown = images
        return ()


def test_the_example_runs(pack: ModuleType, tmp_path: Path) -> None:
    classes = {**pack.NODE_CLASS_MAPPINGS, "LoadImage": LoadImage, "Preview3D": Preview3D, "PreviewImage": PreviewImage}
    graph = json.loads((FOLDER / "workflow_api.json").read_text())
    made: dict[str, tuple[Any, ...]] = {}
    for number in sorted(graph):  # they stand in the order in which they can be run
        node = classes[graph[number]["class_type"]]
        given = {}
        for name, value in graph[number]["inputs"].items():
            if isinstance(value, list):
                source, slot = value
                lists = getattr(classes[graph[source]["class_type"]], "OUTPUT_IS_LIST", (False,) * 9)
                result = made[source][slot]
                value = result[0] if lists[slot] else result  # ComfyUI goes through a list item by item
            given[name] = value
        made[number] = getattr(node(), node.FUNCTION)(**given)
    assert (tmp_path / "output" / Preview3D.shown).read_bytes() == b"glTF of reshape"
    assert PreviewImage.shown.shape == (8, 24, 32, 3)
    assert [words[0] for words in calls(tmp_path)] == ["stylize", "reshape"]
    assert all(cli.parse(words) is not None for words in calls(tmp_path))


def test_the_page_of_the_example_says_the_same(pack: ModuleType) -> None:
    """workflow.json: its links join outputs and inputs of one type, and it is the graph of workflow_api.json."""
    page = json.loads((FOLDER / "workflow.json").read_text())
    graph = json.loads((FOLDER / "workflow_api.json").read_text())
    nodes = {str(node["id"]): node for node in page["nodes"]}
    assert {number: node["type"] for number, node in nodes.items()} == {
        number: node["class_type"] for number, node in graph.items()}
    joined = set()
    for _, source, slot, target, place, kind in page["links"]:
        output, entry = nodes[str(source)]["outputs"][slot], nodes[str(target)]["inputs"][place]
        assert output["type"] == entry["type"] == kind
        joined.add((str(target), entry["name"], str(source), slot))
    wanted = {(number, name, *value) for number, node in graph.items() for name, value in node["inputs"].items()
              if isinstance(value, list)}
    assert joined == wanted
    for node in page["nodes"]:
        ours = pack.NODE_CLASS_MAPPINGS.get(node["type"])
        if ours is not None:
            assert tuple(output["type"] for output in node["outputs"]) == ours.RETURN_TYPES
            values = [value for value in node["widgets_values"] if value != "fixed"]
            api = [value for value in graph[str(node["id"])]["inputs"].values() if not isinstance(value, list)]
            assert values == api
