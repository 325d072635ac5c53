"""Typed settings: dataclasses whose fields carry a help text and bounds, built strictly from JSON.

The same description checks a configuration file, is printed by `python -m mlcore catalog --json`, and is enough to draw
a form.
"""

import difflib
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, field, fields, is_dataclass
from typing import Any, Literal, TypeVar

from mlcore.errors import UserError

T = TypeVar("T")

_PLAIN: dict[type, tuple[tuple[type, ...], str]] = {
    bool: ((bool,), "true or false"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    str: ((str,), "a text"),
}


def option(
    default: Any, help_text: str, *, minimum: float | None = None, maximum: float | None = None, free: bool = False
) -> Any:
    """A dataclass field with a help text and inclusive bounds; a callable default is a factory, ... means required.

    free: of a network's settings, one that does not decide its shape: a training that goes on may change it.
    """
    metadata = {"help": help_text, "minimum": minimum, "maximum": maximum, "free": free}
    if default is ...:
        return field(metadata=metadata)
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


def build(cls: type[T], source: object, where: str = "") -> T:
    """An instance of dataclass `cls` from a JSON object; a UserError names any unknown key, wrong type or bound."""
    if not isinstance(source, Mapping):
        raise UserError(f"{where or 'configuration'}: expected an object, got {source!r}")
    hints = typing.get_type_hints(cls)
    known = {item.name: item for item in fields(cls)}  # type: ignore[arg-type]
    for name in source:
        if name not in known:
            raise UserError(f"{_path(where, name)}: unknown setting; {nearest(name, known)}")
    missing = [n for n, f in known.items() if f.default is MISSING and f.default_factory is MISSING and n not in source]
    if missing:
        raise UserError(f"{_path(where, missing[0])}: this setting is required")
    values = {}
    for name, value in source.items():
        values[name] = _convert(hints[name], value, _path(where, name))
        _check_bounds(values[name], known[name].metadata, _path(where, name))
    return cls(**values)


def fixed(cls: type) -> list[str]:
    """The settings of a network that decide its shape."""
    return [item.name for item in fields(cls) if not item.metadata.get("free")]


def nearest(name: object, known: typing.Iterable[str]) -> str:
    """The end of an error about an unknown name: the closest known one, or all of them."""
    close = closest(str(name), known)
    return f"did you mean {close!r}?" if close else f"known: {', '.join(sorted(known)) or 'none'}"


def closest(name: str, known: typing.Iterable[str]) -> str:
    """The known name that is most like one, or nothing where none is; upper and lower case count alike."""
    plain = {item.lower().strip(): item for item in reversed(list(known))}
    close = difflib.get_close_matches(name.lower().strip(), plain, n=1)
    return plain[close[0]] if close else ""


def schema(cls: type, overrides: Mapping[str, object] | None = None) -> list[dict[str, Any]]:
    """One JSON-ready entry per field: name, type, items (type of a list's), default, required, help, minimum, maximum,
    choices, fields."""
    hints = typing.get_type_hints(cls)
    return [_describe(item, hints[item.name], overrides or {}) for item in fields(cls)]


def _describe(item: Any, hint: Any, overrides: Mapping[str, object]) -> dict[str, Any]:
    default = item.default if item.default is not MISSING else None
    if item.default_factory is not MISSING and not is_dataclass(item.default_factory):
        default = item.default_factory()
    inner = _inner(hint)
    return {
        "name": item.name,
        "type": _type_name(hint),
        "items": _type_name(inner) if inner is not hint else None,
        "default": overrides.get(item.name, default),
        "required": item.default is MISSING and item.default_factory is MISSING,
        "help": item.metadata.get("help", ""),
        "minimum": item.metadata.get("minimum"),
        "maximum": item.metadata.get("maximum"),
        "choices": list(typing.get_args(hint)) if typing.get_origin(hint) is Literal else None,
        "fields": schema(inner) if isinstance(inner, type) and is_dataclass(inner) else None,
    }


def _inner(hint: Any) -> Any:
    """The element type of a list setting, else the type itself."""
    return typing.get_args(hint)[0] if typing.get_origin(hint) in (tuple, list) else hint


def _type_name(hint: Any) -> str:
    if typing.get_origin(hint) is Literal:
        return "choice"
    if typing.get_origin(hint) in (tuple, list):
        return "list"
    if typing.get_origin(hint) in (dict, types.UnionType) or is_dataclass(hint):
        return "object" if typing.get_origin(hint) is not types.UnionType else _type_name(typing.get_args(hint)[0])
    if hint is Any:
        return "object"
    return {bool: "boolean", int: "integer", float: "number", str: "string"}[hint]


def _convert(hint: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return value
    if origin is types.UnionType:  # X | None
        return None if value is None else _convert(arguments[0], value, where)
    if origin is Literal:
        if value not in arguments:
            raise UserError(f"{where}: {value!r} is not one of {', '.join(map(repr, arguments))}")
        return value
    if origin in (tuple, list):
        if not isinstance(value, list | tuple):
            raise UserError(f"{where}: expected a list, got {value!r}")
        return origin(_convert(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if origin is dict:
        if not isinstance(value, Mapping):
            raise UserError(f"{where}: expected an object, got {value!r}")
        return {str(key): _convert(arguments[1], item, _path(where, key)) for key, item in value.items()}
    if is_dataclass(hint):
        return build(typing.cast("type", hint), value, where)
    return _plain(hint, value, where)


def _plain(hint: type, value: Any, where: str) -> Any:
    accepted, words = _PLAIN[hint]
    right = isinstance(value, accepted) and (hint is bool or not isinstance(value, bool))
    if not right or (hint is float and not math.isfinite(value)):
        raise UserError(f"{where}: expected {words}, got {value!r}")
    return float(value) if hint is float else value


def _check_bounds(value: Any, metadata: Mapping[str, Any], where: str) -> None:
    low, high = metadata.get("minimum"), metadata.get("maximum")
    if not isinstance(value, int | float):
        return
    if (low is not None and value < low) or (high is not None and value > high):
        span = f"at least {low}" if high is None else f"at most {high}" if low is None else f"between {low} and {high}"
        raise UserError(f"{where}: {value} must be {span}")


def _path(where: str, name: object) -> str:
    return f"{where}.{name}" if where else str(name)
