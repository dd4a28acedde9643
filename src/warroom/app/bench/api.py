"""How much CPU the list of cameras costs, beside the floor: the smallest answer the frame gives."""

import http.client
from typing import Any

from warroom.app.bench.node import BenchNode, bench_node

WARM, COUNTED = 100, 600


def bench_api(cameras: int = 468) -> dict[str, Any]:
    """Asks for the whole list under a scope, many times, and counts the server's CPU.

    Returns:
        `list_cpu_ms`: CPU-milliseconds of the web server per list of all cameras with state;
        `floor_cpu_ms`: the same for `/readyz`-like work, the smallest authenticated answer;
        `bytes`: size of the list.
    """
    with bench_node(cameras) as node:
        list_ms, size = _cost(node, f"/api/cameras?limit={max(cameras, 1)}")
        floor_ms, _ = _cost(node, "/api/session")
        one_ms, _ = _cost(node, "/api/cameras?limit=1")
    return {
        "cameras": cameras,
        "list_cpu_ms": list_ms,
        "list_of_one_cpu_ms": one_ms,
        "floor_cpu_ms": floor_ms,
        "bytes": size,
        "requests": COUNTED,
    }


def _cost(node: BenchNode, path: str) -> tuple[float, int]:
    connection = http.client.HTTPConnection("127.0.0.1", node.port)
    headers = {"authorization": f"Bearer {node.token}"}
    size = 0
    try:
        for number in range(WARM + COUNTED):
            if number == WARM:
                began = node.cpu_s()
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            size = len(answer.read())
            if answer.status != 200:
                message = f"{path} answered {answer.status}"
                raise RuntimeError(message)
        return round((node.cpu_s() - began) / COUNTED * 1000, 3), size
    finally:
        connection.close()
