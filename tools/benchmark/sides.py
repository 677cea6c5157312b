"""Names of the sides, and the process each of them gets."""

import functools
import importlib
from collections.abc import Callable, Iterable

from benchmark.measure import InProcess, Side
from can_tf.processes import cores

OURS, STOCK, PADDED, PACKED = "can_tf", "stock Keras", "PyTorch padded", "PyTorch packed"
OF_MODELS = (OURS, STOCK, PADDED, PACKED)
OF_UTTERANCES = (OURS, PADDED, PACKED)


def processes(module: str, function: str, names: Iterable[str], *arguments: object) -> dict[str, InProcess]:
    """Starts a process for each name, which prepares its side with `function(name, *arguments)` of `module`."""
    prepare = functools.partial(_prepare, module, function, arguments)
    return {name: InProcess(prepare, name, _environment(name)) for name in names}


def _environment(name: str) -> dict[str, str]:
    """Every side keeps its library's own choice of threads; that of can_tf is what `can-tf` sets."""
    return {"TF_NUM_INTRAOP_THREADS": str(max(1, cores() // 2))} if name == OURS else {}


def _prepare(module: str, function: str, arguments: tuple, name: str) -> tuple[str, Side]:
    side_of: Callable[..., tuple[str, Side]] = getattr(importlib.import_module(module), function)
    return side_of(name, *arguments)
