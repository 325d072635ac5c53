"""Runs are refused at the door when they cannot work, and recorded in full when they can."""

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from registry.actions.base import Action, ActionError
from registry.actions.cancel_job import CancelJob
from registry.actions.retry_job import RetryJob, subject_of
from registry.actions.start_generation import StartGeneration
from registry.actions.start_scoring import StartScoring
from registry.actions.start_training import MINIMUM_LABELS, StartTraining
from registry.models import DatasetVersion, Job, ModelVersion
from tests import factories

pytestmark = pytest.mark.django_db


def labelled(structures: int) -> DatasetVersion:
    """A version with conductivities of so many structures, one of them measured twice."""
    version = factories.dataset_version(measurement_count=structures + 1)
    made = [factories.measurement(dataset=version.dataset, added_in=version) for _ in range(structures)]
    factories.measurement(dataset=version.dataset, added_in=version, structure=made[0].structure)
    return version


def measured(*molecules: str) -> DatasetVersion:
    """A version with a value of each."""
    version = factories.dataset_version()
    for smiles in molecules:
        structure = factories.structure(smiles, "molecule")
        factories.measurement(dataset=version.dataset, added_in=version, structure=structure)
    return version


def training(**fields: object) -> StartTraining:
    defaults = {
        "actor": factories.user("Engineer"),
        "model": factories.registered_model(),
        "dataset_version": labelled(MINIMUM_LABELS),
        "architecture": "polymer-gnn",
        "properties": [factories.property_()],
    }
    return StartTraining(**(defaults | fields))


def generation(**fields: object) -> StartGeneration:
    defaults = {"actor": factories.user("Curator"), "requested": 10}
    return StartGeneration(**(defaults | {"model_version": factories.model_version("generate")} | fields))


def scoring(**fields: object) -> StartScoring:
    return StartScoring(**({"actor": factories.user("Curator"), "model_version": factories.model_version()} | fields))


def test_training_is_recorded_in_full() -> None:
    run = training(config={"training": {"steps": 7}}, seed=3).run()
    assert run.job.state == Job.State.QUEUED
    assert run.job.events.get().message.startswith("queued by user")
    assert run.config["training"]["steps"] == 7
    assert run.config["training"]["clip"] == 1.0  # a default, written out
    assert run.config["seed"] == 3
    (learned,) = run.config["data"]["properties"]
    wanted = {"name": "conductivity", "column": "conductivity", "unit": "S/cm", "scale": "log10", "baseline": ""}
    assert learned.items() >= wanted.items()


def test_fine_tuning_keeps_the_network_and_the_split() -> None:
    parent = factories.model_version(architecture="polymer-gnn")
    config = {"model": {"width": 24}, "data": {"split": {"valid": 0.2, "test": 0.3}}}
    parent = factories.model_version(architecture="polymer-gnn", config=config)
    run = training(init_version=parent).run()
    assert run.config["model"]["width"] == 24
    assert run.config["data"]["split"] == {"valid": 0.2, "test": 0.3}


def test_fine_tuning_takes_the_properties_in_the_parents_order() -> None:
    hue, conductivity = factories.property_(name="hue"), factories.property_()
    config = {"data": {"properties": [{"name": "conductivity"}, {"name": "hue"}]}}
    parent = factories.model_version(architecture="polymer-gnn", properties=[hue, conductivity], config=config)
    run = training(init_version=parent, properties=[hue, conductivity]).run()
    assert [item["name"] for item in run.config["data"]["properties"]] == ["conductivity", "hue"]


REFUSED = {
    "empty version": (lambda: training(dataset_version=factories.dataset_version()), "holds no measurements"),
    "architecture": (lambda: training(architecture="polymergnn"), "did you mean 'polymer-gnn'"),
    "task": (lambda: training(architecture="gpt"), "gpt can generate"),
    "nothing to learn": (lambda: training(properties=[]), "at least one property"),
    "parent": (lambda: training(init_version=factories.model_version(architecture="gpt")), "cannot start from it"),
    "trees go no further": (
        lambda: training(architecture="trees", init_version=factories.model_version(architecture="trees")),
        "A model of trees cannot be trained further",
    ),
    **{
        f"polymers for {name}": (
            lambda name=name: training(architecture=name),
            f"{name} learns from molecules, and most measured structures of .* are polymers. Choose polymer-gnn, trees",
        )
        for name in ("fchl", "schnet", "dressed-atoms")
    },
    "section": (lambda: training(config={"optimiser": {}}), "optimiser cannot be set here"),
    "setting": (lambda: training(config={"training": {"step": 5}}), "did you mean 'steps'"),
    "columns": (lambda: training(config={"data": {"properties": []}}), "only split can be set"),
    "bound": (lambda: training(config={"training": {"steps": 0}}), "training.steps"),
    "few labels": (lambda: training(dataset_version=labelled(9)), "conductivity for 9 structures; at least 10"),
    "no label": (lambda: training(properties=[factories.property_(name="hue")]), "values of hue for no structures"),
    "nothing new": (
        lambda: training(
            init_version=factories.model_version(
                architecture="polymer-gnn", properties=[factories.property_(name="hue")]
            ),
            properties=[factories.property_(name="hue")],
        ),
        "has no value of hue to learn from",
    ),
    "other properties": (
        lambda: training(
            init_version=factories.model_version(architecture="polymer-gnn"),
            properties=[factories.property_(), factories.property_(name="hue")],
        ),
        "predicts conductivity; a training that starts from it cannot learn conductivity, hue",
    ),
    "other shape": (
        lambda: training(
            init_version=factories.model_version(architecture="polymer-gnn", config={"model": {"width": 24}}),
            config={"model": {"width": 32}},
        ),
        "model.width is 32, the parent has 24",
    ),
    "queue": (lambda: training(queue="tpu"), "no queue 'tpu'"),
    "predictor": (lambda: generation(model_version=factories.model_version()), "choose a generator"),
    "none": (lambda: generation(requested=0), "1 to 1000000"),
    "two ways": (lambda: generation(accept=True, distinct=True), "accept and distinct exclude each other"),
    "unknown wish": (lambda: generation(condition={"hue": "high"}), "not trained on hue; known: conductivity"),
    "no number": (lambda: generation(condition={"conductivity": float("nan")}), "must be a positive number, not nan"),
    "negative": (lambda: generation(condition={"conductivity": -5}), "must be a positive number, not -5"),
    "odd wish": (lambda: generation(condition={"conductivity": "huge"}), "low, high or a number"),
    "sampling": (lambda: generation(config={"temprature": 1}), "temprature is unknown"),
    "temperature": (lambda: generation(config={"temperature": True}), "number from 0.01 to 10"),
    "no switch": (lambda: generation(config={"grammar": 1}), "grammar must be true or false"),
    "no SMILES": (
        lambda: generation(
            config={"grammar": True},
            model_version=factories.model_version("generate", config={"model": {"notation": "selfies"}}),
        ),
        "grammar is for a gpt that spells SMILES",
    ),
    "seed": (lambda: generation(seed=-1), "seed"),
    "generator": (lambda: scoring(model_version=factories.model_version("generate")), "choose a predictor"),
    "condition": (lambda: scoring(conditions={"pressure": 1}), "knows no pressure; it was trained without conditions"),
    "cold": (
        lambda: scoring(
            model_version=factories.model_version(config={"data": {"conditions": [{"name": "t", "unit": "K"}]}}),
            conditions={"temperature_k": -1},
        ),
        "-1 K is below 150 K: it looks like °C",
    ),
    "two sources": (
        lambda: scoring(dataset_version=factories.dataset_version(), selection={"status": "proposed"}),
        "dataset version or a selection .*, not both",
    ),
    "selection": (lambda: scoring(selection={"colour": "red"}), "colour"),
    "no candidates": (scoring, "there are no candidates. Generate some"),
    "nothing selected": (
        lambda: scoring(selection={"run": factories.candidate().pk}),
        "no candidate meets the selection",
    ),
    "nothing frozen": (lambda: scoring(dataset_version=factories.dataset_version()), "v1 holds no structures"),
    "molecules for polymers": (
        lambda: scoring(dataset_version=measured("CCO", "CCN")),
        r"reads polymers, and what was asked for are molecules \(2\)",
    ),
    "polymers for molecules": (
        lambda: scoring(
            model_version=factories.model_version(config={"data": {"kind": "molecule"}}),
            selection={"ids": factories.candidate().pk},
        ),
        r"reads molecules, and what was asked for are polymers \(1\). Choose a predictor of polymers",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_work_is_refused(case: str) -> None:
    make, said = REFUSED[case]
    with pytest.raises(ActionError, match=said):
        make().run()
    assert not Job.objects.exists()


def test_a_generation_run_without_candidates_is_not_scored() -> None:
    run = generation().run()
    with pytest.raises(ActionError, match="has no candidates yet, it is queued") as refused:
        scoring(generation_run=run).run()
    assert refused.value.conflict
    Job.objects.filter(pk=run.job_id).update(state=Job.State.SUCCEEDED, finished_at=timezone.now())
    run.job.refresh_from_db()
    with pytest.raises(ActionError, match="proposed no candidate"):
        scoring(generation_run=run).run()
    factories.proposal(run=run, candidate=factories.candidate())
    assert scoring(generation_run=run).run().generation_run == run
    with pytest.raises(ActionError, match=f"no candidate of {run} meets the selection"):
        scoring(generation_run=run, selection={"status": "rejected"}).run()


@pytest.mark.parametrize("action", [training, generation, scoring])
def test_viewers_start_nothing(action: type[Action[object]]) -> None:
    with pytest.raises(PermissionDenied):
        action(actor=factories.user("Viewer")).run()


def test_waiting_job_is_cancelled_at_once() -> None:
    curator = factories.user("Curator")
    run = generation().run()
    job = CancelJob(actor=curator, job=run.job).run()
    assert (job.state, job.cancel_requested_by) == (Job.State.CANCELLED, curator)
    with pytest.raises(ActionError, match="cancelled already"):
        CancelJob(actor=curator, job=job).run()


def test_running_job_is_asked_to_stop() -> None:
    job = CancelJob(actor=None, job=factories.job(state=Job.State.RUNNING)).run()
    assert job.state == Job.State.RUNNING
    assert job.cancel_requested_at is not None


def test_only_what_did_not_succeed_is_retried_and_once() -> None:
    run = generation().run()
    with pytest.raises(ActionError, match="is queued"):
        RetryJob(actor=None, job=run.job).run()
    old = CancelJob(actor=None, job=run.job).run()
    new = RetryJob(actor=None, job=old).run()
    run.refresh_from_db()
    assert run.job == new
    assert subject_of(Job.objects.get(pk=old.pk)) == subject_of(new) == run
    with pytest.raises(ActionError, match="run again before"):
        RetryJob(actor=None, job=old).run()
    assert ModelVersion.objects.count() == 1


def test_every_job_of_a_run_retried_twice_leads_to_it() -> None:
    run = generation().run()
    jobs = [run.job]
    for _ in range(2):
        jobs.append(RetryJob(actor=None, job=CancelJob(actor=None, job=jobs[-1]).run()).run())
    found = Job.objects.in_bulk([job.pk for job in jobs])
    assert [subject_of(found[job.pk]) for job in jobs] == [run, run, run]
    assert [found[job.pk].taken_over_by for job in jobs] == [jobs[2], jobs[2], None]
