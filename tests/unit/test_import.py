"""What `import segmentation` loads, and what the reference evaluator may know of the engine."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

from segmentation.testing import reference

ALLOWED = {"pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection", "segmentation"}

# A new interpreter without site's own imports of plugins; what is there before the import does not count.
LOADED = """
import json, sys
before = set(sys.modules)
import segmentation
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_importing_the_library_loads_pydantic_and_the_standard_library_only() -> None:
    output = subprocess.run([sys.executable, "-c", LOADED], check=True, capture_output=True, text=True).stdout
    modules = json.loads(output)
    roots = {name.partition(".")[0] for name in modules}
    # The build-time configuration of the interpreter is part of it, under a name of the platform's own.
    foreign = {root for root in roots - ALLOWED - sys.stdlib_module_names if not root.startswith("_sysconfigdata")}
    assert "segmentation" in roots
    assert foreign == set()


def test_importing_the_library_loads_no_testing_and_no_command_line() -> None:
    output = subprocess.run([sys.executable, "-c", LOADED], check=True, capture_output=True, text=True).stdout
    assert [
        name
        for name in json.loads(output)
        if name.startswith(("segmentation.testing", "segmentation.cli", "segmentation.explain", "segmentation.targets", "segmentation.batch"))
    ] == []


def test_the_reference_imports_nothing_of_the_library() -> None:
    tree = ast.parse(Path(reference.__file__).read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    from_ = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported |= {node.module or "" for node in from_}
    assert all(node.level == 0 for node in from_)
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
