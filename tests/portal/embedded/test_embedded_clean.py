from pathlib import Path

from portal.embedded.clean import clean


def test_the_state_and_what_it_keeps_elsewhere_are_removed(tmp_path: Path) -> None:
    state, elsewhere = tmp_path / "state", tmp_path / "portal-postgres-abc"
    (state / "redis").mkdir(parents=True)
    elsewhere.mkdir()
    (state / "demo.lock").touch()
    (state / "postgres.elsewhere").write_text(f"{elsewhere}\n")
    assert clean(state) is None
    assert not state.exists()
    assert not elsewhere.exists()


def test_a_note_that_names_a_strangers_folder_is_not_followed(tmp_path: Path) -> None:
    state, strangers = tmp_path / "state", tmp_path / "photographs"
    state.mkdir()
    strangers.mkdir()
    (state / "demo.lock").touch()
    (state / "postgres.elsewhere").write_text(f"{strangers}\n")
    assert clean(state) is None
    assert strangers.exists()


def test_a_folder_that_is_not_a_state_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    assert "does not look like" in str(clean(tmp_path))
    assert (tmp_path / "thesis.txt").exists()


def test_where_nothing_is_nothing_happens(tmp_path: Path) -> None:
    assert clean(tmp_path / "state") is None
