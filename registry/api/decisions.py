"""Decisions: read them, undo one."""

from django_filters import CharFilter
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry.actions.undo_decision import UndoDecision
from registry.api.base import Act, ReadViewSet
from registry.api.fields import CreatedFilter, name_of
from registry.models import Decision
from registry.search.parameters import ChoicesFilter, IntegerFilter, YesNoFilter


class DecisionSerializer(serializers.ModelSerializer):
    reviewer = name_of("username")
    undone_by = serializers.PrimaryKeyRelatedField(read_only=True, allow_null=True)

    class Meta:
        model = Decision
        fields = ["id", "candidate", "reviewer", "verdict", "reason", "comment", "undoes", "undone_by", "created_at"]


class DecisionFilter(CreatedFilter):
    candidate = IntegerFilter("candidate_id")
    reviewer = CharFilter("reviewer__username")
    verdict = ChoicesFilter("verdict", lookup_expr="in", choices=Decision.Verdict)
    undone = YesNoFilter("undone_by", lookup_expr="isnull", exclude=True)


class UndoInput(serializers.Serializer):
    reason = serializers.CharField(required=False, allow_blank=True, max_length=200)


class DecisionViewSet(ReadViewSet):
    queryset = Decision.objects.select_related("reviewer", "undone_by")
    serializer_class = DecisionSerializer
    filterset_class = DecisionFilter
    sorts = {"id": "pk", "created_at": "created_at"}
    acts = {"undo": Act(UndoDecision, UndoInput, status=201)}

    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: str) -> Response:
        """Take it back, by another decision."""
        return self.act(decision=self.found())
