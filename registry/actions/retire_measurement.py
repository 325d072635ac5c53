"""Take a measurement out of a dataset without losing it: frozen versions keep it, the next one does not."""

from dataclasses import dataclass
from typing import ClassVar

from django.utils import timezone

from registry.actions.base import Action, ActionError
from registry.models import Measurement


@dataclass(kw_only=True)
class RetireMeasurement(Action[Measurement]):
    """A reason is required; the row stays, with its history."""

    permission: ClassVar[str] = "registry.change_measurement"

    measurement: Measurement
    reason: str

    def check(self) -> None:
        if not self.reason.strip():
            raise ActionError("Say why the measurement is retired.", field="reason")
        if len(self.reason) > 200:
            raise ActionError("A reason has at most 200 characters.", field="reason")

    def execute(self) -> Measurement:
        found = Measurement.objects.select_for_update(no_key=True, of=("self",)).get(pk=self.measurement.pk)
        if found.retired_at:
            raise ActionError(f"Measurement {found.pk} is retired already: {found.retired_reason}", conflict=True)
        found.retired_at, found.retired_reason = timezone.now(), self.reason.strip()
        found.save(update_fields=["retired_at", "retired_reason"])
        return found
