"""Bring a bundle into the registry as a version of a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import Max

from mlcore import manifest
from mlcore.errors import UserError
from registry import artifacts
from registry.actions.base import Action, ActionError
from registry.catalogue import ensure_properties
from registry.models import DatasetVersion, ModelVersion, Property, RegisteredModel, TrainingRun


@dataclass(kw_only=True)
class RegisterModel(Action[ModelVersion]):
    """Check the bundle in `folder`, store it, and add it to the model of that name, which is made when it is new.

    Registering the same bundle again, or the result of a training run that has one, returns the version that exists.
    """

    permission: ClassVar[str] = "registry.add_modelversion"

    folder: Path
    model_name: str
    origin: str
    dataset_version: DatasetVersion | None = None
    parent: ModelVersion | None = None
    training_run: TrainingRun | None = None
    description: str = ""

    def execute(self) -> ModelVersion:
        try:
            bundle = manifest.read(self.folder)
        except UserError as error:
            raise ActionError(str(error), field="folder") from error
        model = self._model(bundle.manifest.task)
        digest = artifacts.put_folder(self.folder)
        known = model.versions.filter(bundle_digest=digest).first()
        if self.training_run is not None:
            known = ModelVersion.objects.filter(training_run=self.training_run).first() or known
        return known or self._create(model, bundle, digest)

    def _model(self, task: str) -> RegisteredModel:
        """The model, locked, so that two versions do not take one number."""
        try:
            RegisteredModel(name=self.model_name, task=task).clean_fields()
        except ValidationError as error:
            raise ActionError(f"model_name: {'; '.join(error.messages)}", field="model_name") from error
        model, _ = RegisteredModel.objects.select_for_update(no_key=True).get_or_create(
            name=self.model_name, defaults={"task": task, "description": self.description}
        )
        if model.task != task:
            raise ActionError(f"The versions of {model} {model.task}; this bundle can {task}.", field="model_name")
        return model

    def _create(self, model: RegisteredModel, bundle: manifest.Checked, digest: str) -> ModelVersion:
        about = bundle.manifest
        last = model.versions.aggregate(last=Max("number"))["last"] or 0
        version = ModelVersion.objects.create(
            model=model,
            number=last + 1,
            architecture=about.architecture,
            origin=self.origin,
            bundle_digest=digest,
            config=about.config,
            metrics=about.metrics,
            card=bundle.files.get("card.md", b"").decode(),
            code_version=about.code_version,
            training_data_digest=about.training_data.get("digest", ""),
            parent=self.parent,
            dataset_version=self.dataset_version,
            training_run=self.training_run,
            created_by=self.actor,
        )
        version.properties.set([_property(entry) for entry in about.properties])
        return version


def _property(entry: Mapping[str, Any]) -> Property:
    """The property that a manifest names, created when it is new; its unit and scale must be those of the registry."""
    name, unit, scale = entry["name"], entry.get("unit", ""), entry.get("scale", Property.Scale.LINEAR)
    if not Property.objects.filter(name=name).exists():
        ensure_properties()
    made, _ = Property.objects.get_or_create(
        name=name,
        defaults={
            "label": name.replace("_", " "),
            "unit": unit,
            "scale": scale,
            "lower": 0 if scale == Property.Scale.LOG10 else None,
        },
    )
    if made.unit != unit:
        raise ActionError(f"The bundle gives {name} in {unit or 'no unit'}, the registry keeps it in {made.unit}.")
    return made
