"""Counters for Prometheus, in the process's own registry; shown at `/metrics`, local by default."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry(auto_describe=True)

REQUESTS = Counter(
    "warroom_http_requests_total",
    "HTTP requests answered.",
    ["route", "method", "status"],
    registry=REGISTRY,
)
REQUEST_SECONDS = Histogram(
    "warroom_http_request_seconds",
    "Time to answer an HTTP request.",
    ["route"],
    registry=REGISTRY,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
CONNECTIONS = Gauge("warroom_http_connections", "Connections open.", registry=REGISTRY)
CONNECTIONS_CLOSED = Counter(
    "warroom_http_connections_closed_total",
    "Connections that a limit ended or refused.",
    ["why"],
    registry=REGISTRY,
)
SOCKETS = Gauge("warroom_sockets", "Event sockets open.", registry=REGISTRY)
EVENTS_SENT = Counter(
    "warroom_events_sent_total", "Events sent to sockets.", ["topic"], registry=REGISTRY
)


def exposition() -> bytes:
    """All metrics in Prometheus's text format."""
    return generate_latest(REGISTRY)
