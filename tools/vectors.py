"""Runs a file of shared vectors against the product: python -m tools.vectors FILE."""

import json
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools import vector_escalation, vector_rota, vector_schedules, vector_sla
from tools.vector_shapes import NotApplicableError

KINDS = {**vector_rota.KINDS, **vector_schedules.KINDS, **vector_escalation.KINDS, **vector_sla.KINDS}


class Fields(dict[str, Any]):
    """A case of an unknown shape is not the product's failure."""

    def __missing__(self, name: str) -> Any:
        raise NotApplicableError(f"no field {name}")


def check(case: Mapping[str, Any]) -> tuple[Any, Any]:
    """What the product says and what the vector wants; NotApplicableError where that cannot be asked."""
    if case.get("recommended", "same") != "same":
        raise NotApplicableError("we deliberately choose otherwise")
    if case["kind"] not in KINDS:
        raise NotApplicableError(f"kind {case['kind']}")
    got, wanted = KINDS[case["kind"]](case["input"], case["expect"])
    return got, wanted


def run(cases: list[dict[str, Any]]) -> dict[str, dict[str, list[str]]]:
    """Per kind the ids that passed, failed and do not apply, with the reason behind the last two."""
    results: dict[str, dict[str, list[str]]] = defaultdict(
        lambda: {"passed": [], "failed": [], "not applicable": []}
    )
    for case in cases:
        try:
            got, wanted = check(case)
        except NotApplicableError as reason:
            results[case["kind"]]["not applicable"].append(f"{case['id']} ({reason})")
        except Exception as error:  # noqa: BLE001 - a crash of the product is a failed case
            results[case["kind"]]["failed"].append(f"{case['id']}: {type(error).__name__}: {error}")
        else:
            if got == wanted:
                results[case["kind"]]["passed"].append(case["id"])
            else:
                results[case["kind"]]["failed"].append(f"{case['id']}: got {got}, wanted {wanted}")
    return results


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m tools.vectors FILE")
        return 2
    text = Path(arguments[0]).read_text(encoding="utf-8")
    results = run(json.loads(text, object_hook=Fields)["cases"])
    totals = [0, 0, 0]
    print(f"{'kind':<26}{'passed':>8}{'failed':>8}{'n/a':>6}")
    for kind, found in sorted(results.items()):
        counts = [len(ids) for ids in found.values()]
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
        print(f"{kind:<26}{counts[0]:>8}{counts[1]:>8}{counts[2]:>6}")
    print(f"{'all':<26}{totals[0]:>8}{totals[1]:>8}{totals[2]:>6}")
    for outcome in ("failed", "not applicable"):
        for kind, found in sorted(results.items()):
            for line in found[outcome]:
                print(f"{outcome}: {kind} {line}")
    return 1 if totals[1] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
