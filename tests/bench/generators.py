"""PolyGen's comparison: three generators, free and for high conductivity, the GPT from scratch and pretrained as well.

    make bench-generators                  everything, some hours on two cores; what is there already is kept
    python -m tests.bench.generators --only gpt --sizes 1000

Trains, draws and measures through the command line of mlcore, and writes docs/benchmarks/generators.md. DATA_DIR names
the folder with `htpmd/` and `smipoly/`. A work folder filled on a machine with a GPU and put into this one's as `gpu`
gets a section of the page.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from tests.bench import generators_report
from tests.bench.generators_report import Row

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ZOO = ROOT / "mlcore" / "zoo"
PROPERTY, THRESHOLD = "conductivity", "1.23422e-4"
JUDGES = ("gnn-htpmd", "trees-htpmd")
"""Predictors that took no part in training or guiding a generator: a graph network and boosted trees."""


@dataclass(frozen=True)
class Training:
    """One `mlcore train`; its configuration is configs/NAME.json, or that of a model of the zoo."""

    name: str
    table: str
    parent: str = ""
    zoo: str = ""

    @property
    def config(self) -> Path:
        return ZOO / "configs" / f"{self.zoo}.json" if self.zoo else HERE / "configs" / f"{self.name}.json"


@dataclass(frozen=True)
class Case:
    """One row of the comparison: a trained network and what it is asked for."""

    title: str
    training: str
    wish: str = ""
    distinct: bool = False
    """Sampled without replacement as well."""
    temperature: float = 1.0

    @property
    def name(self) -> str:
        bold = f"-{self.temperature:g}" if self.temperature > 1 else ""
        return f"{self.training}-{self.wish or 'free'}{bold}"


HTPMD, SMIPOLY = "htpmd/PolyGen-train-set-from-HTP-MD.csv", "smipoly/smipoly_two_star_unique.csv.gz"
TRAININGS = [
    Training("gpt", HTPMD),
    Training("gpt-pretrained", SMIPOLY, zoo="gpt-smipoly"),
    Training("gpt-tuned", HTPMD, parent="gpt-pretrained", zoo="gpt-htpmd"),
    Training("gpt-tuned-briefly", HTPMD, parent="gpt-pretrained"),
    Training("diffusion-lm", HTPMD),
    Training("diffusion1d", HTPMD),
]
CASES = [
    Case("gpt, free", "gpt"),
    Case("gpt, high", "gpt", "high", distinct=True),
    Case("gpt pretrained, free", "gpt-pretrained"),
    Case("gpt tuned, free", "gpt-tuned"),
    Case("gpt tuned, free, temperature 1.5", "gpt-tuned", distinct=True, temperature=1.5),
    Case("gpt tuned, high", "gpt-tuned", "high", distinct=True),
    Case("diffusion-lm, free", "diffusion-lm", temperature=0.8),
    Case("diffusion-lm, high", "diffusion-lm", "high", temperature=0.7),
    Case("diffusion1d, free", "diffusion1d", temperature=0.8),
    Case("diffusion1d, high", "diffusion1d", "high", temperature=0.7),
]


@dataclass(frozen=True)
class Sample:
    """`n` strings of a case."""

    case: Case
    n: int
    seed: int
    distinct: bool

    @property
    def name(self) -> str:
        return f"{self.case.name}-{'distinct' if self.distinct else 'drawn'}-{self.n}-{self.seed}"


class Bench:
    """Runs what is missing under `work`."""

    def __init__(self, data: Path, work: Path) -> None:
        self.data, self.work = data, work
        work.mkdir(parents=True, exist_ok=True)

    def mlcore(self, *arguments: object, log: Path) -> float:
        """One command, its events kept in `log`; the wall time in seconds."""
        command = [sys.executable, "-m", "mlcore", *map(str, arguments), "--events"]
        began = time.monotonic()
        with log.open("w") as file:
            subprocess.run(command, check=True, stdout=file, cwd=ROOT)
        return time.monotonic() - began

    def train(self, training: Training) -> Path:
        """The bundle of a training, made when it is not there."""
        bundle = self.work / training.name
        if not bundle.exists():
            init = ["--init", self.work / training.parent] if training.parent else []
            table = self.data / training.table
            seconds = self.mlcore(
                "train", training.config, "--data", table, "--out", bundle, *init, log=self.events(training.name)
            )
            (self.work / f"{training.name}.seconds").write_text(f"{seconds:.0f}")
        return bundle

    def events(self, name: str) -> Path:
        """Where the events of a training are kept."""
        return self.work / f"{name}.jsonl"

    def strings(self, sample: Sample) -> Path:
        """The file with the strings of a sample, drawn when it is not there."""
        out = self.work / f"{sample.name}.csv"
        if not out.exists():
            case = sample.case
            wish = ["--condition", f"{PROPERTY}={case.wish}"] if case.wish else []
            flags = ["--distinct"] if sample.distinct else []
            flags += ["--temperature", str(case.temperature)]
            model = self.work / case.training
            log = self.work / f"{sample.name}.drawn.jsonl"
            self.mlcore("generate", model, "-n", sample.n, "--seed", sample.seed, *wish, *flags, "--out", out, log=log)
        return out

    def measure(self, sample: Sample, pretrained: bool, fcd: bool) -> None:
        """The report of `mlcore evaluate` against all of HTP-MD, made when it is not there."""
        out = self.work / f"{sample.name}.json"
        if out.exists():
            return
        flags: list[object] = ["--reference", self.data / HTPMD, "--reference-column", "mol_smiles"]
        for judge in JUDGES:
            flags += ["--predictor", ZOO / judge]
        flags += ["--threshold", f"{PROPERTY}={THRESHOLD}"]
        if pretrained:
            flags += ["--lineage", self.data / SMIPOLY, "--lineage-column", "psmiles"]
        if fcd:
            flags += ["--fcd"]
        log = self.work / f"{sample.name}.measured.jsonl"
        self.mlcore("evaluate", self.strings(sample), *flags, log=log)
        out.write_text(json.dumps(_result(log)))

    def rows(self) -> list[Row]:
        """All that has been measured, now or before."""
        found: dict[tuple[Case, int, bool], list[dict[str, Any]]] = {}
        for case, kind in product(CASES, ("drawn", "distinct")):
            for path in sorted(self.work.glob(f"{case.name}-{kind}-*-*.json")):
                n = int(path.stem.split("-")[-2])
                report: dict[str, Any] = json.loads(path.read_text())
                found.setdefault((case, n, kind == "distinct"), []).append(report)
        return [Row(case.title, n, distinct, reports) for (case, n, distinct), reports in found.items()]


def _result(log: Path) -> dict[str, Any]:
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    result: dict[str, Any] = next(line for line in reversed(lines) if line["event"] == "result")
    return result


def main() -> None:
    """Runs what was asked for and writes the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.generators", description=__doc__)
    parser.add_argument(
        "--only", default="", help="cases whose name begins so; the page has all that was ever measured"
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000], help="strings of each sample")
    parser.add_argument("--seeds", type=int, default=3, help="samples of each case")
    parser.add_argument("--jobs", type=int, default=1, help="samples drawn and measured at once")
    parser.add_argument("--work", type=Path, default=ROOT / ".local" / "bench" / "generators", help="where to keep all")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "benchmarks" / "generators.md")
    args = parser.parse_args()
    if "DATA_DIR" not in os.environ:
        parser.error("DATA_DIR must name the folder with htpmd/ and smipoly/")
    bench = Bench(Path(os.environ["DATA_DIR"]), args.work)
    trainings = {training.name: training for training in TRAININGS}
    cases = [case for case in CASES if case.name.startswith(args.only)]
    wanted = {case.training for case in cases} | {name for name in trainings if name.startswith(args.only)}
    wanted |= {trainings[name].parent for name in wanted}
    for training in TRAININGS:
        if training.name in wanted:
            bench.train(training)
    samples = [
        Sample(case, n, seed, distinct)
        for case, n, distinct, seed in product(cases, args.sizes, (False, True), range(args.seeds))
        if case.distinct or not distinct
    ]

    def measured(sample: Sample) -> None:
        training = trainings[sample.case.training]
        pretrained = bool(training.parent) or training.table == SMIPOLY
        bench.measure(sample, pretrained, fcd=(sample.n, sample.seed) == (min(args.sizes), 0))

    with ThreadPoolExecutor(args.jobs) as workers:
        list(workers.map(measured, samples))
    args.page.parent.mkdir(parents=True, exist_ok=True)
    gpu = bench.work / "gpu"
    also = generators_report.on_a_gpu(Bench(bench.data, gpu).rows(), gpu, list(trainings)) if gpu.exists() else ""
    args.page.write_text(generators_report.page(bench.rows(), bench.work, list(trainings)) + also)


if __name__ == "__main__":
    main()
