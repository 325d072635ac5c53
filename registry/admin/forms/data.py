"""Freeze and retire."""

from django import forms
from django.contrib.auth.models import User

from registry.actions.freeze_dataset import FreezeDataset
from registry.actions.retire_measurement import RetireMeasurement
from registry.admin.forms.base import ActionForm
from registry.models import Dataset, DatasetVersion, Measurement


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
