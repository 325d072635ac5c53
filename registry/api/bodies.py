"""Bodies of requests: a field that no call knows is refused by name, never ignored."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from registry.search.parameters import did_you_mean


def refuse_unknown_fields(body: Any, reader: serializers.BaseSerializer | None) -> None:
    """A misspelt `seed` that is ignored starts another run than was asked for: name every such field instead.

    reader: what reads the body; None for a call that takes none.

    Raises: ValidationError.
    """
    if not isinstance(body, Mapping):
        return  # the serializer itself says what it expected
    fields = getattr(reader, "fields", {})
    writable = [name for name, field in fields.items() if not field.read_only]
    stray = {str(name): _why(str(name), name in fields, writable) for name in body if name not in writable}
    if stray:
        raise serializers.ValidationError(stray)


def _why(name: str, read_only: bool, writable: list[str]) -> str:
    if read_only:
        return "This field is read only; leave it out."
    if not writable:
        return "Unknown field; this call takes none."
    return f"Unknown field; {did_you_mean(name, writable)}known: {', '.join(sorted(writable))}."
