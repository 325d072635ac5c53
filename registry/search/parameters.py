"""Filters that refuse what they do not understand, shared by every list and selection."""

import difflib
from collections.abc import Collection, Iterable
from datetime import UTC
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django_filters import BaseInFilter, ChoiceFilter, Filter, IsoDateTimeFilter, TypedChoiceFilter
from django_filters.fields import IsoDateTimeField

from mlcore.chem.errors import ChemError
from registry.search import identity

LARGEST_ID = 2**63 - 1


class SelectionError(ValueError):
    """A filter that cannot be applied. `field` names the parameter, `message` says what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The closest known name as a question, with a space behind it; empty when none is close."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]}? " if near else ""


def refuse_unknown(
    given: Iterable[str], known: Collection[str], families: Iterable[str] = (), more: Iterable[str] = ()
) -> None:
    """A misspelt filter that is ignored selects everything: name it instead.

    families: patterns of names that are known beside the plain ones, for the message.
    more: the names that the patterns stand for, to guess which one was meant.

    Raises: SelectionError.
    """
    for name in given:
        if name not in known:
            hint = did_you_mean(name, [*known, *more])
            raise SelectionError(name, f"Unknown parameter; {hint}known: {', '.join([*sorted(known), *families])}.")


class RangesForm(forms.Form):
    def clean(self) -> dict[str, Any]:
        """Ends in the wrong order would select nothing, and look as if nothing were there."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in [name for name in cleaned if name.endswith("_min")]:
            low, high = cleaned[name], cleaned.get(f"{name.removesuffix('_min')}_max")
            if low is not None and high is not None and low > high:
                most = f"{name.removesuffix('_min')}_max"
                self.add_error(name, f"{low:g} is more than {most}, {high:g}: nothing lies between. Swap them.")
        return cleaned


class IntegerFilter(Filter):
    field_class = forms.IntegerField

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **({"min_value": 0, "max_value": LARGEST_ID} | options))


class NumberFilter(Filter):
    """A finite float: PostgreSQL refuses to compare a double with 1e400."""

    field_class = forms.FloatField


class TimeField(IsoDateTimeField):
    """Cleans to UTC: PostgreSQL refuses offsets beyond 16 hours, which ISO 8601 allows."""

    def clean(self, value: Any) -> Any:
        time = super().clean(value)
        try:
            return time and time.astimezone(UTC)
        except OverflowError as error:
            raise ValidationError("Expected a time between the years 1 and 9999, in UTC.") from error


class TimeFilter(IsoDateTimeFilter):
    field_class = TimeField


class YesNoFilter(TypedChoiceFilter):
    """true or false, and nothing that would silently mean neither."""

    def __init__(self, *args: Any, **options: Any) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(*args, choices=choices, coerce=lambda text: text == "true", **options)


class IdsFilter(BaseInFilter, IntegerFilter):
    """Comma-separated ids."""


class ChoicesFilter(BaseInFilter, ChoiceFilter):
    """Comma-separated choices."""


class NamesFilter(BaseInFilter, Filter):
    """Comma-separated names."""

    field_class = forms.CharField


class StructureField(forms.CharField):
    """SMILES; cleans to an Identity."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return identity.read(text)
        except ChemError as error:
            raise ValidationError(error.message, code=error.code) from error


class StructureFilter(Filter):
    field_class = StructureField
