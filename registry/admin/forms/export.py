"""Export what a filter selects."""

from typing import Any

from django import forms
from django.contrib.auth.models import User

from registry.actions.export import StartExport
from registry.admin.forms.base import ActionForm
from registry.admin.forms.filters import read_filter
from registry.models import ExportRun

WRITE_FORMATS = ("csv", "jsonl", "sdf", "parquet")


class ExportForm(ActionForm):
    title = "Export"
    submit = "Export"
    icon = "download"
    intro = "A background job writes the file; its page then offers it for download."
    permission = StartExport.permission

    subject = forms.ChoiceField(choices=ExportRun.Subject.choices, initial=ExportRun.Subject.CANDIDATES)
    file_format = forms.ChoiceField(
        label="Format", choices=[(name, name) for name in ("csv", "jsonl", "sdf", "parquet")]
    )
    selection = forms.JSONField(
        required=False,
        label="Filter",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text='As in the list\'s address, such as {"status": "accepted"}; {} exports everything.',
    )

    def prepare(self) -> None:
        self.initial["selection"] = read_filter(self.initial.get("selection"))

    def clean_selection(self) -> dict[str, Any]:
        selection = self.cleaned_data["selection"] or {}
        if not isinstance(selection, dict):
            raise forms.ValidationError('A filter is an object such as {"status": "accepted"}.')
        return selection

    def run(self, actor: User) -> ExportRun:
        cleaned = self.cleaned_data
        return StartExport(
            actor=actor,
            subject=cleaned["subject"],
            selection=cleaned["selection"],
            file_format=cleaned["file_format"],
        ).run()
