"""Training that goes on from another model: what it leaves out of `model` is the parent's, and the shape stays."""

from collections.abc import Mapping
from typing import Any

from mlcore import catalog, options
from mlcore.errors import UserError


def inherit(content: Mapping[str, Any], architecture: str, model: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration whose `model` section is completed from a parent's architecture and `model` section.

    Raises UserError where it asks for another architecture or shape than the parent's or for folds, and where no
    training can start from a model of the parent's kind.
    """
    if not catalog.get(architecture).goes_on:
        raise UserError(f"a model of {architecture} cannot be trained further; start anew on all the data")
    if content["architecture"] != architecture:
        raise UserError(f"architecture is {content['architecture']}, the parent is a {architecture}")
    evaluation = content.get("evaluation", {})
    if isinstance(evaluation, Mapping) and evaluation.get("folds"):
        raise UserError(
            "evaluation.folds: a model that starts from another one may know what a fold would hold out; leave it out"
        )
    given = content.get("model", {})
    if not isinstance(given, Mapping):
        return dict(content)  # its type is refused where the configuration is built
    check_shape(architecture, given, model)
    return {**content, "model": {**model, **given}}


def check_shape(architecture: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    """UserError that names every setting of the network's shape in which two `model` sections differ."""
    faults = [
        f"model.{name} is {ours[name]}, the parent has {theirs[name]}"
        for name in options.fixed(catalog.get(architecture).config_class)
        if name in ours and name in theirs and ours[name] != theirs[name]
    ]
    if faults:
        raise UserError(f"{'; '.join(faults)}; leave out what shall be as in the parent")
