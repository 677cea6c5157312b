"""Tensors in JSON, as TensorFlow Serving's REST interface has them: rows (`instances`) and columns (`inputs`)."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import numpy as np

# By a signature's dtype: NumPy's, and what JSON may hold.
_DTYPES: Mapping[str, tuple[Any, str]] = {
    "DT_FLOAT": (np.float32, "number"),
    "DT_DOUBLE": (np.float64, "number"),
    "DT_INT32": (np.int32, "integer"),
    "DT_INT64": (np.int64, "integer"),
    "DT_BOOL": (np.bool_, "boolean"),
    "DT_STRING": (object, "string"),
}
_MOST_DIMENSIONS = 32  # NumPy's.


class BadRequestError(ValueError):
    """The body is not what the signature asks for: status 400."""


def parse_request(body: Any, definitions: Mapping[str, Any]) -> tuple[str, dict[str, np.ndarray], bool]:
    """Returns the signature's name, its inputs by name, and whether the request comes in rows.

    Args:
        body: The parsed JSON.
        definitions: Signatures by name, as TensorFlow Serving's metadata show them.

    Raises:
        BadRequestError: The body does not fit.
    """
    if not isinstance(body, dict):
        raise BadRequestError("Request body is not a JSON object")
    signature = body.get("signature_name", "")
    if not isinstance(signature, str):
        raise BadRequestError("'signature_name' key must be a string value.")
    signature = signature or "serving_default"
    if signature not in definitions or not definitions[signature].get("inputs"):
        raise BadRequestError(f'Serving signature name: "{signature}" not found in signature def')
    inputs = definitions[signature]["inputs"]
    if "instances" in body and "inputs" in body:
        raise BadRequestError("Not formatted correctly expects only one of 'inputs' and 'instances'")
    if "instances" in body:
        return signature, _rows(body["instances"], inputs), True
    if "inputs" in body:
        return signature, _columns(body["inputs"], inputs), False
    raise BadRequestError("Missing 'inputs' or 'instances' key")


def _columns(values: Any, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
    if not isinstance(values, dict) or (len(inputs) == 1 and not set(values) & set(inputs)):
        if len(inputs) != 1:
            raise BadRequestError(
                "'inputs' is a plain value/list, but expecting an object as multiple input tensors required"
            )
        values = {next(iter(inputs)): values}
    _check_keys(values, inputs)
    tensors = {name: _tensor(name, values[name], tensor) for name, tensor in inputs.items()}
    for name, tensor in inputs.items():
        _check_shape(name, tensors[name], tensor)
    return tensors


def _rows(instances: Any, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
    if not isinstance(instances, list) or not instances:
        raise BadRequestError("'instances' key must be a non-empty list")
    columns: dict[str, list[np.ndarray]] = {name: [] for name in inputs}
    for instance in instances:
        if not isinstance(instance, dict) or (len(inputs) == 1 and set(instance) == {"b64"}):
            if len(inputs) != 1:
                raise BadRequestError(
                    "JSON Value: expecting an object for each instance, with all input tensors by name"
                )
            instance = {next(iter(inputs)): instance}
        _check_keys(instance, inputs)
        for name, tensor in inputs.items():
            value = _tensor(name, instance[name], tensor)
            if columns[name] and columns[name][0].shape != value.shape:
                raise BadRequestError(
                    f"Expecting tensor shape {list(columns[name][0].shape)} for key {name}, but got {list(value.shape)}"
                )
            columns[name].append(value)
    tensors = {name: np.stack(values) for name, values in columns.items()}
    for name, tensor in inputs.items():
        _check_shape(name, tensors[name], tensor)
    return tensors


def _check_keys(values: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
    missing, extra = sorted(set(inputs) - set(values)), sorted(set(values) - set(inputs))
    if missing:
        raise BadRequestError(f"Failed to process element: missing input: {', '.join(missing)}")
    if extra:
        raise BadRequestError(f"Failed to process element: unexpected input: {', '.join(extra)}")


def _check_shape(name: str, values: np.ndarray, tensor: Mapping[str, Any]) -> None:
    dims = [int(dim["size"]) for dim in tensor["tensor_shape"].get("dim", [])]
    fits = values.ndim == len(dims) and all(size in (-1, found) for size, found in zip(dims, values.shape, strict=True))
    if not fits:
        raise BadRequestError(f"{name}: expected a tensor of shape {dims}, got {list(values.shape)}")


def _tensor(name: str, value: Any, tensor: Mapping[str, Any]) -> np.ndarray:
    """Returns nested lists as an array; the first element of each list gives the shape, as in TensorFlow Serving."""
    dtype, kind = _DTYPES[tensor["dtype"]]
    shape: list[int] = []
    inner = value
    while isinstance(inner, list):
        shape.append(len(inner))
        if len(shape) > _MOST_DIMENSIONS:
            raise BadRequestError(f"JSON Value: {name} is nested more than {_MOST_DIMENSIONS} deep")
        if not inner:
            break
        inner = inner[0]
    flat: list[Any] = []
    _flatten(name, value, shape, kind, flat)
    if kind == "integer" and any(not np.iinfo(dtype).min <= number <= np.iinfo(dtype).max for number in flat):
        raise BadRequestError(f"JSON Value: {name} holds a number that is not of expected type: {np.dtype(dtype)}")
    array = np.empty(len(flat), dtype)
    try:
        with np.errstate(over="raise"):
            array[:] = flat
    except (OverflowError, FloatingPointError) as error:  # A number that no float of this size can hold.
        raise BadRequestError(f"JSON Value: {name} holds a number that is not of expected type: {error}") from error
    return array.reshape(shape)


def _flatten(name: str, value: Any, shape: list[int], kind: str, flat: list[Any]) -> None:
    if not shape:
        flat.append(_scalar(name, value, kind))
    elif not isinstance(value, list) or len(value) != shape[0]:
        found = f"a list of {len(value)}" if isinstance(value, list) else type(value).__name__
        raise BadRequestError(
            f"Encountered list at unexpected size in {name}: expected {shape[0]} elements, found {found}"
        )
    else:
        for element in value:
            _flatten(name, element, shape[1:], kind, flat)


def _scalar(name: str, value: Any, kind: str) -> Any:
    if kind == "string" and isinstance(value, dict) and set(value) == {"b64"} and isinstance(value["b64"], str):
        try:
            return _from_base64(value["b64"])
        except (binascii.Error, ValueError) as error:
            raise BadRequestError(f"JSON Value: {name}: unable to base64 decode ({error})") from error
    fits = {
        "string": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "number": isinstance(value, (int, float)) and not isinstance(value, bool),
    }[kind]
    if not fits:
        raise BadRequestError(f"JSON Value: {str(value)[:60]!r} of {name} is not of expected type: {kind}")
    return value.encode("utf-8", "surrogatepass") if kind == "string" else value


def _from_base64(text: str) -> bytes:
    """Returns bytes from base64, which may be cut into lines and lack its padding, as TensorFlow Serving takes it.

    Example:
        >>> _from_base64("Zm9v\\nYg")
        b'foob'
    """
    plain = "".join(text.split())
    if "=" in plain and len(plain) % 4:
        raise ValueError(f"{len(plain)} characters with padding; expected four or a multiple")
    return base64.b64decode(plain if "=" in plain else plain + "=" * (-len(plain) % 4), validate=True)


def render_response(outputs: Mapping[str, np.ndarray], rows: bool) -> dict[str, Any]:
    """Returns the JSON of a reply: `predictions`, an object a row, or `outputs` by name; one output stands bare."""
    values = {name: _as_json(array) for name, array in outputs.items()}
    if not rows:
        return {"outputs": values if len(values) > 1 else next(iter(values.values()))}
    count = len(next(iter(values.values())))
    if len(values) == 1:
        return {"predictions": next(iter(values.values()))}
    return {"predictions": [{name: column[row] for name, column in values.items()} for row in range(count)]}


def _as_json(array: np.ndarray) -> Any:
    if array.dtype != object:
        return array.tolist()
    return [_as_json(value) if isinstance(value, np.ndarray) else value.decode("utf-8", "replace") for value in array]
