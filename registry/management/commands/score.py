"""manage.py score polymer-properties --run 3 --wait"""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from registry.actions.start_scoring import StartScoring
from registry.management.base import RunCommand, find_dataset_version, find_version
from registry.models import GenerationRun


class Command(RunCommand):
    help = "Predict the properties of candidates (all, of a filter, of a generation run) or of a dataset's structures."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("version", help="model (its champion) or model@number")
        parser.add_argument("--run", type=int, help="number of the generation run whose candidates to score")
        parser.add_argument("--filter", action="append", default=[], metavar="NAME=VALUE", help="as in the API's query")
        parser.add_argument("--dataset", help="slug or slug@number: its structures in place of candidates")
        parser.add_argument(
            "--temperature-k",
            type=float,
            nargs="+",
            metavar="KELVIN",
            help="one or several, for models that ask for it",
        )
        parser.add_argument(
            "--condition",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="salt, concentration, as the model asks",
        )

    def handle(self, **options: Any) -> None:
        conditions = dict(_condition(text) for text in options["condition"])
        if kelvin := options["temperature_k"]:
            conditions["temperature_k"] = kelvin[0] if len(kelvin) == 1 else kelvin
        action = StartScoring(
            actor=None,
            model_version=find_version(options["version"]),
            generation_run=_generation_run(options["run"]),
            selection=dict(text.partition("=")[::2] for text in options["filter"]),
            dataset_version=find_dataset_version(options["dataset"]) if options["dataset"] else None,
            conditions=conditions,
            queue=options["queue"],
        )
        run = self.start(action, options["wait"])
        if options["wait"]:
            counts = f"{run.scored} scored, {run.kept} kept, {run.failed} failed"
            left_out = f", {run.left_out} left out (the model reads {run.model_version.structure_kind}s)"
            self.stdout.write(f"{run}: {counts}{left_out if run.left_out else ''}")


def _generation_run(number: int | None) -> GenerationRun | None:
    if number is None:
        return None
    run = GenerationRun.objects.filter(pk=number).first()
    if run is None:
        raise CommandError(f"There is no generation run {number}.", returncode=2)
    return run


def _condition(text: str) -> tuple[str, Any]:
    """A number where it reads as one."""
    name, equals, value = text.partition("=")
    if not equals:
        raise CommandError(f"--condition {text}: expected NAME=VALUE, such as salt=LiTFSI.", returncode=2)
    try:
        return name, float(value)
    except ValueError:
        return name, value
