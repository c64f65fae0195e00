"""Brings a figure.glb into the scene: a collection of its own, teeth and eyes that follow the head's shape keys.

The file brings materials (colour, normal map, roughness), the parts as objects, and on the head ARKit's 51 expressions
as shape keys. ARKit's `eyeLook...` move the lids only; the eyes are objects, which drivers turn.
"""

from pathlib import Path

import bpy

LOOK_RADIANS = 0.44  # how far an eye turns at weight 1 of an eyeLook expression (25 degrees)
EYES = {"EyeLeft": ("Left", 1.0), "EyeRight": ("Right", -1.0)}  # name: side, way of its outward turn about z


class FigureError(Exception):
    """The file is no figure of Twinbrush's. The text is for people."""


def import_figure(path, name=""):
    """Import a figure.glb; returns its objects by the names of its parts. Raises FigureError."""
    path = Path(path)
    before = set(bpy.data.objects)
    try:
        bpy.ops.import_scene.gltf(filepath=str(path))
    except RuntimeError as error:
        raise FigureError(f"{path}: cannot be read as a figure ({str(error).strip()[:200]}).") from error
    fresh = [one for one in bpy.data.objects if one not in before]
    parts = {one.name.split(".")[0]: one for one in fresh if one.type == "MESH"}
    head = parts.get("Head")
    if head is None or head.data.shape_keys is None:
        for one in fresh:
            bpy.data.objects.remove(one, do_unlink=True)
        raise FigureError(f"{path}: is no figure of Twinbrush's (it has no head with expressions).")
    _collect(fresh, name or path.parent.name or "figure")
    if "Teeth" in parts:
        _follow(parts["Teeth"], head)
    for part, (side, outward) in EYES.items():
        if part in parts:
            _turn(parts[part], head, side, outward)
    for one in parts.values():
        one.data.shade_smooth()
    return parts


def expressions(head):
    """The head's shape keys but the resting one, by name."""
    return {key.name: key for key in head.data.shape_keys.key_blocks[1:]}


def _collect(objects, name):
    collection = bpy.data.collections.new(f"Twinbrush {name}")
    bpy.context.scene.collection.children.link(collection)
    for one in objects:
        for other in list(one.users_collection):
            other.objects.unlink(one)
        collection.objects.link(one)


def _watch(driver, variable, head, expression):
    """A variable of a driver: the weight of one of the head's expressions."""
    weight = driver.variables.new()
    weight.name, weight.type = variable, "SINGLE_PROP"
    target = weight.targets[0]
    target.id_type, target.id = "KEY", head.data.shape_keys
    target.data_path = f'key_blocks["{expression}"].value'


def _follow(teeth, head):
    """Every expression of the teeth has the head's weight."""
    known = expressions(head)
    for name, key in expressions(teeth).items():
        if name in known:
            driver = key.driver_add("value").driver
            driver.type, driver.expression = "SCRIPTED", "weight"
            _watch(driver, "weight", head, name)


def _turn(eye, head, side, outward):
    """The eye looks where the head's eyeLook expressions say; its own rotation stays as it is in the file."""
    turn = eye.rotation_quaternion.to_euler("XYZ")
    eye.rotation_mode = "XYZ"
    eye.rotation_euler = turn
    for axis, more, less, sign in ((0, "Down", "Up", 1.0), (2, "Out", "In", outward)):
        driver = eye.driver_add("delta_rotation_euler", axis).driver
        driver.type, driver.expression = "SCRIPTED", f"{sign * LOOK_RADIANS:g} * (more - less)"
        _watch(driver, "more", head, f"eyeLook{more}{side}")
        _watch(driver, "less", head, f"eyeLook{less}{side}")
