"""A form for an action: its inputs, checked, and the action run when they are sound."""

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.models import User
from django.db.models import Model
from django.http import HttpRequest
from unfold import widgets

from registry.actions.base import ActionError

_WIDGETS: dict[type[forms.Field], type[forms.Widget]] = {
    forms.ModelMultipleChoiceField: widgets.UnfoldAdminCheckboxSelectMultipleWidget,
    forms.MultipleChoiceField: widgets.UnfoldAdminCheckboxSelectMultipleWidget,
    forms.ModelChoiceField: widgets.UnfoldAdminSelectWidget,
    forms.ChoiceField: widgets.UnfoldAdminSelectWidget,
    forms.BooleanField: widgets.UnfoldBooleanSwitchWidget,
    forms.FileField: widgets.UnfoldAdminFileFieldWidget,
    forms.JSONField: widgets.UnfoldAdminTextareaWidget,
    forms.CharField: widgets.UnfoldAdminTextInputWidget,
}


def dress(field: forms.Field) -> None:
    """Give a plain field the theme's widget; a hidden or already dressed one keeps its own."""
    if field.widget.is_hidden or type(field.widget).__module__.startswith("unfold"):
        return
    attrs = {"class": " ".join(widgets.INPUT_CLASSES)}
    if isinstance(field, forms.IntegerField):  # floats too; the browser's own number box
        field.widget.attrs.update(attrs | {"step": "any" if isinstance(field, forms.FloatField) else "1"})
        return
    if isinstance(field.widget, forms.Textarea):
        _replace(field, widgets.UnfoldAdminTextareaWidget(attrs={"rows": field.widget.attrs.get("rows", 3)}))
        return
    for kind, widget in _WIDGETS.items():
        if isinstance(field, kind):
            _replace(field, widget())
            return


def _replace(field: forms.Field, widget: forms.Widget) -> None:
    extra = field.widget_attrs(widget)
    widget.is_required = field.required
    widget.attrs.update({**extra, **{k: v for k, v in field.widget.attrs.items() if k not in ("cols", "rows")}})
    if isinstance(field, forms.ChoiceField):  # model choices included
        widget.choices = field.choices
    field.widget = widget


class ActionForm(forms.Form):
    """Subclasses declare the inputs and say how to `run`."""

    title: ClassVar[str]
    submit: ClassVar[str] = "Start"
    icon: ClassVar[str] = "play_arrow"
    intro: ClassVar[str] = ""
    permission: ClassVar[str]
    template: ClassVar[str] = "registry/action_form.html"
    page: ClassVar[str] = ""  # name of its own page, for a form that is also shown on others

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.prepare()
        for field in self.fields.values():
            dress(field)

    def prepare(self) -> None:
        """Change fields before they are drawn or read."""

    def run(self, actor: User) -> Any:
        """Run the action with the cleaned inputs. Raises: ActionError."""
        raise NotImplementedError

    def field_of(self, error: ActionError) -> str | None:
        """The input at which an error of the action is shown; None for above all of them."""
        return error.field if error.field in self.fields else None

    def explained(self, error: ActionError) -> str:
        """What an error of the action says to a person at the form."""
        return error.message

    def done(self, result: Any) -> str:
        """What to tell the person."""
        return f"Started: {result}."

    def destination(self, result: Any) -> Model | str:
        """Where to go then: a row's page, or an address."""
        return result

    def context(self) -> dict[str, Any]:
        """More for the template."""
        return {}
