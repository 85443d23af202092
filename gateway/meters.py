"""What the gateway counts and times, for /metrics. One registry per process, so tests never mix."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Meters:
    """The counters that grow where things happen; what can be read off the state is not here."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.commit_seconds = Histogram(
            "hallkit_journal_commit_seconds",
            "Time from handing a batch to the writer thread until it is durable",
            registry=self.registry,
            buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5),
        )
        self.batches = Counter(
            "hallkit_journal_batches", "Transactions committed", registry=self.registry
        )
        self.repeated_requests = Counter(
            "hallkit_requests_repeated",
            "REST calls answered from memory because their idempotency key was known",
            registry=self.registry,
        )
        self.requests = Counter(
            "hallkit_requests",
            "Decided REST calls by how they ended",
            ["status"],
            registry=self.registry,
        )
        self.backups = Counter(
            "hallkit_backups",
            "Copies of the journal by how they ended",
            ["end"],
            registry=self.registry,
        )
        self.backup_age_seconds = Gauge(
            "hallkit_backup_age_seconds",
            "Since everything in the journal was last known to be in a copy; 0 without a schedule",
            registry=self.registry,
        )
