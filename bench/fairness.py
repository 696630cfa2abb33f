"""Whether one shop's flood is another's trouble: the other's latency, without and with it.

One shop asks at a calm rate. In every second round another asks for ten times its quota.
Rounds alternate, so that what else the machine does meets both.
"""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from bench.deployment import ROOT, Deployment, deployed, tomorrow

CALM, FLOODING = "calm", "flooding"
QUOTA, CALM_RATE, TIMES = 20, 10, 10


def main() -> None:
    """Measure, and print how far the calm shop's latency moves."""
    parser = argparse.ArgumentParser(prog="script/bench fairness", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=10, help="of each round")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="booking-fairness-") as folder:
        Path(folder).chmod(0o755)
        quota = {"RATE_LIMIT_PER_SHOP": f"{QUOTA}/second"}
        with deployed(Path(folder), shop=CALM, **quota) as deployment:
            paths = {shop: _filled(deployment, shop) for shop in (CALM, FLOODING)}
            _round(deployment, paths, options.seconds, flood=True)  # a warm-up
            rounds = [
                [
                    _round(deployment, paths, options.seconds, flood=flood)
                    for flood in (False, True)
                ]
                for _ in range(options.rounds)
            ]
    for name in ("p50_ms", "p99_ms"):
        alone, flooded = ([each[side][name] for each in rounds] for side in (0, 1))
        ratio = statistics.median(b / a for a, b in zip(alone, flooded, strict=True))
        print(
            f"{name}: alone {statistics.median(alone):.1f},"
            f" beside a flood {statistics.median(flooded):.1f}, ratio {ratio:.2f}"
        )


def _filled(deployment: Deployment, shop: str) -> str:
    """A shop with a provider; the path of a day's availability."""
    platform = _caller(deployment, deployment.token("platform"))
    made = platform.post(
        "/platform/shops", json={"slug": shop, "name": shop, "timezone": "UTC"}
    )
    made.raise_for_status()
    manager = _caller(deployment, deployment.token("manager", shop))
    service = manager.post("/services", json={"name": "Cut", "duration_minutes": 30})
    ids = [service.json()["id"]]
    provider = manager.post("/providers", json={"name": "A", "service_ids": ids})
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    week = [{"weekday": day, "starts": "08:00", "ends": "20:00"} for day in days]
    path = f"/providers/{provider.json()['id']}/working-hours"
    manager.put(path, json={"hours": week}).raise_for_status()
    day = tomorrow()
    return f"/availability?service_id={ids[0]}&from={day}T00:00:00Z&to={day}T23:00:00Z"


def _caller(deployment: Deployment, token: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=deployment.service, headers=headers, timeout=30)


def _round(
    deployment: Deployment, paths: dict[str, str], seconds: int, *, flood: bool
) -> dict[str, Any]:
    """What the calm shop sees of the service for a while."""
    loads = {CALM: CALM_RATE}
    if flood:
        loads[FLOODING] = QUOTA * TIMES
    running = {
        shop: _load(deployment, shop, paths[shop], rate, seconds)
        for shop, rate in loads.items()
    }
    results = {shop: json.loads(each.communicate()[0]) for shop, each in running.items()}
    calm: dict[str, Any] = results[CALM]
    if set(calm["statuses"]) - {"200"} or calm["errors"]:
        raise SystemExit(f"the calm shop was answered otherwise: {calm}")
    if flood and "429" not in results[FLOODING]["statuses"]:
        raise SystemExit(f"there was no flood: {results[FLOODING]}")
    return calm


def _load(
    deployment: Deployment, shop: str, path: str, rate: int, seconds: int
) -> subprocess.Popen[str]:
    plan = {
        "url": deployment.service,
        "connections": 8,
        "seconds": seconds,
        "rate": rate,
        "requests": [{"method": "GET", "path": path}],
        "headers": {"authorization": f"Bearer {deployment.token('client', shop)}"},
    }
    command = ["node", str(ROOT / "bench/load.mjs")]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None  # a pipe
    process.stdin.write(json.dumps(plan))
    process.stdin.close()
    process.stdin = None  # it is told all
    return process


if __name__ == "__main__":
    main()
