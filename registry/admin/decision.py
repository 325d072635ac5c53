"""Decisions: a record that only grows."""

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern
from django.utils.html import format_html
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from registry.actions.base import ActionError
from registry.actions.candidates import MAX_CANDIDATES
from registry.actions.undo_decision import UndoDecision
from registry.actions.undo_decisions import UndoDecisions
from registry.admin.base import RecordAdmin
from registry.admin.lists.related import RelatedFilter
from registry.admin.pages.action_view import run_action
from registry.admin.parts import display, said
from registry.admin.parts.panels import Button, Fact, go, list_of
from registry.models import Candidate, Decision


@admin.register(Decision)
class DecisionAdmin(RecordAdmin):
    list_display = ("picture", "verdict_", "reviewer", "reason", "comment_", "standing", "created")
    list_filter = (("verdict", ChoicesDropdownFilter), ("reviewer", RelatedFilter))
    list_select_related = ("candidate__structure", "reviewer", "undone_by__reviewer")
    search_fields = ("reason", "comment", "candidate__structure__smiles__contains")
    ordering = ("-pk",)
    empty_hint = "Open a candidate and accept, reject or hold it; every decision is kept here."

    def get_urls(self) -> list[URLPattern]:
        many = self.own_path("undo/", require_POST(self.undo_many_view), "undo_many")
        return [many, self.own_path("<int:pk>/undo/", require_POST(self.undo_view), "undo"), *super().get_urls()]

    def undo_many_view(self, request: HttpRequest) -> HttpResponse:
        """What a decision on a selection did is taken back; back to the list that it was made from."""
        query = request.POST.get("next", "")
        try:
            ids = said.from_ranges(request.POST.get("decisions", ""), MAX_CANDIDATES)
            undone = UndoDecisions(actor=request.user, decisions=ids).run()
        except (ValueError, ActionError) as error:
            messages.error(request, str(error))
        else:
            less = "" if len(undone) == len(ids) else f" of {len(ids):,}; the others had been undone already"
            messages.success(request, f"Undone {len(undone):,}{less}. All decisions stay on record.")
        return redirect(list_of(Candidate) + (f"?{query}" if query else ""))

    def undo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        decision = get_object_or_404(Decision.objects.select_related("candidate__structure"), pk=pk)
        action = UndoDecision(actor=request.user, decision=decision, reason=request.POST.get("reason", ""))
        query = request.POST.get("next", "")
        name = said.named(decision.candidate, QueryDict(query).get("_changelist_filters", ""))
        done = format_html("Undone for {}: {}. Both stay on record.", name, decision.get_verdict_display().lower())
        run_action(request, action, done)
        return redirect(display.url(decision.candidate) + (f"?{query}" if query else ""))

    @admin.display(description="candidate")
    def picture(self, row: Decision) -> str:
        structure = row.candidate.structure
        return display.stacked(format_html("{}{}", display.drawing(structure), display.smiles(structure)),
                               f"candidate {row.candidate_id}")  # fmt: skip

    @admin.display(description="verdict", ordering="verdict")
    def verdict_(self, row: Decision) -> str:
        return display.verdict(row)

    @admin.display(description="comment")
    def comment_(self, row: Decision) -> str:
        return row.comment if len(row.comment) < 120 else f"{row.comment[:120]}…"

    @admin.display(description="standing")
    def standing(self, row: Decision) -> str:
        """An undo takes another decision back; by itself it neither stands nor falls."""
        if row.verdict == Decision.Verdict.UNDO:
            return display.EMPTY
        undo = getattr(row, "undone_by", None)
        return display.badge(f"undone by {undo.reviewer}", "grey", "undo") if undo else display.badge("stands", "green")

    def facts(self, request: HttpRequest, row: Decision) -> list[Fact]:
        picture = display.drawing(row.candidate.structure, 240, 160)
        return [
            Fact("Candidate", display.link(row.candidate, picture), wide=True),
            Fact("Verdict", display.verdict(row)),
            Fact("Reviewer", display.person(row.reviewer)),
            Fact("When", display.when(row.created_at)),
            Fact("Undoes", display.link(row.undoes)),
            Fact("Standing", self.standing(row)),
            Fact("Reason", row.reason or "–", wide=True),
            Fact("Comment", row.comment or "–", wide=True),
        ]

    def buttons(self, request: HttpRequest, row: Decision) -> list[Button | None]:
        if row.verdict == Decision.Verdict.UNDO or getattr(row, "undone_by", None):
            return []
        undo = go(request, UndoDecision.permission, "Undo", "registry_decision_undo", "undo", args=[row.pk], post=True)
        return [undo]
