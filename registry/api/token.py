"""A token for programs, in exchange for a user name and a password."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authtoken.serializers import AuthTokenSerializer
from rest_framework.authtoken.views import ObtainAuthToken
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import AnonRateThrottle

from registry.api.bodies import refuse_unknown_fields


class TokenThrottle(AnonRateThrottle):
    """Guessing passwords takes years at this rate; every address has its own count, users who have a session too."""

    scope = "token"

    def get_cache_key(self, request: object, view: object) -> str:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class TokenSerializer(serializers.Serializer):
    token = serializers.CharField(help_text="Send it as `Authorization: Token ...`.")


@extend_schema(request=AuthTokenSerializer, responses=TokenSerializer, auth=[])
class TokenView(ObtainAuthToken):
    """The user's token; made on the first call."""

    throttle_classes = [TokenThrottle]

    def post(self, request: Request, *arguments: object, **named: object) -> Response:
        refuse_unknown_fields(request.data, self.get_serializer())
        return super().post(request, *arguments, **named)
