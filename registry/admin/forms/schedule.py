"""The form of a schedule, in words: what a turn trains, and when its result becomes champion."""

import json
from collections.abc import Iterator
from typing import Any

from django import forms

from mlcore import catalog
from registry.actions.base import ActionError
from registry.actions.schedule_template import CHECKED, check_schedule, is_gate
from registry.admin.forms.config import sections
from registry.models import ModelVersion, RegisteredModel, Schedule

SUGGESTIONS = "sv-gate-metrics"  # the list that the box of the metric draws on
EXAMPLE = ("steps", "learning_rate")  # of the settings of a training


class ScheduleForm(forms.ModelForm):
    """With a prefix, since the theme takes a posted field called `dataset` for one of its own and saves nothing."""

    prefix = "schedule"

    class Meta:
        model = Schedule
        fields = (
            "name", "enabled", "cron", "model", "dataset", "template", "start_from_champion", "freeze_pending",
            "only_with_new_data", "gate_metric", "gate_lower_is_better", "gate_min_improvement",
        )  # fmt: skip
        labels = {
            "cron": "When",
            "template": "Training settings",
            "start_from_champion": "Fine-tune the champion",
            "freeze_pending": "Freeze new measurements first",
            "only_with_new_data": "Only when data have arrived",
            "gate_metric": "Gate metric",
            "gate_lower_is_better": "A lower figure is better",
            "gate_min_improvement": "Improvement asked for",
        }
        help_texts = {
            "cron": "Five fields, in UTC: minute hour day month weekday. 0 3 * * 1 is Mondays at 03:00.",
            "start_from_champion": "Go on from its weights; otherwise each turn starts anew.",
            "freeze_pending": "Make a dataset version of the measurements that no frozen version has yet.",
            "only_with_new_data": "Skip a turn when no value of the model's properties is new.",
            "gate_metric": "Such as conductivity.test.mae; empty never promotes. Test figures of a predictor are "
            "measured anew for both versions, champion and new, on structures that neither has learned from; other "
            "figures are taken as each version states them.",
            "gate_lower_is_better": "So for errors and losses; not for R², shares and correlations.",
            "gate_min_improvement": "Share of the champion's figure: 0.01 is 1 %; 0 takes any improvement.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "template" not in self.fields:  # shown to read only
            return
        box = self.fields["template"]
        box.required, box.help_text = False, template_help(_architecture(self.instance))
        box.widget.attrs["rows"] = 4
        self.fields["gate_metric"].widget.attrs["list"] = SUGGESTIONS

    def clean_template(self) -> dict[str, Any]:
        """Nothing means the champion and the defaults."""
        template = self.cleaned_data["template"] or {}
        if not isinstance(template, dict):
            raise forms.ValidationError('Expected an object such as {"training": {"steps": 800}}.')
        return template

    def _post_clean(self) -> None:
        """Checked as an action checks it, once the form has filled the row."""
        super()._post_clean()
        if self.errors or (self.instance.pk and CHECKED.isdisjoint(self.changed_data)):
            return
        try:
            check_schedule(self.instance)
        except ActionError as error:
            self.add_error(error.field if error.field in self.fields else None, error.message)


def template_help(architecture: catalog.Architecture) -> str:
    """The keys, and an example with this architecture's own defaults."""
    defaults = {entry["name"]: entry["default"] for entry in sections(architecture).get("training", ())}
    example = json.dumps({"training": {name: defaults[name] for name in EXAMPLE}} if defaults else {"seed": 0})
    named = f" In training: {', '.join(defaults)}." if defaults else ""
    condition = ", condition" if architecture.task == RegisteredModel.Task.GENERATE else ""
    return (
        "As JSON; may be empty. Left out, architecture, properties, inputs and seed are the champion's, so are network "
        "and split when it is fine-tuned, and the rest has the architecture's defaults. Keys: architecture, properties "
        "(a list of names), inputs (such as levels of the values), seed, queue (cpu or gpu), device, and the sections "
        "model, training, data (its split)"
        f"{condition}. With the defaults of {architecture.name}: {example}.{named}"
    )


def _architecture(schedule: Schedule) -> catalog.Architecture:
    """Of the template, or of the champion; a predictor where neither says."""
    template = schedule.template if isinstance(schedule.template, dict) else {}
    champion = schedule.model.champion() if schedule.model_id else None
    task = schedule.model.task if schedule.model_id else RegisteredModel.Task.PREDICT
    named = catalog.ARCHITECTURES.get(str(template.get("architecture") or (champion and champion.architecture)))
    return named or next(one for one in catalog.ARCHITECTURES.values() if one.task == task)


def gate_metrics(champion: ModelVersion | None) -> list[str]:
    """Paths of the champion's figures, those of the test rows first."""
    found = _paths(champion.metrics) if champion is not None else ()
    paths = [path for path in found if is_gate(path, champion.model.task)]
    return sorted(paths, key=lambda path: ".test." not in path)


def _paths(content: dict[str, Any], path: str = "", depth: int = 0) -> Iterator[str]:
    for name, value in content.items():
        if isinstance(value, dict) and depth < 4:
            yield from _paths(value, f"{path}{name}.", depth + 1)
        elif isinstance(value, int | float) and not isinstance(value, bool) and name != "n":
            yield path + name
