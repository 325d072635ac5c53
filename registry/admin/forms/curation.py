"""Decide on, tag and assign candidates, one or ten thousand."""

from typing import Any

from django import forms
from django.contrib.auth.models import User

from registry.actions.assign_candidates import AssignCandidates
from registry.actions.base import ActionError
from registry.actions.decide import STATUS_AFTER, VERDICTS, Decide
from registry.actions.tag_candidates import TagCandidates
from registry.admin.forms.selection import SelectionForm
from registry.admin.parts import said
from registry.models import Candidate, Decision, Tag
from registry.search.sentence import counted


class DecideForm(SelectionForm):
    title = "Decide on candidates"
    submit = "Record the decision"
    icon = "gavel"
    page = "registry_candidate_decide"
    permission = Decide.permission

    verdict = forms.ChoiceField(choices=[(name, Decision.Verdict(name).label) for name in VERDICTS])
    reason = forms.CharField(required=False, max_length=200, help_text="One line; required for a rejection.")
    comment = forms.CharField(required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 3}))

    again = forms.BooleanField(required=False, label="Also those that have this verdict already")

    def prepare(self) -> None:
        super().prepare()
        self.fields["reason"].widget.attrs.update({"list": "sv-reasons", "autocomplete": "off"})
        self.left_out = 0
        standing = "" if self.on_page else self._standing()
        if standing:
            self.fields["again"].help_text = f"{standing} already: left out where the verdict is the same."
        else:
            del self.fields["again"]

    def _standing(self) -> str:
        counts = [(self.counts.get(status, 0), label) for status, label in Candidate.Status.choices if status in _DONE]
        return ", ".join(f"{count:,} {label.lower()}" for count, label in counts if count)

    def context(self) -> dict[str, Any]:
        return super().context() | {"reasons": frequent_reasons()}

    def run(self, actor: User) -> list[Decision]:
        cleaned = self.cleaned_data
        return Decide(
            actor=actor,
            candidates=self._still_to_decide(),
            verdict=cleaned["verdict"],
            reason=cleaned["reason"],
            comment=cleaned["comment"],
        ).run()

    def _still_to_decide(self) -> list[int]:
        """Without those that have the verdict already, unless they were asked for. Raises: ActionError."""
        chosen = self.cleaned_data["candidates"]
        if "again" not in self.fields or self.cleaned_data["again"]:
            return chosen
        status = STATUS_AFTER.get(self.cleaned_data["verdict"])
        standing = set(Candidate.objects.filter(pk__in=chosen, status=status).values_list("pk", flat=True))
        self.left_out = len(standing)
        rest = [pk for pk in chosen if pk not in standing]
        if standing and not rest:
            raise ActionError("All of them have this verdict already; switch this on to give it again.", field="again")
        return rest

    def done(self, result: list[Decision]) -> str:
        verdict = self.cleaned_data["verdict"]
        if self.on_page and len(result) == 1:
            return said.of_decision(self.request, _PAST[verdict], result[0], self.cleaned_data["stay"])
        text = f"{_PAST[verdict]} {counted(len(result), 'candidate')}."
        if self.left_out:
            had = Candidate.Status(STATUS_AFTER[verdict]).label.lower()
            text += f" Left out {self.left_out:,} that {'was' if self.left_out == 1 else 'were'} {had} already."
        return said.of_decisions(self.request, text, result, self.cleaned_data["next"])


_DONE = set(STATUS_AFTER.values())
_PAST = {
    Decision.Verdict.ACCEPT: "Accepted",
    Decision.Verdict.REJECT: "Rejected",
    Decision.Verdict.HOLD: "Put on hold",
    Decision.Verdict.COMMENT: "Commented on",
}


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
        super().prepare()
        self.fields["add"].widget.attrs.update({"list": "sv-tags", "autocomplete": "off"})
        self.fields["remove"].widget.attrs.update({"list": "sv-tags", "autocomplete": "off"})

    def context(self) -> dict[str, Any]:
        return super().context() | {"tags": Tag.objects.values_list("name", flat=True)}

    def run(self, actor: User) -> int:
        cleaned = self.cleaned_data
        had = set(Tag.objects.filter(candidates__in=cleaned["candidates"]).values_list("name", flat=True))
        self.new = [name for name in cleaned["add"] if name not in had]
        return TagCandidates(
            actor=actor,
            candidates=cleaned["candidates"],
            add=cleaned["add"],
            remove=cleaned["remove"],
            reason=cleaned["reason"],
        ).run()

    def done(self, result: int) -> str:
        parts = [(word, ", ".join(self.cleaned_data[name])) for name, word in (("add", "added"), ("remove", "removed"))]
        text = "; ".join(f"{word} {names}" for word, names in parts if names)
        if self.on_page and result == 1:
            return said.of_tags(self.request, self._one(), text, self.cleaned_data["stay"], **self._opposite())
        return f"{counted(result, 'candidate')}: {text}."

    def _one(self) -> Candidate:
        return Candidate.objects.select_related("structure").get(pk=self.cleaned_data["candidates"][0])

    def _opposite(self) -> dict[str, str]:
        """What takes the change back: only tags that were not on it before come off again."""
        return {"add": ", ".join(self.cleaned_data["remove"]), "remove": ", ".join(self.new)}


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
        super().prepare()
        self.fields["assignee"].queryset = curators()

    def run(self, actor: User) -> int:
        cleaned = self.cleaned_data
        return AssignCandidates(
            actor=actor, candidates=cleaned["candidates"], assignee=cleaned["assignee"], reason=cleaned["reason"]
        ).run()

    def done(self, result: int) -> str:
        person = self.cleaned_data["assignee"]
        if not result:
            return "They were assigned so already."
        return f"Assigned {counted(result, 'candidate')} to {person or 'nobody'}."


def curators() -> Any:
    """Who may decide, superusers included."""
    return User.objects.with_perm(Decide.permission, backend="django.contrib.auth.backends.ModelBackend").order_by(
        "username"
    )
