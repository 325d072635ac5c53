"""Freeze a dataset: its present measurements become a numbered version that never changes."""

import hashlib
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db import OperationalError, connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from registry.actions.base import Action, ActionError
from registry.models import Dataset, DatasetVersion, Measurement


@dataclass(kw_only=True)
class FreezeDataset(Action[DatasetVersion]):
    """Give every pending measurement its version.

    The digest is the SHA-256 of the sorted content digests, one a line: it does not depend on the order of insertion,
    so two installations that hold the same reports agree on it.
    """

    permission: ClassVar[str] = "registry.add_datasetversion"

    dataset: Dataset
    note: str = ""

    def execute(self) -> DatasetVersion:
        self._lock()
        previous = self.dataset.latest_version()
        key = _next_key()  # the rows are marked first: what arrives meanwhile belongs to the next version
        mine = Measurement.objects.filter(dataset=self.dataset)
        added = mine.filter(added_in=None, retired_at=None).update(added_in_id=key)
        retired = mine.filter(added_in__isnull=False, retired_at__isnull=False, retired_in=None).update(
            retired_in_id=key
        )
        if not added and not retired:
            since = f"since version {previous.number}" if previous else "in the dataset"
            raise ActionError(f"Nothing to freeze: there is no new or retired measurement {since}.", conflict=True)
        rows = mine.filter(Q(added_in_id__isnull=False), retired_in=None)
        return DatasetVersion.objects.create(
            pk=key,
            dataset=self.dataset,
            number=previous.number + 1 if previous else 1,
            sha256=_digest(rows),
            measurement_count=rows.count(),
            structure_count=rows.values("structure").distinct().count(),
            added_count=added,
            retired_count=retired,
            note=self.note,
            frozen_by=self.actor,
            created_at=timezone.now(),
        )

    def _lock(self) -> None:
        try:
            Dataset.objects.select_for_update(no_key=True, nowait=True).get(pk=self.dataset.pk)
        except OperationalError as error:
            raise ActionError(
                f"An import into {self.dataset} is running; freeze it when that has ended.", conflict=True
            ) from error


def _next_key() -> int:
    """The primary key of the version to be: foreign keys to it are checked when the transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [DatasetVersion._meta.db_table])
        return int(cursor.fetchone()[0])


def _digest(rows: QuerySet[Measurement, Any]) -> str:
    digest = hashlib.sha256()
    for line in rows.order_by("content_digest").values_list("content_digest", flat=True).iterator(chunk_size=20_000):
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()
