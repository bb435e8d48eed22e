"""What has to be installed, from what the project declares and nothing else."""

import pytest

from perfbot.discover.requirements import distribution, python_for, read_project, setup_of

PYPROJECT = """
[project]
name = "my-lib"
dependencies = ["numpy>=1", "PyYAML"]
[project.optional-dependencies]
test = ["pytest", "hypothesis>=6; python_version > '3.8'", "rich"]
bench = ["orjson", "pytest-benchmark"]
[project.scripts]
mylib = "my_lib:main"
[dependency-groups]
dev = [{ include-group = "typing" }, "attrs[extra]>=23"]
typing = ["mypy", { include-group = "dev" }]
Benchmark = ["msgspec>0.1", "rich>13"]
[tool.poetry.group.docs.dependencies]
python = "^3.9"
sphinx = "^7"
"""


@pytest.fixture
def project(plant):
    return read_project(plant({"pyproject.toml": PYPROJECT, "src/my_lib/__init__.py": ""}))


def lines(project, *imported, **more):
    return setup_of(project, imported, (), **more).lines


def test_metadata_is_read_with_included_groups(project):
    assert project.dependencies == ("numpy>=1", "PyYAML")
    assert project.groups["dev"] == ("mypy", "attrs[extra]>=23")
    assert project.groups["docs"] == ("sphinx",)
    assert project.scripts == ("mylib",)


def test_an_extra_for_benchmarks_is_always_used(project):
    assert lines(project) == ('pip install ".[bench]"',)


def test_an_extra_of_nothing_but_tools_that_perfbot_replaces_is_left_out(plant):
    folder = plant({"pyproject.toml": '[project]\nname = "x"\noptional-dependencies = { asv = ["asv", "pytest"] }\n'})
    assert lines(read_project(folder)) == ("pip install .",)


def test_another_extra_is_used_where_an_import_needs_it(project):
    assert lines(project, "hypothesis") == ('pip install ".[bench,test]"',)


def test_packages_of_a_group_are_listed_alone(project):
    assert lines(project, "msgspec", "attr") == ("pip install \".[bench]\" 'attrs[extra]>=23' 'msgspec>0.1'",)


def test_what_is_there_anyway_is_not_asked_for(project):
    found = setup_of(project, {"os", "numpy", "yaml", "my_lib", "pytest", "pyperf", "helper"}, {"helper"})
    assert (found.lines, found.undeclared) == (('pip install ".[bench]"',), ())


@pytest.mark.parametrize("name", ["rpds-py", "py-rpds", "pyrpds", "python-rpds", "rpds_python"])
def test_names_that_say_python_bring_the_module_without_it(plant, name):
    project = read_project(plant({"pyproject.toml": f'[project]\nname = "x"\ndependencies = ["{name}>=1"]\n'}))
    assert setup_of(project, {"rpds"}, ()).undeclared == ()


def test_no_package_is_guessed_from_an_import(project):
    found = setup_of(project, {"mystery"}, ())
    assert found.lines == ('pip install ".[bench]"',)
    assert found.undeclared == ("mystery",)


def test_requirements_files_come_after(project):
    assert lines(project, "mystery", files=["bench/requirements.txt"])[1:] == ("pip install -r bench/requirements.txt",)


def test_names_and_paths_stay_single_words_for_the_shell(plant):
    pyproject = '[project]\nname = "x"\n[project.optional-dependencies]\n"a$(x)" = ["rich"]\n'
    project = read_project(plant({"pyproject.toml": pyproject + "[dependency-groups]\nb = [\"rich>1; x=='y'\"]\n"}))
    assert lines(project, "rich", files=["my reqs.txt"]) == (
        "pip install . 'rich>1; x==\"y\"'",
        "pip install -r 'my reqs.txt'",
    )


def test_a_project_that_cannot_be_installed_still_gets_its_packages(plant):
    folder = plant({"pyproject.toml": '[dependency-groups]\nbench = ["rich", "pytest"]\n'})
    assert lines(read_project(folder), "rich", "pytest") == ("pip install rich",)


def test_a_folder_without_metadata_asks_for_nothing(plant):
    assert lines(read_project(plant({"x.py": ""}))) == ()
    assert lines(read_project(plant({"setup.py": ""}))) == ("pip install .",)


@pytest.mark.parametrize("text", ["not toml", "project = 3", "[project]\ndependencies = 3\n[dependency-groups]\nx = 3"])
def test_odd_metadata_breaks_nothing(plant, text):
    assert read_project(plant({"pyproject.toml": text})).dependencies == ()


@pytest.mark.parametrize(
    ("requirement", "name"),
    [("Foo_Bar[x]>=1; python_version<'4'", "foo-bar"), ("zope.interface", "zope-interface"), ("", ""), ("-e .", "")],
)
def test_names_are_normalised(requirement, name):
    assert distribution(requirement) == name


@pytest.mark.parametrize(
    ("pythons", "running", "wanted"),
    [
        (">=3.9", "3.11.7", ""),
        ("", "3.11.7", ""),
        ("nonsense", "3.11.7", ""),
        (">=3.12,!=3.14.1", "3.11.7", "3.12"),
        (">=3.8,<3.11", "3.12.1", "3.10"),
        ("<=3.10", "3.11.7", "3.10"),
        (">=3.12.2", "3.12.1", "3.12"),
        ("<3", "3.11.7", ""),
    ],
)
def test_the_nearest_python_that_a_project_allows(pythons, running, wanted):
    assert python_for(pythons, running) == wanted
