"""What a system for a given load would need: a short model over measured costs, and the assumptions it makes.

Throughput is bounded by CPU, which is what every measurement found, so the model adds up CPU: each kind of process
costs so many microseconds an order, a process is one core (one event loop), and cores are planned to be busy to
``utilisation`` only, because latency rises steeply beyond. Every further host costs each host a little more
(``host_loss_per_host``): batches become smaller as they are spread. The journal's server is one core as well; beyond it
a Redis Cluster's nodes share the shards. Memory follows from how many orders are live (rate × cycle time) and how many
ended ones Redis keeps before they go to the archive.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import msgspec

MEASURED = Path(__file__).with_name("measured.json")
SHARDS_PER_HOST = 8
"""Enough that shards spread evenly, few enough that a turn's pipeline stays short."""
SHARDS_MIN = 64
HOSTS_MAX = 1_000
GIGABIT = 125_000_000
DAY_S = 86_400


class Measured(msgspec.Struct, frozen=True):
    """Costs of one order; bytes and microseconds."""

    source: str
    shape: str
    cpu_us_per_order: dict[str, float]
    host_loss_per_host: float
    utilisation: float
    bytes_per_live_order_hosts: float
    bytes_per_live_order_server: float
    server_bytes_per_ended_order: float
    journal_bytes_per_order: float
    base_bytes: dict[str, float]
    bytes_on_the_network_per_order: dict[str, float]


class BeyondTheModel(ValueError):
    """No number of processes that the model covers carries this load."""


@dataclass(frozen=True)
class Wish:
    """What is to be carried. ``cycle_s`` is how long an order lives on average, its network elements' time included."""

    orders_per_second: float
    cycle_s: float = 60.0
    kept_hours: float = 1.0
    """How long an order stays in Redis after its end."""
    cores_per_node: int = 8
    spare_hosts: int = 1


@dataclass(frozen=True)
class Plan:
    """What it takes."""

    hosts: int
    gateways: int
    executors: int
    redis_nodes: int
    shards: int
    nodes: int
    cores: int
    live_orders: int
    memory_bytes: dict[str, int]
    network_bytes_per_second: dict[str, int]
    journal_bytes_per_day: int
    bottleneck: str
    assumptions: tuple[str, ...]


def read_measured(file: Path = MEASURED) -> Measured:
    """The costs in a file (:raises msgspec.MsgspecError: it holds none)."""
    return msgspec.json.decode(file.read_bytes(), type=Measured)


def hosts_for(rate: float, measured: Measured) -> int:
    """The fewest hosts that carry ``rate`` orders/s.

    With ``n`` hosts an order costs ``host × (1 + loss × (n - 1))`` µs, and each host has ``utilisation`` of a core.
    """
    cost, loss = measured.cpu_us_per_order["host"] / 1e6, measured.host_loss_per_host
    for hosts in range(1, HOSTS_MAX + 1):
        if hosts * measured.utilisation >= rate * cost * (1 + loss * (hosts - 1)):
            return hosts
    # Each host has `utilisation`; with n of them an order costs cost × (1 - loss + loss × n): n over that, at its most.
    most = HOSTS_MAX * measured.utilisation / (cost * (1 - loss + loss * HOSTS_MAX))
    raise BeyondTheModel(f"with these costs {HOSTS_MAX:,} hosts carry no more than {most:,.0f} orders/s")


def plan(wish: Wish, measured: Measured) -> Plan:
    """How many of everything.

    :raises BeyondTheModel: hosts lose more to each other than a further one brings.
    """
    rate, cpu = wish.orders_per_second, measured.cpu_us_per_order
    busy = {name: rate * cost / 1e6 for name, cost in cpu.items() if name != "host"}
    hosts = hosts_for(rate, measured) + wish.spare_hosts
    counts = {name: max(1, math.ceil(cores / measured.utilisation)) for name, cores in busy.items()}
    working = hosts - wish.spare_hosts
    busy["host"] = rate * cpu["host"] / 1e6 * (1 + measured.host_loss_per_host * (working - 1))
    live = round(rate * wish.cycle_s)
    ended = rate * wish.kept_hours * 3_600
    processes = {
        "host": hosts,
        "gateway": counts["gateway"],
        "executor": counts["executor"],
        "server": counts["server"],
    }
    cores = sum(processes.values())
    nodes = math.ceil(cores / wish.cores_per_node)
    base = measured.base_bytes
    memory = {
        "hosts": hosts * base["host"] + live * measured.bytes_per_live_order_hosts,
        "gateways": processes["gateway"] * base["gateway"],
        "executors": processes["executor"] * base["executor"],
        "redis": processes["server"] * base["server"]
        + live * measured.bytes_per_live_order_server
        + ended * measured.server_bytes_per_ended_order,
        "ray": nodes * base["ray"],
    }
    network = {name: rate * size for name, size in measured.bytes_on_the_network_per_order.items()}
    return Plan(
        hosts=hosts,
        gateways=processes["gateway"],
        executors=processes["executor"],
        redis_nodes=processes["server"],
        shards=max(SHARDS_MIN, 1 << (SHARDS_PER_HOST * hosts - 1).bit_length()),
        nodes=nodes,
        cores=cores,
        live_orders=live,
        memory_bytes={name: round(size) for name, size in memory.items()},
        network_bytes_per_second={name: round(size) for name, size in network.items()},
        journal_bytes_per_day=round(rate * DAY_S * measured.journal_bytes_per_order),
        bottleneck=bottleneck(busy, processes, sum(network.values()) / nodes),
        assumptions=assumptions(wish, measured),
    )


def bottleneck(busy: dict[str, float], processes: dict[str, int], network: float) -> str:
    """What would be met first if the load grew: the busiest kind of process, or the network when that is nearer."""
    shares = {name: busy[name] / processes[name] for name in processes}
    shares["network (1 Gbit/s a node)"] = network / GIGABIT
    name = max(shares, key=lambda each: shares[each])
    return f"{name}, {shares[name]:.0%} used"


def assumptions(wish: Wish, measured: Measured) -> tuple[str, ...]:
    """What the plan rests on, in words."""
    cpu = ", ".join(f"{name} {cost:g}" for name, cost in measured.cpu_us_per_order.items())
    return (
        f"orders like {measured.shape}; {measured.source}",
        f"CPU µs an order: {cpu}; a process uses one core, to {measured.utilisation:.0%} at most",
        f"each further host costs every host {measured.host_loss_per_host:.1%} more an order",
        f"an order lives {wish.cycle_s:g} s, so that {wish.orders_per_second * wish.cycle_s:,.0f} are live at a time",
        f"ended orders stay in Redis for {wish.kept_hours:g} h, then stand in the archive",
        f"{wish.spare_hosts} host(s) more than needed, so that the loss of one is carried",
        "bytes on the network are estimated from the sizes of order, message, frame and task; not measured",
        f"{wish.cores_per_node} cores a node, Ray's own processes not counted; Redis without replicas",
        "network elements answer on their own machines",
    )
