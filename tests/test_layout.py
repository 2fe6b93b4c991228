"""The layout of the project: folders, layers of imports, and lengths of files."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
LONGEST_FILE = 300  # lines

TOP_LEVEL = {
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "agent",
    "gunicorn.conf.py",
    "pyproject.toml",
    "requirements-dev.txt",
    "requirements.txt",
    "schemas",
    "service",
    "sql",
    "tests",
}
MADE_WHILE_WORKING = {"var", "dist", "__pycache__"}  # .gitignore has them

# From the bottom up, by folder. A module imports from lower layers and from its own folder, never
# from other folders of its layer or from above.
LAYERS = [
    {"service.errors", "service.project", "service.times"},
    {
        "service.config",
        "service.end_of_life",
        "service.file_lock",
        "service.plain_text",
        "service.report",
    },
    {"service.auth"},
    {"service.store"},
    {"service.archive", "service.http", "service.notify", "service.policies"},
    {"service.ingest"},
    {"service.maintenance"},
    {"service.pages", "service.resources"},
    {"service.routes"},
    {"service.app"},
    {"service.commands"},
    {"service.__main__"},
]

# The same inside service/policies.
ROOMS = ["rules", "guard", "queries", "machine", "evaluator", "backtest"]

# The only importers of these libraries.
KEEPERS = {
    "sqlite3": {"service.store.engines"},
    "falcon": {"service.app", "service.http", "service.pages", "service.resources"},
    "babel": {"service.pages"},
    "jinja2": {"service.pages"},
    "jsonschema": {"service.ingest"},
    "smtplib": {"service.notify"},
    "urllib3": {"service.commands.demo", "service.notify"},
    "jsonschema_rs": {"service.ingest"},
}


def modules(package: str) -> Iterator[tuple[str, Path]]:
    for path in sorted((PROJECT / package).rglob("*.py")):
        parts = path.relative_to(PROJECT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


SERVICE = dict(modules("service"))
AGENT = dict(modules("agent"))
TESTS = dict(modules("tests"))
IN_ROOMS = {
    name: path
    for name, path in SERVICE.items()
    if name.startswith("service.policies.") and name.count(".") > 2
}


def imports(path: Path) -> set[str]:
    """Full names of all imports of a file, at any depth."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            assert node.module is not None
            submodules = {f"{node.module}.{alias.name}" for alias in node.names}
            names.update((submodules & SERVICE.keys()) or {node.module})
    return names


def part_of(module: str) -> str:
    """The part of the service that a module belongs to, as LAYERS names it."""
    return ".".join(module.split(".")[:2])


def each_module(found: dict[str, Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("module", "path"), found.items(), ids=found.keys())


def test_the_top_level_holds_what_the_design_names() -> None:
    found = {path.name for path in PROJECT.iterdir() if not path.name.startswith(".")}
    assert found - MADE_WHILE_WORKING <= TOP_LEVEL


@each_module(SERVICE)
def test_imports_point_down_only(module: str, path: Path) -> None:
    if module == "service":
        assert not imports(path) - {"__future__"}
        return
    level = next((at for at, layer in enumerate(LAYERS) if part_of(module) in layer), None)
    assert level is not None, f"give {module} a place in LAYERS"
    below = {"service"}.union(*LAYERS[:level])
    ours = {part_of(name) for name in imports(path) if name.split(".")[0] == "service"}
    assert ours - {part_of(module)} <= below


@each_module(IN_ROOMS)
def test_imports_between_the_rooms_of_policies_point_down_only(module: str, path: Path) -> None:
    room = module.split(".")[2]
    rooms = {name.split(".")[2] for name in imports(path) & IN_ROOMS.keys()}
    assert rooms <= set(ROOMS[: ROOMS.index(room) + 1])


@each_module(SERVICE)
def test_each_library_is_imported_by_its_keepers_only(module: str, path: Path) -> None:
    libraries = {name.split(".")[0] for name in imports(path)}
    kept = {
        library
        for library, keepers in KEEPERS.items()
        if not any(f"{module}.".startswith(f"{keeper}.") for keeper in keepers)
    }
    assert not libraries & kept


@each_module(SERVICE | AGENT)
def test_agent_and_service_share_no_code(module: str, path: Path) -> None:
    other = "agent" if module.partition(".")[0] == "service" else "service"
    assert other not in {name.split(".")[0] for name in imports(path)}


@each_module(SERVICE)
def test_only_the_configuration_names_the_environment(module: str, path: Path) -> None:
    named = {
        node.attr
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    }
    found = named & {"environ", "environb", "getenv", "getenvb"}
    assert found == ({"environ"} if module == "service.config" else set())
    assert "os.environ" not in imports(path)


@each_module(SERVICE | AGENT | TESTS)
def test_files_stay_short(module: str, path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE, module


def test_no_import_has_a_side_effect() -> None:
    watch = subprocess.run(
        [sys.executable, "-m", "tests.support.imports_watch"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert watch.returncode == 0, watch.stderr
    lines = watch.stdout.splitlines()
    imported = {line.removeprefix("imported ") for line in lines if line.startswith("imported ")}
    commands = {name for name in SERVICE | AGENT if name.endswith("__main__")}
    assert imported == (SERVICE | AGENT).keys() - {"service", "agent"} - commands
    assert [line for line in lines if not line.startswith("imported ")] == []


def opened_and_left(tree: ast.AST) -> Iterator[int]:
    """Lines at which a function opens a database that it neither closes nor hands on."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        done = {ast.unparse(n) for n in ast.walk(function) if isinstance(n, ast.Return | ast.Call)}
        for node in ast.walk(function):
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.value, ast.Call)
                and ast.unparse(node.value.func) in {"open_database", "SqliteDatabase"}
                and isinstance(node.targets[0], ast.Name)
            ):
                name = node.targets[0].id
                ends = {f"{name}.close()", f"return {name}", f"self._opened.append({name})"}
                if not ends & done:
                    yield node.lineno


@each_module(TESTS)
def test_tests_close_the_databases_that_they_open(module: str, path: Path) -> None:
    """Python 3.13 warns of others, in whichever test happens to run when they are collected."""
    assert list(opened_and_left(ast.parse(path.read_bytes()))) == [], module
