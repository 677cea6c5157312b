"""What decides a result beside data and options: the versions of libraries and of can_tf itself, and the processor."""

import contextlib
import importlib.metadata
import platform
import subprocess
from pathlib import Path

from can_tf.stack import RESAMPLER

_VECTORS = ("avx512f", "avx2", "avx", "sve", "asimd")  # From the widest on, as Linux names them.
_PACKAGES = ("tensorflow", "keras", "numpy", RESAMPLER, "scikit-learn", "soundfile")


def versions() -> dict[str, str]:
    """Returns the versions, here, of all that decides what a build or a training gives."""
    return {
        "can_tf": importlib.metadata.version("can_tf"),
        "python": platform.python_version(),
        **{package: importlib.metadata.version(package) for package in _PACKAGES},
    }


def processor() -> str:
    """Returns the architecture and the widest vector instructions that Linux tells of: by these, libraries round.

    Example:
        >>> processor().split()[0] == platform.machine()
        True
    """
    flags: set[str] = set()
    with contextlib.suppress(OSError, UnicodeDecodeError):  # There is no such file but on Linux.
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            name, _, values = line.partition(":")
            if name.strip() in ("flags", "Features"):
                flags.update(values.split())
    return " ".join([platform.machine(), *[name for name in _VECTORS if name in flags][:1]])


def git_commit() -> str | None:
    """Returns the commit that can_tf itself is run from, with `-dirty` if files were changed; None outside a checkout.

    A checkout of another project, which only has can_tf installed in it, does not count.
    """
    module = Path(__file__)
    try:
        _git(module.parent, "ls-files", "--error-unmatch", module.name)
        return _git(module.parent, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
