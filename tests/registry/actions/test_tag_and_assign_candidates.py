"""Tags and assignees, and the trace that they leave."""

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from pghistory.models import Events

from registry.actions.assign_candidates import AssignCandidates
from registry.actions.base import ActionError
from registry.actions.tag_candidates import TagCandidates
from registry.models import Tag
from tests import factories


@pytest.fixture
def curator(db):
    return factories.user("Curator")


def tag(actor, candidates, **inputs):
    return TagCandidates(actor=actor, candidates=[one.pk for one in candidates], **inputs).run()


def names(candidate):
    return set(candidate.tags.values_list("name", flat=True))


def test_tags_are_added_removed_and_made(curator):
    first, second = factories.candidate(tags=["old"]), factories.candidate(tags=["old", "kept"])
    assert tag(curator, [first, second], add=["fluorinated", "kept"], remove=["old"]) == 2
    assert names(first) == names(second) == {"fluorinated", "kept"}
    assert Tag.objects.filter(name="fluorinated").exists()


def test_tagging_leaves_who_what_and_why(curator):
    candidate = factories.candidate()
    tag(curator, [candidate], add=["ether"], reason="ring opening")
    event = Events.objects.tracks(candidate).latest("pgh_id")
    assert event.pgh_context["action"] == "TagCandidates"
    assert event.pgh_context["user"] == curator.pk
    assert event.pgh_context["tags_added"] == ["ether"]
    assert event.pgh_context["reason"] == "ring opening"


@pytest.mark.parametrize(
    ("inputs", "field"),
    [
        ({}, "add"),
        ({"add": ["two words"]}, "add"),
        ({"add": ["x" * 61]}, "add"),
        ({"remove": ["nobody-made-it"]}, "remove"),
        ({"add": ["a"], "remove": ["a"]}, "remove"),
    ],
)
def test_bad_tags_are_refused_by_name(curator, inputs, field):
    with pytest.raises(ActionError) as refusal:
        tag(curator, [factories.candidate()], **inputs)
    assert refusal.value.field == field
    assert not Tag.objects.exists()


def test_making_a_tag_needs_its_own_permission(db):
    user = factories.user()
    user.user_permissions.add(Permission.objects.get(codename="change_candidate"))
    candidate = factories.candidate(tags=["known"])
    tag(user, [candidate], remove=["known"])
    with pytest.raises(ActionError, match="may not make tags"):
        tag(user, [candidate], add=["unknown"])


def test_assign_and_release(curator):
    candidate, other = factories.candidate(), factories.user("Curator")
    ids = [candidate.pk]
    assert AssignCandidates(actor=curator, candidates=ids, assignee=other, reason="your field").run() == 1
    assert AssignCandidates(actor=curator, candidates=ids, assignee=other).run() == 0
    candidate.refresh_from_db()
    assert candidate.assignee == other
    assert Events.objects.tracks(candidate).latest("pgh_id").pgh_context["reason"] == "your field"
    AssignCandidates(actor=curator, candidates=ids, assignee=None).run()
    candidate.refresh_from_db()
    assert candidate.assignee is None


def test_assignee_must_be_able_to_decide(curator):
    with pytest.raises(ActionError, match="Curator role"):
        AssignCandidates(actor=curator, candidates=[factories.candidate().pk], assignee=factories.user("Viewer")).run()


@pytest.mark.parametrize("role", ["", "Viewer", "Chemist", "Engineer"])
def test_others_neither_tag_nor_assign(db, role):
    user, candidate = factories.user(role), factories.candidate()
    with pytest.raises(PermissionDenied):
        tag(user, [candidate], add=["ether"])
    with pytest.raises(PermissionDenied):
        AssignCandidates(actor=user, candidates=[candidate.pk], assignee=None).run()
