"""Bring a file into a dataset: check at the door, then import its sound rows in one transaction, or report only."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, ClassVar

from django.conf import settings
from django.db import connection, transaction

from mlcore import __version__
from mlcore.processes import Workers
from registry import artifacts
from registry.actions.base import Action, ActionError
from registry.actions.bulk import refresh_statistics
from registry.actions.import_rows import Draft, Survey, iterate, survey
from registry.actions.import_write import Rejects, Writer
from registry.actions.queueing import create_job
from registry.formats import (
    ColumnMapping,
    FormatError,
    MappingError,
    Table,
    check_columns,
    mapping_digest,
    open_table,
    read_mapping,
    storable,
)
from registry.models import Dataset, Fingerprint, ImportRun, Job, Measurement, Property, Structure

BATCH = 10_000  # rows identified and written at once
MANY = 1_000  # new rows that make the planner's statistics stale

Report = Callable[[float, str], None]


def _silent(progress: float, message: str) -> None:
    """Reports to nobody."""


@dataclass(kw_only=True)
class StartImport(Action[ImportRun]):
    """Take an upload in: store it, check that it can be read as mapped, and queue the work.

    The same file with the same mapping is imported once: the run that did it, or that is about to, is returned.
    """

    permission: ClassVar[str] = "registry.add_importrun"

    dataset: Dataset
    stream: BinaryIO
    file_name: str
    mapping: dict[str, Any]  # see docs/data.md
    structure_kind: str = Structure.Kind.POLYMER
    dry_run: bool = False
    queue: str | None = Job.Queue.CPU  # None: no job, the caller runs ImportFile itself

    def check(self) -> None:
        if self.mapping.get("geometry") and self.structure_kind != Structure.Kind.MOLECULE:
            raise ActionError("A geometry is one of a molecule; polymers have none.", field="mapping")
        if self.structure_kind not in Structure.Kind.values:
            raise ActionError(
                f"A structure is a polymer or a molecule, not {self.structure_kind!r}.", field="structure_kind"
            )
        self.stream.seek(0, 2)
        if self.stream.tell() > settings.IMPORT_MAX_BYTES:
            most = f"at most {settings.IMPORT_MAX_BYTES:,} are taken"
            raise ActionError(f"The file has {self.stream.tell():,} bytes; {most}. Split it.", field="file")
        mapping = _read_mapping(self.mapping)
        with _readable():
            table = open_table(self.stream, encoding=mapping.encoding, max_bytes=settings.IMPORT_MAX_BYTES)
            _check_columns(mapping, table)
            if next(table.rows, None) is None:
                raise ActionError("The file has a header but no rows.", field="file")
        self._format = table.file_format

    def execute(self) -> ImportRun:
        digest = artifacts.put(self.stream)
        same = {
            "dataset": self.dataset,
            "file_digest": digest,
            "mapping_digest": mapping_digest(self.mapping, self.structure_kind),
        }
        _one_at_a_time(digest)
        if twin := _twin(same, self.dry_run):
            return twin
        return ImportRun.objects.create(
            **same,
            job=create_job(Job.Kind.IMPORT, self.actor, self.queue) if self.queue else None,
            config=self.mapping,
            code_version=__version__,
            structure_kind=self.structure_kind,
            file_name=storable(self.file_name)[-255:],
            file_format=self._format,
            dry_run=self.dry_run,
        )


@dataclass(kw_only=True)
class ImportFile(Action[ImportRun]):
    """Do the import, or the report of a dry run: the same code, taken back at its end.

    Every refused row is kept as a RejectedRow. An error of the file as a whole leaves nothing behind.
    """

    permission: ClassVar[str] = "registry.add_importrun"

    import_run: ImportRun
    report: Report = field(default=_silent)  # called with the share done and a line on what is going on

    def execute(self) -> ImportRun:
        run = self.import_run
        if run.applied:
            return run
        started = time.monotonic()
        mapping, rejects = _read_mapping(run.config), Rejects()
        with artifacts.opened(run.file_digest) as stream, _readable():
            self.report(0.0, "reading the file")
            found = survey(_open(stream, mapping), mapping)
            with Workers() as workers, transaction.atomic():
                self._lock()
                recorder, properties = self.actor.pk if self.actor else None, Property.objects.values_list("name", "pk")
                writer = Writer(run, mapping, rejects, dict(properties), recorder, workers)
                for batch in self._batches(_open(stream, mapping), mapping, found, rejects):
                    writer.write(batch)
                transaction.set_rollback(run.dry_run)
        self.report(1.0, "keeping the refused rows")
        rejects.store(run)
        self._finish(writer, rejects, found, time.monotonic() - started)
        if not run.dry_run and run.measurements_created + run.structures_created >= MANY:
            refresh_statistics(Structure, Fingerprint, Measurement)
        return run

    def _lock(self) -> None:
        """One import at a time writes to a dataset; the second one sees what the first one added."""
        run = self.import_run
        Dataset.objects.select_for_update(no_key=True).get(pk=run.dataset_id)
        same = {"dataset": run.dataset, "file_digest": run.file_digest, "mapping_digest": run.mapping_digest}
        twin = ImportRun.objects.filter(**same, applied=True).first()
        if twin and not run.dry_run:
            raise ActionError(f"Import {twin.pk} has brought in this file with this mapping meanwhile.", conflict=True)

    def _batches(self, table: Table, mapping: ColumnMapping, found: Survey, rejects: Rejects) -> Iterator[list[Draft]]:
        rows = iterate(table, mapping, found)
        done = 0
        while batch := list(itertools.islice(rows, BATCH)):
            drafts = []
            for row, outcome in batch:
                if isinstance(outcome, Draft):
                    drafts.append(outcome)
                else:
                    rejects.add(row, outcome)
            yield drafts
            done += len(batch)
            self.report(0.98 * done / found.rows, f"{done:,} of {found.rows:,} rows")

    def _finish(self, writer: Writer, rejects: Rejects, found: Survey, seconds: float) -> None:
        run = self.import_run
        run.rows_total = found.rows
        run.rows_imported = writer.imported
        run.rows_duplicate = writer.duplicate_in_file + writer.duplicate_in_dataset
        run.rows_rejected = rejects.codes.total()
        run.structures_created = writer.structures_created
        run.measurements_created = writer.measurements_created
        run.applied = not run.dry_run and run.rows_imported + run.rows_duplicate > 0
        run.metrics = {
            "rejected": dict(rejects.codes.most_common()),
            "duplicate_in_file": writer.duplicate_in_file,
            "duplicate_in_dataset": writer.duplicate_in_dataset,
            "measurements_duplicate": writer.measurements_duplicate,
            **writer.sample.told(),
            **({"geometries_created": writer.geometries_created} if _has_geometry(run.config) else {}),
            "seconds": round(seconds, 2),
        } | ({"first_rows": writer.sample.rows} if run.dry_run else {})
        run.save()


@contextmanager
def _readable() -> Iterator[None]:
    """Errors of the file as a whole become the action's own."""
    try:
        yield
    except FormatError as error:
        raise ActionError(error.message, field="file") from error


def _open(stream: BinaryIO, mapping: ColumnMapping) -> Table:
    table = open_table(stream, encoding=mapping.encoding, max_bytes=settings.IMPORT_MAX_BYTES)
    _check_columns(mapping, table)
    return table


def _read_mapping(mapping: dict[str, Any]) -> ColumnMapping:
    try:
        return read_mapping(mapping, Property.objects.all())
    except MappingError as error:
        raise ActionError(str(error), field="mapping") from error


def _check_columns(mapping: ColumnMapping, table: Table) -> None:
    try:
        check_columns(mapping, table.columns)
    except MappingError as error:
        raise ActionError(str(error), field="mapping") from error


def _has_geometry(mapping: dict[str, Any]) -> bool:
    return bool(mapping.get("geometry"))


def _one_at_a_time(name: str) -> None:
    """Wait until no other transaction holds this name: of two uploads of one file, the second finds the first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _twin(same: dict[str, Any], dry_run: bool) -> ImportRun | None:
    """The run that imported the file already, or one that waits to do the same."""
    runs = ImportRun.objects.filter(**same)
    waiting = runs.filter(dry_run=dry_run, job__state__in=(Job.State.QUEUED, Job.State.RUNNING))
    return runs.filter(applied=True).first() or waiting.first()
