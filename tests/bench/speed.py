"""How fast the generators are: training beside gpt-nano, drawing, evaluating. For a machine with nothing else to do.

    DATA_DIR=... python -m tests.bench.speed

Trains tests/bench/configs/gpt.json and, in the same run, gpt-nano.json (PolyGen's network, 10,000 iterations) as the
yardstick; draws from the latter and from the shipped generator, in turns; evaluates 10,000 strings. Each figure comes
with the CPU seconds it took, which other work on the machine changes less than the time on the clock. The results go
to speed.json in the work folder, from where `make bench-generators` takes them into its page.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from mlcore import bundle
from mlcore.generators.protocol import Sampling
from tests.bench.generators import HTPMD, JUDGES, PROPERTY, ROOT, THRESHOLD, ZOO

CONFIGS = Path(__file__).parent / "configs"
DRAWN, ROUNDS = 4096, 3


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds of some work, its finished child processes included."""

    def spent() -> float:
        parts = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(part.ru_utime + part.ru_stime for part in parts)

    wall, cpu = time.monotonic(), spent()
    work()
    return time.monotonic() - wall, spent() - cpu


def mlcore(*arguments: object) -> None:
    """One command, quietly."""
    command = [sys.executable, "-m", "mlcore", *map(str, arguments)]
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def trained(name: str, folder: Path, data: Path) -> dict[str, float]:
    """Time of one training, reading and spelling included; the bundle lies in the folder afterwards."""
    config = CONFIGS / f"{name}.json"
    wall, cpu = timed(partial(mlcore, "train", config, "--data", data / HTPMD, "--out", folder / name))
    return {"seconds": wall, "cpu_seconds": cpu}


def drawing(models: dict[str, Path]) -> dict[str, dict[str, float]]:
    """Strings a second and a CPU second, medians of rounds in which the models take turns."""
    opened = {name: bundle.open_model(path, "generate", "cpu") for name, path in models.items()}
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in models}
    for seed in range(ROUNDS + 1):
        for name, generator in opened.items():
            wall, cpu = timed(partial(generator.sample, DRAWN, seed, {PROPERTY: "high"}, Sampling()))
            rates[name].append((DRAWN / wall, DRAWN / cpu))
    warm = {name: found[1:] for name, found in rates.items()}
    return {
        name: {"a second": median(r[0] for r in found), "a CPU second": median(r[1] for r in found)}
        for name, found in warm.items()
    }


def evaluating(folder: Path, data: Path) -> dict[str, dict[str, float]]:
    """Time to measure 10,000 strings against HTP-MD: the metrics alone, and with two judges."""
    strings = folder / "strings.csv"
    mlcore("generate", ZOO / "gpt-htpmd", "-n", 10_000, "--out", strings)
    plain: list[object] = ["evaluate", strings, "--reference", data / HTPMD, "--reference-column", "mol_smiles"]
    judges = [part for name in JUDGES for part in ("--predictor", ZOO / name)]
    found = {}
    for name, more in (("metrics", []), ("metrics and judges", [*judges, "--threshold", f"{PROPERTY}={THRESHOLD}"])):
        wall, cpu = timed(partial(mlcore, *plain, *more))
        found[name] = {"seconds": wall, "cpu_seconds": cpu}
    return found


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.speed", description=__doc__)
    parser.add_argument("--work", type=Path, default=ROOT / ".local" / "bench" / "generators", help="where to write to")
    args = parser.parse_args()
    data = Path(os.environ["DATA_DIR"])
    args.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        training = {model: trained(model, folder, data) for model in ("gpt", "gpt-nano")}
        models = {"gpt-nano": folder / "gpt-nano", "gpt-htpmd, guided": ZOO / "gpt-htpmd"}
        result = {"training": training, "drawing": drawing(models), "evaluating": evaluating(folder, data)}
    (args.work / "speed.json").write_text(json.dumps(result, indent=1))
    sys.stdout.write(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
