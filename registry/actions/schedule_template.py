"""What a schedule asks for, checked when it is saved as its turns would read it."""

import re
from collections.abc import Mapping
from typing import Any

from mlcore import catalog
from mlcore.evaluation.measures import HIGHER_IS_BETTER, LOWER_IS_BETTER
from mlcore.options import nearest
from registry.actions.base import ActionError
from registry.actions.training_config import (
    SECTIONS,
    as_in_parent,
    check_architecture,
    find_property,
    resolve,
)
from registry.actions.training_inputs import read
from registry.models import Job, ModelVersion, Property, RegisteredModel, Schedule

OWN = ("architecture", "properties", "inputs", "seed", "queue")  # of a template, beside the sections of a configuration
PARTS = ("valid", "test")
CHECKED = frozenset({"model", "template", "start_from_champion", "gate_metric", "gate_lower_is_better"})
"""What check_schedule looks at: a schedule can be switched off whatever its template has become."""
_OF_VALUES = re.compile(rf"\w+\.({'|'.join(PARTS)})\.({'|'.join((*LOWER_IS_BETTER, *HIGHER_IS_BETTER))})")
_OF_SAMPLES = re.compile(r"samples\.(free|[A-Za-z]\w*=high)\.\w+")


def check_schedule(schedule: Schedule) -> None:
    """Refuse a template that no training can be started from, and a gate that no version could pass.

    Raises: ActionError, for the field at fault.
    """
    champion = schedule.model.champion()
    try:
        properties = _check_template(schedule, champion)
    except ActionError as error:
        message = error.message.removeprefix("config: ").removeprefix("template: ")
        raise ActionError(f"template: {message}", field="template") from error
    if schedule.gate_metric:
        _check_gate(schedule, properties)


def is_gate(metric: str, task: str) -> bool:
    """Whether a path in the metrics of a version can decide about its promotion."""
    if task == RegisteredModel.Task.GENERATE:
        return bool(_OF_SAMPLES.fullmatch(metric))
    return bool(_OF_VALUES.fullmatch(metric))


def check_names(template: Mapping[str, Any]) -> None:
    """Refuse a name that means nothing in a template. Raises: ActionError."""
    if not isinstance(template, Mapping):
        raise ActionError('template: expected an object such as {"training": {"steps": 500}}', field="template")
    known = [*OWN, *SECTIONS]
    if stray := sorted(set(template) - set(known)):
        raise ActionError(f"template: {stray[0]} is unknown; {nearest(stray[0], known)}", field="template")


def properties_of(template: Mapping[str, Any], champion: ModelVersion | None) -> list[Property]:
    """In the order of the template, or of the champion's own list. Raises: ActionError."""
    names = template.get("properties")
    if names is None:
        return list(champion.properties.order_by("pk")) if champion else []
    if not isinstance(names, list):
        raise ActionError("template: properties must be a list of names.", field="template")
    return [find_property(name, "template") for name in names]


def _check_template(schedule: Schedule, champion: ModelVersion | None) -> list[Property]:
    """As FireSchedule and StartTraining read it. Returns what it would train on."""
    template, model = schedule.template, schedule.model
    check_names(template)
    parent = champion if schedule.start_from_champion else None
    properties = properties_of(template, champion)
    architecture = template.get("architecture") or (champion.architecture if champion else "")
    if not isinstance(architecture, str):
        raise ActionError(f"architecture must be a name, not {architecture!r}.")
    sections = {name: value for name, value in template.items() if name in SECTIONS}
    if architecture:
        check_architecture(architecture, model, parent)
    else:  # of a network that nobody has chosen yet the settings cannot be checked
        architecture = next(entry.name for entry in catalog.ARCHITECTURES.values() if entry.task == model.task)
        sections.pop("model", None)
    if parent is not None and model.task == RegisteredModel.Task.PREDICT:
        properties = as_in_parent(properties, parent)
    queue = template.get("queue", Job.Queue.CPU)
    if queue not in Job.Queue.values:
        raise ActionError(f"there is no queue {queue!r}; known: {', '.join(Job.Queue.values)}.")
    inputs = template.get("inputs", {})
    if not isinstance(inputs, Mapping):
        raise ActionError('inputs: expected an object such as {"levels": {"energy": "G4MP2"}}')
    resolve(sections, architecture, properties, template.get("seed", 0), parent, read(inputs))
    return properties


def _check_gate(schedule: Schedule, properties: list[Property]) -> None:
    metric = schedule.gate_metric
    if schedule.model.task == RegisteredModel.Task.GENERATE:
        if not _OF_SAMPLES.fullmatch(metric):
            said = "a generator's gate looks like samples.free.vun or samples.conductivity=high.vun"
            raise _refused(metric, said)
        return
    if metric.count(".") != 2:
        raise _refused(metric, "a predictor's gate looks like conductivity.test.mae")
    name, part, measure = metric.split(".")
    names = [item.name for item in properties] or list(Property.objects.values_list("name", flat=True))
    for given, known in ((name, names), (part, PARTS), (measure, (*LOWER_IS_BETTER, *HIGHER_IS_BETTER))):
        if given not in known:
            raise _refused(metric, f"{given!r} is unknown; {nearest(given, known)}")
    if schedule.gate_lower_is_better != (measure in LOWER_IS_BETTER):
        better = "lower" if measure in LOWER_IS_BETTER else "higher"
        raise ActionError(f"gate_lower_is_better: of {measure}, {better} is better.", field="gate_lower_is_better")


def _refused(metric: str, why: str) -> ActionError:
    return ActionError(f"gate_metric: {metric}: {why}", field="gate_metric")
