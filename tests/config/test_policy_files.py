"""Which files of a folder are policies: plain ones that are in it, and nothing that leads elsewhere."""

import os
from pathlib import Path

import pytest

from router.config.policy.policies import load_policies

POLICY = "policy: {}\nintent: it is here\n"


def folder(parent: Path, *names: str) -> Path:
    made = parent / "policies"
    made.mkdir()
    for name in names:
        (made / f"{name}.yaml").write_text(POLICY.format(name))
    return made


def told(policies: Path) -> list[str]:
    """What is wrong, without the folder's name."""
    return [str(each).removeprefix(f"{policies}/") for each in load_policies(policies)[1]]


@pytest.mark.parametrize("name", ["x.yml", "x.YAML", "x.Yml"])
def test_another_spelling_of_the_suffix_is_told_and_not_passed_over(
    name: str, tmp_path: Path
) -> None:
    policies = folder(tmp_path, "sound")
    (policies / name).write_text(POLICY.format("x"))
    (policies / ".#x.yml").write_text("an editor's own")

    assert list(load_policies(policies)[0]) == ["sound"]
    assert told(policies) == [f"{name}: must be named x.yaml to be read"]


def test_a_file_that_is_called_as_no_policy_can_be_is_to_be_renamed(tmp_path: Path) -> None:
    policies = folder(tmp_path)
    (policies / "my own.yaml").write_text(POLICY.format("own"))

    (said,) = told(policies)
    assert said.startswith("my own.yaml: policy (line 1): must be the name of its file, which no")
    assert said.endswith("name it own.yaml")


def test_a_link_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text(POLICY.format("secret"))
    policies = folder(tmp_path, "sound")
    for name, target in {"a": "../secret.yaml", "b": str(tmp_path / "secret.yaml")}.items():
        (policies / f"{name}.yaml").symlink_to(target)

    assert list(load_policies(policies)[0]) == ["sound"]
    assert told(policies) == [
        "a.yaml: is a link to outside the folder of policies",
        "b.yaml: is a link to outside the folder of policies",
    ]


def test_a_link_that_goes_out_and_comes_back_by_another_link_is_refused(tmp_path: Path) -> None:
    policies = folder(tmp_path)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x.yaml").write_text(POLICY.format("x"))
    (policies / "within").symlink_to("../outside")
    (policies / "x.yaml").symlink_to("within/x.yaml")

    assert told(policies) == ["x.yaml: is a link to outside the folder of policies"]


def test_a_folder_beside_it_whose_name_begins_alike_is_another_one(tmp_path: Path) -> None:
    policies = folder(tmp_path)
    (tmp_path / "policies-of-others").mkdir()
    (tmp_path / "policies-of-others" / "x.yaml").write_text(POLICY.format("x"))
    (policies / "x.yaml").symlink_to("../policies-of-others/x.yaml")

    assert told(policies) == ["x.yaml: is a link to outside the folder of policies"]


def test_links_within_the_folder_are_followed_as_kubernetes_makes_them(tmp_path: Path) -> None:
    policies = folder(tmp_path)
    (policies / "..2026_1").mkdir()
    (policies / "..2026_1" / "x.yaml").write_text(POLICY.format("x"))
    (policies / "..data").symlink_to("..2026_1")
    (policies / "x.yaml").symlink_to("..data/x.yaml")

    assert list(load_policies(policies)[0]) == ["x"]
    assert told(policies) == []


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    real = folder(tmp_path, "x")
    (tmp_path / "link").symlink_to(real)

    loaded, problems = load_policies(tmp_path / "link")

    assert (list(loaded), problems) == (["x"], [])


def test_links_that_lead_nowhere_or_in_a_circle_are_told(tmp_path: Path) -> None:
    policies = folder(tmp_path)
    (policies / "a.yaml").symlink_to("nothing.yaml")
    (policies / "b.yaml").symlink_to("b.yaml")

    assert told(policies) == [
        "a.yaml: is a broken link",
        "b.yaml: is a broken link",
    ]


def test_what_is_no_plain_file_is_told_and_not_waited_for(tmp_path: Path) -> None:
    policies = folder(tmp_path)
    (policies / "a.yaml").mkdir()
    os.mkfifo(policies / "b.yaml")

    assert told(policies) == ["a.yaml: is not a regular file", "b.yaml: is not a regular file"]


def test_hidden_files_and_other_endings_are_the_business_of_editors(tmp_path: Path) -> None:
    policies = folder(tmp_path, "x")
    (policies / ".#x.yaml").symlink_to("somebody@somewhere.1234")
    for name in (".x.yaml", "x.yaml~", "x.yaml.swp", "4913"):
        (policies / name).write_text("{")

    assert list(load_policies(policies)[0]) == ["x"]
    assert told(policies) == []


def test_a_folder_of_too_many_files_is_another_folder_than_was_meant(tmp_path: Path) -> None:
    policies = folder(tmp_path, *map(str, range(501)))

    assert load_policies(policies)[0] == {}
    assert told(policies) == [f"{policies}: has more than 500 policies"]


@pytest.mark.parametrize("name", ["none", "file", "zero\0byte"])
def test_a_folder_that_is_none_is_told(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    loaded, (problem,) = load_policies(tmp_path / name)

    assert loaded == {}
    assert "there is no such folder" in problem.message or "null" in problem.message
