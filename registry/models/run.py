"""What every execution has in common; its state is its job's."""

from django.db import models

from registry.models.base import Created
from registry.models.job import Job


class Run(Created):
    """One execution with its configuration, seed, code and result."""

    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="%(class)s", null=True)
    config = models.JSONField(default=dict, blank=True)
    code_version = models.CharField(max_length=40, blank=True)
    device = models.CharField(max_length=60, blank=True)
    metrics = models.JSONField(default=dict, blank=True)

    class Meta:
        abstract = True
