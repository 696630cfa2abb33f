"""Runs the cases side by side and tells how they compare.

Every figure is a ratio of two that were taken alternately in one run: machines
are noisy, and what they show alone means nothing elsewhere.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.deployment import ROOT, WORKERS, Deployment, deployed
from bench.workload import Request, Workload, prepared

SHOP = "bench"
SIDES = ("service", "baseline")
# What the plain application does not know is asked of the service only, by as many at
# once as there are processes.
WIDE = "availability-20x31"
CASES = ("create", "get", "availability", WIDE)
MOST_PER_SECOND = 3000
Result = dict[str, Any]


def main() -> None:
    """Measure, print a table, and write ``--json FILE`` if asked."""
    options = _options()
    # Whatever was started ends when we are told to.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    # Where a server that drops root's rights can reach it.
    with tempfile.TemporaryDirectory(prefix="booking-bench-") as folder:
        Path(folder).chmod(0o755)
        with deployed(Path(folder), shop=SHOP) as deployment:
            workload = prepared(deployment, SHOP, wide=WIDE in options.cases)
            cases = {
                case: measured(deployment, workload, case, options)
                for case in options.cases
            }
    report = {"machine": _machine(), "workers": WORKERS, "cases": cases}
    print(_table(cases))
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def measured(
    deployment: Deployment, workload: Workload, case: str, options: argparse.Namespace
) -> Result:
    """One case: a warm-up, then rounds in turn."""
    sides: Sequence[str] = SIDES
    connections: int = options.connections
    if case == WIDE:
        sides, connections = SIDES[:1], WORKERS
    rounds: dict[str, list[Result]] = {side: [] for side in sides}
    for number in range(options.rounds + 1):
        seconds = options.seconds if number else options.warm_up
        for side in sides:
            result = _load(deployment, workload, case, side, seconds, connections)
            if number:
                rounds[side].append(result)
    medians = {side: _median(rounds[side]) for side in sides}
    if len(sides) == 1:
        return medians
    ratios = [
        service["per_second"] / baseline["per_second"]
        for service, baseline in zip(rounds["service"], rounds["baseline"], strict=True)
    ]
    return {
        "ratio_vs_plain": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        **medians,
    }


def _load(
    deployment: Deployment,
    workload: Workload,
    case: str,
    side: str,
    seconds: int,
    connections: int,
) -> Result:
    creates = case == "create"
    requests = _requests(workload, case, side, seconds)
    plan = {
        "url": getattr(deployment, side),
        "connections": connections,
        "seconds": seconds,
        "once": creates,
        "requests": requests,
        "headers": {
            "authorization": f"Bearer {deployment.token('client')}",
            "content-type": "application/json",
        },
    }
    command = ["node", str(ROOT / "bench/load.mjs")]
    done = subprocess.run(
        command, input=json.dumps(plan), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"the load generator failed: {done.stderr}")
    result: Result = json.loads(done.stdout)
    if creates:  # what was not asked for is free still
        left = requests[result["used"] :]
        workload.creates[side] = itertools.chain(left, workload.creates[side])
    expected = "201" if creates else "200"
    if set(result["statuses"]) != {expected} or result["errors"]:
        raise SystemExit(f"{case} of {side} was answered otherwise: {result}")
    return result


def _requests(workload: Workload, case: str, side: str, seconds: int) -> Sequence[Request]:
    if case == "availability":
        return workload.availability()
    if case == WIDE:
        return workload.wide
    if case == "get":
        return workload.gets[side]
    return list(itertools.islice(workload.creates[side], seconds * MOST_PER_SECOND))


def _median(rounds: Sequence[Result]) -> Result:
    names = ("per_second", "p50_ms", "p99_ms")
    return {
        name: round(statistics.median(result[name] for result in rounds), 1)
        for name in names
    }


def _table(cases: dict[str, Result]) -> str:
    lines = [f"{'case':<20}{'ratio':>6}{'spread':>11}{'service':>34}{'plain':>34}"]
    for name, case in cases.items():
        ratio = spread = "–"
        if "ratios" in case:
            ratio = f"{case['ratio_vs_plain']:.2f}"
            spread = f"{min(case['ratios']):.2f}–{max(case['ratios']):.2f}"
        sides = "".join(f"{_told(case[side]):>34}" for side in SIDES if side in case)
        lines.append(f"{name:<20}{ratio:>6}{spread:>11}{sides}")
    return "\n".join(lines)


def _told(figures: Result) -> str:
    return (
        f"{figures['per_second']:.0f}/s p50 {figures['p50_ms']:.0f}"
        f" p99 {figures['p99_ms']:.0f} ms"
    )


def _machine() -> Result:
    return {
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report there")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of each round and side")
    parser.add_argument("--warm-up", type=int, default=2, help="seconds")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument(
        "cases", nargs="*", default=CASES, metavar="CASE", help=f"of {', '.join(CASES)}"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
