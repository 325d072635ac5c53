"""Candidates: read, decide, tag, assign; and the way each one came."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.db.models import F, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry.actions.assign_candidates import AssignCandidates
from registry.actions.candidates import MAX_CANDIDATES
from registry.actions.decide import VERDICTS, Decide
from registry.actions.tag_candidates import TagCandidates
from registry.api.base import Act, ReadViewSet
from registry.api.decisions import DecisionSerializer
from registry.api.fields import name_of, named
from registry.api.lineage import LineageSerializer, lineage_of
from registry.api.schema import ChangedSerializer
from registry.api.structures import SIMILARITY, SORTS, BriefStructureSerializer
from registry.models import Candidate, CandidateScore
from registry.search.selection import CandidateFilter
from registry.search.sorting import score_sorts, scored_by


class ScoreSerializer(serializers.ModelSerializer):
    model_version = serializers.IntegerField(source="prediction.model_version_id", read_only=True)
    conditions = serializers.DictField(source="prediction.conditions", read_only=True)

    class Meta:
        model = CandidateScore
        fields = ["value", "standard_deviation", "in_domain", "prediction", "model_version", "conditions"]


@extend_schema_field(serializers.DictField(child=ScoreSerializer()))
class ScoresField(serializers.Field):
    """The champions' scores by property."""

    def to_representation(self, scores: Any) -> dict[str, Any]:
        return {score.property.name: ScoreSerializer(score).data for score in scores.all()}


class CandidateSerializer(serializers.ModelSerializer):
    structure = BriefStructureSerializer(read_only=True)
    scores = ScoresField(read_only=True)
    tags = name_of(many=True)
    assignee = name_of("username", allow_null=True)
    similarity = serializers.FloatField(read_only=True, default=None, allow_null=True, help_text=SIMILARITY)

    class Meta:
        model = Candidate
        fields = ["id", "status", "structure", "scores", "tags", "assignee", "created_at", "updated_at", "similarity"]


class DecideInput(serializers.Serializer):
    verdict = serializers.ChoiceField(VERDICTS)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=200)
    comment = serializers.CharField(required=False, allow_blank=True, max_length=10_000)


class CandidatesInput(serializers.Serializer):
    candidates = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), allow_empty=False, max_length=MAX_CANDIDATES
    )


class DecideManyInput(CandidatesInput, DecideInput):
    pass


class TagInput(CandidatesInput):
    add = serializers.ListField(child=serializers.CharField(max_length=60), required=False)
    remove = serializers.ListField(child=serializers.CharField(max_length=60), required=False)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=200)


class AssignInput(CandidatesInput):
    assignee = named(User, "username", allow_null=True, help_text="User name; null leaves them to everybody.")
    reason = serializers.CharField(required=False, allow_blank=True, max_length=200)


class CandidateViewSet(ReadViewSet):
    """`sort` also takes the name of a property, such as `-conductivity`, or `conductivity_std` for the deviation of its
    score: then only candidates that have it."""

    queryset = Candidate.objects.select_related("structure", "assignee").prefetch_related(
        "tags", "scores__property", "scores__prediction"
    )
    serializer_class = CandidateSerializer
    filterset_class = CandidateFilter
    sorts = {
        "id": "pk",
        "updated_at": "updated_at",
        "similarity": "similarity",
        **{name: f"structure__{name}" for name in SORTS},
        "created_at": "created_at",
    }
    acts = {
        "decide": Act(Decide, DecideInput, DecisionSerializer, 201),
        "decide_many": Act(Decide, DecideManyInput, DecisionSerializer, 201, many=True),
        "tag": Act(TagCandidates, TagInput, ChangedSerializer),
        "assign": Act(AssignCandidates, AssignInput, ChangedSerializer),
    }

    def sorted_by(self, rows: QuerySet[Any], name: str) -> tuple[QuerySet[Any], str]:
        if name not in self.sorts and (found := scored_by(name)):
            # An annotation takes the join of the filter before it; a later filter on scores__value would add one of
            # its own, without the property.
            of_property = {"scores__property": found.property, f"scores__{found.field}__isnull": False}
            return rows.filter(**of_property).annotate(score=F(f"scores__{found.field}")), "score"
        return super().sorted_by(rows, name)

    def more_sorts(self) -> Iterable[str]:
        return score_sorts()

    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: str) -> Response:
        """Accept, reject, hold, or comment."""
        decisions = Decide(actor=request.user, candidates=[self.found().pk], **self.inputs()).run()
        return self.answer(decisions[0])

    @action(detail=False, methods=["post"], url_path="decide")
    def decide_many(self, request: Request) -> Response:
        """The same verdict on many."""
        return self.act()

    @action(detail=False, methods=["post"])
    def tag(self, request: Request) -> Response:
        """Put tags on, take tags off."""
        return self.act()

    @action(detail=False, methods=["post"])
    def assign(self, request: Request) -> Response:
        """Hand them to a curator."""
        return self.act()

    @extend_schema(responses=LineageSerializer(many=True))
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def lineage(self, request: Request, pk: str) -> Response:
        """Every proposal of the candidate: the run, the model version and the data behind it."""
        return Response(LineageSerializer(lineage_of(self.found()), many=True).data)
