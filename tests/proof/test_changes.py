"""What has changed, on every kind of clone: it is known, or it is refused."""

import shutil
import subprocess
from pathlib import Path

import pytest

from support.proof import changes as module
from support.proof.changes import changes
from support.refusal import Refusal


class Repository:
    """A repository, and what is done with it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def git(self, *arguments: str) -> None:
        identity = ["-c", "user.name=Test", "-c", "user.email=test@apex.test", "-c", "protocol.file.allow=always"]
        subprocess.run(["git", "-C", str(self.path), *identity, *arguments], check=True, capture_output=True)

    def commit(self, name: str) -> None:
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(name, encoding="utf-8")
        self.git("add", name)
        self.git("commit", "-m", f"Add {name}")

    def cloned(self, *options: str) -> Path:
        copy = self.path.parent / "clone"
        subprocess.run(["git", "clone", *options, f"file://{self.path}", str(copy)], check=True, capture_output=True)
        return copy


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "origin")
    made.path.mkdir()
    made.git("init", "--initial-branch=main")
    made.commit("first")
    return made


@pytest.fixture
def work(repository: Repository) -> Repository:
    """Two commits on main, and a branch of two more, which is checked out."""
    repository.commit("second")
    repository.git("checkout", "-b", "work")
    repository.commit("third")
    repository.commit("fourth")
    return repository


def paths(checkout: Path, since: str | None = None) -> list[str]:
    found = changes(checkout, since)
    assert found is not None
    return list(found.paths)


def test_the_first_commit_has_nothing_to_compare_with(repository):
    assert changes(repository.path) is None


def test_on_main_the_commit_before_counts(repository):
    repository.commit("second")
    repository.commit("third")
    found = changes(repository.path)
    assert found is not None
    assert found.paths == ["third"]
    assert "the commit before, as HEAD is on main" in found.compared_with


def test_on_a_branch_its_beginning_counts_and_what_is_uncommitted(work):
    work.git("mv", "second", "moved")
    (work.path / "first").write_text("edited", encoding="utf-8")
    (work.path / "n\u00e4w file").write_text("unknown to git", encoding="utf-8")
    found = changes(work.path)
    assert found is not None
    assert found.paths == ["first", "fourth", "moved", "n\u00e4w file", "second", "third"]
    assert "where HEAD and main meet" in found.compared_with


@pytest.mark.parametrize("since", ["HEAD~", "work~"])
def test_what_to_compare_with_can_be_said(work, since):
    assert paths(work.path, since) == ["fourth"]


def test_a_folder_of_a_larger_repository_has_its_own_paths(work):
    work.commit("suite/features/a.feature")
    assert paths(work.path / "suite") == ["features/a.feature"]


# How CI systems clone.


def test_a_detached_clone_compares_with_the_main_of_its_origin(work):
    clone = work.cloned()
    Repository(clone).git("checkout", "--detach", "origin/work")
    found = changes(clone)
    assert found is not None
    assert found.paths == ["fourth", "third"]
    assert "origin/main" in found.compared_with


def test_a_clone_of_another_owner_is_compared(work, monkeypatch):
    monkeypatch.setattr(
        module, "base_environment", lambda: {"PATH": "/usr/bin:/bin", "GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}
    )
    assert paths(work.path) == ["fourth", "third"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--branch=work", "--single-branch"], "it has no main branch; git fetch origin main"),
        (["--branch=work", "--depth=1"], "it has no main branch"),
        (["--branch=work", "--depth=1", "--no-single-branch"], "have no commit in common here; this clone is shallow"),
        (["--branch=main", "--depth=1"], "the commit before HEAD is missing, since this clone is shallow"),
    ],
)
def test_a_clone_that_cannot_know_is_refused(work, options, said):
    with pytest.raises(Refusal, match=said):
        changes(work.cloned(*options))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: shutil.rmtree(path / ".git"), "not a git repository"),
        (lambda path: (path / ".git" / "HEAD").write_text("ref: refs/heads/unborn\n"), "Needed a single revision"),
        (lambda path: shutil.rmtree(path / ".git" / "objects"), "not a git repository|cannot be known"),
    ],
)
def test_without_a_repository_it_is_refused(work, spoil, said):
    spoil(work.path)
    with pytest.raises(Refusal, match=said):
        changes(work.path)


def test_without_git_it_is_refused(work, monkeypatch):
    monkeypatch.setattr(module, "base_environment", lambda: {"PATH": "/nowhere"})
    with pytest.raises(Refusal, match="git cannot be called"):
        changes(work.path)


def test_a_commit_that_nobody_knows_is_refused(work):
    for since in ("nowhere", "--help"):
        with pytest.raises(Refusal, match="there is no commit"):
            changes(work.path, since)
