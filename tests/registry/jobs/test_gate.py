"""The gate compares on the same held-out structures, and says its figures."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from mlcore.data.splits import by_key
from registry.jobs.handlers import gate
from registry.models import DatasetVersion, Schedule
from tests import factories

pytestmark = pytest.mark.django_db
KEYS = [f"key{number}" for number in range(200)]


def config(seed: int) -> dict[str, object]:
    return {"seed": seed, "data": {"split": {"valid": 0.1, "test": 0.2}}}


class Known(NamedTuple):
    """A dataset version and the keys of its structures."""

    version: DatasetVersion
    keys: list[str]


def known_structures(count: int) -> Known:
    version = factories.dataset_version()
    made = [factories.measurement(dataset=version.dataset, added_in=version) for _ in range(count)]
    return Known(version, [measurement.structure.key for measurement in made])


def write(folder: Path, keys: Sequence[str]) -> Path:
    """A training table; the structure KEYS[0] has no value."""
    path = folder / "table.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["smiles", "key", "conductivity"])
        writer.writerows([f"*{key}*", key, "" if key == KEYS[0] else "1e-5"] for key in keys)
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write(tmp_path, KEYS)


def test_held_out_from_both_versions_and_all_they_come_from(table: Path) -> None:
    root = factories.model_version(config=config(seed=1))
    old = factories.model_version(config=config(seed=0), parent=root)
    new = factories.model_version(config=config(seed=0), parent=old)
    rows = gate._held_out(table, factories.property_(), (old, new))
    held = [set(by_key(KEYS, 0.1, 0.2, seed).test.tolist()) for seed in (0, 1)]
    assert [row["key"] for row in rows] == [KEYS[n] for n in sorted(held[0] & held[1]) if n]
    assert 0 < len(rows) < len(held[0])


def test_nothing_held_out_from_both_is_said(table: Path) -> None:
    versions = [factories.model_version(config=config(seed)) for seed in range(9)]
    with pytest.raises(LookupError, match=", 0 were held out from both"):
        gate._held_out(table, factories.property_(), versions)


def test_what_a_version_never_had_counts_as_held_out(tmp_path: Path) -> None:
    learned, new = known_structures(3), [f"new{number}" for number in range(5)]
    old = factories.model_version(config=config(seed=5), dataset_version=learned.version)
    rows = gate._held_out(write(tmp_path, [*learned.keys, *new]), factories.property_(), (old,))
    [tested] = [sorted(learned.keys)[row] for row in by_key(sorted(learned.keys), 0.1, 0.2, 5).test]
    assert [row["key"] for row in rows] == [key for key in [*learned.keys, *new] if key in {tested, *new}]


def test_a_handful_of_held_out_structures_decides_nothing(tmp_path: Path) -> None:
    learned = known_structures(3)
    version = factories.model_version(config=config(seed=0), dataset_version=learned.version)
    table = write(tmp_path, [*learned.keys, "new0", "new1", "new2"])
    with pytest.raises(LookupError, match="of 6 structures with a value of conductivity, 4 were held out from both"):
        gate._held_out(table, factories.property_(), (version,))


@pytest.mark.parametrize(
    ("lower", "asked", "old", "new", "promoted"),
    [
        (True, 0.0, 0.20, 0.19, True),
        (True, 0.0, 0.20, 0.20, False),
        (True, 0.1, 0.20, 0.19, False),
        (True, 0.05, 0.20, 0.19, True),
        (False, 0.0, 0.50, 0.55, True),
        (False, 0.0, 0.50, 0.45, False),
        (False, 0.0, -0.1, 0.2, True),
        (True, 0.0, 0.0, 0.0, False),
    ],
)
def test_improvement_is_a_share_of_the_old_figure(
    lower: bool, asked: float, old: float, new: float, promoted: bool
) -> None:
    schedule = Schedule(gate_lower_is_better=lower, gate_min_improvement=asked)
    verdict = gate._compare(schedule, old, new, "conductivity.test.mae")
    assert verdict.promote is promoted
    assert f"{old:.4g} before, {new:.4g} now" in verdict.reason


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [(0.2, 0.1, "50.0 % better"), (0.150, 0.151, "0.7 % worse"), (0.2, 0.2, "no change"), (0.0, 0.1, "no share of 0")],
)
def test_a_loss_is_not_called_a_gain(old: float, new: float, said: str) -> None:
    schedule = Schedule(gate_lower_is_better=True, gate_min_improvement=0.0)
    assert f"now, {said}; the gate" in gate._compare(schedule, old, new, "conductivity.test.mae").reason


def test_generators_are_compared_by_what_they_state() -> None:
    model = factories.registered_model("generate")
    old = factories.model_version(model=model, metrics={"samples": {"free": {"vun": 0.4}}})
    new = factories.model_version(model=model, metrics={"samples": {"free": {"vun": 0.5}}})
    factories.alias(version=old)
    schedule = factories.schedule(model=model, gate_metric="samples.free.vun", gate_lower_is_better=False)
    verdict = gate.judge(None, schedule, new)  # type: ignore[arg-type]  # nothing has to be run
    assert verdict.promote
    assert ", 25.0 % better;" in verdict.reason
    schedule.gate_metric = "samples.free.fid"
    refused = gate.judge(None, schedule, new)  # type: ignore[arg-type]
    assert not refused.promote
    assert "states no such figure" in refused.reason


@pytest.mark.parametrize(
    ("others", "said"),
    [((), ""), (("hue",), " 1 other property moved"), (("hue", "density"), " 2 other properties moved")],
)
def test_what_moves_without_having_been_compared_is_counted(
    monkeypatch: pytest.MonkeyPatch, others: tuple[str, ...], said: str
) -> None:
    known = [factories.property_(name) for name in ("conductivity", *others)]
    old = factories.model_version(properties=known)
    new = factories.model_version(model=old.model, properties=known)
    factories.alias(version=old)
    schedule = factories.schedule(model=old.model, gate_metric="conductivity.test.mae", gate_lower_is_better=True)
    monkeypatch.setattr(gate, "_figures", lambda *_: (0.4, 0.3, "measured"))  # on what is tested above
    verdict = gate.judge(None, schedule, new)  # type: ignore[arg-type]
    assert verdict.promote
    more = f"{said} with it without having been compared." if said else ""
    assert verdict.reason.endswith(f"the gate asks for any improvement.{more}")
    monkeypatch.setattr(gate, "_figures", lambda *_: (0.2, 0.3, "measured"))
    assert "moved" not in gate.judge(None, schedule, new).reason  # type: ignore[arg-type]


def test_first_version_passes_unless_nothing_is_ever_promoted() -> None:
    version = factories.model_version()
    schedule = factories.schedule(model=version.model, gate_metric="conductivity.test.mae")
    assert gate.judge(None, schedule, version).promote  # type: ignore[arg-type]
    schedule.gate_metric = ""
    assert not gate.judge(None, schedule, version).promote  # type: ignore[arg-type]


def test_a_version_that_knows_fewer_properties_is_not_promoted() -> None:
    old = factories.model_version(properties=[factories.property_(), factories.property_("hue")])
    new = factories.model_version(model=old.model)
    factories.alias(version=old)
    schedule = factories.schedule(model=old.model, gate_metric="conductivity.test.mae")
    verdict = gate.judge(None, schedule, new)  # type: ignore[arg-type]  # nothing has to be run
    assert not verdict.promote
    assert f"does not know hue, which the champion {old} does" in verdict.reason
