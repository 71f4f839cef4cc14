"""What can go wrong for a person. Each error carries a sentence that says what to do next."""


class RuleBroken(Exception):
    """A business rule says no. The text may be shown to the person as it stands."""

    def __init__(self, sentence: str, *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field


class NotFound(Exception):
    """No such record, or none that this person may know of: both answer the same 404."""


class ConfigurationError(Exception):
    """The program cannot start. One sentence that names the variable and the fix."""
