"""What a person is told after acting on one candidate: which candidate it was, and how to take it back."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from registry.admin.parts import display
from registry.models import Candidate, Decision

MOST_DIGITS = 38  # of a range; a longer one is none


def of_decision(request: HttpRequest, past: str, decision: Decision, stay: str) -> SafeString:
    """Accepted candidate 12, *OCC*. [Undo]"""
    text = format_html("{} {}.", past, named(decision.candidate, stay))
    return _with_undo(request, text, reverse("admin:registry_decision_undo", args=[decision.pk]), next=_kept(stay))


def of_decisions(request: HttpRequest, text: str, decisions: Iterable[Decision], query: str) -> SafeString:
    """Accepted 12 candidates. [Undo]; query: of the list that one returns to."""
    fields = {"decisions": as_ranges(decision.pk for decision in decisions), "next": query}
    return _with_undo(request, format_html("{}", text), reverse("admin:registry_decision_undo_many"), **fields)


def as_ranges(ids: Iterable[int]) -> str:
    """1-3,7: ten thousand decisions that were made together in a few characters, and still exactly these."""
    spans: list[list[int]] = []
    for pk in sorted(ids):
        if spans and pk == spans[-1][1] + 1:
            spans[-1][1] = pk
        else:
            spans.append([pk, pk])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def from_ranges(text: str, most: int) -> list[int]:
    """The ids again. Raises: ValueError when the text is damaged or names more than `most`."""
    ids: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        last = last or first
        if not (first.isdecimal() and last.isdecimal() and len(part) < MOST_DIGITS):
            raise ValueError("The list of decisions is damaged.")
        span = range(int(first), int(last) + 1)
        if len(ids) + len(span) > most:
            raise ValueError(f"More than {most:,} decisions.")
        ids.extend(span)
    return ids


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
