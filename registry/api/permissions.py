"""Who may call what: Django's model permissions, reading included, and the permission of the action behind a call."""

from typing import Any

from rest_framework.permissions import DjangoModelPermissions
from rest_framework.request import Request


class ModelPermissions(DjangoModelPermissions):
    """GET needs the view permission of the noun; a call with an action behind it needs that action's permission.

    Whoever may read learns that there is no such call (405), not that it is forbidden.
    """

    perms_map = DjangoModelPermissions.perms_map | {
        "GET": ["%(app_label)s.view_%(model_name)s"],
        "HEAD": ["%(app_label)s.view_%(model_name)s"],
    }

    def _queryset(self, view: Any) -> Any:
        """Without asking the view, which may look for a parent row before it is known whether the caller may."""
        return view.queryset

    def has_permission(self, request: Request, view: Any) -> bool:
        act = view.acts.get(view.action)
        there = view.action is not None and request.method.lower() in view.http_method_names
        writes = there and act is None and view.action not in view.reads
        if not request.user.is_authenticated or writes:
            return super().has_permission(request, view)
        reading = self.get_required_permissions("GET", view.queryset.model)
        return request.user.has_perms([*reading, act.permission] if act else reading)
