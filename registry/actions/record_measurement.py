"""Record one measured value: the label that closes the loop."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.db import IntegrityError, transaction

from registry import units
from registry.actions.base import Action, ActionError
from registry.actions.reported import Report
from registry.formats.numbers import Refused, parse_number
from registry.formats.values import check_bounds, check_concentration, check_kelvin
from registry.models import Dataset, Measurement, Property, Structure


@dataclass(kw_only=True)
class RecordMeasurement(Action[Measurement]):
    """Units are converted to the property's; the value must be finite and within its bounds.

    It belongs to the dataset at once, and to the next version that is frozen.
    """

    permission: ClassVar[str] = "registry.add_measurement"

    dataset: Dataset
    structure: Structure
    property: Property
    value: float | None  # None: there is no value, for the reason given
    unit: str = ""  # empty: the property's own
    standard_deviation: float | None = None  # in `unit`
    missing_reason: str = ""
    method: str = Measurement.Method.EXPERIMENT
    method_detail: str = ""
    temperature_k: float | None = None
    salt: str = ""
    concentration: float | None = None  # mol per kg
    conditions: dict[str, Any] | None = None  # any other, by name
    source_id: str = ""
    comment: str = ""  # kept as the condition "comment"
    _report: Report = field(init=False, repr=False)

    def check(self) -> None:
        if self.method not in Measurement.Method.values:
            known = ", ".join(Measurement.Method.values)
            raise ActionError(f"The method {self.method!r} is none of {known}.", field="method")
        if (self.value is None) != bool(self.missing_reason):
            raise ActionError("Give a value, or the reason why it is missing.", field="value")
        convert = self._conversion()
        self._report = Report(
            property=self.property.name,
            value=self._in_bounds(convert),
            standard_deviation=self._positive("standard_deviation", self.standard_deviation, convert.factor),
            missing_reason=self.missing_reason,
            method=str(self.method),
            method_detail=self.method_detail,
            temperature_k=self._checked("temperature_k", self.temperature_k, check_kelvin),
            salt=self.salt,
            concentration=self._checked("concentration", self.concentration, check_concentration),
            conditions={**(self.conditions or {}), **({"comment": self.comment} if self.comment else {})},
            source_id=self.source_id,
        )

    def execute(self) -> Measurement:
        digest = self._report.digest_for(self.structure)
        fields = {name: getattr(self._report, name) for name in self._report.__slots__ if name != "property"}
        try:
            with transaction.atomic():
                return Measurement.objects.create(
                    dataset=self.dataset,
                    structure=self.structure,
                    property=self.property,
                    recorded_by=self.actor,
                    content_digest=digest,
                    **fields,
                )
        except IntegrityError as error:
            twin = Measurement.objects.filter(dataset=self.dataset, content_digest=digest, retired_at=None).first()
            if twin is None:
                raise
            raise ActionError(f"Measurement {twin.pk} reports the same value already.", conflict=True) from error

    def _conversion(self) -> units.Conversion:
        try:
            return units.conversion(self.unit or self.property.unit, self.property.unit)
        except units.UnitError as error:
            raise ActionError(str(error), field="unit") from error

    def _in_bounds(self, convert: units.Conversion) -> float | None:
        if self.value is None:
            return None
        value = convert(self._finite("value", self.value))
        try:
            check_bounds(value, self.property)
        except Refused as refused:
            raise ActionError(refused.problem.reason, field="value") from refused
        return value

    def _checked(self, name: str, number: float | None, check: Callable[[float], None]) -> float | None:
        if number is None:
            return None
        found = self._finite(name, number)
        try:
            check(found)
        except Refused as refused:
            raise ActionError(refused.problem.reason, field=name) from refused
        return found

    def _positive(self, name: str, number: float | None, factor: float = 1.0) -> float | None:
        if number is None:
            return None
        if self._finite(name, number) < 0:
            raise ActionError(f"{name} cannot be negative: {number:g}.", field=name)
        return number * factor

    def _finite(self, name: str, number: float) -> float:
        try:
            found = parse_number(str(number))
        except Refused as refused:
            raise ActionError(refused.problem.reason, field=name) from refused
        if found is None:
            raise ActionError(f"{name} is no number: {number!r}.", field=name)
        return found
