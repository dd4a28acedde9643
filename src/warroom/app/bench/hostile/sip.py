"""Strangers at the port of SIP: a flood from many addresses while a trunk places its calls."""

from collections.abc import Iterator

from warroom.app.bench.hostile.field import Check, Field
from warroom.calls.bench import bench_sip_flood


def checks(field: Field) -> Iterator[Check]:
    """Floods an edge of its own; the trunk is 127.0.0.1, everybody else a stranger."""
    rate, calls, seconds = (1500, 8, 1.0) if field.quick else (5000, 60, 10.0)
    seen = bench_sip_flood(rate=rate, calls=calls, seconds=seconds)
    yield Check("A flood of strangers loses no call", seen["calls_lost"] == 0, seen["calls_lost"])
    dropped = seen["trunk_dropped_by_kernel"]
    yield Check("A flood of strangers fills no queue of a trunk", dropped == 0, dropped)
    held = seen["transactions"] <= seen["floor_transactions"] + 2 * calls
    yield Check("A stranger opens no transaction", held, seen["transactions"])
    ratio = seen["reflected_datagrams_per_foreign"]
    yield Check("Strangers are not answered one by one", ratio <= 0.05, ratio)
    ratio = seen["reflected_bytes_per_foreign_byte"]
    yield Check("Fewer bytes go to strangers than come from them", ratio <= 0.05, ratio)
    if not field.quick:
        late = seen["answer_ms_p99"]
        yield Check("A trunk is answered within 200 ms in a flood", late <= 200, late)
