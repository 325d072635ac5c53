"""Numbers in the menu: where there is something to count, and for those who may see it."""

from django.urls import reverse

from registry.models import Candidate, Job
from tests import factories


def numbers(client):
    """{title: number} of the menu's links that have one."""
    menu = client.get(reverse("admin:index")).context["sidebar_navigation"]
    return {item["title"]: item["badge"] for group in menu for item in group["items"] if "badge" in item}


def test_nothing_to_count_gets_no_badge(client_of):
    assert numbers(client_of("Curator")) == {}


def test_what_waits_is_counted(client_of):
    candidates = [factories.candidate() for _ in range(3)]
    Candidate.objects.filter(pk=candidates[0].pk).update(status=Candidate.Status.ACCEPTED)
    factories.job(state=Job.State.RUNNING)
    factories.job(state=Job.State.SUCCEEDED)
    assert numbers(client_of("Curator")) == {"Candidates": "2", "Jobs": "1"}
