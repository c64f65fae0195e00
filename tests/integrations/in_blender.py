"""Run by a Python that has Blender's `bpy`: the packed add-on, switched on, makes and imports a figure. Prints JSON.

in_blender.py ADDON_PARENT GLB STUB FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import bpy

addon_parent, glb, stub, folder = sys.argv[1:5]
sys.path.insert(0, addon_parent)
bpy.ops.wm.read_factory_settings(use_empty=True)
import twinbrush_blender
from twinbrush_blender import figure, program

twinbrush_blender.register()
told = {"version": bpy.app.version_string}
parts = figure.import_figure(glb)
head, left, teeth = parts["Head"], parts["EyeLeft"], parts["Teeth"]
told["objects"] = {name: one.type for name, one in parts.items()}
told["keys"] = [key.name for key in head.data.shape_keys.key_blocks][1:]
told["collection"] = head.users_collection[0].name
told["parents"] = {name: one.parent.name if one.parent else None for name, one in parts.items()}
told["height_m"] = round(head.dimensions.z, 3)


def linked(part: str) -> list[str]:
    tree = parts[part].data.materials[0].node_tree
    return sorted({link.to_socket.name for link in tree.links if link.to_node.type == "BSDF_PRINCIPLED"})


told["materials"] = {name: linked(name) for name in ("Head", "Hair", "Bust", "EyeLeft")}
normal = next(node for node in head.data.materials[0].node_tree.nodes if node.type == "NORMAL_MAP")
told["normal_image"] = normal.inputs["Color"].links[0].from_node.image.colorspace_settings.name


def gaze() -> list[float]:
    bpy.context.view_layer.update()
    matrix = left.evaluated_get(bpy.context.evaluated_depsgraph_get()).matrix_world
    forward = matrix.to_3x3() @ __import__("mathutils").Vector((0, -1, 0))  # glTF's +z is Blender's -y
    return [round(value, 4) for value in forward]


told["gaze"] = {"rest": gaze()}
blocks = head.data.shape_keys.key_blocks
for name in ("eyeLookDownLeft", "eyeLookUpLeft", "eyeLookOutLeft", "eyeLookInLeft"):
    blocks[name].value = 1
    told["gaze"][name] = gaze()
    blocks[name].value = 0
blocks["jawOpen"].value = 0.6
bpy.context.view_layer.update()
told["teeth_open"] = round(teeth.data.shape_keys.evaluated_get(
    bpy.context.evaluated_depsgraph_get()).key_blocks["jawOpen"].value, 4)

settings = bpy.context.scene.twinbrush
settings.photo, settings.style, settings.folder = __file__, glb, str(Path(folder) / "made")
settings.preset, settings.strength = "fast", 0.5
addon = bpy.context.preferences.addons.new()
addon.module = "twinbrush_blender"
addon.preferences.program = f'"{sys.executable}" "{stub}"'
told["made"] = list(bpy.ops.twinbrush.make_figure())
told["said"] = settings.told
told["heads"] = sum(one.name.startswith("Head") for one in bpy.data.objects)
settings.photo = str(Path(folder) / "no_face.png")
Path(settings.photo).write_bytes(b"x")
for name, act in (("refused", bpy.ops.twinbrush.make_figure),
                  ("no_figure", lambda: bpy.ops.twinbrush.import_figure(filepath=__file__))):
    try:
        act()
        told[name] = "nothing"
    except RuntimeError as error:  # an error that an operator reports
        told[name] = str(error)
try:
    program.find_program("/nowhere/twinbrush")
except program.ProgramError as error:
    told["missing"] = str(error)
twinbrush_blender.unregister()
told["gone"] = not hasattr(bpy.types.Scene, "twinbrush")
print("TOLD" + json.dumps(told))
