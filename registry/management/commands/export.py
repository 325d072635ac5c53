"""manage.py export candidates accepted.csv --where status=accepted"""

import shutil
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from registry import artifacts
from registry.actions.base import ActionError
from registry.actions.export import StartExport, WriteExport
from registry.formats.writing import WRITERS
from registry.models import ExportRun


class Command(BaseCommand):
    help = "Write candidates, measurements, structures or predictions to a file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("subject", choices=ExportRun.Subject.values)
        parser.add_argument("file", type=Path, help="its ending tells the format: csv, jsonl, sdf, parquet")
        parser.add_argument("--format", choices=list(WRITERS), help="when the ending does not tell")
        parser.add_argument(
            "--where", action="append", default=[], metavar="FILTER=VALUE", help="as in the API's query string"
        )
        parser.add_argument("--sort", default="", help="such as -conductivity; best first when nothing is said")

    def handle(self, **options: Any) -> None:
        path: Path = options["file"]
        selection = dict(map(_condition, options["where"]))
        file_format = options["format"] or path.suffix.removeprefix(".").lower()
        part = path.with_name(f".{path.name}.part")
        try:
            run = StartExport(
                actor=None,
                subject=options["subject"],
                selection=selection,
                file_format=file_format,
                sort=options["sort"],
                queue=None,
            ).run()
            run = WriteExport(actor=None, export_run=run).run()
            with artifacts.opened(run.file_digest) as stream, part.open("wb") as file:
                shutil.copyfileobj(stream, file)
            part.replace(path)
        except (ActionError, artifacts.ArtifactError, OSError) as error:
            part.unlink(missing_ok=True)
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(f"{run.rows:,} {run.subject} written to {path}\n")


def _condition(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign):
        raise CommandError(f"--where {text}: expected FILTER=VALUE.", returncode=2)
    return name, value
