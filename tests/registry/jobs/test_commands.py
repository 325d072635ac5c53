"""The command line: one line for every error, and runs that a person waits for."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from registry.models import Alias, Job, ModelVersion, RegisteredModel, TrainingRun
from tests import factories
from tests.bundles import write_bundle

pytestmark = pytest.mark.django_db


def manage(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_zoo_is_registered_once(tmp_path: Path) -> None:
    write_bundle(tmp_path / "gpt-x")
    write_bundle(tmp_path / "gnn-x", task="predict")
    assert "polymer-generator v1: registered\n" in manage("register_zoo", "--folder", str(tmp_path))
    assert manage("register_zoo", "--folder", str(tmp_path)).count("registered before") == 2
    assert set(RegisteredModel.objects.values_list("name", "task")) == {
        ("polymer-generator", "generate"),
        ("polymer-properties", "predict"),
    }
    assert Alias.objects.filter(name="champion").count() == ModelVersion.objects.count() == 2


def test_later_zoo_bundle_leaves_the_champion(tmp_path: Path) -> None:
    write_bundle(tmp_path / "a" / "gpt-x")
    write_bundle(tmp_path / "b" / "gpt-x", weights=b"newer")
    for release in ("a", "b"):
        manage("register_zoo", "--folder", str(tmp_path / release))
    assert Alias.objects.get().version.number == 1
    assert ModelVersion.objects.count() == 2


def test_shipped_zoo_has_a_champion_for_each_task() -> None:
    manage("register_zoo")
    manage("register_zoo")
    champions = {alias.model.name: alias.version.architecture for alias in Alias.objects.select_related()}
    assert champions["polymer-generator"] == "gpt"
    assert champions["polymer-properties"] == "polymer-gnn"
    assert champions["molecule-properties"] == "schnet"
    assert champions["molecule-properties-delta"] == "fchl"
    assert champions["polymer-properties-under-conditions"] == "polymer-arrhenius"
    champion = RegisteredModel.objects.get(name="polymer-properties").champion()
    assert "conductivity" in champion.properties.values_list("name", flat=True)


@pytest.mark.django_db(transaction=True)
def test_training_is_waited_for(scripted: Callable[[str], None]) -> None:
    scripted("die,work")
    version = factories.dataset_version(measurement_count=1)
    arguments = ["train", "line", "--dataset", version.dataset.slug, "--architecture", "gpt", "--wait"]
    said = manage(*arguments, "--promote", "the first")
    assert said == "line v1: registered\nline v1: champion\n"
    job = TrainingRun.objects.get().job
    assert (job.state, job.attempt) == (Job.State.SUCCEEDED, 2)
    scripted("fail")
    with pytest.raises(CommandError, match=r"training \d+ of line failed: data.csv: column 'x' is missing"):
        manage(*arguments)


REFUSED = {
    "model": (["generate", "nothing"], "There is no model nothing; there are: "),
    "version": (["score", "{model}@7"], "@7: no such version; there are: {model}@"),
    "champion": (["score", "{model}"], "no such version (no champion)"),
    "dataset": (["train", "x", "--dataset", "nowhere", "--architecture", "gpt"], "There is no dataset nowhere"),
    "unfrozen": (["train", "x", "--dataset", "{dataset}", "--architecture", "gpt"], "freeze {dataset} first"),
    "promote": (["train", "x", "--dataset", "y", "--architecture", "gpt", "--promote", "z"], "--promote needs --wait"),
    "wish": (["generate", "{model}", "--condition", "high"], "expected PROPERTY=high"),
    "run": (["score", "{model}@{number}", "--run", "99"], "There is no generation run 99"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_errors_are_one_line(case: str) -> None:
    version = factories.model_version()
    names = {"model": version.model.name, "dataset": factories.dataset().slug, "number": version.number}
    arguments, said = REFUSED[case]
    if case == "wish":
        factories.alias(version=version)
    with pytest.raises(CommandError) as caught:
        manage(*(text.format(**names) for text in arguments))
    assert said.format(**names) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.returncode == 2


def test_schedules_once() -> None:
    schedule = factories.schedule()
    assert manage("run_schedules", "--once") == "done\n"
    schedule.refresh_from_db()
    assert schedule.next_fire_at is not None
