"""What can go wrong before the product itself has started."""


class CannotStart(RuntimeError):
    """A server or a process did not come up. The message is one sentence for whoever typed the command."""
