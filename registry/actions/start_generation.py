"""Draw structures from a generator."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import mlcore
from registry.actions.base import Action, ActionError
from registry.actions.queueing import create_job
from registry.actions.trained_range import trained_range
from registry.models import GenerationRun, Job, ModelVersion, Property, RegisteredModel

MOST = 1_000_000  # strings a run may ask for
SETTINGS: dict[str, tuple[type, float, float]] = {  # sampling settings: type, smallest, largest
    "temperature": (float, 0.01, 10.0),
    "top_k": (int, 0, 100_000),
    "guidance": (float, 0.0, 20.0),
    "calls": (int, 1, 10_000),
    "grammar": (bool, 0, 1),
}
CLASSES = ("low", "high")


@dataclass(kw_only=True)
class StartGeneration(Action[GenerationRun]):
    """Queue the drawing of `requested` strings; every one of them becomes a Proposal, the new structures candidates.

    condition: what to ask for, by property the version is conditioned on: "low", "high", or a value in its unit.
    accept: draw until `requested` structures were found that are valid, distinct and not in the registry.
    distinct: sample without replacement, until `requested` different strings were drawn.
    config: sampling settings: temperature, top_k, guidance, calls of a diffusion model, and for a GPT over SMILES
        grammar: true keeps it from tokens that lead to no valid string.
    """

    permission: ClassVar[str] = "registry.add_generationrun"

    model_version: ModelVersion
    requested: int
    condition: Mapping[str, str | float] = field(default_factory=dict)
    accept: bool = False
    distinct: bool = False
    seed: int = 0
    config: Mapping[str, Any] = field(default_factory=dict)
    queue: str = Job.Queue.CPU

    def check(self) -> None:
        if self.model_version.model.task != RegisteredModel.Task.GENERATE:
            raise ActionError(f"{self.model_version} predicts; choose a generator.", field="model_version")
        if not 1 <= self.requested <= MOST:
            raise ActionError(f"Ask for 1 to {MOST} strings, not {self.requested}.", field="requested")
        if self.accept and self.distinct:
            raise ActionError("accept and distinct exclude each other; accepted structures differ anyway.",
                              field="distinct")  # fmt: skip
        if not 0 <= self.seed < 2**31:
            raise ActionError(f"seed: {self.seed} must lie between 0 and {2**31 - 1}.", field="seed")
        self._check_condition()
        for name, value in self.config.items():
            _check_setting(name, value)
        if self.config.get("grammar") and not spells_smiles(self.model_version):
            raise ActionError(f"config: grammar is for a gpt that spells SMILES; {self.model_version} does not.",
                              field="config")  # fmt: skip

    def execute(self) -> GenerationRun:
        return GenerationRun.objects.create(
            job=create_job(Job.Kind.GENERATE, self.actor, self.queue),
            model_version=self.model_version,
            requested=self.requested,
            condition=dict(self.condition),
            accept=self.accept,
            distinct=self.distinct,
            seed=self.seed,
            config=dict(self.config),
            code_version=mlcore.__version__,
        )

    def _check_condition(self) -> None:
        known = {item.name: item for item in self.model_version.properties.all()}
        for name, wish in self.condition.items():
            if name not in known:
                listed = ", ".join(sorted(known)) or "none"
                raise _refused(name, f"{self.model_version} was not trained on {name}; known: {listed}")
            _check_wish(self.model_version, known[name], wish)


def spells_smiles(version: ModelVersion) -> bool:
    """Whether a generator draws SMILES token by token, so that a grammar can keep it to valid strings."""
    return version.architecture == "gpt" and version.config.get("model", {}).get("notation", "smiles") == "smiles"


def _check_wish(version: ModelVersion, property_: Property, wish: object) -> None:
    """low, high, or a number that the property's axis has and the generator has learned from."""
    if wish in CLASSES:
        return
    if not isinstance(wish, int | float) or isinstance(wish, bool):
        raise _refused(property_.name, f"{property_.name} must be low, high or a number, not {wish!r}")
    positive = property_.scale == Property.Scale.LOG10
    if not math.isfinite(wish) or (positive and wish <= 0):
        kind = "positive" if positive else "finite"
        raise _refused(property_.name, f"{property_.name} must be a {kind} number, not {wish:g}")
    trained = trained_range(version, property_)
    if trained is not None and wish not in trained:
        why = f"{property_.name} {wish:g} lies outside of what {version} was trained on, {trained}"
        raise _refused(property_.name, why)


def _refused(name: str, why: str) -> ActionError:
    return ActionError(f"condition: {why}.", field=f"condition.{name}")


def _check_setting(name: str, value: object) -> None:
    if name not in SETTINGS:
        raise ActionError(f"config: {name} is unknown; known: {', '.join(SETTINGS)}.", field="config")
    kind, low, high = SETTINGS[name]
    if kind is bool:
        if not isinstance(value, bool):
            raise ActionError(f"config: {name} must be true or false, not {value!r}.", field="config")
        return
    accepted = (int,) if kind is int else (int, float)
    if not isinstance(value, accepted) or isinstance(value, bool) or not low <= value <= high:
        raise ActionError(f"config: {name} must be a number from {low:g} to {high:g}, not {value!r}.", field="config")
