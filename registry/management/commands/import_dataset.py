"""manage.py import_dataset htp-md, or manage.py import_dataset FILE --dataset NAME and what its columns mean."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from tqdm import tqdm

from registry import catalogue
from registry.actions.base import ActionError
from registry.actions.import_file import ImportFile, StartImport
from registry.artifacts import ArtifactError
from registry.catalogue.entries import named_dataset
from registry.formats import FirstLook, FormatError, first_look
from registry.formats.rejected_rows import write_rejected_rows
from registry.models import Dataset, ImportRun, Property, Structure

SHOWN = 5  # refused rows in the final report


@dataclass(frozen=True)
class Job:
    """What to import, into what."""

    path: Path
    dataset: Dataset
    mapping: dict[str, Any]
    kind: str


class Command(BaseCommand):
    help = "Import a public data set by its name in the catalogue, or a file of your own."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "source", help="a name that `manage.py datasets` lists, or a CSV, JSONL, SDF or parquet file"
        )
        parser.add_argument("--dataset", help="name of the dataset that takes the file; made when there is none")
        parser.add_argument("--kind", choices=Structure.Kind.values, help="by default told from the structures")
        parser.add_argument("--mapping", help="JSON, or a file with JSON, as docs/data.md describes")
        parser.add_argument("--structure-column", metavar="COLUMN")
        parser.add_argument(
            "--value", action="append", default=[], metavar="COLUMN=PROPERTY[:UNIT[:log10]]", help="may be repeated"
        )
        parser.add_argument(
            "--rejects", type=Path, metavar="FILE", help="write the refused rows and their reasons as CSV"
        )
        parser.add_argument("--dry-run", action="store_true", help="report what would happen; write nothing")

    def handle(self, **options: Any) -> None:
        catalogue.ensure_properties()
        try:
            with transaction.atomic():  # a file that cannot be read leaves no empty run behind
                run = self._run(self._job(options), options["dry_run"])
        except (ActionError, ArtifactError, PermissionDenied, FormatError, catalogue.CatalogueError, OSError) as error:
            raise CommandError(str(error), returncode=2) from error
        if run is None:
            return
        self._report(run)
        if options["rejects"]:
            _write_rejects(run, options["rejects"])
        if run.rows_rejected == run.rows_total:
            raise CommandError("No row could be imported.", returncode=1)

    def _job(self, options: dict[str, Any]) -> Job:
        path = Path(options["source"])
        if not path.is_file():
            if options["dataset"] or len(path.parts) > 1:
                raise CommandError(f"There is no file {path}.", returncode=2)
            entry = catalogue.entry(options["source"])
            with _bar("download", unit="B", unit_scale=True) as bar:
                file = catalogue.fetch(entry, lambda received, expected: _advance(bar, received, expected))
            return Job(file, catalogue.ensure_dataset(entry), entry.mapping, entry.structure_kind)
        if not options["dataset"]:
            raise CommandError("Name the dataset that takes the file: --dataset NAME.", returncode=2)
        with path.open("rb") as stream:
            look = first_look(stream)
        mapping = self._mapping(look, options)
        kind = options["kind"] or look.structure_kind(mapping)
        return Job(path, named_dataset(options["dataset"]), mapping, kind)

    def _mapping(self, look: FirstLook, options: dict[str, Any]) -> dict[str, Any]:
        """As given, else guessed from the header; the shorthand options change single fields."""
        mapping = _read_json(options["mapping"]) if options["mapping"] else {}
        if options["structure_column"]:
            mapping["structure"] = {"column": options["structure_column"]}
        if options["value"]:
            mapping["values"] = [_value(text) for text in options["value"]]
        if not options["mapping"] and not options["value"]:
            mapping = look.mapping(Property.objects.all()) | mapping
            self.stdout.write(f"Mapping guessed from the header: {json.dumps(mapping, ensure_ascii=False)}\n")
        return mapping

    def _run(self, job: Job, dry_run: bool) -> ImportRun | None:
        """None: there was nothing left to do."""
        with job.path.open("rb") as stream:
            run = StartImport(
                actor=None,
                dataset=job.dataset,
                stream=stream,
                file_name=job.path.name,
                mapping=job.mapping,
                structure_kind=job.kind,
                dry_run=dry_run,
                queue=None,
            ).run()
        if run.applied:
            self.stdout.write(
                f"Nothing new: this file was imported with this mapping on {run.created_at:%Y-%m-%d} "
                f"as import {run.pk}.\n"
            )
            return None
        with _bar(job.path.name, total=1.0, bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}{postfix}") as bar:

            def report(progress: float, message: str) -> None:
                bar.set_postfix_str(message, refresh=False)
                bar.update(progress - bar.n)

            return ImportFile(actor=None, import_run=run, report=report).run()

    def _report(self, run: ImportRun) -> None:
        verb = "would be imported" if run.dry_run else "imported"
        self.stdout.write(
            f"{run.dataset}: {run.rows_total:,} rows in {run.metrics['seconds']:g} s. {run.rows_imported:,} {verb}, "
            f"{run.rows_duplicate:,} reported before, {run.rows_rejected:,} refused. "
            f"New: {run.structures_created:,} structures, {run.measurements_created:,} measurements.\n"
        )
        for code, count in run.metrics["rejected"].items():
            self.stdout.write(f"  {count:>9,}  {code}\n")
        for row in run.rejected_rows.all()[:SHOWN]:
            self.stdout.write(f"  row {row.row_number}{f', column {row.column}' if row.column else ''}: {row.reason}\n")
        if run.rows_rejected > SHOWN:
            self.stdout.write(f"  ... all {run.rows_rejected:,} are kept with import {run.pk}\n")


def _write_rejects(run: ImportRun, path: Path) -> None:
    try:
        with path.open("wb") as file:
            write_rejected_rows(run, file)
    except OSError as error:
        raise CommandError(f"The refused rows cannot be written: {error}", returncode=2) from error


def _bar(text: str, **options: Any) -> "tqdm[Any]":
    return tqdm(desc=text, leave=False, disable=None, **options)


def _advance(bar: "tqdm[Any]", received: int, expected: int) -> None:
    bar.total = expected or None
    bar.update(received - bar.n)


def _read_json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text if text.lstrip().startswith("{") else Path(text).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"--mapping is neither JSON nor a file with JSON: {error}", returncode=2) from error
    if not isinstance(found, dict):
        raise CommandError('--mapping is an object such as {"structure": {"column": "smiles"}}.', returncode=2)
    return found


def _value(text: str) -> dict[str, str]:
    column, sign, rest = text.rpartition("=")
    name, *more = rest.split(":")
    if not (sign and column and name) or len(more) > 2:
        raise CommandError(f"--value {text}: expected COLUMN=PROPERTY[:UNIT[:log10]].", returncode=2)
    return {"column": column, "property": name, **dict(zip(("unit", "scale"), more, strict=False))}
