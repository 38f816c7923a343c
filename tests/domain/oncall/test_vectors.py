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


WEEK = {"mon": [["09:00", "17:00"]], "tue": [["09:00", "17:00"]]}
FROM, TO = "2026-11-23T16:00+01:00", "2026-11-24T10:00+01:00"
BERLIN = {"tz": "Europe/Berlin"}
BY_DAYS = [{"days": "mon,tue", "start": "09:00", "end": "17:00"}]


@pytest.mark.parametrize(
    ("kind", "given", "expect"),
    [
        ("sla_elapsed", {"start": FROM, "end": TO, "business_hours": WEEK, **BERLIN}, {"elapsed_s": 7200}),
        (
            "sla_elapsed",
            {"window": [FROM, TO], "timezone": "Europe/Berlin", "hours": WEEK},
            {"elapsed": "2h"},
        ),
        (
            "sla_elapsed",
            {"from": FROM, "to": TO, "calendar": {"week": {"Monday": "09:00-17:00"}, **BERLIN}},
            {"elapsed_minutes": 60},
        ),
        (
            "sla_elapsed",
            {"from": FROM, "to": TO, "pauses": [{"start": "2026-11-23T16:30+01:00", "end": TO}]},
            {"elapsed": "00:30:00"},
        ),
        (
            "sla_due",
            {"start": FROM, "hours": BY_DAYS, "target": "1 h 30 min", **BERLIN},
            {"due_at": "2026-11-24T09:30:00+01:00"},
        ),
        ("sla_rule", {"impact": 1, "urgency": 2}, {"priority": "P2"}),
        ("sla_rule", {"business_hours": {}}, {"result": "rejected"}),
    ],
)
def test_sla_cases_are_read_however_they_are_written(
    kind: str, given: dict[str, Any], expect: dict[str, Any]
) -> None:
    results = vectors.run([{"id": "X", "kind": kind, "input": given, "expect": expect}])

    assert results[kind] == {"passed": ["X"], "failed": [], "not applicable": []}


@pytest.mark.parametrize("kind", ["sla_due", "sla_elapsed", "sla_rule"])
@pytest.mark.parametrize(
    "given",
    [
        {"start": 7, "end": TO, "target_s": 60},
        {"start": FROM, "end": "soon", "target_s": "a while", "business_hours": "sometimes"},
        {"start": FROM, "end": TO, "target_s": 60, "pauses": [1, 2]},
        {"start": FROM, "end": TO, "target_s": 60, "business_hours": {"mon": {"am": True}}},
    ],
)
def test_an_sla_case_that_cannot_be_read_is_not_applicable_and_says_why(
    kind: str, given: dict[str, Any]
) -> None:
    expect = {"due": FROM, "elapsed_s": 0} if kind != "sla_rule" else {"rule": "as agreed"}

    results = vectors.run([{"id": "X", "kind": kind, "input": given, "expect": expect}])

    assert results[kind]["failed"] == []
    [told] = results[kind]["not applicable"]
    assert told.startswith("X (")
