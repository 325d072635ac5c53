"""manage.py score polymer-properties --run 3 --wait"""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from registry.actions.start_scoring import StartScoring
from registry.management.base import RunCommand, find_version
from registry.models import GenerationRun


class Command(RunCommand):
    help = "Predict the properties of candidates: all, those of a filter, or those of a generation run."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("version", help="model (its champion) or model@number")
        parser.add_argument("--run", type=int, help="number of the generation run whose candidates to score")
        parser.add_argument("--filter", action="append", default=[], metavar="NAME=VALUE", help="as in the API's query")
        parser.add_argument("--temperature-k", type=float, help="for models that depend on it")

    def handle(self, **options: Any) -> None:
        temperature = options["temperature_k"]
        action = StartScoring(
            actor=None,
            model_version=find_version(options["version"]),
            generation_run=_generation_run(options["run"]),
            selection=dict(text.partition("=")[::2] for text in options["filter"]),
            conditions={} if temperature is None else {"temperature_k": temperature},
            queue=options["queue"],
        )
        run = self.start(action, options["wait"])
        if options["wait"]:
            self.stdout.write(f"{run}: {run.scored} scored, {run.kept} kept, {run.failed} failed")


def _generation_run(number: int | None) -> GenerationRun | None:
    if number is None:
        return None
    run = GenerationRun.objects.filter(pk=number).first()
    if run is None:
        raise CommandError(f"There is no generation run {number}.", returncode=2)
    return run
