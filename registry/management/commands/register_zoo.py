"""manage.py register_zoo"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

import mlcore
from mlcore import manifest
from mlcore.errors import UserError
from registry.actions.base import ActionError
from registry.actions.move_alias import MoveAlias
from registry.actions.register_model import RegisterModel
from registry.models import ModelVersion, RegisteredModel

ZOO = Path(mlcore.__file__).parent / "zoo"


class Command(BaseCommand):
    help = "Register the models that ship with the code. Running it again changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--folder", type=Path, default=ZOO, help="a folder of bundles (default: the zoo)")

    def handle(self, **options: Any) -> None:
        bundles = sorted(path.parent for path in options["folder"].glob(f"*/{manifest.MANIFEST}"))
        if not bundles:
            raise CommandError(f"No bundle in {options['folder']}.", returncode=2)
        for folder in bundles:
            try:
                self._register(folder)
            except (ActionError, UserError) as error:
                raise CommandError(str(error), returncode=2) from error

    def _register(self, folder: Path) -> None:
        """A model's first version becomes champion; later ones wait for somebody to choose them."""
        before = ModelVersion.objects.count()
        version = RegisterModel(
            actor=None,
            folder=folder,
            model_name=_name(folder),
            origin=ModelVersion.Origin.ZOO,
            description="Shipped with the code, to start from.",
        ).run()
        new = ModelVersion.objects.count() > before
        champion = version.model.champion()
        if champion is None:
            MoveAlias(actor=None, model=version.model, version=version, reason="the first, shipped with the code").run()
        waits = f"; {champion} stays champion until somebody compares and moves it" if new and champion else ""
        self.stdout.write(f"{version}: {'registered' if new else 'registered before'}{waits}")


def _name(folder: Path) -> str:
    """polymer-generator, polymer-properties and so on: what it is for and what it must be told, not how it works."""
    about = manifest.read(folder).manifest
    kind = about.config["data"]["kind"]
    if about.task == RegisteredModel.Task.GENERATE:
        return f"{kind}-generator"
    told = "-under-conditions" if about.config["data"].get("conditions") else ""
    differences = "-delta" if any(item.get("baseline") for item in about.properties) else ""
    return f"{kind}-properties{told}{differences}"
