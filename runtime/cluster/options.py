"""What a cluster is told when it is started. Plain values: they cross Ray and outlive processes."""

import msgspec

from runtime import limits


class ClusterOptions(msgspec.Struct, frozen=True):
    """The layout and the places of one Orderloom system."""

    data: str
    """Data folder: archive, logs, settings."""
    journal_url: str
    journal_cluster: bool = False
    replicas: int = 0
    """How many replicas must have a commit on disk, too, before it is acknowledged."""
    ray_address: str = "local"
    """``local`` starts Ray here; anything else is the address of a running one."""
    placement: str = "pooled"
    hosts: int = 2
    executors: int = 1
    gateways: int = 1
    shards: int = limits.SHARDS_DEFAULT
    bind: str = "127.0.0.1"
    port: int = 8080
    dashboard_port: int = 8265
    token_file: str = ""
    targets_file: str = ""
    catalog: tuple[str, ...] = ()
    """YAML files or folders; empty: the sample catalog."""
    run: str = ""
    """Tells one run of ``up`` from the next: what was scaled lasts as long as the run."""
    lease_ms: int = limits.LEASE_MS
    gateway_class: str = "gateway.replica:GatewayReplica"
    """Where the class of the gateway's Ray actor is found: the floor above is named, never imported."""

    @property
    def archive(self) -> str:
        """The folder of the archive's segments."""
        return f"{self.data}/archive"
