"""Chemistry of Solvate: identity, fingerprints, drawings and searches. Imports RDKit and NumPy, never torch."""

from rdkit import RDLogger

# RDKit reports every refused string on stderr; here each refusal is a ChemError that says the same to the caller.
RDLogger.DisableLog("rdApp.*")
