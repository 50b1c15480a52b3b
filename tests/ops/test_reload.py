"""An edited configuration is taken up by the running daemon, or refused by it with the place of the mistake."""

import signal

from monitor.daemon.reload import FolderWatch
from tests.e2e.desk import WATCHLIST
from tests.ops.process import Process, until


def publish(desk, slug: str, person: str) -> None:
    desk.publish(slug, f"{person} leaves Aster Labs", f"{person} is leaving Aster Labs, the company said.")


def people_told(desk) -> set[str]:
    return {person for _, person, _ in desk.events()}


def test_an_edit_is_taken_up_while_the_daemon_runs(desk):
    with Process(desk) as daemon:
        until(lambda: daemon.events("feed.polled"))
        desk.write("watchlist", "people:\n  - name: Ines Valdano\n")
        reloaded = until(lambda: daemon.events("config.reloaded"))
        assert reloaded[0]["companies_removed"] == ["Aster Labs", "Borealis AI"]
        assert reloaded[0]["people_added"] == ["Ines Valdano"]
        assert reloaded[0]["people_removed"] == ["Mira Solano"]
        publish(desk, "one", "Ines Valdano")
        publish(desk, "two", "Mira Solano")
        until(lambda: people_told(desk))
        assert people_told(desk) == {"Ines Valdano"}
        assert daemon.process.poll() is None


def test_a_bad_edit_keeps_the_running_configuration_and_names_its_place(desk):
    with Process(desk) as daemon:
        until(lambda: daemon.events("feed.polled"))
        desk.write("watchlist", WATCHLIST + "cohorts:\n  - name: A\n    members: [Nobody Known]\n")
        refused = until(lambda: daemon.events("config.refused"))
        assert refused[0]["problem"].startswith("watchlist.yaml:8:")
        assert until(lambda: daemon.events("config.kept"))
        publish(desk, "one", "Mira Solano")
        until(lambda: people_told(desk))
        desk.write("watchlist", WATCHLIST)
        until(lambda: daemon.events("config.unchanged"))


def test_a_hangup_looks_at_what_no_file_shows(desk):
    """A secret in a file elsewhere, say."""
    with Process(desk) as daemon:
        until(lambda: daemon.events("feed.polled"))
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: daemon.events("config.unchanged"))
        assert daemon.process.poll() is None


def test_an_edit_counts_once_and_when_it_has_settled(tmp_path):
    (tmp_path / "feeds.yaml").write_text("a")
    watch = FolderWatch(tmp_path)
    assert [watch.edited(), watch.edited()] == [False, False]
    (tmp_path / "feeds.yaml").write_text("half")
    assert watch.edited() is False
    (tmp_path / "feeds.yaml").write_text("the whole")
    assert [watch.edited(), watch.edited(), watch.edited()] == [False, True, False]
    (tmp_path / ".feeds.yaml.swp").write_text("of an editor")
    assert [watch.edited(), watch.edited()] == [False, False]


def test_a_folder_whose_link_is_swapped_counts_as_edited(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "feeds.yaml").write_text(name)
    folder = tmp_path / "config"
    folder.symlink_to(tmp_path / "one")
    watch = FolderWatch(folder)
    (tmp_path / "next").symlink_to(tmp_path / "two")
    (tmp_path / "next").replace(folder)
    assert [watch.edited(), watch.edited()] == [False, True]
