"""The description that is served says of the endpoint what the API's own says, and is followed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from segmentation.service.openapi import document

REPOSITORY = Path(__file__).resolve().parents[2]
PATH = "/v1/customers/{customerId}/segments"


@pytest.fixture(scope="module")
def given_document() -> dict[str, Any]:
    path = REPOSITORY.parent / "shared" / "spec" / "list-customer-segments.openapi.yaml"
    if not path.is_file():
        reason = f"the API's description of the endpoint is not at ../shared/spec (looked for {path})"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason}, and on CI it must be")
        pytest.skip(reason)
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def resolved(value: Any, whole: dict[str, Any]) -> Any:
    """A part of a document with its references followed and its prose left out."""
    if isinstance(value, list):
        return [resolved(inner, whole) for inner in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        target: Any = whole
        for step in value["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return resolved(target, whole)
    return {key: resolved(inner, whole) for key, inner in value.items() if key != "description" or not isinstance(inner, str)}


def test_the_endpoint_is_the_apis(given_document: dict[str, Any]) -> None:
    theirs, ours = (resolved(whole["paths"][PATH], whole) for whole in (given_document, document()))
    assert ours["parameters"] == theirs["parameters"]
    added = {"401", "503"}
    assert ours["get"]["responses"].keys() - theirs["get"]["responses"].keys() == added
    for code in added:
        del ours["get"]["responses"][code]
    security = theirs["get"].pop("security")
    assert ours["get"] == theirs["get"]
    assert security[0] in document()["security"]
    assert set(security[1]) == {"X-Voucherify-OAuth"}  # which is not implemented, and so not declared
    schemes = given_document["components"]["securitySchemes"]
    assert document()["components"]["securitySchemes"] == {name: schemes[name] for name in ("X-App-Id", "X-App-Token")}


def test_the_example_is_the_apis(given_document: dict[str, Any], endpoint_example: dict[str, Any]) -> None:
    for whole in (given_document, document()):
        found = whole["paths"][PATH]["get"]["responses"]["200"]["content"]["application/json"]["examples"]["Example"]["value"]
        assert found == endpoint_example


def test_the_document_is_complete(ask: Any) -> None:
    served = ask("GET", "/openapi.json", headers={}).json()
    assert served == document()
    text = json.dumps(served)
    for name in served["components"]["schemas"]:
        assert f"#/components/schemas/{name}" in text
    for path, operations in served["paths"].items():
        methods = {method.upper() for method in operations if method != "parameters"}
        reply = ask("BREW", path.replace("{customerId}", "x").replace("{segmentId}", "x"))
        allowed = set(reply.headers["allow"].split(", ")) - {"HEAD"}
        assert methods <= allowed
        assert methods == allowed or path == "/v1/customers/bulk"  # which is a customer's path, too


SCHEMATHESIS = shutil.which("schemathesis", path=os.fspath(Path(sys.executable).parent))


@pytest.fixture(scope="module")
def schemathesis() -> str:
    assert SCHEMATHESIS, "the extra dev has it"
    return SCHEMATHESIS


def drive(program: str, description: Path, port: int, *options: str) -> None:
    """Let schemathesis ask the server whatever the description allows, and some of what it does not."""
    command = [program, "run", str(description), "--url", f"http://127.0.0.1:{port}", "--header", "X-App-Id: shop", "--header", "X-App-Token: a secret",
               "--seed", "1", "--generation-database", "none", "--no-color", "--suppress-health-check", "all", *options]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, cwd=description.parent)
    assert done.returncode == 0, done.stdout + done.stderr


def test_schemathesis_finds_nothing(given_document: dict[str, Any], start: Any, tmp_path: Path, schemathesis: str) -> None:
    server = start(tmp_path / "store.db")
    assert server("POST", "/v1/segments", {"name": "", "filter": {"source_id": {"conditions": {"$has_value": ""}}}}).status == 200
    given_document["paths"][PATH]["get"]["responses"]["401"] = {"description": "The one addition: without credentials nothing is answered."}
    theirs, ours = tmp_path / "theirs.json", tmp_path / "ours.json"
    theirs.write_text(json.dumps(given_document), encoding="utf-8")
    drive(schemathesis, theirs, server.port, "--max-examples", "50")
    ours.write_text(json.dumps(document()), encoding="utf-8")
    # What a definition must be, and that ids exist, is more than OpenAPI can say; JSON Lines are not among what schemathesis can write.
    drive(schemathesis, ours, server.port, "--max-examples", "10", "--exclude-checks", "positive_data_acceptance", "--exclude-path", "/v1/customers/bulk")
    log = server.log.read_text(encoding="utf-8")
    assert "failed" not in log
    assert "Traceback" not in log
