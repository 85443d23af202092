"""Meters that are read off the hall at the moment somebody asks for /metrics."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.process import Process
from gateway.web.hub import Hub


class HallCollector(Collector):
    """Queue, nodes, journal and broker line as they are now."""

    def __init__(self, process: Process, hub: Hub) -> None:
        self._process = process
        self._hub = hub

    def collect(self) -> Iterator[Metric]:
        """All of them, in the event loop."""
        yield _gauge("journal_sequence", "Last committed event", self._process.engine.seq)
        yield from self._queue()
        yield from self._nodes()
        yield from self._broker()
        yield _gauge("streams", "Open hall streams", self._hub.clients)
        yield _gauge("ticket_page_streams", "Open ticket pages", self._hub.page_clients)

    def _queue(self) -> Iterator[Metric]:
        queue = GaugeMetricFamily("hallkit_waiting", "Tickets in line", labels=["service"])
        services = self._process.hall_view()["services"]
        assert isinstance(services, list)
        for service in services:
            assert isinstance(service, dict)
            queue.add_metric([str(service["code"])], float(str(service["waiting"])))
        yield queue

    def _nodes(self) -> Iterator[Metric]:
        nodes = self._process.nodes_view()
        online = sum(node["online"] is True for node in nodes)
        yield _gauge("nodes_online", "Nodes that are online", online)
        # As last told: a node that is cut off cannot tell.
        presences = self._process.engine.presence.values()
        oldest_ms = max(presence.outbox_age_ms for presence in presences)
        yield _gauge("outbox_age_seconds_max", "Oldest unsettled report", oldest_ms / 1000)
        yield _gauge("nodes_known", "Nodes of the hall file", len(nodes))
        families = [
            (CounterMetricFamily(f"hallkit_{name}", what, labels=["node"]), field)
            for name, what, field in (
                ("reports", "Reports received, repeats included", "reports"),
                ("duplicates_suppressed", "Reports that had been settled before", "duplicates"),
                ("messages_rejected", "Messages that could not be read", "rejected"),
            )
        ]
        seen = GaugeMetricFamily(
            "hallkit_node_last_seen_seconds", "Since the node was last heard", labels=["node"]
        )
        for node in nodes:
            for family, field in families:
                family.add_metric([str(node["id"])], float(str(node[field])))
            if node["last_seen_ms_ago"] is not None:
                seen.add_metric([str(node["id"])], float(str(node["last_seen_ms_ago"])) / 1000)
        yield from (family for family, _ in families)
        yield seen

    def _broker(self) -> Iterator[Metric]:
        link = self._process.link
        counters = link.counters
        yield _gauge("broker_connected", "1 while connected and subscribed", link.connected)
        yield _counter("broker_connections", "Connections that came up", counters.connections)
        yield _counter(
            "broker_watchdog", "Dead or mute connections replaced", counters.watchdog_rebuilds
        )
        yield _counter("broker_overflows", "Connections cut by a flood", counters.overflows)
        yield _counter(
            "stale_pubacks", "PUBACKs of an older connection", counters.stale_acknowledgements
        )


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(f"hallkit_{name}", what, value=float(value))


def _counter(name: str, what: str, value: float) -> Metric:
    return CounterMetricFamily(f"hallkit_{name}", what, value=float(value))
