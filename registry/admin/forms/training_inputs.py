"""What a training is told beside structures and values, as inputs of its form: those with something to choose."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.db.models import Count, QuerySet

from mlcore.catalog import Architecture
from registry.admin.forms.training_fit import given_geometries
from registry.formats.training_inputs import CONCENTRATION, KELVIN, SALT
from registry.models import Conformer, DatasetVersion, Measurement

LABELS = {KELVIN: "temperature", SALT: "salt", CONCENTRATION: "salt concentration"}
LEVEL = "Values of which method"
MOST = 30  # other conditions and levels that are offered


def told_fields(
    architecture: Architecture, version: DatasetVersion | None, repeated: Mapping[str, Any] | None = None
) -> dict[str, forms.Field]:
    """By name; none for a generator, or before a dataset version is chosen.

    repeated: the inputs of a training of that architecture that this one goes on from or comes after.
    """
    if version is None or architecture.task != "predict":
        return {}
    rows = Measurement.objects.in_version(version).filter(value__isnull=False)
    found: dict[str, forms.Field] = {}
    if levels := _texts(rows.exclude(method_detail=""), "method_detail"):
        found["level"] = _choice(levels, LEVEL, "all, whichever found them")
        found["level"].help_text = "Of the properties chosen, the values found by this method alone."
        found["baseline"] = _choice(levels, "As the difference to", "nothing: the value itself")
        found[
            "baseline"
        ].help_text = (
            "The same property by a cheaper method; a structure is then scored where its cheaper value is known."
        )
    if "geometry" in architecture.takes:
        shapes = _texts(Conformer.objects.filter(structure__in=rows.values("structure")), "level")
        found["geometry"] = _choice(shapes, "Geometries", "guessed where one is needed")
        found["geometry"].initial = _given(rows)
    if "conditions" in architecture.takes and (names := _conditions(version)):
        found["conditions"] = forms.MultipleChoiceField(
            choices=[(name, LABELS.get(name, name.replace("_", " "))) for name in names],
            required=False,
            initial=[name for name in names if name in LABELS],
            help_text="What the model is told of each measurement, and asked under when it scores.",
        )
    for name, value in _as_before(repeated or {}).items():
        if name in found:
            found[name].initial = value
    return found


def _as_before(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs of a training as those of its form, in which a level goes for every property."""
    found: dict[str, Any] = {name: inputs[name] for name in ("geometry", "conditions") if inputs.get(name)}
    for field, name in (("level", "levels"), ("baseline", "baselines")):
        levels = set((inputs.get(name) or {}).values())
        found |= {field: levels.pop()} if len(levels) == 1 else {}
    return found


def _given(rows: QuerySet[Measurement]) -> str:
    """The level of most geometries of the measured structures that came with them; "" where all were guessed."""
    counted = (
        given_geometries(rows).order_by().values_list("level").annotate(count=Count("pk")).order_by("-count", "level")
    )
    return next((str(level) for level, _ in counted[:1]), "")


def told_inputs(cleaned: Mapping[str, Any], properties: Sequence[str]) -> dict[str, Any]:
    """For the action; a level goes for every property chosen."""
    found: dict[str, Any] = {}
    for field, name in (("level", "levels"), ("baseline", "baselines")):
        if level := cleaned.get(field):
            found[name] = dict.fromkeys(properties, level)
    for name in ("geometry", "conditions"):
        if cleaned.get(name):
            found[name] = cleaned[name]
    return found


def _conditions(version: DatasetVersion) -> list[str]:
    """Those that any measurement states."""
    rows = Measurement.objects.in_version(version).filter(value__isnull=False)
    stated = {
        KELVIN: rows.filter(temperature_k__isnull=False),
        SALT: rows.exclude(salt=""),
        CONCENTRATION: rows.filter(concentration__isnull=False),
    }
    others = rows.exclude(conditions={}).order_by().values_list("conditions", flat=True)[:1000]
    named = sorted({
        name for row in others for name, value in row.items() if isinstance(value, int | float) and name.isidentifier()
    })  # fmt: skip
    return [*(name for name, found in stated.items() if found.exists()), *named[:MOST]]


def _texts(rows: Any, field: str) -> list[str]:
    return list(rows.order_by(field).values_list(field, flat=True).distinct()[:MOST])


def _choice(values: Sequence[str], label: str, empty: str) -> forms.ChoiceField:
    return forms.ChoiceField(choices=[("", empty), *((one, one) for one in values)], required=False, label=label)
