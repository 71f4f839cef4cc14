"""`python -m portal.embedded.clean STATE`: removes a state folder, unless something runs from it. Needs only Python."""

import shutil
import sys
from pathlib import Path

from portal.embedded.locks import AlreadyHeld, FileLock

PREFIX = "portal-"  # of every folder made outside the state folder


def clean(state_dir: Path) -> str | None:
    """Remove the state folder and what it keeps elsewhere. Returns why not, in one sentence, when it did not."""
    if not state_dir.exists():
        return None
    locks = sorted(state_dir.glob("*.lock"))
    if not locks:
        return f"{state_dir} does not look like a state folder of ours: remove it yourself if it is one."
    try:
        for lock in locks:
            FileLock(lock).release()
    except AlreadyHeld as other:
        return f"{state_dir} is in use by {other.holder}: stop that first."
    for note in (*state_dir.glob("*.elsewhere"), *state_dir.glob("*.sockets")):
        _remove_noted(Path(note.read_text(encoding="utf-8").strip()))
    shutil.rmtree(state_dir)
    return None


def _remove_noted(folder: Path) -> None:
    """Only what is surely ours: the note is a file that anybody could have edited."""
    if folder.is_absolute() and folder.name.startswith(PREFIX) and folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    problem = clean(Path(sys.argv[1]).resolve())
    if problem:
        sys.stderr.write(problem + "\n")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
