"""Choose which line of models leads for a property."""

from dataclasses import dataclass
from typing import ClassVar

from registry.actions.base import Action, ActionError
from registry.actions.leading_lines import lines_of
from registry.actions.scores import refresh_scores
from registry.actions.start_scoring import score_the_rest
from registry.models import Property, RegisteredModel


@dataclass(kw_only=True)
class LeadProperty(Action[Property]):
    """Let the champion of one line of models give the candidates' scores of a property.

    Those it has predicted are shown at once, and a scoring run starts for the others. To say the same again rewrites
    the scores.

    model: None leaves the lead to the default (registry.actions.leading_lines).
    """

    permission: ClassVar[str] = "registry.change_alias"  # the right to say which model counts

    property: Property
    model: RegisteredModel | None

    def check(self) -> None:
        able = [line.champion.model for line in lines_of(self.property)]
        if self.model is None or self.model in able:
            return
        names = ", ".join(sorted(model.name for model in able)) or "none does yet"
        raise ActionError(
            f"{self.model} has no champion that predicts {self.property.label}. Choose a line whose champion does: "
            f"{names}.",
            field="model",
        )

    def execute(self) -> Property:
        self.property.leading_model = self.model
        self.property.save(update_fields=["leading_model"])
        refresh_scores([self.property.pk])
        for line in lines_of(self.property)[:1]:
            score_the_rest(line.champion, [self.property.pk])
        return self.property
