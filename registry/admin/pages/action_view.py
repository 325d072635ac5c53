"""The page of an ActionForm: GET shows it, POST runs its action and goes on to the result."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views import View

from registry.actions.base import ActionError
from registry.admin.forms.base import ActionForm
from registry.admin.parts import display


class ActionView(View):
    """`ActionView.as_view(form_class=..., model_admin=...)` behind `admin_site.admin_view`."""

    form_class: type[ActionForm] = ActionForm
    model_admin: Any = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.has_perm(self.form_class.permission):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render(self.form_class(initial=request.GET.dict(), request=request))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.form_class(request.POST, request.FILES, request=request)
        if not form.is_valid():
            return self.render(form)
        try:
            result = form.run(request.user)
        except ActionError as error:
            form.add_error(form.field_of(error), form.explained(error))
            return self.render(form)
        if said := form.done(result):
            messages.success(request, said)
        target = form.destination(result)
        return redirect(display.url(target) if isinstance(target, Model) else target)

    def render(self, form: ActionForm) -> HttpResponse:
        self.request.current_app = admin.site.name
        context = {
            **admin.site.each_context(self.request),
            "opts": self.model_admin.opts,
            "title": form.title,
            "form": form,
            "address": reverse(f"admin:{form.page}") if form.page else "",
            **form.context(),
        }
        return TemplateResponse(self.request, form.template, context, status=422 if form.is_bound else 200)


def run_action(request: HttpRequest, action: Any, done: str) -> bool:
    """Run an action behind a button and tell the person how it went."""
    try:
        action.run()
    except ActionError as error:
        messages.error(request, error.message)
        return False
    messages.success(request, done)
    return True
