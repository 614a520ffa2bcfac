"""Mutation testing of the language and the matching: does some test fail when a line of them is wrong?

    make mutants

Cosmic Ray proposes the mutants and applies them. This driver draws a seeded sample of *places* (and one mutant of each: eleven wrong operators in
one place say little more than one), by their code and not by their line numbers, so that a change of the code changes little of the sample; it tries each mutant in a copy of the tree, and writes what became of them to docs/mutants.md. A process of its own
is forked for each, with pytest and Hypothesis imported already, which takes a third of the time that a new interpreter would; as many run at a time
as there are cores.

Survivors are killed by a new test, or stand in equivalent.json with the reason why they behave no differently. The command fails while fewer than 90 %
are killed, equivalent ones aside, or a survivor is unexplained.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import importlib
import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "mutants.md"
EQUIVALENT = Path(__file__).with_name("equivalent.json")
SHARES = {"language": 0.75, "matching": 0.25}
LEAST = 0.9
PATIENCE = 60
"""Seconds of processor time, ten times what the tests take, after which a mutant that still runs is taken for one that never ends."""

# The cheapest and most telling first; a mutant is dead at the first failure.
ALWAYS = ("tests/mutants/subset.py",)
BESIDE = {
    "language/": ("tests/unit/test_language.py", "tests/unit/test_explain.py"),
    "language/normalise.py": ("tests/property/test_normalise.py",),
    "language/predicate.py": ("tests/property/test_normalise.py",),
    "language/schema.py": ("tests/unit/test_schema.py",),
    "matching/": ("tests/property/test_tables.py", "tests/unit/test_matching.py"),
    "matching/formulas.py": ("tests/property/test_formulas.py",),
}
"""What is run beside, for mutants of a module or a package."""
# Those that take long, measure memory, or run a command.
LEFT_OUT = "thousand_steps or many_times or footprint or time_passing or threads or command"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one place."""

    module: str
    line: int
    column: int
    operator: str
    arguments: str
    occurrence: int
    code: str
    """The line, and which of its like it is in the module."""
    before: str = ""
    after: str = ""

    @property
    def place(self) -> str:
        """Where it is, for as long as the line stays the same."""
        return f"{self.module}:{self.column}:{self.code}"

    @property
    def name(self) -> str:
        """Which one it is, for as long as the line stays the same."""
        return f"{self.place}:{self.operator}:{self.arguments}"

    @property
    def key(self) -> str:
        """What it is called in equivalent.json: not the line number, which moves."""
        return f"{self.module}: {self.before} -> {self.after}"


# The sample


def proposed(tree: Path) -> list[Mutant]:
    """Every mutant that Cosmic Ray proposes, but for annotations, which nobody runs."""
    config = tree / "cosmic-ray.toml"
    modules = [f"src/segmentation/{package}" for package in SHARES]
    config.write_text(
        f'[cosmic-ray]\nmodule-path = {json.dumps(modules)}\ntimeout = 1.0\nexcluded-modules = []\ntest-command = "true"\n'
        '[cosmic-ray.distributor]\nname = "local"\n'
    )
    subprocess.run([str(Path(sys.executable).with_name("cosmic-ray")), "init", str(config), str(tree / "session.sqlite")], cwd=tree, check=True)
    work_db = importlib.import_module("cosmic_ray.work_db")
    codes = {path.relative_to(tree / "src/segmentation").as_posix(): numbered(path) for name in modules for path in (tree / name).rglob("*.py")}
    found = []
    with work_db.use_db(str(tree / "session.sqlite"), work_db.WorkDB.Mode.open) as database:
        for item in database.work_items:
            for mutation in item.mutations:
                module = mutation.module_path.relative_to("src/segmentation").as_posix()
                arguments = json.dumps(mutation.operator_args, sort_keys=True)
                line, column = mutation.start_pos
                found.append(Mutant(module, line, column, mutation.operator_name, arguments, mutation.occurrence, codes[module][line - 1]))
    silent = {module: set(annotated(ast.parse((tree / "src/segmentation" / module).read_text("utf-8")))) for module in {mutant.module for mutant in found}}
    return [mutant for mutant in found if not any(start <= (mutant.line, mutant.column) < end for start, end in silent[mutant.module])]


def numbered(path: Path) -> list[str]:
    """The lines of a module, equal ones told apart by a number."""
    seen: Counter[str] = Counter()
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        seen[line] += 1
        lines.append(f"{line.strip()}#{seen[line]}")
    return lines


def annotated(tree: ast.AST) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Where annotations stand, and types that only a type checker reads."""
    for node in ast.walk(tree):
        parts: list[ast.AST | None] = []
        if isinstance(node, ast.AnnAssign | ast.arg):
            parts = [node.annotation]
        elif isinstance(node, ast.FunctionDef):
            parts = [node.returns]
        elif (
            isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.BinOp | ast.Subscript) and is_type(node.value)
        ):
            parts = [node.value]
        for part in parts:
            if isinstance(part, ast.expr) and part.end_lineno is not None and part.end_col_offset is not None:
                yield (part.lineno, part.col_offset), (part.end_lineno, part.end_col_offset)


def is_type(value: ast.expr) -> bool:
    """Whether an assigned expression is a type alias: a union of names, or a name with parameters."""
    match value:
        case ast.BinOp(left, ast.BitOr(), right):
            return is_type(left) and is_type(right)
        case ast.Name(name):
            return name[:1].isupper() or name in ("int", "float", "str", "bool")
        case ast.Subscript(ast.Name(name)):
            return name in ("dict", "tuple", "list", "Callable", "Literal", "Mapping")
        case _:
            return False


def sampled(mutants: Sequence[Mutant], count: int, seed: int) -> list[Mutant]:
    """One mutant of each of so many places, shared out between the packages: those whose digests come first."""

    def digest(text: str) -> bytes:
        return hashlib.sha256(f"{seed}:{text}".encode()).digest()

    chosen: list[Mutant] = []
    for package, share in SHARES.items():
        places: dict[str, list[Mutant]] = {}
        for mutant in mutants:
            if mutant.module.startswith(package):
                places.setdefault(mutant.place, []).append(mutant)
        drawn = sorted(places, key=digest)[: round(count * share)]
        chosen += [min(places[place], key=lambda mutant: digest(mutant.name)) for place in drawn]
    return chosen


# Trying


def is_python(code: str) -> bool:
    """Whether a mutant compiles; one that does not is no mistake that anybody could overlook."""
    try:
        compile(code, "mutant", "exec")
    except SyntaxError:
        return False
    return True


class Copy:
    """A copy of the tree, in which mutants live."""

    def __init__(self, tree: Path) -> None:
        self.tree = tree
        for name in ("src", "tests", "examples", "docs"):
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "README.md"):
            shutil.copy(ROOT / name, tree / name)
        self.moment = int(time.time()) - 10_000_000
        self.seconds = 0.0
        """Processor time that the last run took."""

    def write(self, path: Path, code: str) -> None:
        """Write a module with a time of its own: Python takes files of one second and one size for the same."""
        path.write_text(code, encoding="utf-8")
        self.moment += 5
        os.utime(path, (self.moment, self.moment))

    def tried(self, mutant: Mutant) -> tuple[Mutant, str]:
        """What became of a mutant (killed, survived, endless, or invalid), which now knows the line that it changed."""
        path = self.tree / "src" / "segmentation" / mutant.module
        original = path.read_text(encoding="utf-8")
        plugins, mutating = importlib.import_module("cosmic_ray.plugins"), importlib.import_module("cosmic_ray.mutating")
        operator = plugins.get_operator(mutant.operator)(**json.loads(mutant.arguments))
        try:
            _, mutated = mutating.apply_mutation(path, operator, mutant.occurrence)
            assert mutated is not None, "the sample holds what can be made"
            self.write(path, mutated)
            changed = [(old.strip(), new.strip()) for old, new in zip(original.splitlines(), mutated.splitlines(), strict=False) if old != new]
            before, after = changed[0] if changed else ("", "")
            if len(original.splitlines()) != len(mutated.splitlines()):
                after = "(removed)"
            outcome = self.run(mutant.module) if is_python(mutated) else "invalid"
        finally:
            self.write(path, original)
        return replace(mutant, before=before, after=after), outcome

    def run(self, module: str = "", *, is_loud: bool = False) -> str:
        """Run the subset for a module (without one, all of it) in a process of its own."""
        child = os.fork()
        if child == 0:
            resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE + 5))
            signal.alarm(20 * PATIENCE)  # for one that waits for ever, which takes no processor time
            code = 3
            with suppress(BaseException):
                code = self._in_child(module, is_loud=is_loud)
            os._exit(code)
        _, status, usage = os.wait4(child, 0)
        self.seconds = usage.ru_utime + usage.ru_stime
        code = os.waitstatus_to_exitcode(status)
        return "survived" if code == 0 else "endless" if code in (-signal.SIGXCPU, -signal.SIGKILL, -signal.SIGALRM) else "killed"

    def _in_child(self, module: str, *, is_loud: bool) -> int:
        os.chdir(self.tree)
        sys.path[:0] = [str(self.tree / "src"), str(self.tree)]
        quiet = io.StringIO()
        with redirect_stdout(sys.stdout if is_loud else quiet), redirect_stderr(sys.stderr if is_loud else quiet):
            import pytest  # noqa: PLC0415 - imported already; named here for what runs in the child

            arguments = [
                "-x",
                "-q",
                "-o",
                "addopts=--import-mode=importlib",
                "-p",
                "no:cacheprovider",
                "-k",
                f"not ({LEFT_OUT})",
                "--tb=line" if is_loud else "--tb=no",
            ]
            beside = [name for start, names in BESIDE.items() if module.startswith(start) or not module for name in names]
            return int(pytest.main([*arguments, *ALWAYS, *beside]))


# The report


def page(results: Sequence[tuple[Mutant, str]], equivalent: dict[str, str], proposals: int, seed: int) -> str:
    """The page of the documentation."""
    rows = Counter((mutant.module, outcome) for mutant, outcome in results)
    outcomes = Counter(outcome for _, outcome in results)
    same = [mutant for mutant, outcome in results if outcome == "survived" and mutant.key in equivalent]
    dead = outcomes["killed"] + outcomes["endless"]
    real = len(results) - len(same)
    lines = [
        "# Mutants",
        "",
        "Made by `make mutants`. Each mutant is the library with one small mistake in it (a `<` for a `<=`, a 1 for a 0, a `not` too many); one that no",
        "test notices shows what the tests do not say. Tried on the fast subset of the tests, not on all of them.",
        "",
        f"Of {proposals:,} mutants that [Cosmic Ray](https://cosmic-ray.readthedocs.io) proposes for `language/` and `matching/` (annotations aside), a sample of",
        f"{len(results)} (seed {seed}, one for each place that was drawn): **{dead} killed** ({outcomes['endless']} of them by never ending), {outcomes['survived']} survived,",
        f"{len(same)} of which behave like the original. Of those that behave differently, **{dead / real:.1%}** are killed.",
        "",
        "| module | mutants | killed | survived, equivalent | survived |",
        "|---|---|---|---|---|",
    ]
    for module in sorted({mutant.module for mutant, _ in results}):
        alike = sum(mutant.module == module for mutant in same)
        killed = rows[module, "killed"] + rows[module, "endless"]
        lines.append(f"| `{module}` | {killed + rows[module, 'survived']} | {killed} | {alike} | {rows[module, 'survived'] - alike} |")
    for title, wanted in (("Equivalent", True), ("Not killed by the subset", False)):
        listed = sorted(
            {mutant for mutant, outcome in results if outcome == "survived" and (mutant.key in equivalent) is wanted},
            key=lambda mutant: (mutant.module, mutant.line, mutant.column),
        )
        if listed:
            lines += ["", f"## {title}", ""]
        for mutant in listed:
            reason = f": {equivalent[mutant.key]}" if wanted else ""
            lines += [f"- `{mutant.module}`: `{mutant.before}` → `{mutant.after}`{reason}"]
    return "\n".join(lines) + "\n"


def explained(results: Sequence[tuple[Mutant, str]]) -> dict[str, str]:
    """Why survivors behave like the original, by their keys: a reason is given of a mutant, or of a line that may say anything (a threshold of speed)."""
    reasons: dict[str, str] = json.loads(EQUIVALENT.read_text(encoding="utf-8"))
    by_key = {mutant.key: reasons.get(mutant.key) or reasons.get(f"{mutant.module}: {mutant.before}") for mutant, _ in results}
    return {key: reason for key, reason in by_key.items() if reason is not None}


def main() -> int:
    """Try a sample and report."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--count", type=int, default=440, help="how many places to draw (default: 440); a few mutants are no Python, and are left out")
    parser.add_argument("--seed", type=int, default=20261122, help="which ones")
    parser.add_argument(
        "--results", type=Path, help="file of results to go on from: what survived unexplained, or did not end, is tried again, the rest is not"
    )
    parser.add_argument("--only", default="", metavar="PREFIX", help="try those mutants of the sample whose module begins so, such as matching/")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many to try at a time (default: one a core)")
    parser.add_argument("--write", action="store_true", help="write docs/mutants.md")
    options = parser.parse_args()
    os.environ.update(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", HYPOTHESIS_NO_PLUGINS="1", HYPOTHESIS_PROFILE="dev")
    for name in ("pytest", "hypothesis", "hypothesis.strategies", "jsonschema", "pydantic", "xml.etree.ElementTree"):
        importlib.import_module(name)
    assert "segmentation" not in sys.modules, "a child must import the mutant"
    with tempfile.TemporaryDirectory() as directory:
        copy = Copy(Path(directory) / "whole")
        if copy.run(is_loud=True) != "survived":
            sys.exit("the tests fail without any mutant")
        mutants = proposed(copy.tree)
        chosen = [mutant for mutant in sampled(mutants, options.count, options.seed) if mutant.module.startswith(options.only)]
        results = tried(Path(directory), chosen, options.results, options.jobs)
    equivalent = explained(results)
    text = page(results, equivalent, len(mutants), options.seed)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    print(text)
    same = sum(outcome == "survived" and mutant.key in equivalent for mutant, outcome in results)
    dead = sum(outcome != "survived" for _, outcome in results)
    return 0 if dead / (len(results) - same) >= LEAST else 1


_copy: Copy
"""The copy of the tree that a worker has for itself."""


def _begin(directory: Path) -> None:
    global _copy  # noqa: PLW0603 - how a worker of a pool has something of its own
    _copy = Copy(directory / f"worker-{os.getpid()}")


def _tried(mutant: Mutant) -> tuple[Mutant, str, float]:
    return *_copy.tried(mutant), _copy.seconds


def tried(directory: Path, mutants: Sequence[Mutant], path: Path | None, jobs: int) -> list[tuple[Mutant, str]]:
    """Try mutants, several at a time; what is known from before is not tried again, unless it did not end, or survived and nobody has said why."""
    known: dict[str, list[Any]] = json.loads(path.read_text(encoding="utf-8")) if path and path.exists() else {}
    waiting = [mutant for mutant in mutants if mutant.name not in known or not _is_settled(mutant, *known[mutant.name])]
    # Forked, so that what is imported here is there; before any thread starts, and each worker forks a child a mutant.
    pool = ProcessPoolExecutor(jobs, get_context("fork"), initializer=_begin, initargs=(directory,))
    try:
        for number, future in enumerate(as_completed([pool.submit(_tried, mutant) for mutant in waiting]), 1):
            made, outcome, seconds = future.result()
            known[made.name] = [outcome, made.before, made.after]
            print(f"{number}/{len(waiting)} {outcome} {seconds:.1f}s {made.name}  {made.before}  ->  {made.after}", flush=True)
            if path:
                path.write_text(json.dumps(known, indent=1), encoding="utf-8")
    except KeyboardInterrupt:  # what was tried so far is reported
        pass
    finally:
        pool.shutdown(cancel_futures=True)
    outcomes = [(mutant, *known[mutant.name]) for mutant in mutants if mutant.name in known]
    return [(replace(mutant, before=before, after=after), outcome) for mutant, outcome, before, after in outcomes if outcome != "invalid"]


def _is_settled(mutant: Mutant, outcome: str, before: str, after: str) -> bool:
    made = replace(mutant, before=before, after=after)
    return outcome in ("killed", "invalid") or made.key in explained([(made, outcome)])


if __name__ == "__main__":
    sys.exit(main())
