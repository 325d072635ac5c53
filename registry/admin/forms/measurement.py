"""Record one measured value, in the unit that the lab book has."""

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.utils.html import format_html
from django.utils.safestring import SafeString

from mlcore.chem.errors import ChemError
from registry import units
from registry.actions.leading_lines import leading_versions
from registry.actions.record_measurement import RecordMeasurement
from registry.admin.forms.base import ActionForm
from registry.admin.parts import display
from registry.admin.parts.candidate_values import measured_value
from registry.admin.parts.comparison import compared
from registry.formats.numbers import Refused
from registry.formats.values import to_kelvin
from registry.models import Dataset, Measurement, Prediction, Property, Structure
from registry.search.identity import find

MOST_DIGITS = 18  # of a structure's number; a longer one is none


class MeasurementForm(ActionForm):
    title = "Record a measurement"
    submit = "Record"
    icon = "labs"
    intro = "A new label for a structure. It joins the next frozen version of its dataset, and the next training."
    permission = RecordMeasurement.permission
    template = "registry/measurement_form.html"

    structure = forms.CharField(max_length=4000, help_text="Its SMILES in any spelling, or its number.")
    dataset = forms.ModelChoiceField(Dataset.objects.all())
    property = forms.ModelChoiceField(Property.objects.all())
    value = forms.FloatField()
    unit = forms.CharField(required=False, max_length=40, help_text="Any that converts; empty: the property's own.")
    standard_deviation = forms.FloatField(required=False, min_value=0, help_text="In the same unit.")
    method = forms.ChoiceField(choices=Measurement.Method.choices, initial=Measurement.Method.EXPERIMENT)
    method_detail = forms.CharField(required=False, max_length=200, help_text="Instrument, force field, functional.")
    temperature_k = forms.FloatField(required=False, label="Temperature")
    temperature_unit = forms.ChoiceField(choices=[("K", "K"), ("degC", "°C")], required=False, label="K or °C")
    salt = forms.CharField(required=False, max_length=200, help_text="Such as LiTFSI.")
    concentration = forms.FloatField(required=False, min_value=0, help_text="Salt, mol per kg of polymer.")
    source_id = forms.CharField(required=False, max_length=200, label="Source", help_text="Lab book page, DOI, sample.")

    def prepare(self) -> None:
        """A structure that is known is drawn; it needs no field."""
        try:
            self.found = _structure(str(self["structure"].value() or ""))
        except ChemError:
            self.found = None
        if self.found is not None:
            self.fields["structure"].widget = forms.HiddenInput()
        self.fields["unit"].widget.attrs.update({"list": "sv-units", "autocomplete": "off"})

    def context(self) -> dict[str, Any]:
        """Units by property, so that the choice follows the property without asking the server."""
        choices = {item.pk: units.alternatives(item.unit) for item in Property.objects.all()}
        return {"structure": self.found, "formula": display.formula(self.found.formula) if self.found else "",
                "units": choices}  # fmt: skip

    def clean_structure(self) -> Structure:
        try:
            found = _structure(self.cleaned_data["structure"])
        except ChemError as error:
            raise forms.ValidationError(str(error)) from error
        if found is None:
            raise forms.ValidationError("The registry has no such structure; import it, or check how it is written.")
        return found

    def clean(self) -> dict[str, Any]:
        """The temperature in K."""
        cleaned = super().clean() or self.cleaned_data
        unit, value = cleaned.pop("temperature_unit", "") or "K", cleaned.get("temperature_k")
        if value is not None and unit != "K":
            try:
                cleaned["temperature_k"] = round(to_kelvin(value, unit), 9)
            except Refused as refused:
                self.add_error("temperature_k", refused.problem.reason)
        return cleaned

    def run(self, actor: User) -> Measurement:
        inputs = {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}
        return RecordMeasurement(actor=actor, **inputs).run()

    def done(self, result: Measurement) -> SafeString:
        """The value as stored, and how far it lies from the prediction, or why that cannot be said."""
        text = format_html("Recorded {} of {}: {}", result.property, display.smiles(result.structure),
                           measured_value(result))  # fmt: skip
        predicted = _leading(result)
        comparison = str(compared(result, predicted))
        if predicted is None or not comparison:
            return format_html("{}.", text)
        said = display.uncertain(predicted.value, predicted.standard_deviation, predicted.property)
        return format_html("{}; {} predicted {}: {}.", text, predicted.model_version, said, comparison)

    def destination(self, result: Measurement) -> str:
        """To the candidate, where the value now stands beside the predictions."""
        candidate = getattr(result.structure, "candidate", None)
        return f"{display.url(candidate)}#values" if candidate else display.url(result.structure)


def _structure(text: str) -> Structure | None:
    """By number or by SMILES. Raises: ChemError."""
    text = text.strip()
    if text.isdecimal():
        return Structure.objects.filter(pk=int(text)).first() if len(text) <= MOST_DIGITS else None
    return find(text) if text else None


def _leading(row: Measurement) -> Prediction | None:
    """What the champion of the leading line predicts of the same property."""
    leader = leading_versions([row.property_id]).get(row.property_id)
    rows = Prediction.objects.filter(structure=row.structure_id, property=row.property_id, model_version=leader)
    return (
        rows.select_related("property", "model_version__model", "model_version__dataset_version")
        .order_by("-pk")
        .first()
    )
