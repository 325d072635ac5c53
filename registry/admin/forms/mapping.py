"""The second step of an import: what the columns mean. Then comes the preview, whose own page confirms."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core import signing
from django.db import transaction

from registry import artifacts
from registry.actions.add_dataset import AddDataset
from registry.actions.base import ActionError
from registry.actions.import_file import StartImport
from registry.admin.forms import role_faults, roles
from registry.admin.forms.base import ActionForm
from registry.admin.forms.uploads import Upload, read_ticket
from registry.admin.parts.imported import nothing_new
from registry.formats import FirstLook, FormatError
from registry.formats.encodings import CHOICES
from registry.models import Dataset, ImportRun, Measurement, Property, Structure

SHOWN = 5  # rows
CONSTANTS = ("method", "method_detail", "temperature", "salt", "concentration")
NO_LEVEL = (
    "At which level of theory were the geometries computed? Give it, such as B3LYP/6-31G(2df,p), or a column with it; "
    "or let their column be not imported."
)
NO_STRUCTURE = (
    "Say which column holds the structure. Names of polymers are no structures: add a column with the SMILES of the "
    "repeat unit, its two ends marked with *, such as *CCO* for PEO."
)


class MappingForm(ActionForm):
    title = "What do the columns mean?"
    submit = "Preview"
    icon = "visibility"
    intro = "A first guess; check units and scales. The preview imports nothing."
    permission = StartImport.permission
    template = "registry/mapping_form.html"

    upload = forms.CharField(widget=forms.HiddenInput)
    encoding = forms.ChoiceField(
        required=False,
        choices=[("", "UTF-8, or as a byte-order mark says"), *list(CHOICES.items())[1:]],
        help_text="Choose another one when letters such as ° or σ look wrong below.",
        widget=forms.Select(attrs={"data-reload": "1"}),
    )
    structure_kind = forms.ChoiceField(
        required=False,
        choices=[("", "told from the structures"), *Structure.Kind.choices],
        help_text="Repeat units with two chain ends, or whole molecules.",
    )
    method = forms.ChoiceField(
        choices=Measurement.Method.choices,
        initial=Measurement.Method.EXPERIMENT,
        help_text="For rows that do not say.",
    )
    method_detail = forms.CharField(required=False, max_length=200, help_text="Force field, functional, instrument.")
    temperature = forms.CharField(required=False, label="Temperature (K)", help_text="For all rows, without a column.")
    salt = forms.CharField(required=False, max_length=200, help_text="For all rows, without a column.")
    concentration = forms.CharField(required=False, label="Concentration (mol/kg)", help_text="As above.")
    geometry_level = forms.CharField(
        required=False, max_length=200, label="Level of the geometries", help_text="Such as B3LYP/6-31G(2df,p)."
    )

    def prepare(self) -> None:
        self.upload: Upload | None = None
        self.look, self.encoding, self.fault = FirstLook("", [], [], ""), "", ""
        self._read_upload()
        properties = list(Property.objects.all())
        earlier = self.upload.earlier_mapping() if self.upload else None
        mapping = earlier or self.look.mapping(properties)
        kind = (self.upload.kind if self.upload else "") or self._told_kind(mapping)
        self.fields["structure_kind"].initial = kind
        guessed = roles.of_columns(mapping, self.look.columns)
        if not earlier and "geometry" not in mapping and (column := self.look.geometry()):
            guessed[column] = roles.Role("geometry")
        meanings = roles.choices(properties)
        for place, column in enumerate(self.look.columns):
            role = guessed[column]
            for part, field in role.fields(meanings, column).items():
                self.fields[f"{part}.{place}"] = field
        for name, value in roles.constants(mapping).items():
            self.fields[name].initial = value

    def _told_kind(self, mapping: Mapping[str, Any]) -> str:
        """Empty where no column looks like structures: which one is meant will tell."""
        return self.look.structure_kind(mapping) if mapping.get("structure") else ""

    def _read_upload(self) -> None:
        token = self.data.get("upload") or self.initial.get("upload") or ""
        try:
            self.upload = read_ticket(token)
            self._look(self.upload)
        except (signing.BadSignature, artifacts.ArtifactError):
            self.upload = None
            self.title = "This upload has gone; start again"

    def _look(self, upload: Upload) -> None:
        """In the encoding that is asked for; when the file is not in that one, as it was told before."""
        given = self.data if self.is_bound else self.initial
        self.encoding = given["encoding"] if given.get("encoding") is not None else upload.encoding
        self.initial["encoding"] = self.encoding
        try:
            self.look = upload.look(self.encoding or "utf-8")
        except FormatError as error:
            self.fault = error.message
            self.look = upload.look(upload.encoding)

    def clean_upload(self) -> str:
        if not self.upload:
            raise forms.ValidationError("The upload is not known any more; go back and choose the file again.")
        return self.cleaned_data["upload"]

    def clean_encoding(self) -> str:
        if self.fault:
            raise forms.ValidationError(self.fault)
        return self.cleaned_data["encoding"] if "encoding" in self.data else self.encoding

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        meanings = [cleaned.get(f"role.{place}") for place in range(len(self.look.columns))]
        if self.look.columns and "structure" not in meanings:
            self.add_error(None, NO_STRUCTURE)
        if "geometry" in meanings and not (cleaned.get("geometry_level") or "geometry_level" in meanings):
            self.add_error("geometry_level", NO_LEVEL)
        for role, places in role_faults.used_twice(cleaned, len(self.look.columns)):
            self.add_error(f"role.{places[-1]}", self._twice(role, places))
        for place, fault in role_faults.deviation_faults(cleaned, self.look.columns).items():
            self.add_error(f"role.{place}", fault)
        return cleaned

    def _twice(self, role: str, places: list[int]) -> str:
        names = " and ".join(repr(self.look.columns[place]) for place in places)
        label = dict(roles.choices(list(Property.objects.all())))[role]
        ways = ["import the file again for the other, with its own conditions"]
        if role.startswith("value:"):
            ways.insert(0, "say by which method each was found")
        return f"{names} both mean {label}. Keep one; or {', or '.join(ways)}."

    def context(self) -> dict[str, Any]:
        return {
            "columns": [
                {
                    "name": column,
                    "samples": [row.get(column, "") for row in self.look.rows[:SHOWN]],
                    "inputs": [self[f"{part}.{place}"] for part in ("role", "unit", "scale")],
                    "how": [self[f"{part}.{place}"] for part in ("method", "detail")],
                }
                for place, column in enumerate(self.look.columns)
            ],
            "constants": [self[name] for name in (*CONSTANTS, "geometry_level")],
            "upload": self.upload,
            "readings": [self[name] for name in ("encoding", "structure_kind") if self._asks(name)],
            "fault": "" if self.is_bound else self.fault,
            "before": self.upload.imported_before() if self.upload else [],
        }

    def _asks(self, name: str) -> bool:
        return name != "encoding" or self.look.file_format != "parquet"

    @transaction.atomic  # a mapping that is refused leaves no empty dataset behind
    def run(self, actor: User) -> ImportRun:
        upload = self.upload
        if upload is None:
            raise ActionError("The upload is not known any more; start again.")
        mapping = self.mapping()
        with artifacts.opened(upload.digest) as stream:
            return StartImport(
                actor=actor,
                dataset=_dataset(upload, actor),
                stream=stream,
                file_name=upload.name,
                mapping=mapping,
                structure_kind=self.cleaned_data["structure_kind"] or self.look.structure_kind(mapping),
                dry_run=True,
            ).run()

    def mapping(self) -> dict[str, Any]:
        """The mapping as docs/data.md describes it."""
        cleaned = self.cleaned_data
        mapping = roles.to_mapping(cleaned, self.look.columns)
        units = {"temperature": {"unit": "K"}, "concentration": {"unit": "mol/kg"}}
        asked = (*CONSTANTS, "geometry_level") if "geometry" in mapping else CONSTANTS
        for name in asked:
            if cleaned[name] and name not in mapping:
                mapping[name] = {"value": cleaned[name].strip()} | units.get(name, {})
        return mapping | ({"encoding": cleaned["encoding"]} if cleaned["encoding"] else {})

    def done(self, result: ImportRun) -> str:
        return nothing_new(result) if result.applied else "The preview is being made; nothing is imported yet."


def _dataset(upload: Upload, actor: User) -> Dataset:
    """The one that was chosen, or the new one, which an earlier preview of this upload may have made."""
    if upload.new_dataset:
        made = Dataset.objects.filter(name=upload.new_dataset["name"]).first()
        return made or AddDataset(actor=actor, **upload.new_dataset).run()
    found = Dataset.objects.filter(pk=upload.dataset).first()
    if found is None:
        raise ActionError("The dataset has been deleted meanwhile; start again.")
    return found
