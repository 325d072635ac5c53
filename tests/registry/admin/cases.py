"""One row of every noun, and who may do what: the declarations that the contract tests inherit."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.apps import apps
from django.db.models import Model

from tests import factories


class Case(NamedTuple):
    make: Callable[[], Model]
    editable: bool = False  # has a form of its own; everything else is written by actions only


def _score() -> Model:
    return factories.score(factories.candidate(tags=["ether"]))


CASES: dict[str, Case] = {
    "alias": Case(factories.alias),
    "candidate": Case(lambda: _score().candidate),
    "candidatescore": Case(_score),
    "conformer": Case(factories.conformer),
    "dataset": Case(factories.dataset, editable=True),
    "datasetversion": Case(factories.dataset_version),
    "decision": Case(factories.decision),
    "exportrun": Case(factories.export_run),
    "fingerprint": Case(lambda: factories.structure().fingerprint),
    "generationrun": Case(lambda: factories.proposal(candidate=factories.candidate()).run),
    "importrun": Case(lambda: factories.rejected_row().import_run),
    "job": Case(lambda: factories.job_event(job=factories.training_run().job).job),
    "jobevent": Case(factories.job_event),
    "measurement": Case(factories.measurement),
    "modelversion": Case(factories.model_version),
    "prediction": Case(factories.prediction),
    "property": Case(factories.property_, editable=True),
    "proposal": Case(factories.proposal),
    "registeredmodel": Case(lambda: factories.alias().model, editable=True),
    "rejectedrow": Case(factories.rejected_row),
    "schedule": Case(factories.schedule, editable=True),
    "scoringrun": Case(lambda: factories.prediction().scoring_run),
    "structure": Case(lambda: factories.measurement().structure),
    "tag": Case(factories.tag, editable=True),
    "trainingrun": Case(factories.training_run),
}


def nouns() -> list[str]:
    """Every model of the registry but the history's own tables."""
    return sorted(
        model._meta.model_name
        for model in apps.get_app_config("registry").get_models()
        if not model.__name__.endswith("Event") or model.__name__ == "JobEvent"
    )


def grow(noun: str, times: int) -> list[Any]:
    return [CASES[noun].make() for _ in range(times)]
