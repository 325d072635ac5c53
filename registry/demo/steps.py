"""What `make demo` does. Every step is an action that the admin and the API offer too, and finds its earlier work."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db.models import Model, QuerySet

from mlcore.events import Events
from registry import catalogue, starter
from registry.actions.base import ActionError
from registry.actions.freeze_dataset import FreezeDataset
from registry.actions.import_file import ImportFile, StartImport
from registry.actions.move_alias import MoveAlias
from registry.actions.start_generation import StartGeneration
from registry.actions.start_scoring import StartScoring
from registry.actions.start_training import StartTraining
from registry.jobs.foreground import run_here
from registry.models import (
    Dataset,
    DatasetVersion,
    GenerationRun,
    ImportRun,
    Job,
    ModelVersion,
    Property,
    RegisteredModel,
    Schedule,
    ScoringRun,
)

TRAINED_STRINGS, ZOO_STRINGS = 300, 500

# Enough for strings that are mostly valid within a minute or so on two cores; the zoo's own took longer.
GENERATOR_CONFIG = {"training": {"steps": 450, "batch_size": 96, "learning_rate": 1e-3, "warmup_steps": 50}}
# Retraining starts from the champion's weights, so that it needs few steps.
SCHEDULE_CONFIG = {"training": {"steps": 120, "valid_every": 30, "warmup_steps": 10, "learning_rate": 3e-4}}

Say = Callable[[str], None]


@dataclass(frozen=True)
class Data:
    """What the demonstration's generator learns from."""

    dataset: Dataset
    property: Property
    """Conductivity from simulation; else the property that is computed for the starter library."""
    generator: str
    """The model that learns it: one for each source, as a generator answers only to the property it has learned."""


@dataclass(frozen=True)
class Account:
    name: str
    password: str


class Demo:
    """Steps in their order; `say` prints a line for a person."""

    def __init__(self, say: Say, events: Events) -> None:
        self.say, self.events = say, events

    def run(self) -> None:
        """Once round the loop; a step that finds its result already there says so and goes on."""
        self.say("Database: migrating.")
        call_command("migrate", verbosity=0)
        call_command("register_zoo", verbosity=0)
        self.say(f"Models that ship with the code: {', '.join(map(str, ModelVersion.objects.filter(origin='zoo')))}.")
        data = self.data()
        version = self.freeze(data.dataset)
        trained = self.train(version, data)
        runs = [
            self.generate(trained, data.property, TRAINED_STRINGS),
            self.generate(_champion("polymer-generator"), Property.objects.get(name="conductivity"), ZOO_STRINGS),
        ]
        for run in runs:
            self.score(run, _champion("polymer-properties"))
        self.schedule(data.dataset)

    def data(self) -> Data:
        """HTP-MD's simulated transport properties; where they cannot be had, the starter library."""
        catalogue.ensure_properties()
        entry = catalogue.entry("htp-md-transport")
        try:
            path = catalogue.fetch(entry, lambda done, total: self.events.progress(done, total or done + 1, "download"))
        except catalogue.CatalogueError as error:
            self.say(f"Data: {error}")
            self.say("Data: going on with the starter library, enumerated here from common monomers.")
            library = starter.write_library(Path(settings.STATE) / "starter-library.csv")
            dataset = starter.ensure_dataset()
            self.take_in(dataset, library, starter.MAPPING)
            return Data(dataset, Property.objects.get(name="ether_oxygen_fraction"), "starter-generator")
        dataset = catalogue.ensure_dataset(entry)
        self.take_in(dataset, path, entry.mapping)
        return Data(dataset, Property.objects.get(name="conductivity"), "demo-generator")

    def take_in(self, dataset: Dataset, path: Path, mapping: Mapping[str, Any]) -> None:
        with path.open("rb") as stream:
            started = StartImport(
                actor=None, dataset=dataset, stream=stream, file_name=path.name, mapping=dict(mapping), queue=None
            ).run()
        if started.applied:
            return self.say(f"Data: {dataset} holds {path.name} already.")
        run: ImportRun = ImportFile(actor=None, import_run=started, report=self._share).run()
        return self.say(
            f"Data: {run.rows_imported:,} rows of {path.name} imported into {dataset}, {run.rows_duplicate:,} "
            f"reported before, {run.rows_rejected:,} refused."
        )

    def freeze(self, dataset: Dataset) -> DatasetVersion:
        """A new version when something has arrived, else the latest."""
        if not dataset.measurements.pending().exists():
            version = dataset.latest_version()
            self.say(f"Data: {version} is frozen already.")
            return version
        version = FreezeDataset(actor=None, dataset=dataset, note="by the demonstration").run()
        self.say(f"Data: {version} frozen with {version.measurement_count:,} measurements.")
        return version

    def train(self, version: DatasetVersion, data: Data) -> ModelVersion:
        """The champion of the demonstration's own generator; trained when there is none."""
        model, _ = RegisteredModel.objects.get_or_create(
            name=data.generator,
            defaults={"task": "generate", "description": "A small generator trained by the demonstration."},
        )
        if champion := model.champion():
            self.say(f"Train: {champion} is there already.")
            return champion
        self.say(f"Train: {model}, a gpt, on {version}.")
        start = StartTraining(
            actor=None,
            model=model,
            dataset_version=version,
            architecture="gpt",
            properties=[data.property],
            config=GENERATOR_CONFIG,
        )
        trained = run_here(start, self.events).model_version
        MoveAlias(actor=None, model=model, version=trained, reason="first version of the demonstration").run()
        return trained

    def generate(self, version: ModelVersion, item: Property, strings: int) -> GenerationRun:
        condition = {item.name: "high"}
        same = GenerationRun.objects.filter(model_version=version, condition=condition, requested=strings)
        if run := same.filter(job__state=Job.State.SUCCEEDED).first():
            self.say(f"Generate: generation {run.pk} with {version} is there already.")
            return run
        self.say(f"Generate: {strings} different strings with {version}, asking for high {item}.")
        start = StartGeneration(
            actor=None, model_version=version, requested=strings, condition=condition, distinct=True
        )
        run = run_here(start, self.events)
        self.say(f"Generate: {_candidates_of(run).count()} candidates.")
        return run

    def score(self, run: GenerationRun, version: ModelVersion) -> None:
        same = ScoringRun.objects.filter(generation_run=run, model_version=version)
        if same.filter(job__state=Job.State.SUCCEEDED).exists():
            return self.say(f"Score: the candidates of generation {run.pk} have their values by {version} already.")
        if not _candidates_of(run).exists():
            return self.say(f"Score: generation {run.pk} found no candidates.")
        self.say(f"Score: the candidates of generation {run.pk} by {version}.")
        run_here(StartScoring(actor=None, generation_run=run, model_version=version), self.events)
        return None

    def schedule(self, dataset: Dataset) -> None:
        """Retrain within five minutes of a new measurement of a property that the predictor knows."""
        model = RegisteredModel.objects.get(name="polymer-properties")
        name = f"Retrain {model} on new measurements"
        _, created = Schedule.objects.get_or_create(
            name=name,
            defaults={
                "cron": "*/5 * * * *",
                "model": model,
                "dataset": dataset,
                "template": SCHEDULE_CONFIG,
                "gate_metric": "conductivity.test.mae",
            },
        )
        state = "looks for new measurements every five minutes" if created else "is there already"
        self.say(f"Schedule: “{name}” {state}.")

    def _share(self, share: float, message: str) -> None:
        self.events.progress(round(1000 * share), 1000, message)


def ensure_account(folder: Path) -> Account:
    """A curator who may do everything but administer accounts; the password is made once and kept for its owner."""
    account = Account("curator", _kept_password(folder / "curator-password"))
    user, created = User.objects.get_or_create(username=account.name, defaults={"is_staff": True})
    if created or not user.has_usable_password():
        user.set_password(account.password)
        user.save()
        user.groups.set(Group.objects.filter(name__in=("Curator", "Engineer")))
    return account


def _kept_password(path: Path) -> str:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(12))
    return path.read_text()


def _champion(name: str) -> ModelVersion:
    champion = RegisteredModel.objects.get(name=name).champion()
    if champion is None:
        raise ActionError(f"{name} has no champion; choose one in the admin.")
    return champion


def _candidates_of(run: GenerationRun) -> QuerySet[Model]:
    return run.proposals.exclude(candidate=None).values("candidate").distinct()
