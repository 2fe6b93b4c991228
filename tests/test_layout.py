"""The layout of the project: folders, layers of imports, and lengths of files."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

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


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


@cache
def imports(path: Path) -> frozenset[str]:
    """Full names of all imports of a file, at any depth."""
    names: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            assert node.module is not None
            submodules = {f"{node.module}.{alias.name}" for alias in node.names}
            names.update((submodules & SERVICE.keys()) or {node.module})
    return frozenset(names)


def part_of(module: str) -> str:
    """The part of the service that a module belongs to, as LAYERS names it."""
    return ".".join(module.split(".")[:2])


def faults(
    found: Mapping[str, Path], look: Callable[[str, Path], Iterable[object]]
) -> dict[str, list[object]]:
    """What is wrong, by module. One test for all files: one a file would be thousands."""
    told = {module: list(look(module, path)) for module, path in found.items()}
    return {module: wrong for module, wrong in told.items() if wrong}


def test_the_top_level_holds_what_the_design_names() -> None:
    found = {path.name for path in PROJECT.iterdir() if not path.name.startswith(".")}
    assert found - MADE_WHILE_WORKING <= TOP_LEVEL


def test_imports_point_down_only() -> None:
    def upward(module: str, path: Path) -> set[str]:
        if module == "service":
            return {*imports(path)} - {"__future__"}
        level = next((at for at, layer in enumerate(LAYERS) if part_of(module) in layer), None)
        if level is None:
            return {f"give {module} a place in LAYERS"}
        below = {"service"}.union(*LAYERS[:level])
        ours = {part_of(name) for name in imports(path) if name.split(".")[0] == "service"}
        return ours - {part_of(module)} - below

    assert faults(SERVICE, upward) == {}


def test_imports_between_the_rooms_of_policies_point_down_only() -> None:
    def upward(module: str, path: Path) -> set[str]:
        room = module.split(".")[2]
        rooms = {name.split(".")[2] for name in imports(path) & IN_ROOMS.keys()}
        return rooms - {*ROOMS[: ROOMS.index(room) + 1]}

    assert faults(IN_ROOMS, upward) == {}


def test_each_library_is_imported_by_its_keepers_only() -> None:
    def kept_by_others(module: str, path: Path) -> set[str]:
        libraries = {name.split(".")[0] for name in imports(path)}
        return libraries & {
            library
            for library, keepers in KEEPERS.items()
            if not any(f"{module}.".startswith(f"{keeper}.") for keeper in keepers)
        }

    assert faults(SERVICE, kept_by_others) == {}


def test_agent_and_service_share_no_code() -> None:
    def shared(module: str, path: Path) -> set[str]:
        other = "agent" if module.partition(".")[0] == "service" else "service"
        return {other} & {name.split(".")[0] for name in imports(path)}

    assert faults(SERVICE | AGENT, shared) == {}


def test_only_the_configuration_names_the_environment() -> None:
    def named(module: str, path: Path) -> set[str]:
        del module
        attributes = {
            node.attr
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "os"
        }
        found = attributes & {"environ", "environb", "getenv", "getenvb"}
        return found | (imports(path) & {"os.environ"})

    assert faults(SERVICE, named) == {"service.config": ["environ"]}


def test_files_stay_short() -> None:
    def too_many(module: str, path: Path) -> list[int]:
        del module
        lines = len(path.read_text(encoding="utf-8").splitlines())
        return [lines] if lines > LONGEST_FILE else []

    assert faults(SERVICE | AGENT | TESTS, too_many) == {}


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


# What opens a database when it is called, and what of it is to be closed.
OPENERS = {"open_database": "", "SqliteDatabase": "", "Fleet": ".database", "Field": ".database"}


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
                and (opener := ast.unparse(node.value.func)) in OPENERS
                and isinstance(node.targets[0], ast.Name)
            ):
                name = node.targets[0].id
                opened = f"{name}{OPENERS[opener]}"
                ends = {f"{opened}.close()", f"closing({opened})", f"return {name}"}
                if not done & (ends | {f"self._opened.append({name})"}):
                    yield node.lineno


def test_tests_close_the_databases_that_they_open() -> None:
    """Python 3.13 warns of others, in whichever test happens to run when they are collected."""
    assert faults(TESTS, lambda _, path: opened_and_left(tree(path))) == {}
