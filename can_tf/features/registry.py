"""The front ends by name. To add one: its file, and its class in `FRONT_ENDS`."""

import contextlib
import dataclasses
from typing import Any

from can_tf.errors import ConfigError
from can_tf.features.front_end import FrontEnd
from can_tf.features.mfcc import Mfcc
from can_tf.features.whisper.front_end import WhisperBase
from can_tf.json_shapes import count, mismatch

FRONT_ENDS: dict[str, type[FrontEnd]] = {
    Mfcc.name: Mfcc,
    WhisperBase.name: WhisperBase,
}


def front_end(text: str) -> FrontEnd:
    """Returns a front end by its name, which settings may follow: "NAME" or "NAME:SETTING=VALUE,SETTING=VALUE".

    Raises:
        ConfigError: There is none of this name, or the settings are not its own.

    Example:
        >>> front_end("mfcc").width, front_end("mfcc:mel_bins=20").width
        (40, 20)
    """
    name, _, settings = text.partition(":")
    values = [setting.partition("=") for setting in settings.split(",") if setting]
    changes = {key.strip(): _number(value) for key, _, value in values}
    return front_end_from_json({**front_end_to_json(_front_end_class(name)()), **changes})


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text  # Which no setting is: the error tells of it.


def _front_end_class(name: str) -> type[FrontEnd]:
    if name not in FRONT_ENDS:
        raise ConfigError(f"there is no front end {ascii(name)[:60]}", expected=f"one of {', '.join(FRONT_ENDS)}")
    return FRONT_ENDS[name]


def front_end_to_json(front_end: FrontEnd) -> dict[str, Any]:
    """Returns a front end's name and settings as JSON values.

    Example:
        >>> front_end_to_json(Mfcc(mel_bins=20))["mel_bins"]
        20
    """
    return {"name": front_end.name, **dataclasses.asdict(front_end)}


def front_end_to_text(front_end: FrontEnd) -> str:
    """Returns what `front_end` takes, and `--features`: the name, and the settings that are not the default ones.

    Example:
        >>> front_end_to_text(Mfcc()), front_end_to_text(Mfcc(mel_bins=20))
        ('mfcc', 'mfcc:mel_bins=20')
    """
    default = front_end_to_json(type(front_end)())
    changed = {name: value for name, value in front_end_to_json(front_end).items() if value != default[name]}
    return front_end.name + ":" * bool(changed) + ",".join(f"{name}={value!r}" for name, value in changed.items())


def front_end_from_json(values: Any) -> FrontEnd:
    """Returns the front end that `front_end_to_json` wrote.

    Raises:
        ConfigError: There is none of this name, or the settings are not its own.

    Example:
        >>> front_end_from_json(front_end_to_json(Mfcc(hop_seconds=0.02))).hop_seconds
        0.02
    """
    if wrong := mismatch(values, {"name": str}):
        raise ConfigError(wrong)
    kind = _front_end_class(values["name"])
    shape = {field.name: _shape_of(field) for field in dataclasses.fields(kind)}
    settings = {name: value for name, value in values.items() if name != "name"}
    if unknown := sorted(settings.keys() - shape.keys()):
        raise ConfigError(
            f"{kind.name} has no setting {', '.join(map(ascii, unknown))[:60]}", expected=", ".join(shape)
        )
    if wrong := mismatch(settings, shape):
        raise ConfigError(f"{kind.name}: {wrong}")
    made = kind(**settings)
    if wrong := made.fault():
        raise ConfigError(f"{kind.name}: {wrong}")
    return made


def _shape_of(field: dataclasses.Field[Any]) -> Any:
    return count if isinstance(field.default, int) else float
