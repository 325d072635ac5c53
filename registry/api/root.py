"""Where the API begins: its nouns."""

from typing import Any

from django.db.models import Model
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

ADDRESSES = {"type": "object", "additionalProperties": {"type": "string", "format": "uri"}}


class RootView(APIView):
    """The nouns, each with the address of its list."""

    permission_classes = [IsAuthenticated]
    nouns: dict[str, type[Model]] = {}

    @extend_schema(operation_id="root", responses={200: ADDRESSES})
    def get(self, request: Request) -> Response:
        """The nouns, each with the address of its list."""
        return Response({name: _list_of(model, request) for name, model in self.nouns.items()})


def _list_of(model: Any, request: Request) -> str:
    return reverse(f"{model._meta.model_name}-list", request=request)
