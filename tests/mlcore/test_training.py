import math
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from itertools import chain

import pytest
import torch
from torch import Tensor, nn

from mlcore import training
from mlcore.config import TrainingConfig
from mlcore.errors import Stopped, UserError
from mlcore.run import Run

MakeRun = Callable[..., Run]


class Line:
    """Fits y = 2x with a dropout in the way, so that the random state matters."""

    def __init__(self, hook: Callable[[int], None] = lambda step: None) -> None:
        torch.manual_seed(0)
        self.model: nn.Module = nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.5), nn.Linear(8, 1))
        self.hook = hook

    def batch(self, step: int) -> Tensor:
        self.hook(step)
        return torch.randn(16, 1, generator=torch.Generator().manual_seed(step))

    def loss(self, batch: Tensor) -> Tensor:
        return (self.model(batch) - 2 * batch).square().mean()

    def validate(self) -> dict[str, float]:
        return {"loss": float(self.loss(torch.ones(4, 1)))}


def curve(run: Run) -> list[tuple[str, int, float]]:
    return [(line["split"], line["step"], line["value"]) for line in run.events.of("metric")]  # type: ignore[attr-defined]


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_a_resumed_run_has_the_same_curve_bit_for_bit(make_run: MakeRun, ema: float) -> None:
    whole_run = make_run(training={"steps": 40, "ema": ema})
    whole = Line()
    training.fit(whole, whole_run)
    whole_run.checkpoints.unlink()  # its last checkpoint lies where the second run will look

    first = make_run(training={"steps": 40, "ema": ema})
    with pytest.raises(Stopped):
        training.fit(Line(lambda step: os.kill(os.getpid(), signal.SIGTERM) if step == 16 else None), first)
    torch.manual_seed(99)
    second = make_run(training={"steps": 40, "ema": ema}, resume=True)
    resumed = Line()
    training.fit(resumed, second)

    assert curve(first) + curve(second) == curve(whole_run)
    for ours, theirs in zip(resumed.model.parameters(), whole.model.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_sigterm_ends_between_steps_with_a_checkpoint(make_run: MakeRun) -> None:
    run = make_run(training={"steps": 1000})
    with pytest.raises(Stopped, match=r"stopped at step 4; .*--resume") as stop:
        training.fit(Line(lambda step: os.kill(os.getpid(), signal.SIGTERM) if step == 3 else None), run)
    assert stop.value.exit_status == 143
    assert run.checkpoints.exists()
    assert [file.name for file in run.checkpoints.parent.iterdir()] == [run.checkpoints.name]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_checkpoint_of_another_run_or_a_damaged_one_is_refused(make_run: MakeRun) -> None:
    run = make_run(training={"checkpoint_every": 4})
    training.fit(Line(), run)
    with pytest.raises(UserError, match="another configuration or data"):
        training.fit(Line(), make_run(resume=True, training={"learning_rate": 1e-4}))
    run.checkpoints.write_bytes(run.checkpoints.read_bytes()[:100])
    with pytest.raises(UserError, match="cannot be read"):
        training.fit(Line(), replace(run, resume=True))


def test_resume_without_a_checkpoint_starts_at_the_beginning(make_run: MakeRun) -> None:
    run = make_run(resume=True)
    assert training.fit(Line(), run).step == 12


def test_a_loss_that_is_not_finite_stops_the_run(make_run: MakeRun) -> None:
    learner = Line()
    learner.loss = lambda batch: learner.model(batch).sum() * math.nan  # type: ignore[method-assign]
    with pytest.raises(UserError, match=r"the loss became nan at step 1; lower training\.learning_rate"):
        training.fit(learner, make_run())


def test_a_training_without_a_row_is_a_clear_error() -> None:
    with pytest.raises(UserError, match="there is no row to train on"):
        training.batch_rows(0, 0, 4, seed=0)


def test_validation_is_in_eval_mode_and_the_best_weights_stay(make_run: MakeRun) -> None:
    learner = Line()
    seen: list[Tensor] = []

    def validate() -> dict[str, float]:
        assert not learner.model.training
        seen.append(next(learner.model.parameters()).clone())
        return {"loss": [0.1, 0.9, 0.8][len(seen) - 1]}

    learner.validate = validate  # type: ignore[method-assign]
    progress = training.fit(learner, make_run())
    assert progress.best_step == 4
    assert torch.equal(next(learner.model.parameters()), seen[0])
    assert not torch.equal(seen[0], seen[1])
    assert not learner.model.training


def test_patience_ends_early(make_run: MakeRun) -> None:
    learner = Line()
    learner.validate = lambda: {"loss": 1.0}  # type: ignore[method-assign]
    assert training.fit(learner, make_run(training={"steps": 100, "patience": 2})).step == 12


def test_the_learning_rate_rises_then_falls() -> None:
    config = TrainingConfig(steps=100, warmup_steps=10, learning_rate=1.0, final_learning_rate=0.1)
    rates = [training.learning_rate(step, config) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[10] == pytest.approx(1.0)
    assert rates[55] == pytest.approx(0.55)
    assert rates[100] == pytest.approx(0.1)


def test_an_epoch_sees_every_row_once_and_epochs_differ() -> None:
    epochs = [
        [training.batch_rows(step, 12, 4, seed=1).tolist() for step in range(first, first + 3)] for first in (0, 3)
    ]
    assert all(sorted(chain.from_iterable(epoch)) == list(range(12)) for epoch in epochs)
    assert epochs[0] != epochs[1]
    assert len(training.batch_rows(0, 3, 64, seed=0)) == 3


def test_weights_beyond_half_precision_are_not_cut_off_quietly() -> None:
    with pytest.raises(UserError, match=r"training.stored: readout.weight has weights beyond 65,504.*use float32"):
        training._rounded("readout.weight", torch.tensor([1.0, 1e5]))
