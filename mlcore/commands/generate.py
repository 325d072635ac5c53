"""`python -m mlcore generate`: strings from a generator, each with its likelihood, validity and key."""

import argparse
import csv
import math
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlcore import bundle, device
from mlcore.chem.identity import Kind
from mlcore.data import tables
from mlcore.data.identities import workers_for
from mlcore.errors import UserError
from mlcore.evaluation import generative
from mlcore.evaluation.generative import Judged
from mlcore.events import Events
from mlcore.files import replacing
from mlcore.generators import conditions
from mlcore.generators.protocol import Generator, Sample

COLUMNS = ("smiles", "log_likelihood", "valid", "key")
MOST = 1_000_000
"""Strings that one command draws at most."""

_BATCH = 512


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="a model that generates")
    parser.add_argument("-n", type=int, default=1000, help="how many strings (default 1000)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same strings (default 0)")
    parser.add_argument("--condition", action="append", default=[], metavar="P=WISH", help="P=high, P=low or P=VALUE")
    parser.add_argument("--temperature", type=float, help="below 1: more likely strings (default: the model's own)")
    parser.add_argument("--top-k", type=int, default=0, help="draw from the K likeliest tokens only (default 0: all)")
    parser.add_argument("--guidance", type=float, help="above 1: follow the condition more (default: the model's own)")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.csv", help="the strings")
    parser.add_argument("--accept", action="store_true", help="go on until N valid, distinct, new structures are found")
    parser.add_argument("--reference", type=Path, metavar="FILE.csv", help="with --accept: structures that are not new")
    parser.add_argument("--reference-column", default="smiles", help="its column (default smiles)")
    parser.add_argument("--known", type=Path, metavar="FILE", help="with --accept: keys that are not new, one a line")
    parser.add_argument(
        "--max-attempts", type=int, default=0, help="with --accept: strings drawn at most (default 20 N)"
    )
    parser.add_argument("--raw", type=Path, metavar="FILE.csv", help="with --accept: every string drawn")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"), help="where to run (default auto)")


def run(args: argparse.Namespace, events: Events) -> None:
    """Draws and writes; the file appears when it is whole."""
    _check(args)
    model = bundle.load(args.bundle, "generate")
    generator: Generator = model.activate(args.device)
    kind = model.config.data.kind
    known = _known(args, kind) if args.accept else set()
    tally = Tally(known)
    began = time.monotonic()
    with ExitStack() as files:
        out = csv.writer(files.enter_context(replacing(args.out)))
        raw = csv.writer(files.enter_context(replacing(args.raw))) if args.raw else None
        for writer in (out, raw):
            if writer:
                writer.writerow(COLUMNS)
        for sample, judged in _stream(generator, kind, args):
            row = (sample.text, f"{sample.log_likelihood:.6g}", int(judged.valid), judged.key)
            accepted = tally.add(judged)
            if raw:
                raw.writerow(row)
            if accepted or not args.accept:
                out.writerow(row)
            _progress(tally, args, events)
            if args.accept and tally.accepted == args.n:
                break
    if args.accept and tally.accepted < args.n:
        events.log(
            "warning",
            f"found {tally.accepted} of {args.n} after {tally.drawn:,} attempts; see --max-attempts",
        )
    fulfilled = {"fulfilled": tally.accepted == args.n} if args.accept else {}
    spent = {"device": device.describe(device.select(args.device)), "seconds": round(time.monotonic() - began, 2)}
    events.result({"out": str(args.out), **tally.report(args.accept), **fulfilled, **spent})


@dataclass
class Tally:
    """Counts of what has been drawn."""

    known: set[str]
    """Keys that are not new."""
    drawn: int = 0
    valid: int = 0
    novel: int = 0
    """Valid strings whose key is not known, repeats included."""
    keys: set[str] = field(default_factory=set)
    accepted: int = 0

    def add(self, judged: Judged) -> bool:
        """Counts one string; True when it is valid, new and the first of its key."""
        self.drawn += 1
        self.valid += judged.valid
        novel = bool(judged.key) and judged.key not in self.known
        fresh = novel and judged.key not in self.keys
        self.novel += novel
        self.accepted += fresh
        if judged.key:
            self.keys.add(judged.key)
        return fresh

    def report(self, accepting: bool) -> dict[str, Any]:
        """Raw rates; those that need a reference only where new structures were asked for."""
        rates = {"drawn": self.drawn, "valid": self.valid / self.drawn, "distinct_keys": len(self.keys)}
        if accepting:
            rates |= {"novel": self.novel / self.drawn, "accepted": self.accepted}
        return rates


def _check(args: argparse.Namespace) -> None:
    if not 1 <= args.n <= MOST:
        raise UserError(f"-n {args.n}: must be between 1 and {MOST:,}")
    if args.temperature is not None and not 0 < args.temperature < math.inf:
        raise UserError(f"--temperature {args.temperature:g}: must be above 0 and finite")
    if args.guidance is not None and not 0 <= args.guidance <= 100:
        raise UserError(f"--guidance {args.guidance:g}: must be between 0 and 100")
    if args.top_k < 0 or args.seed < 0 or args.max_attempts < 0:
        raise UserError("--top-k, --seed and --max-attempts must not be negative")
    if not args.accept and (args.reference or args.known or args.raw or args.max_attempts):
        raise UserError("--reference, --known, --raw and --max-attempts need --accept")


def _known(args: argparse.Namespace, kind: Kind) -> set[str]:
    keys: set[str] = set()
    if args.known:
        try:
            keys |= {line.strip() for line in args.known.read_text(encoding="utf-8-sig").splitlines()}
        except OSError as error:
            raise UserError(f"--known {args.known}: {error.strerror or error}") from error
        except UnicodeDecodeError as error:
            raise UserError(f"--known {args.known}: not text in UTF-8: {error}") from error
    if args.reference:
        rows = tables.read_rows(args.reference, [args.reference_column], may_be_empty=True)
        keys |= {judged.key for judged in generative.judge([row[args.reference_column] for row in rows], kind)}
    return keys


def _stream(generator: Generator, kind: Kind, args: argparse.Namespace) -> Iterator[tuple[Sample, Judged]]:
    """Strings with their judgement, up to as many as may be drawn."""
    total = (args.max_attempts or min(20 * args.n, MOST)) if args.accept else args.n
    condition = conditions.parse(args.condition)
    with workers_for(args.n) as workers:
        for start in range(0, total, _BATCH):
            n = min(_BATCH, total - start)
            samples = generator.sample(n, args.seed, condition, args.temperature, args.top_k, args.guidance, start)
            judged = generative.judge([sample.text for sample in samples], kind, workers)
            yield from zip(samples, judged, strict=True)


def _progress(tally: Tally, args: argparse.Namespace, events: Events) -> None:
    if tally.drawn % 100 == 0 or tally.drawn == args.n:
        events.progress(tally.accepted if args.accept else tally.drawn, args.n, "generating")
