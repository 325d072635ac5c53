"""Tests about the tests and about the doors: no noun and no verb is forgotten."""

import importlib
import pkgutil
from inspect import isabstract

import pytest
from django.apps import apps

import registry.actions
from registry.actions.base import Action
from registry.api.urls import router
from registry.models import CandidateScore, Fingerprint
from tests.contract.cases import CASES

WITHOUT_A_LIST = {
    CandidateScore: "shown inside its candidate",
    Fingerprint: "the bits behind structure search, of no use by themselves",
}
BEHIND_THE_SCENES = {
    "AddDataset": "the page of an import makes a dataset on the way; the API writes datasets as plain records",
    "AddPredictions": "takes in what a scoring job brings home",
    "AddProposals": "takes in what a generation job brings home",
    "ImportFile": "the work of the job that StartImport queues",
    "RegisterModel": "ends a training job, and registers bundles from the command line",
    "UndoDecisions": "the undo of a decision on a selection of the list; the API undoes decisions one by one",
    "WriteExport": "the work of the job that StartExport queues",
}


def _actions() -> set[type[Action]]:
    for module in pkgutil.iter_modules(registry.actions.__path__, "registry.actions."):
        importlib.import_module(module.name)

    def below(parent: type[Action]) -> set[type[Action]]:
        return {child for direct in parent.__subclasses__() for child in {direct, *below(direct)}}

    return {action for action in below(Action) if action.__module__.startswith("registry.") and not isabstract(action)}


def test_every_model_has_a_case_or_a_reason() -> None:
    nouns = {model for model in apps.get_app_config("registry").get_models() if not hasattr(model, "pgh_tracked_model")}
    through = {model for model in nouns if model._meta.auto_created}
    assert {case.model for case in CASES} | WITHOUT_A_LIST.keys() == nouns - through


def test_every_registered_viewset_has_a_case() -> None:
    assert {viewset for _, viewset, _ in router.registry} == {case.view for case in CASES}


def test_every_action_can_be_reached() -> None:
    reachable = {act.action.__name__ for _, viewset, _ in router.registry for act in viewset.acts.values()}
    assert reachable | BEHIND_THE_SCENES.keys() == {action.__name__ for action in _actions()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.path)
def test_every_act_belongs_to_a_method(case: object) -> None:
    for name in case.view.acts:
        assert callable(getattr(case.view, name))
