"""Structures by their identity: found, or made together with their search bits."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mlcore.chem import fingerprints
from mlcore.chem.errors import ChemError
from mlcore.chem.identity import Identity, Kind, identify
from registry.actions.base import ActionError
from registry.actions.bulk import insert_new
from registry.models import Fingerprint, Structure

IdentityKey = tuple[str, int, str]  # kind, key version, key

_FIELDS = ("kind", "key_version", "key", "smiles", "formula", "mass", "charge", "heavy_atoms", "elements", "sa_score")


@dataclass(frozen=True, slots=True)
class Structures:
    """Primary keys by identity, and which of the structures are new."""

    ids: dict[IdentityKey, int]
    created: frozenset[int]

    def id_of(self, identity: Identity) -> int:
        return self.ids[identity_key(identity)]


def identity_key(identity: Identity) -> IdentityKey:
    return identity.kind, identity.key_version, identity.key


def get_or_create_structures(identities: Iterable[Identity]) -> Structures:
    """Rows of these identities, new ones with their fingerprints; call it within a transaction.

    Identities come with their fingerprints where there are many; those of the others are worked out here.

    Safe beside others who add the same structures: rows go in sorted by key, so that no two writers wait in a circle.
    """
    wanted = {identity_key(identity): identity for identity in identities}
    ids = _existing(wanted)
    fresh = sorted(key for key in wanted if key not in ids)
    inserted = insert_new(
        Structure, _FIELDS, (_values(wanted[key]) for key in fresh), ("id", "kind", "key_version", "key")
    )
    created = {(kind, version, key): pk for pk, kind, version, key in inserted}
    insert_new(
        Fingerprint,
        ("structure", "morgan", "morgan_popcount", "pattern"),
        _fingerprints((pk, wanted[key]) for key, pk in created.items()),
    )
    ids |= created
    ids |= _existing([key for key in wanted if key not in ids])  # someone else made them in between
    return Structures(ids, frozenset(created.values()))


def get_or_create_structure(text: str, kind: Kind = "polymer") -> Structure:
    """The structure that a person or a program wrote.

    Raises:
        ActionError: when the text is no acceptable structure.
    """
    try:
        identity = identify(text, kind)
    except ChemError as error:
        raise ActionError(f"{text[:80]!r} is no {kind}: {error.message}", field="structure") from error
    return Structure.objects.get(pk=get_or_create_structures([identity]).id_of(identity))


def _existing(keys: Iterable[IdentityKey]) -> dict[IdentityKey, int]:
    groups: dict[tuple[str, int], list[str]] = {}
    for kind, version, key in keys:
        groups.setdefault((kind, version), []).append(key)
    found: dict[IdentityKey, int] = {}
    for (kind, version), texts in groups.items():
        rows = Structure.objects.filter(kind=kind, key_version=version, key__in=texts).values_list("key", "pk")
        found |= {(kind, version, key): pk for key, pk in rows}
    return found


def _values(identity: Identity) -> Sequence[object]:
    return [list(identity.elements) if name == "elements" else getattr(identity, name) for name in _FIELDS]


def _fingerprints(created: Iterable[tuple[int, Identity]]) -> Iterator[Sequence[object]]:
    for pk, identity in created:
        found = identity.fingerprints or fingerprints.of_identity(identity.key, identity.smiles)
        morgan = fingerprints.to_pg_bits(found.morgan)
        # The array as text: psycopg would look at each of its 400 numbers.
        pattern = str(fingerprints.on_bits(found.pattern)).replace("[", "{").replace("]", "}")
        yield pk, morgan, morgan.count("1"), pattern
