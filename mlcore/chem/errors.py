"""The one exception of mlcore.chem."""


class ChemError(ValueError):
    """A text that is not an acceptable structure.

    Attributes:
        code: short stable slug, good for counting and filtering ("too_long", "star_count", "valence", ...).
        message: one line for a chemist: what is wrong, where, and what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __reduce__(self) -> tuple[type["ChemError"], tuple[str, str]]:
        """Keep both fields when a worker process sends the error back."""
        return type(self), (self.code, self.message)
