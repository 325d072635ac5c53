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
from mlcore.generators import conditions, distinct
from mlcore.generators.protocol import Generator, Sample, Sampling

COLUMNS = ("smiles", "log_likelihood", "valid", "key")
MOST = 1_000_000
"""Strings that one command draws at most."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="a model that generates")
    parser.add_argument("-n", type=int, default=1000, help="how many strings (default 1000)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same strings (default 0)")
    parser.add_argument("--condition", action="append", default=[], metavar="P=WISH", help="P=high, P=low or P=VALUE")
    parser.add_argument("--temperature", type=float, help="below 1: more likely strings (default: the model's own)")
    parser.add_argument("--top-k", type=int, default=0, help="draw from the K likeliest tokens only (default 0: all)")
    parser.add_argument("--guidance", type=float, help="above 1: follow the condition more (default: the model's own)")
    parser.add_argument("--calls", type=int, help="diffusion models: network calls (default: the model's own)")
    parser.add_argument("--grammar", action="store_true", help="never draw a token that leads to no valid string")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.csv", help="the strings")
    parser.add_argument("--accept", action="store_true", help="go on until N valid, distinct, new structures are found")
    parser.add_argument("--distinct", action="store_true", help="sample without replacement: repeats are drawn again")
    parser.add_argument("--reference", type=Path, metavar="FILE.csv", help="with --accept: structures that are not new")
    parser.add_argument("--reference-column", default="smiles", help="its column (default smiles)")
    parser.add_argument("--known", type=Path, metavar="FILE", help="with --accept: keys that are not new, one a line")
    parser.add_argument(
        "--max-attempts",
        type=int,
        default=0,
        help=f"strings drawn at most (default 20 N with --accept, {distinct.ATTEMPTS} N with --distinct)",
    )
    parser.add_argument("--raw", type=Path, metavar="FILE.csv", help="with --accept or --distinct: every string drawn")
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
        for sample, judged, first in _stream(generator, kind, args):
            likelihood = "" if sample.log_likelihood is None else f"{sample.log_likelihood:.6g}"
            row = (sample.text, likelihood, int(judged.valid), judged.key)
            accepted = tally.add(judged, first, sample.share)
            if raw:
                raw.writerow(row)
            if accepted if args.accept else first or not args.distinct:
                out.writerow(row)
            _progress(tally, args, events)
            if tally.written(args) == args.n:
                break
    written = tally.written(args)
    if written < args.n:
        events.log("warning", f"found {written} of {args.n} after {tally.drawn:,} attempts; see --max-attempts")
    fulfilled = {"fulfilled": written == args.n} if args.accept or args.distinct else {}
    spent = {"device": device.describe(device.select(args.device)), "seconds": round(time.monotonic() - began, 2)}
    masked = {"grammar": True, "unmasked_grammatical": tally.shares / tally.drawn} if args.grammar else {}
    events.result({"out": str(args.out), **tally.report(args), **masked, **fulfilled, **spent})


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
    strings: int = 0
    """Strings that had not come before."""
    valid_strings: int = 0
    shares: float = 0.0
    """Sum of Sample.share: how many of the strings would have kept to the grammar by themselves."""

    def add(self, judged: Judged, first: bool, share: float | None) -> bool:
        """Counts one string, `first` of its kind or a repeat; True when it is valid, new and the first of its key."""
        self.drawn += 1
        self.valid += judged.valid
        self.strings += first
        self.valid_strings += first and judged.valid
        self.shares += share or 0.0
        novel = bool(judged.key) and judged.key not in self.known
        fresh = novel and judged.key not in self.keys
        self.novel += novel
        self.accepted += fresh
        if judged.key:
            self.keys.add(judged.key)
        return fresh

    def written(self, args: argparse.Namespace) -> int:
        """How many of those that were asked for there are."""
        return self.accepted if args.accept else self.strings if args.distinct else self.drawn

    def report(self, args: argparse.Namespace) -> dict[str, Any]:
        """Raw rates over all that was drawn, and beside them those of what was asked for."""
        rates: dict[str, Any] = {"drawn": self.drawn, "valid": self.valid / self.drawn, "distinct_keys": len(self.keys)}
        if args.accept:
            rates |= {"novel": self.novel / self.drawn, "accepted": self.accepted}
        if args.distinct:
            rates["distinct"] = {"strings": self.strings, "valid": self.valid_strings / self.strings}
        return rates


def _check(args: argparse.Namespace) -> None:
    if not 1 <= args.n <= MOST:
        raise UserError(f"-n {args.n}: must be between 1 and {MOST:,}")
    if args.temperature is not None and not 0 < args.temperature < math.inf:
        raise UserError(f"--temperature {args.temperature:g}: must be above 0 and finite")
    if args.guidance is not None and not 0 <= args.guidance <= 100:
        raise UserError(f"--guidance {args.guidance:g}: must be between 0 and 100")
    if args.calls is not None and not 1 <= args.calls <= 10_000:
        raise UserError(f"--calls {args.calls}: must be between 1 and 10,000")
    if args.top_k < 0 or args.seed < 0 or args.max_attempts < 0:
        raise UserError("--top-k, --seed and --max-attempts must not be negative")
    if args.accept and args.distinct:
        raise UserError("--accept and --distinct exclude each other; accepted structures are distinct anyway")
    if not args.accept and (args.reference or args.known):
        raise UserError("--reference and --known need --accept")
    if not (args.accept or args.distinct) and (args.raw or args.max_attempts):
        raise UserError("--raw and --max-attempts need --accept or --distinct")


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


def _stream(generator: Generator, kind: Kind, args: argparse.Namespace) -> Iterator[tuple[Sample, Judged, bool]]:
    """Up to as many strings as may be drawn, each with its judgement and whether it is the first of its kind."""
    each = 20 if args.accept else distinct.ATTEMPTS if args.distinct else 1
    total = args.max_attempts or min(each * args.n, MOST)
    condition = conditions.parse(args.condition)
    sampling = Sampling(args.temperature, args.top_k, args.guidance, args.calls, args.grammar)
    known: dict[str, Judged] = {}
    with workers_for(args.n) as workers:
        for batch in distinct.stream(generator, args.seed, total, condition, sampling):
            new = [draw.sample.text for draw in batch if draw.first]
            known |= zip(new, generative.judge(new, kind, workers), strict=True)
            yield from ((draw.sample, known[draw.sample.text], draw.first) for draw in batch)


def _progress(tally: Tally, args: argparse.Namespace, events: Events) -> None:
    if tally.drawn % 100 == 0 or tally.written(args) == args.n:
        events.progress(tally.written(args), args.n, "generating")
