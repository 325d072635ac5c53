"""Bounds that keep one hostile or mistyped string from holding up a whole import.

They are generous: the longest of the 325,692 strings of HTP-MD and SMiPoly has 143 characters, the largest 74 heavy
atoms.
"""

MAX_TEXT = 2_500  # characters of one structure; longer texts never reach RDKit
MAX_HEAVY_ATOMS = 500  # of one structure
MAX_RINGS = 100  # independent rings of one structure: ring perception grows fast on dense graphs
MAX_KEY_BYTES = 2_400  # a B-tree row of PostgreSQL holds about 2,700 bytes
MAX_COMPONENTS = 8  # ions of one salt

MIN_RING = 8  # atoms: shorter rings lose double-bond stereo in RDKit and wrap around a Morgan radius of 2

MAX_QUERY_TEXT = 500  # characters of a substructure query
MAX_QUERY_ATOMS = 100
MAX_QUERY_RECURSION = 10  # "$(...)" environments in one SMARTS
MAX_QUERY_STEPS = 300_000  # atom comparisons for one structure: about 0.5 s
