"""Let a name, such as champion, point at another version."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from registry.actions.base import Action, ActionError
from registry.actions.scores import refresh_scores
from registry.actions.start_scoring import score_the_rest
from registry.models import Alias, ModelVersion, Property, RegisteredModel


@dataclass(kw_only=True)
class MoveAlias(Action[Alias]):
    """Point `name` of `model` at `version`, and say why.

    A predictor that becomes champion takes over the candidates' scores where its line leads: those it has predicted
    are shown at once, and a scoring run starts for the others that it reads; not where it must be told a temperature,
    which a person chooses. Where it lacks a property that the champion before it predicts, and that no other champion
    does, the move is refused.

    drop_properties: move nevertheless, and let the candidates lose their scores of these properties.
    """

    permission: ClassVar[str] = "registry.change_alias"

    model: RegisteredModel
    version: ModelVersion
    reason: str
    name: str = Alias.CHAMPION
    drop_properties: bool = False

    def check(self) -> None:
        RegisteredModel.objects.select_for_update(no_key=True).get(pk=self.model.pk)  # one move at a time
        if self.version.model_id != self.model.pk:
            raise ActionError(f"{self.version} is no version of {self.model}.", field="version")
        if not self.reason.strip():
            raise ActionError("Say why: the reason is part of the history.", field="reason")
        if self.name == Alias.CHAMPION and not self.drop_properties and (lost := without_champion(self.version)):
            raise ActionError(
                f"{said_of_lost(self.version, lost)} Choose a version that predicts them too, or confirm with "
                "drop_properties.",
                field="drop_properties",
                conflict=True,
            )

    def execute(self) -> Alias:
        before = Alias.objects.filter(model=self.model, name=self.name).first()
        alias, _ = Alias.objects.update_or_create(
            model=self.model,
            name=self.name,
            defaults={"version": self.version, "reason": self.reason.strip()[:300], "moved_by": self.actor},
        )
        moved = before is None or before.version_id != self.version.pk
        if moved and self.name == Alias.CHAMPION and self.model.task == RegisteredModel.Task.PREDICT:
            self._hand_over_scores(before)
        return alias

    def _hand_over_scores(self, before: Alias | None) -> None:
        versions = [self.version] if before is None else [self.version, before.version]
        refresh_scores(set(Property.objects.filter(model_versions__in=versions).values_list("pk", flat=True)))
        score_the_rest(self.version)


def said_of_lost(version: ModelVersion, lost: Sequence[Property]) -> str:
    """What candidates would lose, and the way for a version that is meant for fewer properties."""
    names, own = (", ".join(item.label for item in items) for items in (lost, version.properties.order_by("label")))
    return (
        f"{version} does not predict {names}, and no other champion does: every candidate would lose these scores. "
        f"To use it for {own} alone, train it as a model of its own and let that model lead for {own}."
    )


def without_champion(version: ModelVersion) -> list[Property]:
    """The properties that no champion would predict any more if this version became its model's, by label."""
    champion = version.model.champion()
    if champion is None or version.model.task != RegisteredModel.Task.PREDICT:
        return []
    others = ModelVersion.objects.filter(aliases__name=Alias.CHAMPION, model__task=RegisteredModel.Task.PREDICT)
    kept = Property.objects.filter(model_versions__in=[version, *others.exclude(pk=champion.pk)])
    lost = Property.objects.filter(model_versions=champion).exclude(pk__in=kept.values("pk"))
    return list(lost.order_by("label"))
