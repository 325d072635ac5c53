"""bfloat16 and compiled code on the CPU. What they do on a GPU no test here can tell."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch._inductor import config as inductor

from mlcore import training
from mlcore.acceleration import Acceleration
from mlcore.config import TrainingConfig
from mlcore.run import Run
from tests.mlcore.conftest import Recorder
from tests.mlcore.test_training import Line, curve

MakeRun = Callable[..., Run]


class Steady(Line):
    """Without dropout, whose draws depend on how a number is stored."""

    def __init__(self) -> None:
        super().__init__()
        self.model[1].p = 0.0  # type: ignore[index]


class Watched(Steady):
    """Notes in which numbers the network's outputs come."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[torch.dtype] = set()
        self.model.register_forward_hook(lambda _model, _given, out: self.seen.add(out.dtype))


def values(run: Run) -> list[float]:
    return [value for _split, _step, value in curve(run)]


def warnings(run: Run) -> list[str]:
    return [line["message"] for line in run.events.of("log") if line["level"] == "warning"]  # type: ignore[attr-defined]


def test_bfloat16_is_for_the_computation_and_never_kept(make_run: MakeRun) -> None:
    plain, rounded = Watched(), Watched()
    first = make_run()
    training.fit(plain, first)
    second = make_run(training={"precision": "bfloat16", "ema": 0.5})
    training.fit(rounded, second)
    assert plain.seen == {torch.float32}
    assert rounded.seen == {torch.bfloat16}, "in training and in validation"
    assert {tensor.dtype for tensor in rounded.model.state_dict().values()} == {torch.float32}
    kept = training._read_checkpoint(second.checkpoints)[1]
    assert torch.bfloat16 not in {tensor.dtype for tensor in kept.values()}
    assert values(second) != values(first)
    assert values(second)[0] == pytest.approx(values(first)[0], rel=0.02)
    assert second.machine.endswith(", in bfloat16")
    assert "bfloat16" not in first.machine


def test_a_gpu_without_bfloat16_is_told(monkeypatch: pytest.MonkeyPatch, recorder: Recorder) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: False)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA GTX 1080")
    gpu = torch.device("cuda")
    assert Acceleration(TrainingConfig(), gpu, recorder).number_format == torch.float32
    assert not recorder.of("log"), "auto promises nothing"
    assert Acceleration(TrainingConfig(precision="bfloat16"), gpu, recorder).number_format == torch.float32
    assert [line["message"] for line in recorder.of("log")] == [
        "training.precision: NVIDIA GTX 1080 has no bfloat16; it computes in float32 instead"
    ]


def test_auto_compiles_long_trainings_on_a_gpu_only(recorder: Recorder) -> None:
    def loss(batch: Tensor) -> Tensor:
        return batch.sum()

    cpu = torch.device("cpu")
    assert Acceleration(TrainingConfig(steps=20_000), cpu, recorder).compiled(loss) is loss
    assert Acceleration(TrainingConfig(compile="off"), torch.device("cuda"), recorder).compiled(loss) is loss
    assert not Acceleration(TrainingConfig(steps=19_999), torch.device("cuda"), recorder).compiles
    assert Acceleration(TrainingConfig(steps=20_000), torch.device("cuda"), recorder).compiles


@pytest.mark.slow
@pytest.mark.skipif(" " in sys.prefix, reason="torch calls no compiler from a path with a space")
def test_compiled_code_learns_the_same_under_the_same_names(make_run: MakeRun) -> None:
    plain, compiled = Steady(), Steady()
    first, second = make_run(), make_run(training={"compile": "on"})
    training.fit(plain, first)
    training.fit(compiled, second)
    assert not warnings(second)
    assert torch._dynamo.utils.counters["frames"]["ok"] > 0
    assert values(second) == pytest.approx(values(first), rel=1e-5)
    assert list(compiled.model.state_dict()) == list(plain.model.state_dict())


@pytest.mark.slow
def test_without_a_compiler_it_runs_as_it_is_and_says_so(
    make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inductor.cpp, "cxx", (str(tmp_path / "no-compiler"),))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    torch._dynamo.reset()
    first, second = make_run(), make_run(training={"compile": "on"})
    training.fit(Line(), first)
    training.fit(Line(), second)
    (told,) = warnings(second)
    assert told.startswith("training.compile: the network could not be compiled here and runs as it is (")
    assert "no-compiler" in told or "Error" in told, "it says why"
    assert values(second) == values(first)
