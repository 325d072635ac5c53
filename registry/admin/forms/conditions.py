"""Inputs for the conditions under which a model is asked."""

import re
from typing import Any

from django import forms

from registry.actions.model_conditions import CONCENTRATION, KELVIN, MOST_TEMPERATURES, SALT, ModelCondition
from registry.actions.trained_range import TrainedRange

_LABELS = {KELVIN: "Temperatures (K)", SALT: "Salt", CONCENTRATION: "Salt concentration (mol/kg)"}
_RANGE = re.compile(r"([\d.]+)\s*(?:to|-|–|\.\.)\s*([\d.]+)\s*(?:by|step|/)\s*([\d.]+)")
_HELP = "One, several such as 298, 313, 333, or a range such as 298 to 398 by 20. Lists show the first one's values."


class TemperaturesField(forms.CharField):
    """A number, or a list of them where several are written; a range goes step by step."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        found = _range(text) or [_kelvin(part) for part in re.split(r"[,;\s]+", text) if part]
        if len(found) > MOST_TEMPERATURES:
            raise forms.ValidationError(f"{len(found)} temperatures; at most {MOST_TEMPERATURES}.")
        return found[0] if len(found) == 1 else found


def condition_field(condition: ModelCondition, trained: TrainedRange | None = None) -> forms.Field:
    """What a person is asked for, with the range of the training data where it is known."""
    known = f" Trained on {trained}." if trained else ""
    plain = condition.key.replace("_", " ").capitalize()
    label = _LABELS.get(condition.key) or (f"{plain} ({condition.unit})" if condition.unit else plain)
    if condition.key == KELVIN:
        return TemperaturesField(required=True, label=label, help_text=_HELP + known)
    if condition.structure:
        return forms.CharField(required=False, label=label, help_text="A name such as LiTFSI, or a SMILES.")
    return forms.FloatField(required=False, label=label, help_text=f"Empty leaves it to the model.{known}")


def _range(text: str) -> list[float]:
    found = _RANGE.fullmatch(text.strip())
    if not found:
        return []
    first, last, step = (_kelvin(part) for part in found.groups())
    if step <= 0 or last < first:
        raise forms.ValidationError("A range goes upwards: 298 to 398 by 20.")
    count = int((last - first) / step + 1e-9) + 1
    if count > MOST_TEMPERATURES:
        raise forms.ValidationError(f"{count} temperatures; at most {MOST_TEMPERATURES}.")
    return [round(first + place * step, 6) for place in range(count)]


def _kelvin(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise forms.ValidationError(f"“{text[:20]}” is no temperature in K.") from None
