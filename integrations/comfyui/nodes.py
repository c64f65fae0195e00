"""The nodes. Pictures are ComfyUI's: IMAGE (batch, height, width, 3), MASK (batch, height, width), floats 0 to 1."""

import hashlib
import json
import os
import re

import numpy as np
import torch
from PIL import Image

from .program import call

CATEGORY = "Twinbrush"
SIDES = (0, 45, 90, 135, 180, -135, -90, -45)
FOLDER = "twinbrush"  # below ComfyUI's output folder
PRESETS = ["fast", "default", "fine"]
STILLS = ("IMAGE", "IMAGE")
STAGE = re.compile(r"\[[\d.]+ s\] (.*)")


def output_folder():
    """ComfyUI's output folder."""
    import folder_paths

    return folder_paths.get_output_directory()


def go_on(text):
    """Between two looks at the program: end it when the user has interrupted the queue."""
    try:
        from comfy.model_management import throw_exception_if_processing_interrupted
    except ImportError:
        return
    throw_exception_if_processing_interrupted()


def write_picture(picture, path):
    """One picture (h, w, 3) or mask (h, w) as PNG."""
    values = np.clip(np.round(picture.detach().cpu().numpy() * 255), 0, 255).astype(np.uint8)
    Image.fromarray(values[..., :3] if values.ndim == 3 else values).save(path)


def read_pictures(paths):
    """PNGs of one size as an IMAGE."""
    found = []
    for path in paths:
        with Image.open(path) as picture:
            found.append(torch.from_numpy(np.asarray(picture.convert("RGB"), np.float32) / 255))
    return torch.stack(found)


def slider(low, high, value, tip):
    """A FLOAT input."""
    return ("FLOAT", {"default": value, "min": low, "max": high, "step": 0.05, "tooltip": tip})


def work(words, pictures):
    """Call the program in a folder named by all that goes in, so that the same inputs go on where they stopped.

    words: all but the pictures; pictures: {option or "photo", "style": picture}. Returns that folder, relative to the
    output folder.
    """
    digest = hashlib.sha256(json.dumps(words).encode())
    for name, picture in pictures.items():
        digest.update(name.encode() + picture.detach().cpu().numpy().tobytes())
    name = f"{FOLDER}/{digest.hexdigest()[:16]}"
    out = os.path.join(output_folder(), *name.split("/"))
    os.makedirs(out, exist_ok=True)
    files, options = [], []
    for role, picture in pictures.items():
        path = os.path.join(out, f"given_{role.strip('-').replace('.', '_')}.png")
        write_picture(picture, path)
        if role.startswith("--"):
            options += [role, path]
        else:
            files.append(path)
    call([words[0], *files, "-o", out, *words[1:], *options], go_on)
    return name


def results(names):
    """What the nodes return: the GLBs' paths below the output folder, and all stills in colour and in clay."""
    root = output_folder()
    rows = [[os.path.join(root, *name.split("/"), f"{kind}_{side}.png") for name in names for side in SIDES]
            for kind in ("figure", "clay")]
    return [f"{name}/figure.glb" for name in names], *map(read_pictures, rows), list(names)


class TwinbrushFigure:
    """A photo of a face and a style portrait -> a stylized figure, as GLB and seen from eight sides."""

    CATEGORY, FUNCTION, OUTPUT_NODE = CATEGORY, "make", True
    DESCRIPTION = "One face photo and one style portrait in, a stylized, textured 3D figure out."
    RETURN_TYPES = ("STRING", *STILLS, "STRING")
    RETURN_NAMES = ("model_file", "painted", "clay", "folder")
    OUTPUT_IS_LIST = (True, False, False, True)

    @classmethod
    def INPUT_TYPES(cls):  # noqa: N802
        return {
            "required": {
                "photo": ("IMAGE", {"tooltip": "A photo of a face; several: a figure each"}),
                "style": ("IMAGE", {"tooltip": "A style portrait; several: one for each photo"}),
                "preset": (PRESETS, {"default": "default"}),
                "strength": slider(0, 1.5, 1.0, "How far the form follows the style"),
                "caricature": slider(0.5, 2, 1.0, "The person's own features, milder or bolder"),
                "hair_shape": slider(0, 1, 0.3, "How far the hair's outline follows the style's"),
                "style_strength": slider(0, 1, 1.0, "How much brushwork and palette"),
                "seed": ("INT", {"default": 0, "min": 0, "max": 0x7FFFFFFF}),
            },
            "optional": {
                "photo_mask": ("MASK", {"tooltip": "White where the person is"}),
                "style_mask": ("MASK", {"tooltip": "White where the painted person is"}),
            },
        }

    def make(self, photo, style, preset, strength, caricature, hair_shape, style_strength, seed, photo_mask=None,
             style_mask=None):
        """A figure for every photo; a batch of one style, or one mask, serves all of them."""
        words = ["stylize", "--preset", preset, "--strength", f"{strength:g}", "--caricature", f"{caricature:g}",
                 "--hair-shape", f"{hair_shape:g}", "--style-strength", f"{style_strength:g}", "--seed", str(seed)]
        names = []
        for number in range(max(len(photo), len(style))):
            def one(batch, number=number):
                return batch[number % len(batch)]

            pictures = {"photo": one(photo), "style": one(style)}
            if photo_mask is not None:
                pictures["--mask"] = one(photo_mask)
            if style_mask is not None:
                pictures["--style.mask"] = one(style_mask)
            names.append(work(words, pictures))
        return results(names)


class TwinbrushSculpt:
    """A photo of a face -> the person's own figure, unpainted by any style."""

    CATEGORY, FUNCTION, OUTPUT_NODE = CATEGORY, "make", True
    DESCRIPTION = "One face photo in, the person's sculpted figure out."
    RETURN_TYPES, RETURN_NAMES = TwinbrushFigure.RETURN_TYPES, TwinbrushFigure.RETURN_NAMES
    OUTPUT_IS_LIST = TwinbrushFigure.OUTPUT_IS_LIST

    @classmethod
    def INPUT_TYPES(cls):  # noqa: N802
        return {"required": {"photo": ("IMAGE", {"tooltip": "A photo of a face; several: a figure each"})}}

    def make(self, photo):
        """A figure for every photo."""
        return results([work(["sculpt"], {"photo": one}) for one in photo])


class TwinbrushReshape:
    """A figure that was made by the node above, in another form: nothing is painted again."""

    CATEGORY, FUNCTION, OUTPUT_NODE = CATEGORY, "make", True
    DESCRIPTION = "Another form for a finished figure, in seconds."
    RETURN_TYPES, RETURN_NAMES = TwinbrushFigure.RETURN_TYPES, TwinbrushFigure.RETURN_NAMES
    OUTPUT_IS_LIST = TwinbrushFigure.OUTPUT_IS_LIST

    @classmethod
    def INPUT_TYPES(cls):  # noqa: N802
        return {"required": {
            "folder": ("STRING", {"forceInput": True, "tooltip": "The output `folder` of Twinbrush Figure"}),
            "strength": slider(0, 1.5, 1.0, "How far the form follows the style"),
            "caricature": slider(0.5, 2, 1.0, "The person's own features, milder or bolder"),
            "relief": slider(0, 1.5, 0.5, "Height of the medium's relief, mm"),
        }}

    @classmethod
    def IS_CHANGED(cls, **values):  # noqa: N802
        """It writes into the figure's own folder, which another form may have been given since: always made anew."""
        return float("nan")

    def make(self, folder, strength, caricature, relief):
        """The same folder, with other files in it. A folder that is not one of ours is refused."""
        if not re.fullmatch(rf"{FOLDER}/[0-9a-f]{{16}}", folder):
            raise ValueError(f"{folder[:80]}: connect the output `folder` of Twinbrush Figure.")
        out = os.path.join(output_folder(), *folder.split("/"))
        call(["reshape", out, "--strength", f"{strength:g}", "--caricature", f"{caricature:g}", "--relief",
              f"{relief:g}", "--stills"], go_on)
        return results([folder])


NODE_CLASS_MAPPINGS = {
    "TwinbrushFigure": TwinbrushFigure, "TwinbrushSculpt": TwinbrushSculpt, "TwinbrushReshape": TwinbrushReshape}
NODE_DISPLAY_NAME_MAPPINGS = {
    "TwinbrushFigure": "Twinbrush Figure", "TwinbrushSculpt": "Twinbrush Sculpt",
    "TwinbrushReshape": "Twinbrush Reshape"}
