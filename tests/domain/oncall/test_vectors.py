"""The cases gathered from GoAlert's and LinkedIn Oncall's own tests hold for this rota too."""

import json
from pathlib import Path
from typing import Any

import pytest

from tools import vectors

FILES = [
    json.loads((Path(__file__).parent / "vectors" / name).read_text(encoding="utf-8"))
    for name in ("oncall.json", "further.json")
]
"""`further` holds more of the same tests, and other ways in which the same questions may be written."""

SOURCES = FILES[0]["meta"]["sources"]
SAME = [case for file in FILES for case in file["cases"] if case["recommended"] == "same"]


def attribution(case: dict[str, Any]) -> str:
    """Whose test this was: project, commit, file and licence."""
    source = SOURCES[case["origin"]]
    if source["repo"] is None:
        return "derived"
    return f"{source['repo']}@{source['commit'][:10]} {case['source']['path']} ({source['license']})"


@pytest.mark.parametrize("case", SAME, ids=lambda case: f"{case['id']} {case['topic']}")
def test_the_product_gives_the_result_of(case: dict[str, Any]) -> None:
    got, wanted = vectors.check(case)

    assert got == wanted, f"{case['note']} — {attribution(case)}"


def test_a_wrong_expectation_is_reported_as_a_failure() -> None:
    case = next(case for case in SAME if case["kind"] == "sla_due")
    wrong = {**case, "expect": {"due": "2020-01-01T00:00:00Z"}}

    results = vectors.run([wrong])

    assert [line.split(":")[0] for line in results["sla_due"]["failed"]] == [case["id"]]


def test_a_case_of_an_unknown_shape_is_not_applicable() -> None:
    case = vectors.Fields(id="X", kind="sla_due", input=vectors.Fields(), expect=vectors.Fields())

    results = vectors.run([case])

    assert len(results["sla_due"]["not applicable"]) == 1
