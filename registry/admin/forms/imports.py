"""The first step of an import: the file, and the dataset that takes it, which may be a new one."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import User

from registry import artifacts
from registry.actions.add_dataset import AddDataset
from registry.actions.import_file import StartImport
from registry.admin.forms.base import ActionForm
from registry.admin.forms.uploads import Upload
from registry.formats import FormatError, first_look
from registry.formats.encodings import CHOICES
from registry.models import Dataset, Structure

NEW = ("new_name", "new_licence", "new_source")


class UploadForm(ActionForm):
    title = "Import a file"
    submit = "Next: what do the columns mean?"
    icon = "arrow_forward"
    intro = "CSV, JSONL, SDF or parquet, also gzipped. Nothing is imported before you have seen what would be."
    permission = StartImport.permission
    template = "registry/upload_form.html"

    file = forms.FileField()
    encoding = forms.ChoiceField(
        required=False,
        choices=[("", "told from the file"), *CHOICES.items()],
        help_text="How letters such as ° and σ were saved. The next page shows how they read.",
    )
    structure_kind = forms.ChoiceField(
        required=False,
        choices=[("", "told from the file"), *Structure.Kind.choices],
        help_text="Repeat units with two chain ends, or whole molecules such as solvents.",
    )
    dataset = forms.ModelChoiceField(Dataset.objects.all(), required=False, help_text="That takes the rows.")
    new_name = forms.CharField(required=False, max_length=100, label="Name", help_text="Such as: PEO films, lab 3.")
    new_licence = forms.CharField(required=False, max_length=60, label="Licence", help_text="Such as CC-BY-4.0.")
    new_source = forms.URLField(
        required=False, max_length=200, label="Source", assume_scheme="https", help_text="Address of the data or paper."
    )

    def prepare(self) -> None:
        self.may_add = self.request.user.has_perm(AddDataset.permission)
        if not self.may_add:
            for name in NEW:
                del self.fields[name]

    def context(self) -> dict[str, Any]:
        new = [self[name] for name in NEW if name in self.fields]
        opened = not Dataset.objects.exists() or any(field.errors or field.value() for field in new)
        return {
            "main_fields": [self[name] for name in ("file", "encoding", "structure_kind", "dataset")],
            "new_fields": new,
            "new_open": opened,
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        chosen, name = cleaned.get("dataset"), " ".join((cleaned.get("new_name") or "").split())
        cleaned["new_name"] = name
        if "dataset" in self.errors or "new_name" in self.errors:
            return cleaned
        if chosen and name:
            self.add_error("new_name", "Choose a dataset or name a new one, not both.")
        elif not chosen and not name:
            self.add_error("dataset", "Choose a dataset" + (", or name a new one below." if self.may_add else "."))
        elif name and Dataset.objects.filter(name__iexact=name).exists():
            self.add_error("new_name", "There is a dataset of that name already: choose it above.")
        self._read(cleaned)
        return cleaned

    def _read(self, cleaned: dict[str, Any]) -> None:
        """The file must be readable before it is kept; a fault of its letters belongs to the encoding."""
        file, asked = cleaned.get("file"), cleaned.get("encoding", "")
        if not file:
            return
        try:
            self.look = first_look(file, encoding=asked, max_bytes=settings.IMPORT_MAX_BYTES)
        except FormatError as error:
            self.add_error("encoding" if asked and "holds the byte" in error.message else "file", error.message)

    def run(self, actor: User) -> Upload:
        cleaned = self.cleaned_data
        file, chosen = cleaned["file"], cleaned["dataset"]
        parts = zip(("name", "licence", "source_url"), NEW, strict=True)
        new = {field: cleaned.get(name) or "" for field, name in parts}
        return Upload(
            digest=artifacts.put(file.file),
            name=file.name,
            kind=cleaned["structure_kind"],
            dataset=chosen.pk if chosen else None,
            new_dataset=None if chosen else new,
            encoding="" if self.look.encoding == "utf-8" else self.look.encoding,
        )

    def done(self, result: Upload) -> str:
        return ""

    def destination(self, result: Upload) -> str:
        return result.mapping_url()
