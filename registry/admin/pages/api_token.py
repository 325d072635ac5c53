"""A person's own API token: made, renewed and revoked by whoever is logged in, and shown once."""

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from rest_framework.authtoken.models import Token

from registry.admin.parts import display
from registry.admin.parts.panels import Fact


@method_decorator(never_cache, name="dispatch")
class ApiTokenView(View):
    """Behind the login; needs no permission, since a token can do nothing that its owner may not do."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return _page(request)

    def post(self, request: HttpRequest) -> HttpResponse:
        if request.POST.get("do") == "revoke":
            gone, _ = Token.objects.filter(user=request.user).delete()
            messages.success(request, "The token is revoked; programs that use it are refused." if gone
                             else "There was no token.")  # fmt: skip
        elif request.POST.get("do") == "renew":
            return _renewed(request)
        return redirect("admin:api_token")


@sensitive_variables("token")
def _renewed(request: HttpRequest) -> HttpResponse:
    """A new token in place of the old one. Answered without a redirect: no session or address keeps the key."""
    with transaction.atomic():
        Token.objects.filter(user=request.user).delete()
        token = Token.objects.create(user=request.user)
    return _page(request, token.key)


def _page(request: HttpRequest, key: str = "") -> HttpResponse:
    token = Token.objects.filter(user=request.user).first()
    request.current_app = admin.site.name
    context = {
        **admin.site.each_context(request),
        "title": "API token",
        "key": key,
        "token": token,
        "facts": _facts(token) if token else [],
        "api": request.build_absolute_uri("/api/v1/"),
        "docs": request.build_absolute_uri(reverse("docs")),
    }
    return TemplateResponse(request, "registry/account/api_token.html", context)


def _facts(token: Token) -> list[Fact]:
    return [Fact("Begins with", f"{token.key[:6]}…"), Fact("Made", display.when(token.created))]
