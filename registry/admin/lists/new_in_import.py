"""Structures by the import that first brought them."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter

from registry.admin.lists.related import MOST
from registry.models import ImportRun, Measurement, Structure


class NewInImport(DropdownFilter):
    title = "new with import"
    parameter_name = "new_in"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        runs = ImportRun.objects.filter(applied=True, structures_created__gt=0).order_by("-pk")[:MOST]
        return [(str(run.pk), str(run)) for run in runs]

    def queryset(self, request: HttpRequest, rows: QuerySet[Structure]) -> QuerySet[Structure]:
        value = self.value()
        run = ImportRun.objects.select_related("job").filter(pk=value).first() if value and value.isdecimal() else None
        if run is None:
            return rows.none() if value else rows
        return rows.filter(pk__in=new_structures(run).values("pk"))


def new_structures(run: ImportRun) -> QuerySet[Structure]:
    """Those that were made while it ran; and, where it brought measurements, that these are of."""
    if run.dry_run or not run.structures_created:
        return Structure.objects.none()
    job = run.job
    rows = Structure.objects.filter(kind=run.structure_kind, created_at__gte=(job and job.started_at) or run.created_at)
    if job and job.finished_at:
        rows = rows.filter(created_at__lte=job.finished_at)
    if run.measurements_created:
        rows = rows.filter(pk__in=Measurement.objects.filter(import_run=run).values("structure"))
    return rows
