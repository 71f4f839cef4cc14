"""What can go wrong for a person. Each error carries a sentence that says what to do next."""


class RuleBroken(Exception):
    """A business rule says no. The text may be shown to the person as it stands."""

    def __init__(self, sentence: str, *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field


class FormUsed(RuleBroken):
    """A form that was acted on before comes again with something else in it, as after the browser's way back.

    done  what was done by it, for example "£10.00 is recorded, receipt R-00001"
    """

    def __init__(self, done: str) -> None:
        super().__init__(
            f"This form was used already: {done}. Nothing more has happened. What you typed now is kept below: send it"
            " if it is another one."
        )


class NotFound(Exception):
    """No such record, or none that this person may know of: both answer the same 404."""


class ConfigurationError(Exception):
    """The program cannot start. One sentence that names the variable and the fix."""
