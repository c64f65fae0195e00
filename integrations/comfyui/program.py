"""Calls the installed program `twinbrush`. Nothing here knows ComfyUI."""

import os
import shlex
import shutil
import subprocess
import threading

VARIABLE = "TWINBRUSH_PROGRAM"
POLL_SECONDS = 0.3


class ProgramError(RuntimeError):
    """The program is missing, or would not make the figure. The text is for people: ComfyUI shows it at the node."""


def program():
    """The command's first words: what $TWINBRUSH_PROGRAM says, else `twinbrush` on the PATH. Raises ProgramError."""
    words = shlex.split(os.environ.get(VARIABLE, ""), posix=os.name != "nt") or ["twinbrush"]
    if shutil.which(words[0]) is None:
        raise ProgramError(
            f"{words[0]}: there is no such program. Install it (pipx install twinbrush), or name it in {VARIABLE}.")
    return words


def call(words, between):
    """Run the program with these words. between(text) is called now and then with what it said last; what that raises
    ends the program. Raises ProgramError with the program's own words."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    process = subprocess.Popen(
        [*program(), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=clean)
    said = [""]

    def read():
        with process.stdout:
            for raw in process.stdout:
                said[0] = raw.decode("utf-8", "replace").strip().removeprefix("twinbrush: ") or said[0]

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        while True:
            try:
                code = process.wait(POLL_SECONDS)
                break
            except subprocess.TimeoutExpired:
                between(said[0])
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
        reader.join(5)
    if code:
        raise ProgramError(said[0] or f"twinbrush ended with code {code}.")
