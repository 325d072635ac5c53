"""On which rows versions were measured, and when their figures may be set side by side.

Which rows a version held out is in its bundle's manifest, as a digest of who is where.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mlcore.manifest import MANIFEST
from registry import artifacts
from registry.models import ModelVersion


@dataclass(frozen=True)
class HeldOut:
    """What a manifest says of its split. digest: of every row's part; test: rows kept; train: rows learned from."""

    digest: str = ""
    test: int | None = None
    train: int | None = None
    vocabulary: str = ""
    """SHA-256 of the vocabulary: losses over different tokens are no two values of one thing."""


UNKNOWN = HeldOut()


def held_out(version: ModelVersion) -> HeldOut:
    """Empty where the bundle cannot be read or does not say."""
    try:
        return _stated(version.bundle_digest)
    except (artifacts.ArtifactError, OSError, ValueError):
        return UNKNOWN


@lru_cache(maxsize=512)  # named by digest: the answer never changes
def _stated(bundle_digest: str) -> HeldOut:
    manifest: Any = json.loads(artifacts.read_in_folder(bundle_digest, MANIFEST))
    split, files = (manifest.get(name) if isinstance(manifest, dict) else None for name in ("split", "files"))
    split, files = (part if isinstance(part, dict) else {} for part in (split, files))
    digest, vocabulary = split.get("digest"), files.get("vocab.json")
    test, train = (rows if isinstance(rows, int) else None for rows in (split.get("test"), split.get("train")))
    return HeldOut(
        digest if isinstance(digest, str) else "",
        test,
        train,
        vocabulary if isinstance(vocabulary, str) else "",
    )


def _folds(metrics: Any) -> str:
    """The digest of the folds in a version's metrics; "" where there are none."""
    parts = [one.get("folds") for one in metrics.values() if isinstance(one, dict)] if isinstance(metrics, dict) else []
    found = next((part.get("digest") for part in parts if isinstance(part, dict)), "")
    return found if isinstance(found, str) else ""


@dataclass(frozen=True)
class Footing:
    """What several versions have in common, and so which of their figures can be compared."""

    sets: tuple[HeldOut, ...]
    tables: frozenset[str]
    folds: frozenset[str]

    @classmethod
    def of(cls, versions: Sequence[ModelVersion]) -> "Footing":
        return cls(
            tuple(held_out(v) for v in versions),
            frozenset(v.training_data_digest for v in versions),
            frozenset(_folds(v.metrics) for v in versions),
        )

    @property
    def known(self) -> bool:
        return all(one.digest for one in self.sets)

    @property
    def same_rows(self) -> bool:
        """Whether the test parts are the same rows."""
        return self.known and len({one.digest for one in self.sets}) == 1

    @property
    def same_folds(self) -> bool:
        """Whether the same structures were held out together where each was held out once."""
        return len(self.folds) == 1 and "" not in self.folds

    @property
    def same_reference(self) -> bool:
        """Whether samples were compared with the same structures."""
        return self.same_rows or (len(self.tables) == 1 and "" not in self.tables)

    @property
    def same_tokens(self) -> bool:
        return len({one.vocabulary for one in self.sets}) == 1

    def letters(self) -> list[str]:
        """A, B, ... for each different held-out set; "" where it is not known."""
        order = [digest for digest in dict.fromkeys(one.digest for one in self.sets) if digest]
        return [chr(ord("A") + order.index(one.digest)) if one.digest else "" for one in self.sets]
