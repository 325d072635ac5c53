"""A form on a selection of candidates, which the forms of curation extend."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Count, Prefetch
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import url_has_allowed_host_and_scheme

from registry.admin.forms.base import ActionForm
from registry.admin.parts import display
from registry.admin.parts.panels import list_of
from registry.admin.parts.scores import score_text, scores_with_models
from registry.models import Candidate, Property

PREDICTED = 2  # values beside a drawing; a candidate's page shows all
SHOWN = 24  # drawings of a selection; the rest is counted


class IdsField(forms.CharField):
    """Ids in one hidden input: a form of ten thousand inputs would be refused."""

    widget = forms.HiddenInput

    def clean(self, value: Any) -> list[int]:
        parts = super().clean(value).split(",")
        if not all(part.isdecimal() for part in parts):
            raise forms.ValidationError("The selection is damaged; select the candidates again.")
        return [int(part) for part in parts]


class SelectionForm(ActionForm):
    """A form on a selection of candidates, with their drawings above it."""

    template = "registry/selection_form.html"

    candidates = IdsField()
    next = forms.CharField(required=False, widget=forms.HiddenInput)  # the list's query string, to go back to
    # A candidate's page sends these two: its list's query, and the page to open next, if wished.
    stay = forms.CharField(required=False, widget=forms.HiddenInput)
    onward = forms.CharField(required=False, widget=forms.HiddenInput)

    def prepare(self) -> None:
        self.on_page = "stay" in self.data
        if not self.on_page:  # an empty one would still mean the page
            del self.fields["stay"], self.fields["onward"]

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many of the selection have each status."""
        rows = Candidate.objects.filter(pk__in=self.ids()).order_by()
        return dict(rows.values_list("status").annotate(Count("pk")))

    def context(self) -> dict[str, Any]:
        scores = Prefetch("scores", scores_with_models().select_related("property").order_by("property__name"))
        rows = Candidate.objects.filter(pk__in=self.ids()).select_related("structure").order_by("pk")
        rows = rows.prefetch_related(scores)
        labels = dict(Candidate.Status.choices)
        total = sum(self.counts.values())
        return {
            "count": total,
            "by_status": [(labels[status], count) for status, count in sorted(self.counts.items())],
            "shown": [
                (row, display.drawing(row.structure), display.smiles(row.structure), _predicted(row))
                for row in rows[:SHOWN]
            ],
            "hidden_count": max(0, total - SHOWN),
            "list_query": str(self["next"].value() or ""),
        }

    def destination(self, result: Any) -> str:
        """Back to the list as it was filtered, or to the candidate that was open, or on to the next."""
        cleaned = self.cleaned_data
        if not self.on_page:
            return list_of(Candidate) + (f"?{cleaned['next']}" if cleaned["next"] else "")
        if cleaned["onward"] and url_has_allowed_host_and_scheme(cleaned["onward"], {self.request.get_host()}):
            return cleaned["onward"]
        kept = urlencode({"_changelist_filters": cleaned["stay"]}) if cleaned["stay"] else ""
        address = reverse("admin:registry_candidate_change", args=cleaned["candidates"][:1])
        return f"{address}?{kept}" if kept else address

    def ids(self) -> list[int]:
        parts = str(self["candidates"].value() or "").split(",")
        return [int(part) for part in parts if part.isdecimal() and len(part) < 19]


def _predicted(row: Candidate) -> list[tuple[str, str]]:
    """What a verdict rests on, the properties that have a better direction first."""
    scores = sorted(row.scores.all(), key=lambda score: score.property.better == Property.Better.NEITHER)
    return [(score.property.label, score_text(score, score.property)) for score in scores[:PREDICTED]]
