"""Finds and calls the installed program `twinbrush`. Nothing here knows Blender."""

import os
import shlex
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

PRESETS = ("fast", "default", "fine")
LOG_LINES = 200  # of what the program says, that are kept


class ProgramError(Exception):
    """The program is missing, or would not make the figure. The text is for people."""


def find_program(wanted):
    """The command's first words: the preferences' path, else `twinbrush` on the PATH. Raises ProgramError."""
    if wanted.strip():
        words = [wanted] if Path(wanted).is_file() else shlex.split(wanted, posix=os.name != "nt")
        if shutil.which(words[0]):
            return words
        raise ProgramError(f"{words[0]}: there is no such program. Correct it in the add-on's preferences.")
    found = shutil.which("twinbrush")
    if found is None:
        raise ProgramError(
            "twinbrush is not installed, or not on Blender's PATH. Install it (pipx install twinbrush), or name it in "
            "the add-on's preferences.")
    return [found]


def command_line(program, photo, style, out, preset="default", strength=1.0, caricature=1.0, relief=True):
    """All words of the call. An empty style makes the person's own figure (`sculpt`)."""
    if not Path(photo).is_file():
        raise ProgramError(f"{photo or 'The photo'}: choose a picture of a face.")
    if not style:
        return [*program, "sculpt", str(photo), "-o", str(out)]
    if not Path(style).is_file():
        raise ProgramError(f"{style}: choose a style portrait.")
    words = [*program, "stylize", str(photo), str(style), "-o", str(out), "--preset", preset]
    words += ["--strength", f"{strength:g}", "--caricature", f"{caricature:g}"]
    return words if relief else [*words, "--relief", "0"]


class Call:
    """A running call. poll() is asked again and again; text is the last thing that the program said."""

    def __init__(self, words, out):
        self.out, self.text, self._lines = Path(out), "starting", []
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        try:
            self._process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=clean,
                creationflags=flags)
        except OSError as error:
            raise ProgramError(f"{words[0]}: cannot be started ({error.strerror}).") from error
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        with self._process.stdout:
            for raw in self._process.stdout:
                line = raw.decode("utf-8", "replace").strip()
                if line:
                    self._lines = [*self._lines[1 - LOG_LINES:], line]
                    self.text = line.removeprefix("twinbrush: ")

    def poll(self):
        """None while it runs, else the path of the figure. Raises ProgramError with the program's own words."""
        code = self._process.poll()
        if code is None:
            return None
        self._reader.join(5)
        figure = self.out / "figure.glb"
        if code != 0 or not figure.is_file():
            raise ProgramError(self.text if self._lines else f"twinbrush ended with code {code}.")
        return figure

    def wait(self):
        """Wait until the program has ended."""
        self._process.wait()

    def cancel(self):
        """End the program; what it finished is kept for the next call in the same folder."""
        if self._process.poll() is None:
            self._process.terminate()


def new_folder(wanted, photo):
    """Where results go: the wanted folder, else one of our own among the temporary files."""
    if wanted:
        return Path(wanted)
    return Path(tempfile.mkdtemp(prefix=f"twinbrush-{Path(photo).stem[:40]}-"))
