"""The panel in the 3D view's sidebar, its operators, and the add-on's preferences."""

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, PointerProperty, StringProperty
from bpy_extras.io_utils import ImportHelper

from . import figure, program

PACKAGE = __package__
POLL_SECONDS = 0.3


class TwinbrushPreferences(bpy.types.AddonPreferences):
    """Where the program is."""

    bl_idname = PACKAGE
    program: StringProperty(
        name="Program", subtype="FILE_PATH", description="The installed twinbrush; empty: the one on the PATH")

    def draw(self, context):
        self.layout.prop(self, "program")
        self.layout.label(text="Install it with: pipx install twinbrush")


class TwinbrushSettings(bpy.types.PropertyGroup):
    """What the figure is made of."""

    photo: StringProperty(name="Photo", subtype="FILE_PATH", description="A photo of a face")
    style: StringProperty(
        name="Style", subtype="FILE_PATH", description="A style portrait; empty: the person's own figure")
    folder: StringProperty(
        name="Folder", subtype="DIR_PATH", description="For the results (empty: a new one among the temporary files)")
    preset: EnumProperty(
        name="Quality", items=[(one, one.capitalize(), "") for one in program.PRESETS], default="default")
    strength: FloatProperty(name="Form", min=0, max=1.5, default=1, description="How far the shape follows the style")
    caricature: FloatProperty(
        name="Caricature", min=0.5, max=2, default=1, description="The person's own features, milder or bolder")
    relief: BoolProperty(name="Relief", default=True, description="Brushwork as normal map and roughness")
    told: StringProperty()
    running: BoolProperty()


class TwinbrushMake(bpy.types.Operator):
    """Make a figure of the photo in the style (Esc gives it up; what is finished is kept)."""

    bl_idname = "twinbrush.make_figure"
    bl_label = "Make the figure"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context):
        """Without windows: wait for the program. With them: look now and then, and let people work on."""
        settings = context.scene.twinbrush
        try:
            self.call = _started(context)
            if bpy.app.background:
                while (path := self.call.poll()) is None:
                    self.call.wait()
                return self._finished(context, path)
        except (program.ProgramError, figure.FigureError) as error:
            return self._refused(context, error)
        settings.running, settings.told = True, self.call.text
        self.timer = context.window_manager.event_timer_add(POLL_SECONDS, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context, event):
        if event.type == "ESC":
            self.call.cancel()
            self._ended(context, "Given up.")
            return {"CANCELLED"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        try:
            path = self.call.poll()
            if path is None:
                context.scene.twinbrush.told = self.call.text
                for area in context.screen.areas:
                    area.tag_redraw()
                return {"PASS_THROUGH"}
            return self._finished(context, path)
        except (program.ProgramError, figure.FigureError) as error:
            return self._refused(context, error)

    def _finished(self, context, path):
        figure.import_figure(path)
        self._ended(context, f"Done: {path.parent}")
        return {"FINISHED"}

    def _refused(self, context, error):
        self.report({"ERROR"}, str(error))
        self._ended(context, str(error))
        return {"CANCELLED"}

    def _ended(self, context, text):
        settings = context.scene.twinbrush
        settings.running, settings.told = False, text
        if getattr(self, "timer", None) is not None:
            context.window_manager.event_timer_remove(self.timer)
            self.timer = None


class TwinbrushImport(bpy.types.Operator, ImportHelper):
    """Import a figure.glb that Twinbrush has made."""

    bl_idname = "twinbrush.import_figure"
    bl_label = "Import a figure"
    bl_options = {"REGISTER", "UNDO"}
    filename_ext = ".glb"
    filter_glob: StringProperty(default="*.glb", options={"HIDDEN"})

    def execute(self, context):
        try:
            figure.import_figure(self.filepath)
        except figure.FigureError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class TwinbrushPanel(bpy.types.Panel):
    """The panel."""

    bl_label = "Twinbrush"
    bl_space_type, bl_region_type, bl_category = "VIEW_3D", "UI", "Twinbrush"

    def draw(self, context):
        settings, layout = context.scene.twinbrush, self.layout
        inputs = layout.column()
        inputs.enabled = not settings.running
        for name in ("photo", "style", "preset", "strength", "caricature", "relief", "folder"):
            inputs.prop(settings, name)
        inputs.operator(TwinbrushMake.bl_idname, icon="OUTLINER_OB_ARMATURE")
        inputs.operator(TwinbrushImport.bl_idname, icon="IMPORT")
        if settings.told:
            for line in _wrapped(settings.told):
                layout.label(text=line)


def _started(context):
    """The program at work on what the panel says. Raises ProgramError."""
    settings = context.scene.twinbrush
    addon = context.preferences.addons.get(PACKAGE)
    words = program.find_program(addon.preferences.program if addon else "")
    photo, style, folder = (
        bpy.path.abspath(value) if value else "" for value in (settings.photo, settings.style, settings.folder))
    out = program.new_folder(folder, photo)
    return program.Call(program.command_line(
        words, photo, style, out, settings.preset, settings.strength, settings.caricature, settings.relief), out)


def _wrapped(text, width=38):
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + len(word) >= width:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return [*lines, line][:8]


CLASSES = (TwinbrushPreferences, TwinbrushSettings, TwinbrushMake, TwinbrushImport, TwinbrushPanel)


def register():
    for one in CLASSES:
        bpy.utils.register_class(one)
    bpy.types.Scene.twinbrush = PointerProperty(type=TwinbrushSettings)


def unregister():
    del bpy.types.Scene.twinbrush
    for one in reversed(CLASSES):
        bpy.utils.unregister_class(one)
