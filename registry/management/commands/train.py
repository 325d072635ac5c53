"""manage.py train polymer-properties --dataset htp-md --architecture polymer-gnn --property conductivity --wait"""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from mlcore import catalog
from registry.actions.move_alias import MoveAlias
from registry.actions.start_training import StartTraining
from registry.management.base import RunCommand, find_dataset_version, find_version, read_config
from registry.models import Property, RegisteredModel


class Command(RunCommand):
    help = "Train a model version on a frozen dataset version."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("model", help="name of the model; made when it is new")
        parser.add_argument("--dataset", required=True, help="slug, or slug@number; default the newest frozen version")
        parser.add_argument("--architecture", required=True, choices=sorted(catalog.ARCHITECTURES))
        parser.add_argument("--property", action="append", default=[], help="may be given several times")
        parser.add_argument("--config", type=Path, help="JSON with the sections model, training, condition, data.split")
        parser.add_argument(
            "--inputs", type=Path, help="JSON with what goes in beside structures and values, such as levels"
        )
        parser.add_argument("--init", help="start from this version: model (its champion) or model@number")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--promote", metavar="REASON", help="with --wait: make it champion, for this reason")

        parser.add_argument(
            "--drop-properties", action="store_true", help="promote even if properties lose their champion"
        )

    def handle(self, **options: Any) -> None:
        if options["promote"] and not options["wait"]:
            raise CommandError("--promote needs --wait.", returncode=2)
        task = catalog.get(options["architecture"]).task
        model, _ = RegisteredModel.objects.get_or_create(name=options["model"], defaults={"task": task})
        action = StartTraining(
            actor=None,
            model=model,
            dataset_version=find_dataset_version(options["dataset"]),
            architecture=options["architecture"],
            properties=[_property(name) for name in options["property"]],
            inputs=read_config(options["inputs"]),
            config=read_config(options["config"]),
            init_version=find_version(options["init"]) if options["init"] else None,
            seed=options["seed"],
            queue=options["queue"],
        )
        run = self.start(action, options["wait"])
        if not options["wait"]:
            return
        self.stdout.write(f"{run.model_version}: registered")
        if options["promote"]:
            MoveAlias(
                actor=None,
                model=model,
                version=run.model_version,
                reason=options["promote"],
                drop_properties=options["drop_properties"],
            ).run()
            self.stdout.write(f"{run.model_version}: champion")


def _property(name: str) -> Property:
    found = Property.objects.filter(name=name).first()
    if found is None:
        known = ", ".join(Property.objects.values_list("name", flat=True)) or "none"
        raise CommandError(f"There is no property {name}; there are: {known}.", returncode=2)
    return found
