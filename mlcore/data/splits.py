"""Splits by structure key: every row of one polymer lands in the same part, today and after the data set has grown."""

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]

_SHUFFLED = 611_953  # structures are taken in another order than that by which they were shared out


@dataclass(frozen=True)
class Split:
    """Row numbers of the three parts, each ascending, and a digest of who is where."""

    train: Indices
    valid: Indices
    test: Indices
    digest: str

    def as_json(self) -> dict[str, Any]:
        """Sizes and digest, for a manifest."""
        return {"digest": self.digest, "train": len(self.train), "valid": len(self.valid), "test": len(self.test)}


def by_key(keys: Sequence[str], valid: float, test: float, seed: int) -> Split:
    """Train, valid and test by a hash of (seed, key), so that a key keeps its part whatever other keys there are.

    A part that is wanted but came out empty, as happens with a handful of keys, gets one key of the largest part. Of
    fewer keys than wanted parts all are for training.
    """
    unique = sorted(set(keys))
    place = dict(zip(unique, _uniform(unique, seed), strict=True))
    part = {key: "test" if u < test else "valid" if u < test + valid else "train" for key, u in place.items()}
    wanted = [name for name, share in (("train", 1.0), ("valid", valid), ("test", test)) if share > 0]
    if len(unique) < len(wanted):
        part = dict.fromkeys(unique, "train")
    for name in wanted:
        members = Counter(part.values())
        if members[name] == 0 and len(unique) >= len(wanted):
            donor = members.most_common(1)[0][0]
            part[min((key for key in unique if part[key] == donor), key=place.__getitem__)] = name
    return _split([part[key] for key in keys], keys)


def with_test(split: Split, keys: Sequence[str], tested: Collection[str]) -> Split:
    """The same with all rows of some structures in the test part, wherever they were."""
    parts = np.full(len(keys), "train", dtype=object)
    parts[split.valid], parts[split.test] = "valid", "test"
    parts[[key in tested for key in keys]] = "test"
    return _split(parts.tolist(), keys)


def folds_by_key(keys: Sequence[str], n: int, seed: int) -> list[Split]:
    """`n` splits for cross-validation: each key is tested in exactly one of them; the valid parts are empty."""
    fold = (np.floor(_uniform(keys, seed) * n)).astype(int)
    return [_split(["test" if f == number else "train" for f in fold], keys) for number in range(n)]


def fewer(split: Split, keys: Sequence[str], count: int, seed: int) -> Split:
    """With rows of `count` training structures only; those of a small count are among those of a larger one."""
    own = sorted({keys[row] for row in split.train})
    order = np.argsort(_uniform(own, seed + _SHUFFLED), kind="stable")
    kept = {own[place] for place in order[:count]}
    parts = np.full(len(keys), "left out", dtype=object)
    parts[split.valid], parts[split.test] = "valid", "test"
    parts[[row for row in split.train if keys[row] in kept]] = "train"
    return _split(parts.tolist(), keys)


def _uniform(keys: Sequence[str], seed: int) -> NDArray[np.float64]:
    """A number in [0, 1) per key, (N,): the first 48 bits of sha256."""
    digests = (hashlib.sha256(f"{seed}:{key}".encode()).digest()[:6] for key in keys)
    return np.array([int.from_bytes(digest) / 2**48 for digest in digests], dtype=np.float64)


def _split(parts: Sequence[str], keys: Sequence[str]) -> Split:
    where = np.array(parts, dtype=object)
    train, valid, test = (np.flatnonzero(where == name).astype(np.int64) for name in ("train", "valid", "test"))
    rows = "\n".join(f"{part} {key}" for part, key in sorted(zip(parts, keys, strict=True)))
    return Split(train, valid, test, hashlib.sha256(rows.encode()).hexdigest())
