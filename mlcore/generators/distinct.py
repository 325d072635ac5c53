"""Sampling without replacement: a string that came before is drawn again.

A draw that is repeated until it is new follows p(string) / (1 - sum of p over the strings seen), which is sampling
without replacement one by one; Kool et al. (ICML 2019) get the same distribution from one beam search, but only for a
number of strings fixed beforehand. Here string i depends on those before it and not on how many are asked for. Equal
means equal as text: one polymer in two spellings comes twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from mlcore.generators.language import CHUNK
from mlcore.generators.protocol import Condition, Generator, Sample, Sampling

ATTEMPTS = 50
"""Strings drawn at most for each that is asked for, repeats included, where no other limit is given."""


@dataclass(frozen=True)
class Draw:
    """One string of the plain stream."""

    sample: Sample
    first: bool
    """Whether it is the first of its kind; the others are the repeats."""


def stream(
    generator: Generator,
    seed: int,
    limit: int,
    condition: Condition | None = None,
    sampling: Sampling | None = None,
) -> Iterator[list[Draw]]:
    """The first `limit` strings of `generator.sample`, in batches; those marked `first` are the distinct ones."""
    seen: set[str] = set()
    for start in range(0, limit, CHUNK):
        n = min(CHUNK, limit - start)
        batch = []
        for sample in generator.sample(n, seed, condition, sampling, start):
            batch.append(Draw(sample, sample.text not in seen))
            seen.add(sample.text)
        yield batch
