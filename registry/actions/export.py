"""Export candidates, measurements, structures or predictions as a file: checked and queued first, written by a job."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from mlcore import __version__
from registry import artifacts
from registry.actions.base import Action, ActionError
from registry.actions.export_rows import SUBJECTS, Contents, Row, check_contents, contents
from registry.actions.queueing import create_job
from registry.formats.writing import WRITERS, write_table
from registry.models import ExportRun, Job
from registry.search.parameters import SelectionError
from registry.search.sorting import usual_sort

REPORT_EVERY = 1_000  # rows

Report = Callable[[float, str], None]


def _silent(progress: float, message: str) -> None:
    """Reports to nobody."""


@dataclass(kw_only=True)
class StartExport(Action[ExportRun]):
    """Check what is asked for and queue the work."""

    permission: ClassVar[str] = "registry.add_exportrun"

    subject: str  # candidates, measurements, structures or predictions
    selection: dict[str, Any]  # filters, as in the query string of the subject's list
    file_format: str  # csv, jsonl, sdf or parquet
    sort: str = ""  # such as "-conductivity"; by default as the subject's list is sorted
    queue: str | None = Job.Queue.CPU  # None: no job, the caller runs WriteExport itself

    def check(self) -> None:
        if self.subject not in SUBJECTS:
            raise ActionError(f"{self.subject!r} is none of {', '.join(SUBJECTS)}.", field="subject")
        if self.file_format not in WRITERS:
            raise ActionError(f"The format {self.file_format!r} is none of {', '.join(WRITERS)}.", field="file_format")
        with _selectable():
            check_contents(self.subject, self.selection, self.sort)

    def execute(self) -> ExportRun:
        return ExportRun.objects.create(
            job=create_job(Job.Kind.EXPORT, self.actor, self.queue) if self.queue else None,
            subject=self.subject,
            selection=self.selection,
            file_format=self.file_format,
            config={"sort": self.sort or usual_sort(self.subject, self.selection)},
            code_version=__version__,
        )


@dataclass(kw_only=True)
class WriteExport(Action[ExportRun]):
    """Write the file into the artifact store; the run then names it by its digest."""

    permission: ClassVar[str] = "registry.add_exportrun"

    export_run: ExportRun
    report: Report = field(default=_silent)  # called with the share done and a line on what is going on

    def execute(self) -> ExportRun:
        run = self.export_run
        with _selectable():
            found = contents(run.subject, run.selection, run.config.get("sort", ""))
        with tempfile.TemporaryFile() as file:
            run.rows = write_table(file, run.file_format, found.columns, self._reported(found))
            run.file_digest = artifacts.put(file)
        run.save(update_fields=["rows", "file_digest"])
        return run

    def _reported(self, found: Contents) -> Iterator[Row]:
        for number, row in enumerate(found.rows):
            if number % REPORT_EVERY == 0:
                self.report(min(1.0, number / max(1, found.total)), f"{number:,} of {found.total:,} rows")
            yield row


@contextmanager
def _selectable() -> Iterator[None]:
    try:
        yield
    except SelectionError as error:
        raise ActionError(str(error), field="sort" if error.field == "sort" else "selection") from error
