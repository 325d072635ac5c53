"""Geometries: checked against the molecule that they shall be of, and guessed where there is none."""

import hashlib
from dataclasses import dataclass
from typing import ClassVar

from rdkit import Chem

from mlcore.chem import geometry
from mlcore.chem.errors import ChemError
from registry.actions.base import Action, ActionError
from registry.models import Conformer, Structure


@dataclass(frozen=True, slots=True)
class Block:
    """A geometry in the registry's own spelling, so that one geometry has one digest."""

    xyz: str
    atoms: int
    digest: str

    @classmethod
    def of(cls, found: geometry.Geometry) -> "Block":
        text = found.to_xyz()
        return cls(text, len(found.numbers), hashlib.sha256(text.encode()).hexdigest())


def read_block(text: str, key: str) -> Block:
    """An xyz or mol block of the molecule with that identity. Raises: ChemError where it is none, or of another one."""
    found = geometry.read(text)
    geometry.check(found, Chem.MolFromSmiles(key))
    return Block.of(found)


@dataclass(kw_only=True)
class GuessConformer(Action[Conformer]):
    """A geometry by ETKDG and MMFF94, for a molecule that nobody has computed one of; the same one each time."""

    permission: ClassVar[str] = "registry.add_importrun"

    structure: Structure

    def check(self) -> None:
        if self.structure.kind != Structure.Kind.MOLECULE:
            raise ActionError("A polymer has no geometry of its own; guess one of a molecule.", field="structure")

    def execute(self) -> Conformer:
        try:
            block = Block.of(geometry.guess(self.structure.key))
        except ChemError as error:
            raise ActionError(f"{self.structure}: {error.message}", field="structure") from error
        made, _ = Conformer.objects.get_or_create(
            structure=self.structure,
            level=Conformer.GUESSED,
            digest=block.digest,
            defaults={"xyz": block.xyz, "atoms": block.atoms},
        )
        return made
