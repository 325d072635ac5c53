"""A named collection of measurements, and its frozen states."""

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models

from registry.models.base import Created, Sha256Field


@pghistory.track()
class Dataset(Created):
    """Where data come from: licence, citation, address."""

    name = models.CharField(max_length=100, unique=True)
    slug = models.SlugField(max_length=100, unique=True)
    description = models.TextField(blank=True)
    licence = models.CharField(max_length=60, blank=True, help_text="SPDX identifier, such as CC0-1.0.")
    citation = models.TextField(blank=True)
    source_url = models.URLField(blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def latest_version(self) -> "DatasetVersion | None":
        return self.versions.order_by("-number").first()


class DatasetVersion(Created):
    """A frozen state: a query over measurements and a digest that proves it, not a copy."""

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    sha256 = Sha256Field(help_text="Digest of the sorted content digests of the version's measurements.")
    measurement_count = models.PositiveIntegerField()
    structure_count = models.PositiveIntegerField()
    added_count = models.PositiveIntegerField(help_text="Measurements that the previous version did not have.")
    retired_count = models.PositiveIntegerField(help_text="Measurements that the previous version still had.")
    note = models.TextField(blank=True)
    frozen_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["dataset", "-number"]
        constraints = [models.UniqueConstraint(fields=["dataset", "number"], name="datasetversion_number")]
        triggers = [pgtrigger.Protect(name="frozen", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.dataset} v{self.number}"
