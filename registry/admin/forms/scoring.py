"""Score candidates or other structures."""

from contextlib import suppress
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.db.models import QuerySet

from registry.actions import model_conditions
from registry.actions.scoring_source import Source
from registry.actions.start_scoring import StartScoring
from registry.actions.trained_range import condition_ranges
from registry.admin.forms.base import ActionForm
from registry.admin.forms.conditions import condition_field
from registry.admin.forms.filters import FilterField, read_filter, summary
from registry.admin.forms.versions import (
    VersionField,
    chosen_version,
    predictor_for,
    reader_of,
    reader_of_candidates,
    reader_of_structures,
)
from registry.models import DatasetVersion, GenerationRun, Job, ModelVersion, RegisteredModel, ScoringRun, Structure
from registry.search.parameters import SelectionError
from registry.search.sentence import rows_of

_DEADLINE = 5  # seconds that a substructure may take to be looked for
_EMPTY: tuple[object, ...] = (None, "", [])  # conditions that nobody gave


class StartScoringForm(ActionForm):
    title = "Score structures"
    submit = "Score"
    icon = "leaderboard"
    intro = "A predictor gives every selected structure a value, its uncertainty, and whether it knows such structures."
    permission = StartScoring.permission
    template = "registry/filter_form.html"

    model_version = VersionField(RegisteredModel.Task.PREDICT)
    generation_run = forms.ModelChoiceField(
        GenerationRun.objects.select_related("model_version__model").order_by("-pk"),
        required=False,
        help_text="Only the candidates that this run proposed.",
    )
    dataset_version = forms.ModelChoiceField(
        DatasetVersion.objects.select_related("dataset").order_by("-pk"),
        required=False,
        label="Or the structures of a dataset",
        help_text="In place of a filter: all that this frozen version has a measurement of.",
    )
    subject = forms.ChoiceField(
        choices=ScoringRun.Subject.choices,
        initial=ScoringRun.Subject.CANDIDATES,
        required=False,
        label="Score",
        widget=forms.Select(attrs={"data-reload": "1"}),
        help_text="Structures are all that were imported or generated, measured ones among them.",
    )
    selection = FilterField(
        help_text='As in the address of the list or the API, such as {"status": "proposed"}; {} takes all.',
    )
    queue = forms.ChoiceField(choices=Job.Queue.choices, initial=Job.Queue.CPU)

    def prepare(self) -> None:
        field = self.fields["model_version"]
        field.load()
        self.dataset = self._named("dataset_version")
        self.chosen = read_filter(self.data.get("selection") if self.is_bound else self.initial.get("selection"))
        self.initial["selection"] = self.chosen
        asked = self.data.get("subject") or self.initial.get("subject")
        self.of = asked if asked in ScoringRun.Subject.values else ScoringRun.Subject.CANDIDATES.value
        self.fields["selection"].subject = self.of
        field.initial = self._likely() or reader_of_candidates()
        for name in ("generation_run", "dataset_version"):
            self.fields[name].widget.attrs["data-reload"] = "1"  # other structures are counted
        field.widget.attrs["data-reload"] = "1"  # another version is asked under other conditions
        self.version = version = chosen_version(self)
        self.asked = list(model_conditions.conditions_of(version).values()) if version else []
        ranges = condition_ranges(version) if version else {}
        for condition in self.asked:
            self.fields[f"condition.{condition.key}"] = condition_field(condition, ranges.get(condition.key))

    def context(self) -> dict[str, Any]:
        conditions = [f"condition.{one.key}" for one in self.asked]
        sources = [] if self.dataset else ["subject"]
        if not self.dataset and self.of == ScoringRun.Subject.CANDIDATES:
            sources.append("generation_run")
        return {
            "main_fields": [
                self[name] for name in ("model_version", *conditions, *sources, "dataset_version", "queue")
            ],
            "filter_field": None if self.dataset else self["selection"],
            "summary": self._summary(),
            "heading": "What will be scored",
        }

    def _summary(self) -> dict[str, str]:
        if self.dataset:
            return self._summary_of(self.dataset)
        run = str(self["generation_run"].value() or "") if self.of == ScoringRun.Subject.CANDIDATES else ""
        found = summary(self.of, ({"run": run} if run.isdigit() else {}) | self.chosen)
        if "rows" in found and self._reads_not_all():
            source = Source(subject=self.of, selection=self.chosen, generation_run=self._named("generation_run"))
            with suppress(SelectionError):  # a substructure that was not found in time: the job tells
                found["words"] += self._left_out(source.structures(deadline=_DEADLINE))
        return found

    def _likely(self) -> ModelVersion | None:
        """The version that reads what is to be scored."""
        if self.dataset:
            return reader_of(self.dataset)
        if self.of == ScoringRun.Subject.CANDIDATES:
            run = self._named("generation_run")
            return predictor_for(run) if run else None
        try:
            return reader_of_structures(Source(subject=self.of, selection=self.chosen).structures())
        except SelectionError:  # the field says what is wrong
            return None

    def _summary_of(self, dataset: DatasetVersion) -> dict[str, str]:
        found = Source(dataset_version=dataset).structures()
        return {"rows": rows_of("structures", found.count()), "words": f"of {dataset}{self._left_out(found)}"}

    def _reads_not_all(self) -> bool:
        """Whether there is any structure of another kind; most registries have but one, and need no second count."""
        if self.version is None:
            return False
        others = set(Structure.Kind.values) - {self.version.structure_kind}  # by name, as the index has them
        return Structure.objects.filter(kind__in=others).exists()

    def _left_out(self, rows: QuerySet[Structure]) -> str:
        """How many of these the model does not read."""
        count = rows.order_by().exclude(kind=self.version.structure_kind).count() if self.version else 0
        return f"; {count:,} of another kind than the model reads are left out" if count else ""

    def _named(self, name: str) -> Any:
        """The row of that field that was sent or handed over in the address."""
        asked = str((self.data if self.is_bound else self.initial).get(name) or "")
        return self.fields[name].queryset.filter(pk=asked).first() if asked.isdigit() else None

    def clean(self) -> dict[str, Any]:
        """A condition that the model cannot be asked under is told at its own input."""
        cleaned = super().clean() or self.cleaned_data
        for one in self.asked:
            value = cleaned.get(f"condition.{one.key}")
            if value not in _EMPTY and (said := model_conditions.fault(one, value)):
                self.add_error(f"condition.{one.key}", f"{said[:1].upper()}{said[1:]}.")
        return cleaned

    def run(self, actor: User) -> ScoringRun:
        cleaned = self.cleaned_data
        given = {one.key: cleaned[f"condition.{one.key}"] for one in self.asked}
        return StartScoring(
            actor=actor,
            model_version=cleaned["model_version"],
            generation_run=cleaned["generation_run"],
            subject=cleaned["subject"] or ScoringRun.Subject.CANDIDATES,
            selection=cleaned["selection"],
            dataset_version=cleaned["dataset_version"],
            conditions={key: value for key, value in given.items() if value not in _EMPTY},
            queue=cleaned["queue"],
        ).run()
