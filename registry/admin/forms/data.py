"""Freeze, record, retire."""

from typing import Any

from django import forms
from django.contrib.auth.models import User

from registry.actions.freeze_dataset import FreezeDataset
from registry.actions.record_measurement import RecordMeasurement
from registry.actions.retire_measurement import RetireMeasurement
from registry.admin.forms.base import ActionForm
from registry.models import Dataset, DatasetVersion, Measurement, Property, Structure


class FreezeForm(ActionForm):
    title = "Freeze a dataset"
    submit = "Freeze"
    icon = "ac_unit"
    intro = "Makes the next numbered version: what measurements the dataset holds now, for good. Models train on it."
    permission = FreezeDataset.permission

    dataset = forms.ModelChoiceField(Dataset.objects.all())
    note = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}), help_text="What is new in it.")

    def run(self, actor: User) -> DatasetVersion:
        return FreezeDataset(actor=actor, dataset=self.cleaned_data["dataset"], note=self.cleaned_data["note"]).run()

    def done(self, result: DatasetVersion) -> str:
        return f"Frozen: {result} with {result.measurement_count:,} measurements."


class MeasurementForm(ActionForm):
    title = "Record a measurement"
    submit = "Record"
    icon = "labs"
    intro = "A new label for a structure. It joins the next frozen version of its dataset, and the next training."
    permission = RecordMeasurement.permission
    template = "registry/measurement_form.html"

    structure = forms.IntegerField(min_value=1, help_text="Number of the structure.")
    dataset = forms.ModelChoiceField(Dataset.objects.all())
    property = forms.ModelChoiceField(Property.objects.all())
    value = forms.FloatField()
    unit = forms.CharField(required=False, max_length=40, help_text="Empty: the property's own unit.")
    standard_deviation = forms.FloatField(required=False, min_value=0)
    method = forms.ChoiceField(choices=Measurement.Method.choices, initial=Measurement.Method.EXPERIMENT)
    temperature_k = forms.FloatField(required=False, min_value=0, label="Temperature (K)")
    salt = forms.CharField(required=False, max_length=200)
    concentration = forms.FloatField(required=False, min_value=0, help_text="Salt, mol per kg of polymer.")
    source_id = forms.CharField(required=False, max_length=200, label="Source", help_text="Lab book page, DOI, sample.")

    def clean_structure(self) -> Structure:
        found = Structure.objects.filter(pk=self.cleaned_data["structure"]).first()
        if found is None:
            raise forms.ValidationError("There is no structure of that number.")
        return found

    def context(self) -> dict[str, Any]:
        asked = str(self["structure"].value() or "")
        found = Structure.objects.filter(pk=int(asked)).first() if asked.isdecimal() else None
        return {"structure": found}

    def run(self, actor: User) -> Measurement:
        inputs = {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}
        return RecordMeasurement(actor=actor, **inputs).run()

    def done(self, result: Measurement) -> str:
        return f"Recorded: {result}."

    def destination(self, result: Measurement) -> Any:
        """To the candidate, where the value now stands beside the predictions."""
        return getattr(result.structure, "candidate", None) or result


class RetireForm(ActionForm):
    title = "Retire a measurement"
    submit = "Retire"
    icon = "archive"
    intro = "The row stays, and stays in the versions that hold it; the next frozen version leaves it out."
    permission = RetireMeasurement.permission

    measurement = forms.ModelChoiceField(Measurement.objects.all(), widget=forms.HiddenInput)
    reason = forms.CharField(max_length=200)

    def run(self, actor: User) -> Measurement:
        cleaned = self.cleaned_data
        return RetireMeasurement(actor=actor, measurement=cleaned["measurement"], reason=cleaned["reason"]).run()

    def done(self, result: Measurement) -> str:
        return f"Retired: {result}."
