"""What every noun's viewset is made of: strict reading, and writing through actions."""

from collections.abc import Iterable
from typing import Any, ClassVar, NamedTuple

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.viewsets import GenericViewSet

from registry.actions.base import Action
from registry.api.bodies import refuse_unknown_fields
from registry.api.filters import StrictFilterBackend
from registry.api.idempotency import once
from registry.api.pagination import KeysetPagination
from registry.api.schema import ChangedSerializer
from registry.search.parameters import SelectionError, did_you_mean, refuse_unknown


class Act(NamedTuple):
    """What a call does: the action behind it, what it reads and what it answers."""

    action: type[Action[Any]]
    inputs: type[serializers.Serializer] | None = None
    output: type[serializers.Serializer] | None = None  # None: the noun's own
    status: int = 200
    many: bool = False

    @property
    def permission(self) -> str:
        return self.action.permission


class NounViewSet(GenericViewSet):
    """What a noun declares, by method name or by the name in the query string."""

    pagination_class = KeysetPagination
    filter_backends = [StrictFilterBackend]
    acts: ClassVar[dict[str, Act]] = {}  # what a call does
    reads: ClassVar[dict[str, type[serializers.Serializer]]] = {}  # POST calls that write nothing: what they read
    queries: ClassVar[dict[str, type[serializers.Serializer]]] = {}  # query parameters of calls that are no lists
    sorts: ClassVar[dict[str, str]] = {"id": "pk"}  # path to the field
    default_sort: ClassVar[str] = "-id"
    lookup_value_regex = r"\d+"
    substructure_query: Any = None  # (query, path to SMILES), set by the filter backend

    def sorted_by(self, rows: QuerySet[Any], name: str) -> tuple[QuerySet[Any], str]:
        """Rows and the path to sort them by. Raises: SelectionError."""
        if name not in self.sorts:
            hint = did_you_mean(name, [*self.sorts, *self.more_sorts()])
            raise SelectionError("sort", f"Unknown; {hint}known: {', '.join(self.sorts)}, and each with - in front.")
        return rows, self.sorts[name]

    def more_sorts(self) -> Iterable[str]:
        """Names to sort by that are rows, not fields."""
        return ()

    def initial(self, request: Request, *arguments: Any, **named: Any) -> None:
        """Whatever call it is: who may not call learns that first, then what its body holds too much."""
        super().initial(request, *arguments, **named)
        there = self.action is not None and request.method.lower() in self.http_method_names
        if there and request.method in ("POST", "PUT", "PATCH"):
            reader = self.reader()
            refuse_unknown_fields(request.data, reader and reader())

    def reader(self) -> type[serializers.BaseSerializer] | None:
        """What reads the body of the present call."""
        if self.action in self.acts:
            return self.acts[self.action].inputs
        return self.reads.get(self.action) or self.get_serializer_class()

    def inputs(self) -> dict[str, Any]:
        """The validated body of the present call."""
        reader = self.reader()
        return {} if reader is None else _valid(reader(data=self.request.data, context=self.get_serializer_context()))

    def query(self) -> dict[str, Any]:
        """The validated query string of a call that is no list."""
        reader = self.queries[self.action](data=self.request.query_params)
        refuse_unknown(self.request.query_params, reader.fields)
        return _valid(reader)

    def found(self) -> Any:
        """The row in the address."""
        return get_object_or_404(self.get_queryset(), pk=self.kwargs["pk"])

    def act(self, **more: Any) -> Response:
        """Do what the present call asks. `more` adds inputs that come from the address."""
        return self.perform(**self.inputs(), **more)

    def perform(self, **inputs: Any) -> Response:
        """Run the action behind the present call and answer with its result."""
        return self.answer(self.acts[self.action].action(actor=self.request.user, **inputs).run())

    def answer(self, result: Any) -> Response:
        act = self.acts[self.action]
        if act.output is ChangedSerializer:
            result = {"changed": result}
        writer = act.output or self.get_serializer_class()
        return Response(writer(result, many=act.many, context=self.get_serializer_context()).data, status=act.status)


def _valid(reader: serializers.Serializer) -> dict[str, Any]:
    reader.is_valid(raise_exception=True)
    return reader.validated_data


class ReadViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, NounViewSet):
    """A noun that can be read."""


class WriteViewSet(mixins.CreateModelMixin, mixins.UpdateModelMixin, ReadViewSet):
    """A plain record that people edit: nothing follows from writing it but its row of history."""

    http_method_names = ["get", "post", "patch", "head", "options"]


class NestedViewSet(mixins.ListModelMixin, NounViewSet):
    """Rows of one parent, at `parents/{parent}/rows/`."""

    parent: ClassVar[str]  # name of the foreign key and of the address part

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows.none()
        model = rows.model._meta.get_field(self.parent).related_model
        return rows.filter(**{self.parent: get_object_or_404(model, pk=self.kwargs[self.parent])})


class RunViewSet(ReadViewSet):
    """An execution: POST starts one and answers 202 with its address; its job tells how it goes."""

    def create(self, request: Request) -> Response:
        act = self.acts["create"]
        inputs = self.inputs()
        run = once(request, lambda: act.action(actor=request.user, **inputs).run())
        response = self.answer(run)
        response["Location"] = reverse(f"{self.basename}-detail", args=[run.pk], request=request)
        return response
