"""One value, as reported."""

from typing import Self

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Count, Q

from registry.models.base import Created, Sha256Field, finite, one_of
from registry.models.dataset import Dataset, DatasetVersion
from registry.models.imports import ImportRun
from registry.models.property import Property
from registry.models.structure import Structure

# Bounds live on the property, so a CHECK cannot see them; a trigger can, and bulk SQL passes through it too.
IN_BOUNDS = """
SELECT name, lower, upper INTO property FROM registry_property WHERE id = NEW.property_id;
IF NEW.value < property.lower OR NEW.value > property.upper THEN
    RAISE EXCEPTION 'value % of % lies outside % to %', NEW.value, property.name, property.lower, property.upper
        USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""


class MeasurementQuerySet(models.QuerySet["Measurement"]):
    def in_version(self, version: DatasetVersion) -> Self:
        """Rows of one frozen state: added up to it and not retired by it."""
        return self.filter(dataset_id=version.dataset_id, added_in__number__lte=version.number).filter(
            Q(retired_in=None) | Q(retired_in__number__gt=version.number)
        )

    def labels(self) -> dict[int, int]:
        """How many structures have a value, by the primary key of the property."""
        known = self.filter(value__isnull=False).order_by().values("property")
        return dict(known.annotate(structures=Count("structure", distinct=True)).values_list("property", "structures"))

    def pending(self) -> Self:
        """What the next frozen version would add or drop."""
        return self.filter(
            Q(added_in=None, retired_at=None) | Q(added_in__isnull=False, retired_at__isnull=False, retired_in=None)
        )


class MeasurementMethod(models.TextChoices):
    EXPERIMENT = "experiment"
    MD = "md", "molecular dynamics"
    DFT = "dft", "DFT"
    COMPUTED = "computed", "computed from the structure"
    OTHER = "other"


_VERSIONS = ["added_in", "retired_in"]  # freezing marks every row; the version itself says who froze it, and when


@pghistory.track(pghistory.UpdateEvent(condition=pghistory.AnyChange(exclude=_VERSIONS)), pghistory.DeleteEvent())
class Measurement(Created):
    """A property of a structure under stated conditions. A missing value is NULL with a reason, never 0."""

    Method = MeasurementMethod
    CALCULATED = (MeasurementMethod.COMPUTED, MeasurementMethod.DFT)
    """Methods whose values need no experiment and no temperature."""
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="measurements")
    structure = models.ForeignKey(Structure, on_delete=models.PROTECT, related_name="measurements")
    property = models.ForeignKey(Property, on_delete=models.PROTECT, related_name="measurements")
    value = models.FloatField(null=True, help_text="In the property's unit.")
    standard_deviation = models.FloatField(null=True, blank=True, help_text="In the property's unit.")
    missing_reason = models.CharField(max_length=200, blank=True, help_text="Why there is no value.")
    method = models.CharField(max_length=10, choices=Method, default=Method.OTHER)
    method_detail = models.CharField(max_length=200, blank=True, help_text="Force field, functional, instrument.")
    temperature_k = models.FloatField("temperature (K)", null=True, blank=True)
    salt = models.CharField(max_length=200, blank=True)
    concentration = models.FloatField(null=True, blank=True, help_text="Salt, mol per kg of polymer.")
    conditions = models.JSONField(default=dict, blank=True, help_text="Any other condition, by name.")
    source_id = models.CharField(max_length=200, blank=True, help_text="Identifier in the source.")
    import_run = models.ForeignKey(
        ImportRun, on_delete=models.PROTECT, null=True, blank=True, related_name="measurements"
    )
    source_row = models.PositiveIntegerField(null=True, blank=True, help_text="Row in the imported file.")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    content_digest = Sha256Field(help_text="Digest of everything reported; finds the same value reported twice.")
    added_in = models.ForeignKey(
        DatasetVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="added_measurements"
    )
    retired_in = models.ForeignKey(
        DatasetVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="retired_measurements"
    )
    retired_at = models.DateTimeField(null=True, blank=True, help_text="Leaves with the next frozen version.")
    retired_reason = models.CharField(max_length=200, blank=True)

    objects = MeasurementQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dataset", "content_digest"], condition=Q(retired_at=None), name="measurement_reported_once"
            ),
            models.CheckConstraint(
                condition=Q(value__isnull=False, missing_reason="") | (Q(value=None) & ~Q(missing_reason="")),
                name="measurement_value_or_reason",
                violation_error_message="Give a value, or the reason why it is missing.",
            ),
            finite("value", nullable=True),
            finite("standard_deviation", nullable=True, low=0),
            finite("temperature_k", nullable=True, low=0),
            finite("concentration", nullable=True, low=0),
            one_of("method", MeasurementMethod),
        ]
        indexes = [
            models.Index(fields=["structure", "property"], name="measurement_of_structure"),
            models.Index(fields=["dataset", "property"], name="measurement_of_dataset"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="in_bounds",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("value", "property_id"),
                declare=[("property", "RECORD")],
                func=IN_BOUNDS,
            )
        ]

    def __str__(self) -> str:
        return f"{self.property} of {self.structure}"
