"""Import in three steps: upload, say what the columns mean, look at the dry run; the run's own page confirms."""

from itertools import islice
from typing import Any, BinaryIO
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.urls import reverse

from registry import artifacts
from registry.actions.base import ActionError
from registry.actions.import_file import StartImport
from registry.admin.forms.base import ActionForm
from registry.formats import FormatError, guess_mapping, open_table
from registry.models import Dataset, ImportRun, Measurement, Property, Structure

SAMPLE = 5
SALT = "registry.import"
COLUMN_FIELDS = {
    "structure": "structure (SMILES)",
    "source_id": "identifier in the source",
    "temperature": "temperature",
    "salt": "salt",
    "concentration": "salt concentration",
    "method": "method",
    "method_detail": "method detail",
}


class UploadForm(ActionForm):
    title = "Import a file"
    submit = "Next: what do the columns mean?"
    icon = "arrow_forward"
    intro = "CSV, JSONL, SDF or parquet, also gzipped. Nothing is written before you have seen what would be."
    permission = StartImport.permission

    dataset = forms.ModelChoiceField(Dataset.objects.all())
    structure_kind = forms.ChoiceField(choices=Structure.Kind.choices, initial=Structure.Kind.POLYMER)
    file = forms.FileField()

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        try:
            sample(file)
        except FormatError as error:
            raise forms.ValidationError(error.message) from error
        return file

    def run(self, actor: User) -> str:
        file = self.cleaned_data["file"]
        ticket = {
            "digest": artifacts.put(file.file),
            "name": file.name,
            "dataset": self.cleaned_data["dataset"].pk,
            "kind": self.cleaned_data["structure_kind"],
        }
        return signing.dumps(ticket, salt=SALT)  # signed, so that it opens no other file of the store

    def done(self, result: str) -> str:
        return ""

    def destination(self, result: str) -> str:
        return f"{reverse('admin:registry_importrun_mapping')}?{urlencode({'upload': result})}"


def sample(stream: BinaryIO) -> tuple[list[str], list[dict[str, str]]]:
    """Columns and first rows. Raises: FormatError."""
    table = open_table(stream, max_bytes=settings.IMPORT_MAX_BYTES)
    return table.columns, [row.cells for row in islice(table.rows, SAMPLE)]


class MappingForm(ActionForm):
    title = "What do the columns mean?"
    submit = "Preview"
    icon = "visibility"
    intro = "A first guess; check units and scales. The preview writes nothing."
    permission = StartImport.permission
    template = "registry/mapping_form.html"

    upload = forms.CharField(widget=forms.HiddenInput)
    method = forms.ChoiceField(
        choices=Measurement.Method.choices, initial=Measurement.Method.OTHER, help_text="For rows that do not say."
    )
    method_detail = forms.CharField(required=False, max_length=200, help_text="Force field, functional, instrument.")
    temperature = forms.CharField(required=False, label="Temperature (K)", help_text="For all rows, without a column.")
    salt = forms.CharField(required=False, max_length=200, help_text="For all rows, without a column.")
    concentration = forms.CharField(required=False, label="Concentration (mol/kg)", help_text="As above.")

    def prepare(self) -> None:
        self.ticket: dict[str, Any] = {}
        self.columns: list[str] = []
        self.rows: list[dict[str, str]] = []
        self._read_upload()
        guess = guess_mapping(self.columns, self.rows, Property.objects.all())
        roles, units, scales = _roles(guess)
        meanings = [("", "not imported"), *COLUMN_FIELDS.items()]
        for item in Property.objects.all():
            meanings += [(f"value:{item.name}", item.label), (f"deviation:{item.name}", f"{item.label}, deviation")]
        for place, column in enumerate(self.columns):
            self.fields[f"role.{place}"] = forms.ChoiceField(
                choices=meanings, required=False, initial=roles.get(column, ""), label=f"Meaning of {column}"
            )
            self.fields[f"unit.{place}"] = forms.CharField(
                required=False, initial=units.get(column, ""), label=f"Unit of {column}"
            )
            self.fields[f"scale.{place}"] = forms.ChoiceField(
                choices=Property.Scale.choices, required=False, initial=scales.get(column), label=f"Scale of {column}"
            )

    def _read_upload(self) -> None:
        token = self.data.get("upload") or self.initial.get("upload") or ""
        try:
            self.ticket = signing.loads(token, salt=SALT, max_age=86_400)
            with artifacts.opened(self.ticket["digest"]) as stream:
                self.columns, self.rows = sample(stream)
        except (signing.BadSignature, artifacts.ArtifactError):
            self.title = "This upload has gone; start again"

    def clean_upload(self) -> str:
        if not self.ticket:
            raise forms.ValidationError("The upload is not known any more; go back and choose the file again.")
        return self.cleaned_data["upload"]

    def context(self) -> dict[str, Any]:
        constants = ("method", "method_detail", "temperature", "salt", "concentration")
        return {
            "columns": [
                {
                    "name": column,
                    "samples": [row.get(column, "") for row in self.rows],
                    "inputs": [self[f"{part}.{place}"] for part in ("role", "unit", "scale")],
                }
                for place, column in enumerate(self.columns)
            ],
            "constants": [self[name] for name in constants],
            "ticket": self.ticket,
        }

    def run(self, actor: User) -> ImportRun:
        with artifacts.opened(self.ticket["digest"]) as stream:
            dataset = Dataset.objects.filter(pk=self.ticket["dataset"]).first()
            if dataset is None:
                raise ActionError("The dataset has been deleted meanwhile; start again.")
            return StartImport(
                actor=actor,
                dataset=dataset,
                stream=stream,
                file_name=self.ticket["name"],
                mapping=self.mapping(),
                structure_kind=self.ticket["kind"],
                dry_run=True,
            ).run()

    def mapping(self) -> dict[str, Any]:
        """The mapping as docs/data.md describes it."""
        cleaned = self.cleaned_data
        mapping: dict[str, Any] = {}
        values: dict[str, dict[str, str]] = {}
        deviations: dict[str, str] = {}
        for place, column in enumerate(self.columns):
            role, unit = cleaned[f"role.{place}"], cleaned[f"unit.{place}"].strip()
            kind, _, name = role.partition(":")
            if kind == "value":
                values[name] = {"column": column, "property": name, "scale": cleaned[f"scale.{place}"]}
                values[name] |= {"unit": unit} if unit else {}
            elif kind == "deviation":
                deviations[name] = column
            elif role:
                mapping[role] = {"column": column} | ({"unit": unit} if unit else {})
        for name, column in deviations.items():
            values.setdefault(name, {"property": name})["standard_deviation"] = column
        units = {"temperature": {"unit": "K"}, "concentration": {"unit": "mol/kg"}}
        for name in ("method", "method_detail", "temperature", "salt", "concentration"):
            if cleaned[name] and name not in mapping:
                mapping[name] = {"value": cleaned[name].strip()} | units.get(name, {})
        return mapping | {"values": list(values.values())}

    def done(self, result: ImportRun) -> str:
        if result.applied:
            return f"This file was imported with this mapping before: {result}."
        return "The preview is being made; nothing is written yet."


def _roles(mapping: dict[str, Any]) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Meaning, unit and scale by column, from a mapping."""
    roles, units, scales = {}, {}, {}
    for field in COLUMN_FIELDS:
        entry = mapping.get(field) or {}
        if column := entry.get("column"):
            roles[column], units[column] = field, entry.get("unit", "")
    for entry in mapping.get("values", ()):
        column = entry["column"]
        roles[column], units[column] = f"value:{entry['property']}", entry.get("unit", "")
        scales[column] = entry.get("scale", Property.Scale.LINEAR)
    return roles, units, scales
