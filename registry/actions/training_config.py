"""The run configuration of a training: what a caller may set, and what it becomes once everything is written out."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import mlcore.config
from mlcore import catalog, inheritance
from mlcore.errors import UserError
from mlcore.options import nearest
from registry.actions.base import ActionError
from registry.formats.training_inputs import TrainingInputs
from registry.models import ModelVersion, Property, RegisteredModel

NOTHING = TrainingInputs()
SECTIONS = (
    "device",
    "model",
    "training",
    "condition",
    "evaluation",
    "data",
)  # what a caller may set; the rest is an input of its own


def resolve(
    config: Mapping[str, Any],
    architecture: str,
    properties: Sequence[Property],
    seed: int,
    parent: ModelVersion | None,
    inputs: TrainingInputs = NOTHING,
    kind: str = "polymer",
) -> dict[str, Any]:
    """The complete run configuration, defaults written out, so that the record does not change with them.

    Raises: ActionError.
    """
    given = dict(config)
    if stray := sorted(set(given) - set(SECTIONS)):
        known = ", ".join(SECTIONS)
        raise ActionError(f"config: {stray[0]} cannot be set here; known: {known}.", field="config")
    data = given.pop("data", {})
    if not isinstance(data, Mapping) or set(data) - {"split"}:
        raise ActionError("config.data: only split can be set; columns come from the properties.", field="config")
    if parent is not None:
        data = {"split": parent.config.get("data", {}).get("split", {}), **data}  # what it held out stays held out
    columns = inputs.data_section(properties, _temperature(given.get("model"), architecture))
    content = {
        **given,
        "architecture": architecture,
        "seed": seed,
        "data": {**data, "smiles_column": "smiles", "kind": kind, **columns},
    }
    try:
        if parent is not None:
            content = inheritance.inherit(content, parent.architecture, parent.config.get("model", {}))
        resolved: dict[str, Any] = json.loads(json.dumps(mlcore.config.load(content).as_json()))
    except UserError as error:
        raise ActionError(f"config: {error}", field="config") from error
    return resolved


def _temperature(settings: Any, architecture: str) -> str:
    """What the architecture calls the condition that is the temperature."""
    chosen = settings.get("temperature") if isinstance(settings, Mapping) else None
    schema = catalog.describe(catalog.get(architecture))["model"] if architecture in catalog.ARCHITECTURES else []
    default = next((entry["default"] for entry in schema if entry["name"] == "temperature"), "temperature")
    return chosen if isinstance(chosen, str) and chosen else str(default)


def check_architecture(architecture: str, model: RegisteredModel, parent: ModelVersion | None) -> None:
    """Known, made for the model's task, and the parent's. Raises: ActionError."""
    try:
        task = catalog.get(architecture).task
    except UserError as error:
        raise ActionError(str(error), field="architecture") from error
    if task != model.task:
        raise ActionError(f"{architecture} can {task}; the versions of {model} {model.task}.", field="architecture")
    if parent is not None and not catalog.get(architecture).goes_on:
        raise ActionError(
            f"A model of {architecture} cannot be trained further; start anew on all the data.", field="init_version"
        )
    if parent is not None and parent.architecture != architecture:
        raise ActionError(
            f"{parent} is a {parent.architecture}; {architecture} cannot start from it.", field="init_version"
        )


def as_in_parent(properties: Sequence[Property], parent: ModelVersion) -> list[Property]:
    """The same properties in the order of the predictor that the training goes on from: its outputs stand in it.

    Raises: ActionError when they are others.
    """
    theirs = {item.name: item for item in parent.properties.order_by("pk")}
    asked = [item.name for item in properties]
    if set(asked) != theirs.keys():
        raise ActionError(
            f"{parent} predicts {', '.join(theirs)}; a training that starts from it cannot learn {', '.join(asked)}. "
            "Name the same properties, or start anew.",
            field="properties",
        )
    order = [item["name"] for item in parent.config.get("data", {}).get("properties", [])]
    names = order if set(order) == theirs.keys() else list(theirs)
    return [theirs[name] for name in names]


def find_property(name: object, field: str) -> Property:
    """The property of that name. Raises: ActionError that names the nearest one."""
    found = Property.objects.filter(name=name).first() if isinstance(name, str) else None
    if found is None:
        known = Property.objects.order_by("name").values_list("name", flat=True)
        raise ActionError(f"{field}: there is no property {name}; {nearest(name, known)}", field=field)
    return found
