"""A filter of candidates, or of another subject of exports, as an input."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import QuerySet
from django.urls import reverse

from registry.actions.export_rows import SUBJECTS
from registry.admin.lists.prediction_list import prediction_list
from registry.models import ExportRun, Property
from registry.search.parameters import SelectionError
from registry.search.selection import as_texts, select_candidates
from registry.search.sentence import describe, rows_of

_DEADLINE = 5  # seconds that a substructure may take to be counted


class FilterField(forms.JSONField):
    """The filter of a list, as JSON; refused here rather than by the job."""

    subject: str = ExportRun.Subject.CANDIDATES

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", forms.Textarea(attrs={"rows": 2}))
        super().__init__(required=False, label="Filter", **options)

    def clean(self, value: Any) -> dict[str, Any]:
        selection = super().clean(value) or {}
        if not isinstance(selection, dict):
            raise forms.ValidationError('A filter is an object such as {"status": "accepted"}.')
        try:
            _select(self.subject, selection)
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


def summary(subject: str, selection: Mapping[str, Any]) -> dict[str, str]:
    """What a filter means and how many rows it has at present; for a person, before anything starts."""
    found = {"words": describe(subject, selection, Property.objects.in_bulk(field_name="name"))}
    try:
        found["rows"] = rows_of(subject, _count(subject, selection))
    except SelectionError as error:
        found["problem"] = str(error)
    else:
        found["list_url"] = list_url(subject, selection)
    return found


def list_url(subject: str, selection: Mapping[str, Any]) -> str:
    """The list of candidates or of predictions, so filtered; empty where a list cannot be. Raises: SelectionError."""
    if subject == ExportRun.Subject.PREDICTIONS:
        return prediction_list(selection)
    if subject != ExportRun.Subject.CANDIDATES:
        return ""
    return f"{reverse('admin:registry_candidate_changelist')}?{urlencode(as_texts(selection))}"


def _count(subject: str, selection: Mapping[str, Any]) -> int:
    return _select(subject, selection).count()


def _select(subject: str, selection: Mapping[str, Any]) -> QuerySet[Any]:
    if subject == ExportRun.Subject.CANDIDATES:
        return select_candidates(selection, deadline=_DEADLINE)
    return SUBJECTS[subject][1](selection)
