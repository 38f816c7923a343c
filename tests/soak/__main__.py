"""`make soak`: the storm and the floods in their long form, on PostgreSQL's bus or a real Redis."""

import argparse
import asyncio
import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator

from tests.ports import free_port
from tests.soak.floods import Floods, floods
from tests.soak.run import Plan, cluster, soak


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """A Redis or Valkey of our own that keeps nothing; answers with its URL."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        sys.exit("Neither redis-server nor valkey-server is installed.")
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


async def _floods(given: argparse.Namespace) -> Floods:
    async with cluster(workers=given.workers) as one:
        return await floods(
            one, clients=given.clients, sockets=given.nameless, seed=given.seed, within=given.patience
        )


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak",
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--seconds", type=float, default=900, help="of the storm; 0 leaves it out")
    parser.add_argument("--kill-every", type=float, default=0.8)
    parser.add_argument("--stop-every", type=float, default=45)
    parser.add_argument("--visitors", type=int, default=24)
    parser.add_argument("--agents", type=int, default=8)
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--hosts", type=int, default=1, help="several need --redis or --bus-url")
    parser.add_argument("--bus-url", help="redis://…")
    parser.add_argument("--redis", action="store_true", help="two hosts and a Redis of its own")
    parser.add_argument(
        "--clients", type=int, default=600, help="of the flood of those who come back; 0: none"
    )
    parser.add_argument("--nameless", type=int, default=2000, help="sockets that never say who they are")
    parser.add_argument("--patience", type=float, default=300, help="seconds for each flood")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    return parser.parse_args()


def main() -> None:
    given, is_broken = _given(), False
    plan = Plan(
        seconds=given.seconds,
        kill_every=given.kill_every,
        stop_every=given.stop_every,
        visitors=given.visitors,
        agents=given.agents,
        readers=given.readers,
        seed=given.seed,
    )
    if given.clients:
        flooded = asyncio.run(_floods(given))
        print(flooded, flush=True)
        is_broken = bool(flooded.broken)
    if plan.seconds:
        print(f"Seed {plan.seed}, {plan.seconds:g} s …", flush=True)
        with redis() if given.redis else contextlib.nullcontext(given.bus_url) as bus_url:
            hosts = 2 if given.redis else given.hosts
            result = asyncio.run(soak(plan, hosts=hosts, workers=given.workers, bus_url=bus_url))
        print(result)
        is_broken = is_broken or bool(result.broken)
    sys.exit(1 if is_broken else 0)


if __name__ == "__main__":
    main()
