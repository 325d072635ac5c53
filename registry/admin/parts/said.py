"""What a person is told after acting on one candidate: which candidate it was, and how to take it back."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from registry.admin.parts import display
from registry.models import Candidate, Decision


def of_decision(request: HttpRequest, past: str, decision: Decision, stay: str) -> SafeString:
    """Accepted candidate 12, *OCC*. [Undo]"""
    text = format_html("{} {}.", past, named(decision.candidate, stay))
    return _with_undo(request, text, reverse("admin:registry_decision_undo", args=[decision.pk]), next=_kept(stay))


def of_tags(request: HttpRequest, candidate: Candidate, text: str, stay: str, **opposite: str) -> SafeString:
    """candidate 12, *OCC*: removed ether. [Undo]; opposite: the tags to add and to remove again."""
    said = format_html("{}: {}.", named(candidate, stay), text)
    fields = {"candidates": str(candidate.pk), "stay": stay, **opposite}
    return _with_undo(request, said, reverse("admin:registry_candidate_tag"), **fields)


def named(candidate: Candidate, stay: str = "") -> SafeString:
    """A link to the candidate, in the list that it was opened from."""
    link = display.link(candidate, f"candidate {candidate.pk}", _kept(stay))
    return format_html("{}, {}", link, display.smiles(candidate.structure))


def _kept(stay: str) -> str:
    return urlencode({"_changelist_filters": stay}) if stay else ""


def _with_undo(request: HttpRequest, text: SafeString, address: str, **fields: Any) -> SafeString:
    """The message with a form of its own: it is shown on whichever page comes next."""
    inputs = format_html_join(
        "",
        '<input type="hidden" name="{}" value="{}">',
        {"csrfmiddlewaretoken": get_token(request), **fields}.items(),
    )
    return format_html(
        '{} <form class="sv-undo" method="post" action="{}">{}<button class="sv-link">Undo</button></form>',
        text, address, inputs,
    )  # fmt: skip
