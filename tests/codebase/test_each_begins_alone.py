"""What is imported first in a process of its own needs nobody before it: a worker finds its jobs by their names."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIRST = [*sorted(f"workers.{path.stem}" for path in (ROOT / "workers").glob("*_jobs.py")), "portal.taxes.actions"]


@pytest.mark.parametrize("module", FIRST)
def test_it_is_imported_by_itself(module: str) -> None:
    begun = subprocess.run(
        [sys.executable, "-c", f"import {module}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert begun.returncode == 0, begun.stderr
