"""One user at a time for a folder."""

import fcntl
import os
from pathlib import Path
from typing import IO


class AlreadyHeld(Exception):
    """Another living process holds the lock; `holder` is what it wrote about itself."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder


class FileLock:
    """A lock that the kernel gives back when its holder dies, however it dies."""

    def __init__(self, path: Path, *, holder: str = "") -> None:
        """Takes the lock, or raises AlreadyHeld. `holder` is shown to whoever comes second."""
        self._file: IO[str] = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            said = self._file.read().strip()
            self._file.close()
            raise AlreadyHeld(said) from None
        self.describe(holder or f"process {os.getpid()}")

    def describe(self, holder: str) -> None:
        """Replace what the second comer is told."""
        self._file.seek(0)
        self._file.truncate()
        self._file.write(holder + "\n")
        self._file.flush()

    def release(self) -> None:
        self._file.close()
