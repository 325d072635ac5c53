"""The form on a selection of candidates, at an address of its own: going back and reloading show it again."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from registry.actions.candidates import MAX_CANDIDATES
from registry.admin.forms.base import ActionForm
from registry.admin.forms.selection import SelectionForm
from registry.admin.lists.filters import DEADLINE, selection_of
from registry.admin.pages.action_view import ActionView
from registry.admin.parts.panels import list_of
from registry.models import Candidate
from registry.search.parameters import SelectionError
from registry.search.selection import select_candidates


class SelectionView(ActionView):
    """`?candidates=3,4` means these; `?across=1&next=status%3Dproposed` means all that the list's filter finds."""

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = request.GET.dict()
        try:
            if asked.pop("across", ""):
                asked["candidates"] = _all_of(asked.get("next", ""))
        except SelectionError as error:
            messages.error(request, str(error))
        if not asked.get("candidates"):
            messages.warning(request, "No candidates are selected: tick some, then run the action again.")
            return redirect(f"{list_of(Candidate)}?{asked.get('next', '')}".removesuffix("?"))
        return self.render(self.form_class(initial=asked, request=request))

    def render(self, form: ActionForm) -> HttpResponse:
        """Refused input of a candidate's page is shown on that page, with what was typed."""
        chosen = form.ids() if isinstance(form, SelectionForm) and form.is_bound and form.on_page else []
        if len(chosen) != 1 or not Candidate.objects.filter(pk=chosen[0]).exists():
            return super().render(form)
        stay = form.data.get("stay", "")
        self.request.GET = QueryDict(urlencode({"_changelist_filters": stay}) if stay else "")
        refused = {"refused": {form.page: form}}
        response = self.model_admin.change_view(self.request, str(chosen[0]), extra_context=refused)
        response.status_code = 422
        return response


def selection_page(request: HttpRequest, name: str, rows: Any, **initial: str) -> HttpResponse:
    """From the list's action to the form: the ticked rows by their ids, all pages by the filter itself."""
    if request.POST.get("select_across") == "1":
        chosen = {"across": "1"}
    else:
        chosen = {"candidates": ",".join(map(str, rows.order_by("pk").values_list("pk", flat=True)))}
    query = urlencode(chosen | initial | {"next": request.GET.urlencode()}, safe=",")
    return redirect(f"{reverse(f'admin:registry_candidate_{name}')}?{query}")


def _all_of(query: str) -> str:
    """Ids of everything that the list with that query holds. Raises: SelectionError."""
    rows = select_candidates(selection_of(QueryDict(query)), deadline=DEADLINE).order_by("pk")
    ids = list(rows.values_list("pk", flat=True)[: MAX_CANDIDATES + 1])
    if len(ids) > MAX_CANDIDATES:
        raise SelectionError("selection", f"More than {MAX_CANDIDATES:,} candidates; narrow the filter.")
    return ",".join(map(str, ids))
