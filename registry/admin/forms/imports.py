"""The first step of an import: the file, and the dataset that takes it, which may be a new one."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.core.signing import BadSignature

from registry import artifacts
from registry.actions.add_dataset import AddDataset
from registry.actions.base import ActionError
from registry.actions.import_file import StartImport
from registry.admin.forms.base import ActionForm
from registry.admin.forms.uploads import Upload, read_ticket
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

    file = forms.FileField(required=False, help_text="CSV, JSONL, SDF or parquet.")
    kept = forms.CharField(required=False, widget=forms.HiddenInput)
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
        self.held: Upload | None = None
        self.may_add = self.request.user.has_perm(AddDataset.permission)
        if not self.may_add:
            for name in NEW:
                del self.fields[name]

    def context(self) -> dict[str, Any]:
        new = [self[name] for name in NEW if name in self.fields]
        opened = not Dataset.objects.exists() or any(field.errors or field.value() for field in new)
        return {
            "kept_field": self["kept"],
            "held": self.held.name if self.held else "",
            "main_fields": [self[name] for name in ("file", "encoding", "structure_kind", "dataset")],
            "new_fields": new,
            "new_open": opened,
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self._read(cleaned)
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
        return cleaned

    def _read(self, cleaned: dict[str, Any]) -> None:
        """The file must be readable before it is kept; a fault of its letters belongs to the encoding.

        A browser forgets the file when another input is at fault, so it is kept here and named by a signed ticket.
        """
        file, asked = cleaned.get("file"), cleaned.get("encoding", "")
        try:
            if file:
                self.look = first_look(file, encoding=asked, max_bytes=settings.IMPORT_MAX_BYTES)
                self.held = Upload(digest=artifacts.put(file.file), name=file.name)
            elif "file" not in self.errors:
                self.held = read_ticket(cleaned.get("kept") or "")
                self.look = self.held.look(asked)
        except FormatError as error:
            self.add_error("encoding" if asked and "holds the byte" in error.message else "file", error.message)
        except (BadSignature, artifacts.ArtifactError):
            self.add_error("file", "Choose a file.")
        if self.held:
            self.data = self.data.copy()
            self.data["kept"] = self.held.ticket()

    def run(self, actor: User) -> Upload:
        cleaned = self.cleaned_data
        held, chosen = self.held, cleaned["dataset"]
        if held is None:
            raise ActionError("Choose a file.", field="file")
        parts = zip(("name", "licence", "source_url"), NEW, strict=True)
        new = {field: cleaned.get(name) or "" for field, name in parts}
        return Upload(
            digest=held.digest,
            name=held.name,
            kind=cleaned["structure_kind"],
            dataset=chosen.pk if chosen else None,
            new_dataset=None if chosen else new,
            encoding="" if self.look.encoding == "utf-8" else self.look.encoding,
        )

    def done(self, result: Upload) -> str:
        return ""

    def destination(self, result: Upload) -> str:
        return result.mapping_url()
