"""Export what a filter selects."""

from typing import Any

from django import forms
from django.contrib.auth.models import User

from registry.actions.export import StartExport
from registry.admin.forms.base import ActionForm
from registry.admin.forms.filters import read_filter, summary
from registry.models import ExportRun, Property
from registry.search.parameters import SelectionError
from registry.search.sentence import describe_sort
from registry.search.sorting import sort_keys, usual_sort

_SORTS = {
    ExportRun.Subject.CANDIDATES: ("-id", "sa_score", "-mass"),
    ExportRun.Subject.MEASUREMENTS: ("id", "-id", "-value", "temperature_k"),
    ExportRun.Subject.STRUCTURES: ("id", "-id", "sa_score", "-mass"),
    ExportRun.Subject.PREDICTIONS: ("id", "-id", "-value", "value", "standard_deviation", "temperature_k"),
}

_EXAMPLES = {
    ExportRun.Subject.CANDIDATES: '{"status": "accepted"}',
    ExportRun.Subject.MEASUREMENTS: '{"dataset": "htp-md"}',
    ExportRun.Subject.STRUCTURES: '{"elements": ["F"]}',
    ExportRun.Subject.PREDICTIONS: '{"scoring_run": 3}',
}


class ExportForm(ActionForm):
    title = "Export"
    submit = "Export"
    icon = "download"
    intro = "A background job writes the file; its page then offers it for download."
    permission = StartExport.permission
    template = "registry/filter_form.html"

    subject = forms.ChoiceField(
        choices=ExportRun.Subject.choices,
        initial=ExportRun.Subject.CANDIDATES,
        widget=forms.Select(attrs={"data-reload": "1"}),
    )
    file_format = forms.ChoiceField(
        label="Format", choices=[(name, name) for name in ("csv", "jsonl", "sdf", "parquet")]
    )
    sort = forms.ChoiceField(required=False, label="Order")
    selection = forms.JSONField(
        required=False,
        label="Filter",
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def prepare(self) -> None:
        self.chosen = read_filter(self.data.get("selection") if self.is_bound else self.initial.get("selection"))
        self.initial["selection"] = self.chosen
        asked = self.data.get("subject") or self.initial.get("subject")
        self.of = asked if asked in ExportRun.Subject.values else ExportRun.Subject.CANDIDATES.value
        example = _EXAMPLES[ExportRun.Subject(self.of)]
        self.fields["selection"].help_text = f"As in the API’s list, such as {example}; {{}} exports everything."
        usual = usual_sort(self.of, self.chosen)
        asked = (self.data.get("sort") if self.is_bound else self.initial.get("sort")) or usual
        self.sort = asked if self._sorts(asked) else usual
        self.initial["sort"] = self.sort
        self.fields["sort"].choices = self._orders(usual)

    def _sorts(self, asked: str) -> bool:
        """Whether the rows can be so ordered; those of another subject cannot always."""
        try:
            sort_keys(self.of, asked, self.chosen)
        except SelectionError:
            return False
        return True

    def _orders(self, usual: str) -> list[tuple[str, str]]:
        """The list's own, the one that was handed over, and the common ones."""
        properties = Property.objects.in_bulk(field_name="name")
        sorts = dict.fromkeys([self.sort, usual, *_SORTS[ExportRun.Subject(self.of)]])
        return [(sort, describe_sort(sort, properties)) for sort in sorts]

    def clean_selection(self) -> dict[str, Any]:
        selection = self.cleaned_data["selection"] or {}
        if not isinstance(selection, dict):
            raise forms.ValidationError('A filter is an object such as {"status": "accepted"}.')
        return selection

    def context(self) -> dict[str, Any]:
        return {
            "main_fields": [self[name] for name in ("subject", "file_format", "sort")],
            "filter_field": self["selection"],
            "summary": summary(self.of, self.chosen),
            "heading": "What will be written",
        }

    def run(self, actor: User) -> ExportRun:
        cleaned = self.cleaned_data
        return StartExport(
            actor=actor,
            subject=cleaned["subject"],
            selection=cleaned["selection"],
            file_format=cleaned["file_format"],
            sort=cleaned["sort"],
        ).run()
