"""A filter of candidates as an input."""

import json
from typing import Any

from django import forms

from registry.search.parameters import SelectionError
from registry.search.selection import select_candidates


class FilterField(forms.JSONField):
    """The filter of a candidate list, as JSON; refused here rather than by the job."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", forms.Textarea(attrs={"rows": 2}))
        super().__init__(required=False, label="Filter", **options)

    def clean(self, value: Any) -> dict[str, Any]:
        selection = super().clean(value) or {}
        if not isinstance(selection, dict):
            raise forms.ValidationError('A filter is an object such as {"status": "accepted"}.')
        try:
            select_candidates(selection, deadline=5)
        except SelectionError as error:
            raise forms.ValidationError(str(error)) from error
        return selection


def read_filter(text: object) -> dict[str, Any]:
    """The filter handed over in an address; an unreadable one is no filter."""
    try:
        found = json.loads(str(text or "{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
