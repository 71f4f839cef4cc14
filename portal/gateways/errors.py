"""What can go wrong in talking to another company. The one fact a caller needs: is it worth trying again?"""


class GatewayError(Exception):
    """words      for a person: what happened and what to do
    retryable  the same call may succeed later
    unknown    the other side may have done it all the same: look before trying again
    code       the other side's own code, as text
    """

    def __init__(self, words: str, *, retryable: bool, unknown: bool = False, code: str = "") -> None:
        super().__init__(words)
        self.words = words
        self.retryable = retryable
        self.unknown = unknown
        self.code = code
