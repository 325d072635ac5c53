"""The filters of runs, in words."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.html import format_html

from registry.admin.forms.filters import list_url
from registry.admin.parts import display
from registry.models import ExportRun, Property, ScoringRun
from registry.search.parameters import SelectionError
from registry.search.sentence import describe


def properties_by_name() -> Mapping[str, Property]:
    """All of them, asked for when the first one is needed."""
    return SimpleLazyObject(lambda: Property.objects.in_bulk(field_name="name"))  # type: ignore[return-value]


def export_column(request: HttpRequest) -> Callable[[ExportRun], Any]:
    """A column of the list of exports: what each one holds."""
    properties = properties_by_name()

    @admin.display(description="filter")
    def what(row: ExportRun) -> Any:
        return describe(row.subject, row.selection, properties)

    return what


def scoring_column(request: HttpRequest) -> Callable[[ScoringRun], Any]:
    """A column of the list of scoring runs: the structures of each."""
    properties = properties_by_name()

    @admin.display(description="structures")
    def what(row: ScoringRun) -> Any:
        return scored_structures(row, properties)

    return what


def scored_structures(row: ScoringRun, properties: Mapping[str, Property]) -> Any:
    """Of a dataset version, or a selection: candidates of a generation run, of a filter, or of both; or structures."""
    if row.dataset_version is not None:
        return display.link(row.dataset_version)
    words = describe(row.subject, row.selection, properties)
    if row.generation_run is None:
        return words
    link = display.link(row.generation_run)
    return format_html("{}: {}", link, words) if row.selection else link


def linked(subject: str, selection: Mapping[str, Any]) -> Any:
    """The sentence, with a link to the list as it is now where there is one."""
    words = describe(subject, selection, properties_by_name())
    try:
        address = list_url(subject, selection)
    except SelectionError:
        address = ""
    return format_html('{} <a class="sv-link" href="{}">See them</a>', words, address) if address else words
