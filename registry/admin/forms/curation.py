"""Decide on, tag and assign candidates, one or ten thousand."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib.auth.models import User
from django.db.models import Count
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from registry.actions.assign_candidates import AssignCandidates
from registry.actions.decide import VERDICTS, Decide
from registry.actions.tag_candidates import TagCandidates
from registry.admin import display
from registry.admin.forms.base import ActionForm
from registry.admin.panels import list_of
from registry.models import Candidate, Decision, Tag

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
    stay = forms.CharField(required=False, widget=forms.HiddenInput)  # sent by a candidate's page: its list's filters
    onward = forms.CharField(required=False, widget=forms.HiddenInput)  # and the page to open next, if wished

    def context(self) -> dict[str, Any]:
        text = str(self["candidates"].value() or "")
        ids = [int(part) for part in text.split(",") if part.isdecimal()]
        rows = Candidate.objects.filter(pk__in=ids)
        counts = rows.order_by().values_list("status").annotate(Count("pk"))
        labels = dict(Candidate.Status.choices)
        return {
            "count": len(ids),
            "by_status": [(labels[status], count) for status, count in sorted(counts)],
            "shown": [
                (row, display.drawing(row.structure, 150, 96)) for row in rows.select_related("structure")[:SHOWN]
            ],
            "hidden_count": max(0, len(ids) - SHOWN),
        }

    def destination(self, result: Any) -> str:
        """Back to the list as it was filtered, or to the candidate that was open, or on to the next."""
        cleaned = self.cleaned_data
        onward = cleaned["onward"]
        if onward and url_has_allowed_host_and_scheme(onward, {self.request.get_host()}):
            return onward
        if "stay" in self.data:
            kept = urlencode({"_changelist_filters": cleaned["stay"]}) if cleaned["stay"] else ""
            address = reverse("admin:registry_candidate_change", args=cleaned["candidates"][:1])
            return f"{address}?{kept}" if kept else address
        return list_of(Candidate) + (f"?{cleaned['next']}" if cleaned["next"] else "")


class DecideForm(SelectionForm):
    title = "Decide on candidates"
    submit = "Record the decision"
    icon = "gavel"
    page = "registry_candidate_decide"
    permission = Decide.permission

    verdict = forms.ChoiceField(choices=[(name, Decision.Verdict(name).label) for name in VERDICTS])
    reason = forms.CharField(required=False, max_length=200, help_text="One line; required for a rejection.")
    comment = forms.CharField(required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 3}))

    def prepare(self) -> None:
        self.fields["reason"].widget.attrs.update({"list": "sv-reasons", "autocomplete": "off"})

    def context(self) -> dict[str, Any]:
        return super().context() | {"reasons": frequent_reasons()}

    def run(self, actor: User) -> list[Decision]:
        cleaned = self.cleaned_data
        return Decide(
            actor=actor,
            candidates=cleaned["candidates"],
            verdict=cleaned["verdict"],
            reason=cleaned["reason"],
            comment=cleaned["comment"],
        ).run()

    def done(self, result: list[Decision]) -> str:
        label = Decision.Verdict(self.cleaned_data["verdict"]).label
        return f"Recorded for {len(result):,} candidate{'s' if len(result) != 1 else ''}: {label.lower()}."


def frequent_reasons() -> list[str]:
    """What people wrote lately, most often first, to choose from while typing."""
    recent = Decision.objects.exclude(reason="").order_by("-pk").values_list("reason", flat=True)[:500]
    counts: dict[str, int] = {}
    for reason in recent:
        counts[reason] = counts.get(reason, 0) + 1
    return sorted(counts, key=lambda reason: -counts[reason])[:12]


class TagsField(forms.CharField):
    """Names, separated by commas or spaces."""

    def clean(self, value: Any) -> list[str]:
        return [name for name in super().clean(value).replace(",", " ").split() if name]


class TagForm(SelectionForm):
    title = "Tag candidates"
    submit = "Change tags"
    icon = "sell"
    page = "registry_candidate_tag"
    permission = TagCandidates.permission

    add = TagsField(required=False, label="Tags to add", help_text="Separated by commas; new ones are made.")
    remove = TagsField(required=False, label="Tags to remove")
    reason = forms.CharField(required=False, max_length=200)

    def prepare(self) -> None:
        self.fields["add"].widget.attrs.update({"list": "sv-tags", "autocomplete": "off"})
        self.fields["remove"].widget.attrs.update({"list": "sv-tags", "autocomplete": "off"})

    def context(self) -> dict[str, Any]:
        return super().context() | {"tags": Tag.objects.values_list("name", flat=True)}

    def run(self, actor: User) -> int:
        cleaned = self.cleaned_data
        return TagCandidates(
            actor=actor,
            candidates=cleaned["candidates"],
            add=cleaned["add"],
            remove=cleaned["remove"],
            reason=cleaned["reason"],
        ).run()

    def done(self, result: int) -> str:
        return f"Changed the tags of {result:,} candidate{'s' if result != 1 else ''}."


class AssignForm(SelectionForm):
    title = "Assign candidates"
    submit = "Assign"
    icon = "person_add"
    page = "registry_candidate_assign"
    permission = AssignCandidates.permission

    assignee = forms.ModelChoiceField(
        User.objects.none(), required=False, empty_label="nobody", help_text="People who may decide."
    )
    reason = forms.CharField(required=False, max_length=200)

    def prepare(self) -> None:
        self.fields["assignee"].queryset = curators()

    def run(self, actor: User) -> int:
        cleaned = self.cleaned_data
        return AssignCandidates(
            actor=actor, candidates=cleaned["candidates"], assignee=cleaned["assignee"], reason=cleaned["reason"]
        ).run()

    def done(self, result: int) -> str:
        return f"{result:,} candidate{'s have' if result != 1 else ' has'} changed hands."


def curators() -> Any:
    """Who may decide, superusers included."""
    return User.objects.with_perm(Decide.permission, backend="django.contrib.auth.backends.ModelBackend").order_by(
        "username"
    )
