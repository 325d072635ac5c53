"""Training: a table and a configuration in, a model version out; a schedule's gate decides whether it is promoted."""

import json
from collections.abc import Iterator
from pathlib import Path

from mlcore.manifest import MANIFEST, figures
from registry.actions.move_alias import MoveAlias
from registry.actions.register_model import RegisterModel
from registry.formats.training_inputs import TrainingInputs
from registry.formats.training_table import TrainingTable, training_table
from registry.jobs.attempt import Attempt
from registry.jobs.child import run_mlcore
from registry.jobs.handlers import gate
from registry.jobs.handlers.bundles import unpacked
from registry.jobs.handlers.device import keep_device
from registry.models import ModelVersion, Schedule, TrainingRun
from registry.search.sentence import counted

TRAINED = 0.9  # share of the bar; the rest is registration and the gate


def train(attempt: Attempt, run: TrainingRun) -> None:
    """Go on from whatever an earlier attempt left: a checkpoint, a whole bundle, or a registered version."""
    table = attempt.folder / "table.csv"
    inputs = TrainingInputs.read(run.inputs)
    written = training_table(run.dataset_version, list(run.properties.order_by("pk")), table, inputs)
    rows = counted(written.rows, "row" if inputs.conditions else "structure")
    attempt.log("info", f"{rows} of {run.dataset_version}, {written.averaged} values averaged")
    for warning in _warnings(written):
        attempt.log("warning", warning)
    version = ModelVersion.objects.filter(training_run=run).first() or _version(attempt, run)
    if run.schedule is not None and "gate" not in run.metrics:  # an earlier attempt may have come this far
        _promote(attempt, run, run.schedule, version)


def _warnings(table: TrainingTable) -> Iterator[str]:
    """What a model that knows no conditions cannot tell by itself."""
    if table.passed_over:
        yield f"{table.passed_over} values left out: their structures have values nearer to the usual temperature"
    if table.elsewhere:
        yield f"{table.elsewhere} values were measured over 10 K from the usual temperature and learned as they are"
    if table.mixed_conditions:
        yield f"{table.mixed_conditions} averages are over different salts, concentrations or methods"


def _version(attempt: Attempt, run: TrainingRun) -> ModelVersion:
    bundle = attempt.folder / "bundle"
    if not (bundle / MANIFEST).exists():  # a bundle appears whole or not at all
        config = attempt.folder / "config.json"
        config.write_text(json.dumps(run.config))
        arguments: list[str | Path] = [
            "train",
            config,
            "--data",
            attempt.folder / "table.csv",
            "--out",
            bundle,
        ]
        if attempt.job.attempt > 1:
            arguments.append("--resume")
        if run.init_version is not None:
            arguments += ["--init", unpacked(attempt, run.init_version)]
        keep_device(attempt, run, run_mlcore(attempt, arguments, stage="training", until=TRAINED))

    def register() -> ModelVersion:
        version = RegisterModel(
            actor=attempt.job.created_by,
            folder=bundle,
            model_name=run.model.name,
            origin=ModelVersion.Origin.TRAINED,
            dataset_version=run.dataset_version,
            parent=run.init_version,
            training_run=run,
        ).run()
        TrainingRun.objects.filter(pk=run.pk).update(
            metrics=figures(version.metrics), code_version=version.code_version
        )
        return version

    version = attempt.write(register)
    attempt.log("info", f"registered as {version}")
    return version


def _promote(attempt: Attempt, run: TrainingRun, schedule: Schedule, version: ModelVersion) -> None:
    verdict = gate.judge(attempt, schedule, version)
    outcome = f"Training {run.pk}, {version}: {'promoted' if verdict.promote else 'not promoted'}. {verdict.reason}"
    attempt.log("info", outcome)

    def conclude() -> None:
        if verdict.promote:
            MoveAlias(actor=None, model=run.model, version=version, reason=f"{schedule}: {verdict.reason}").run()
        Schedule.objects.filter(pk=schedule.pk).update(last_outcome=outcome[:300])
        run.refresh_from_db(fields=["metrics"])
        run.metrics |= {"gate": {"promoted": verdict.promote, "reason": verdict.reason}}
        run.save(update_fields=["metrics"])

    attempt.write(conclude)
