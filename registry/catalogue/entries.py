"""The catalogue's two files as objects, and as rows of the registry."""

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.text import slugify

from registry.models import Dataset, Property

FOLDER = Path(__file__).parent


class CatalogueError(Exception):
    """A data set is unknown, cannot be had, or is not what it should be."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A public data set."""

    slug: str
    name: str
    """Of the Dataset that takes it in."""
    title: str
    description: str
    licence: str
    """SPDX identifier."""
    citation: str
    source_url: str
    file: str
    """Name of the file, in DATA_DIR and in the cache."""
    addresses: tuple[str, ...]
    """Tried in turn; none when the file is not published as such."""
    sha256: str
    """Empty when no copy could be checked."""
    structure_kind: str
    mapping: dict[str, Any]
    tables: tuple[str, ...] = ()
    """Digests of the training tables that mlcore reads from the file: a model's manifest names its table so."""
    kelvin: tuple[float, ...] = ()
    """Lowest and highest temperature, of data that state it row by row."""


@cache
def entries() -> dict[str, Entry]:
    """Every public data set by its short name."""
    found = tomllib.loads((FOLDER / "datasets.toml").read_text("utf-8"))
    lists = ("addresses", "tables", "kelvin")
    return {
        slug: Entry(slug=slug, **{**fields, **{name: tuple(fields.get(name, ())) for name in lists}})
        for slug, fields in found.items()
    }


def entry(slug: str) -> Entry:
    """The data set of that short name.

    Raises:
        CatalogueError: naming the closest one, or all.
    """
    known = entries()
    if slug not in known:
        close = difflib.get_close_matches(slug, known, n=1)
        raise CatalogueError(
            f"No data set {slug!r} in the catalogue; "
            + (f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known)}.")
        )
    return known[slug]


def entry_of_table(digest: str) -> Entry | None:
    """The data set that a training table of this digest was read from, where it is known."""
    return next((found for found in entries().values() if digest and digest in found.tables), None)


def ensure_properties() -> list[Property]:
    """Create the catalogue's properties that do not exist; what an administrator changed stays."""
    found = tomllib.loads((FOLDER / "properties.toml").read_text("utf-8"))
    return [Property.objects.get_or_create(name=name, defaults=fields)[0] for name, fields in found.items()]


def ensure_dataset(found: Entry) -> Dataset:
    """The Dataset of a public data set, with its licence and citation."""
    fields = {name: getattr(found, name) for name in ("slug", "description", "licence", "citation", "source_url")}
    return Dataset.objects.get_or_create(name=found.name, defaults=fields)[0]


def named_dataset(name: str) -> Dataset:
    """The dataset of that name or slug, made when there is none."""
    existing = Dataset.objects.filter(name=name).first() or Dataset.objects.filter(slug=name).first()
    return existing or Dataset.objects.create(name=name, slug=slugify(name)[:100] or "dataset")
