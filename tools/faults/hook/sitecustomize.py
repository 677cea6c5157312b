"""Python loads this in every process whose PYTHONPATH leads here: it counts changes of files, and strikes at one.

Counted are the files that Python opens to write, renames and removes below FAULTS_FOLDER, by all processes together,
in the size of FAULTS_LOG. At number FAULTS_AT it does what FAULTS_DO says: "kill" kills the command's first process,
"kill here" the one that is about to change a file, and a number is the error that the operation gets in place of being
done.
"""

import os
import signal
import sys
from pathlib import Path

_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree"}
_FOLDER = os.environ["FAULTS_FOLDER"]
_LOG = os.open(os.environ["FAULTS_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
_AT = int(os.environ.get("FAULTS_AT", "0"))
_DO = os.environ.get("FAULTS_DO", "kill")
_FIRST = int(os.environ.setdefault("FAULTS_FIRST", str(os.getpid())))


def _watch(event, arguments):
    if event not in _CHANGES and not (event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)):
        return
    path = arguments[0]
    if not isinstance(path, str | os.PathLike) or not Path(path).absolute().is_relative_to(_FOLDER):
        return
    os.write(_LOG, b".")
    if os.fstat(_LOG).st_size == _AT:
        _strike(path)


def _strike(path):
    if _DO.isdecimal():
        raise OSError(int(_DO), os.strerror(int(_DO)), path)
    os.kill(os.getpid() if _DO == "kill here" else _FIRST, signal.SIGKILL)
    signal.pause()  # The process that is struck may be another; this one goes no further.


sys.addaudithook(_watch)
