"""What the commands share: errors in one line, versions by name, runs that a person waits for."""

import json
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError, CommandParser

from mlcore.errors import UserError
from mlcore.events import Events
from registry.actions.base import Action, ActionError
from registry.artifacts import ArtifactError
from registry.jobs.foreground import run_here
from registry.models import Dataset, DatasetVersion, Job, ModelVersion, RegisteredModel

EXPLAINED = (ActionError, ArtifactError, PermissionDenied, UserError)


class RunCommand(BaseCommand):
    """A command that starts a run: queued, or with --wait done in this process."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--queue", default=Job.Queue.CPU, choices=Job.Queue.values, help="default cpu")
        parser.add_argument("--wait", action="store_true", help="run it here, without a worker, and show its progress")

    def start(self, action: Action[Any], wait: bool) -> Any:
        """The run of a Start... action, finished when `wait`. CommandError says why it did not work."""
        try:
            if wait:
                return run_here(action, Events())
            run = action.run()
        except EXPLAINED as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(f"{run}: queued as job {run.job_id}")
        return run


def find_version(text: str) -> ModelVersion:
    """`polymer-generator` is that model's champion, `polymer-generator@3` its version 3."""
    name, _, number = text.partition("@")
    model = find_model(name)
    version = model.versions.filter(number=int(number)).first() if number.isdecimal() else None
    version = model.champion() if not number else version
    if version is None:
        listed = ", ".join(f"{name}@{n}" for n in model.versions.values_list("number", flat=True)) or "none"
        raise CommandError(f"{text}: no such version{'' if number else ' (no champion)'}; there are: {listed}.",
                           returncode=2)  # fmt: skip
    return version


def find_model(name: str) -> RegisteredModel:
    """The model of that name."""
    model = RegisteredModel.objects.filter(name=name).first()
    if model is None:
        listed = ", ".join(RegisteredModel.objects.values_list("name", flat=True)) or "none; run register_zoo"
        raise CommandError(f"There is no model {name}; there are: {listed}.", returncode=2)
    return model


def find_dataset_version(text: str) -> DatasetVersion:
    """`htp-md` is the newest frozen version of the dataset of that slug or name, `htp-md@2` its version 2."""
    name, _, number = text.partition("@")
    dataset = Dataset.objects.filter(slug=name).first() or Dataset.objects.filter(name=name).first()
    if dataset is None:
        listed = ", ".join(Dataset.objects.values_list("slug", flat=True)) or "none"
        raise CommandError(f"There is no dataset {name}; there are: {listed}.", returncode=2)
    version = dataset.versions.filter(number=int(number)).first() if number.isdecimal() else None
    version = dataset.latest_version() if not number else version
    if version is None:
        raise CommandError(f"{text}: no such frozen version; freeze {name} first.", returncode=2)
    return version


def read_config(path: Path | None) -> dict[str, Any]:
    """A configuration file, or nothing."""
    if path is None:
        return {}
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise CommandError(f"{path}: {error}", returncode=2) from error
    if not isinstance(content, dict):
        raise CommandError(f"{path}: expected an object at the top.", returncode=2)
    return content
