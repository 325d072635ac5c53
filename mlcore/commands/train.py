"""`python -m mlcore train`: a configuration and a table in, a bundle out."""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mlcore import bundle, catalog, config, device, manifest, parallel
from mlcore.bundle import Trained
from mlcore.config import RunConfig
from mlcore.data import tables
from mlcore.data.tables import Table
from mlcore.errors import UserError
from mlcore.events import Events, Silence
from mlcore.parallel import Group
from mlcore.predictors import crossvalidation
from mlcore.predictors.crossvalidation import Plan
from mlcore.run import Run

LEAST = 10
"""Structures below which nothing can be learned from scratch."""
_TOO_FEW = "too few to learn from; the result means nothing"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    parser.add_argument("config", type=Path, metavar="CONFIG.json", help="the run configuration; see `catalog`")
    parser.add_argument("--data", type=Path, required=True, metavar="FILE.csv", help="structures and values")
    parser.add_argument(
        "--test", type=Path, metavar="FILE.csv", help="a table like it whose structures are only tested on"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="BUNDLE", help="folder to write the model to")
    parser.add_argument("--init", type=Path, metavar="BUNDLE", help="start from this model's weights and shape")
    parser.add_argument("--resume", action="store_true", help="go on from OUT.checkpoint when it is there")


def run(args: argparse.Namespace, events: Events) -> None:
    """Trains as configured, in as many processes as torchrun has started; one of them speaks and writes."""
    with parallel.joined() as group:
        _train(args, events if group.leads else Silence(), group)


def _train(args: argparse.Namespace, events: Events, group: Group) -> None:
    """The checkpoint lies beside the bundle until that is whole."""
    parent = bundle.load(args.init) if args.init else None
    settings = config.load(args.config, parent.config if parent else None)
    device.select(settings.device, group.gpu)
    bundle.check_free(args.out)
    checkpoints = args.out.with_name(f"{args.out.name}.checkpoint")
    if checkpoints.is_dir():
        raise UserError(f"{checkpoints} is a folder, but the checkpoint is a file; remove it")
    table, tested = tables.read(args.data, settings.data, events), frozenset[str]()
    if args.test:
        table, tested = _with_test(table, tables.read(args.test, settings.data, events), events)
    task = Run(settings, table, events, checkpoints, parent, args.resume, group, tested)
    _warn(task)
    folds = _Folds.planned(task) if settings.evaluation.folds else None
    trained = catalog.get(settings.architecture).train(task)
    if not group.leads:
        return
    if folds:
        trained = folds.told(trained, events)
    saved = bundle.save(args.out, settings, table, trained, parent.digest if parent else None)
    checkpoints.unlink(missing_ok=True)
    events.result(
        {
            "bundle": str(args.out),
            "digest": saved.digest,
            "dropped": len(table.dropped),
            "metrics": manifest.figures(trained.metrics),
            "device": device.describe(task.device),
        }
    )


@dataclass(frozen=True)
class _Folds:
    """The trainings over folds that the configuration asks for, on all rows but those that are only tested on."""

    config: RunConfig
    table: Table
    plan: Plan

    @classmethod
    def planned(cls, task: Run) -> "_Folds":
        """UserError where the table has too few structures; better before the training than after."""
        table, asked = task.table, task.config.evaluation
        if task.tested:
            table = table.of(np.flatnonzero([key not in task.tested for key in table.keys]))
        try:
            return cls(task.config, table, crossvalidation.plan(table, asked.folds, asked.sizes, task.config.seed))
        except UserError as error:
            raise UserError(f"evaluation: {error}") from error

    def told(self, trained: Trained, events: Events) -> Trained:
        """With what the folds say among the metrics; one that cannot be learned takes nothing from the model."""
        try:
            found = crossvalidation.carry_out(
                self.plan,
                self.config,
                self.table,
                tell=lambda done, of: events.progress(done, of, "trainings of folds"),
            )
        except UserError as error:
            events.log("warning", f"no figures over folds: one of their trainings failed: {error}")
            return trained
        added = crossvalidation.parts(self.plan, self.table, found)
        return replace(trained, metrics=trained.metrics | {n: trained.metrics[n] | parts for n, parts in added.items()})


def _with_test(table: Table, kept: Table, events: Events) -> tuple[Table, frozenset[str]]:
    """One table of what is learned from and what is only tested on, and the structures of the latter."""
    tested = frozenset(kept.keys)
    both = sum(key in tested for key in table.keys)
    if both == len(table.keys):
        raise UserError("--test: every structure of --data is in it; nothing is left to learn from")
    if both:
        events.log(
            "warning", f"--test: {_counted(both, 'row')} of --data left to the test, as its structures are in it"
        )
    return table.followed_by(kept), tested


def _warn(task: Run) -> None:
    """Says of a training that can run, but whose figures will mean little, why."""
    table = task.table
    if not task.init and not table.properties and (structures := len(set(table.keys))) < LEAST:
        task.events.log("warning", f"{_counted(structures, 'structure')}: {_TOO_FEW}")
    for item, column in zip(table.properties, table.values.T, strict=True):
        known = np.flatnonzero(np.isfinite(column))
        structures = len({table.keys[row] for row in known})
        if not task.init and structures < LEAST:
            of = "" if structures == len(known) else f" for {_counted(structures, 'structure')}"
            task.events.log("warning", f"{_counted(len(known), 'value')} of {item.name}{of}: {_TOO_FEW}")
    if not len(task.split().test):
        task.events.log("warning", "no structure is left to test on: the model will have no test figures")


def _counted(n: int, thing: str) -> str:
    return f"{n} {thing}{'' if n == 1 else 's'}"
