"""What an import brought, in a sentence."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from registry.admin import display
from registry.models import ImportRun


def nothing_new(run: ImportRun) -> SafeString:
    """Of a file that has been imported before."""
    return format_html(
        "Nothing new: this file was imported on {} as {}.",
        f"{imported_at(run):%Y-%m-%d %H:%M} UTC",
        display.link(run, f"import {run.pk}"),
    )


def imported_at(run: ImportRun) -> object:
    return (run.job and run.job.finished_at) or run.created_at


def outcome(run: ImportRun) -> str:
    """What came of it, or would come of it."""
    if run.job and not run.job.finished:
        return "not known yet"
    if not run.rows_total:
        return "nothing was read"
    refused, known, new = run.rows_rejected, run.rows_duplicate, run.rows_imported
    if new:
        verb = "would be imported" if run.dry_run else "imported"
        return _sentence(f"{new:,} of {run.rows_total:,} rows {verb}", known, refused)
    if not refused:
        return f"Nothing new: {_rows(known)} reported before."
    advice = ". Change the mapping, or mend the file" if run.dry_run else ""
    return _sentence("Nothing to import", known, refused).removesuffix(".") + f"{advice}."


def _sentence(start: str, known: int, refused: int) -> str:
    more = [f"{known:,} reported before"] * bool(known) + [f"{refused:,} refused"] * bool(refused)
    return ", ".join([start, *more]) + "."


def _rows(count: int) -> str:
    return "the row was" if count == 1 else f"all {count:,} rows were"
