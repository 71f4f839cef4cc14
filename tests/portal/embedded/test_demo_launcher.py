"""The demo's launcher over real servers; what it starts for the product is a small web server here."""

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.demo.launcher import run_demo
from portal.embedded import leftovers
from tests.portal.embedded.launching import environment, wait_until

DEMO = """
import sys
from pathlib import Path
from portal.demo import launcher

def serve(state_dir, name, addresses, which, env):
    argv = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(addresses.ports[which])]
    return launcher._child(state_dir, name, argv, env, is_ready=launcher.answers(addresses.url(which)))

launcher._stand_ins = lambda state, addresses: serve(state, "stand-ins", addresses, "zoho", {})
launcher._product = lambda state, addresses, env: [serve(state, "web", addresses, "web", env)]
launcher._migrate = lambda owner_url: None
launcher._seed = lambda environment, addresses: {
    "sign_ins": {}, "pay_link": "", "zoho": {}, "stripe_keys": {}, "own_firm": {"zoho_user": "", "stripe_key": ""}
}
sys.exit(launcher.run_demo(Path(sys.argv[1])))
"""


class Demo:
    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.process = subprocess.Popen(
            [sys.executable, "-c", DEMO, str(state_dir)], env=environment(), stdout=subprocess.PIPE, text=True
        )
        wait_until(self._is_up, "the demo is up")
        self.children = _descendants(self.process.pid)

    def _is_up(self) -> bool:
        assert self.process.poll() is None, "the demo ended"
        written = self.state_dir / "demo.json"
        text = written.read_text() if written.exists() else ""
        return text.endswith("}") and json.loads(text)["pid"] == self.process.pid

    @property
    def facts(self) -> dict[str, dict[str, str]]:
        facts: dict[str, dict[str, str]] = json.loads((self.state_dir / "demo.json").read_text())
        return facts

    def nothing_runs(self) -> bool:
        return not any(leftovers.runs(pid, mentioning=words) for pid, words in self.children.items())


def _descendants(pid: int) -> dict[int, str]:
    """Process id → the first word of its command line, for everything that was started below."""
    found: dict[int, str] = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found[int(child)] = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")[0].decode()
        found |= _descendants(int(child))
    return found


@pytest.fixture
def demo(state_dir: Path) -> Iterator[Demo]:
    running = Demo(state_dir)
    yield running
    running.process.send_signal(signal.SIGTERM)
    running.process.communicate(timeout=30)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
class TestARunningDemo:
    def test_it_answers_where_it_says(self, demo: Demo) -> None:
        with urllib.request.urlopen(demo.facts["addresses"]["portal"], timeout=5) as answer:
            assert answer.status == 200
        assert {"sign_ins", "pay_link", "stand_ins", "database_url", "redis_url"} <= set(demo.facts)

    def test_its_secrets_are_for_its_owner_only(self, demo: Demo) -> None:
        for name in ("demo.json", "secrets.json"):
            assert (demo.state_dir / name).stat().st_mode & 0o077 == 0

    def test_ctrl_c_leaves_nothing_running(self, demo: Demo) -> None:
        assert len(demo.children) > 4
        demo.process.send_signal(signal.SIGINT)
        said, _ = demo.process.communicate(timeout=30)
        assert demo.process.returncode == 0
        assert "nothing is left running" in said
        assert demo.nothing_runs()
        assert not (demo.state_dir / "demo.json").exists()

    def test_a_kill_leaves_nothing_running_either(self, demo: Demo) -> None:
        demo.process.kill()
        demo.process.wait()
        wait_until(demo.nothing_runs, "all children are gone")
        again = Demo(demo.state_dir)
        again.process.send_signal(signal.SIGTERM)
        again.process.communicate(timeout=30)
        assert again.nothing_runs()

    def test_a_second_one_says_where_the_first_runs(self, demo: Demo, capsys: pytest.CaptureFixture[str]) -> None:
        assert run_demo(demo.state_dir) == 1
        assert demo.facts["addresses"]["portal"] in capsys.readouterr().out

    def test_the_state_of_a_running_one_is_not_cleaned_away(self, demo: Demo) -> None:
        tried = subprocess.run(
            [sys.executable, "-m", "portal.embedded.clean", str(demo.state_dir)],
            env=environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert tried.returncode == 1
        assert "in use" in tried.stderr
        assert (demo.state_dir / "secrets.json").exists()
