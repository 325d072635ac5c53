"""Import and export: done by the actions themselves, in the worker."""

from collections.abc import Callable

from registry.actions.export import WriteExport
from registry.actions.import_file import ImportFile
from registry.jobs.attempt import Attempt
from registry.models import ExportRun, ImportRun


def import_file(attempt: Attempt, run: ImportRun) -> None:
    """All rows or none; the refused ones are kept with their reasons."""

    def work() -> ImportRun:
        fresh = ImportRun.objects.get(pk=run.pk)  # a try that was rolled back must leave no trace in memory either
        return ImportFile(actor=attempt.job.created_by, import_run=fresh, report=_reporter(attempt)).run()

    done = attempt.write(work)
    verb = "would be imported" if done.dry_run else "imported"
    attempt.log("info", f"{done.rows_imported} of {done.rows_total} rows {verb}, {done.rows_rejected} refused")


def export_file(attempt: Attempt, run: ExportRun) -> None:
    """The file goes to the artifact store."""

    def work() -> ExportRun:
        fresh = ExportRun.objects.get(pk=run.pk)
        return WriteExport(actor=attempt.job.created_by, export_run=fresh, report=_reporter(attempt)).run()

    done = attempt.write(work)
    attempt.log("info", f"{done.rows} rows written")


def _reporter(attempt: Attempt) -> Callable[[float, str], None]:
    def report(share: float, message: str) -> None:
        attempt.check()
        attempt.progress(share, message)

    return report
