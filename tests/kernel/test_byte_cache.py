"""A cache bounded by weight."""

from hypothesis import given
from hypothesis import strategies as st

from warroom.kernel.byte_cache import ENTRY_BYTES, ByteCache


@given(st.lists(st.tuples(st.integers(0, 9), st.binary(max_size=40)), max_size=60))
def test_it_never_weighs_more_than_it_may_and_knows_what_it_weighs(
    given_: list[tuple[int, bytes]],
) -> None:
    most = 3 * ENTRY_BYTES + 60
    cache = ByteCache[int](most)
    for key, value in given_:
        cache.put(key, value)

    kept = [value for key in range(10) if (value := cache.get(key)) is not None]
    assert cache.bytes <= most
    assert cache.bytes == sum(len(value) + ENTRY_BYTES for value in kept)
    if given_:
        assert given_[-1][1] == cache.get(given_[-1][0])


def test_what_was_asked_for_last_stays() -> None:
    cache = ByteCache[str](3 * (ENTRY_BYTES + 1))
    for word in ("a", "b", "c"):
        cache.put(word, b"1")
    cache.get("a")

    cache.put("d", b"1")

    assert [b"1", None, b"1", b"1"] == [cache.get(word) for word in ("a", "b", "c", "d")]


def test_what_alone_is_too_heavy_is_not_kept() -> None:
    cache = ByteCache[str](ENTRY_BYTES + 3)

    cache.put("a", b"1234")

    assert cache.get("a") is None
    assert 0 == len(cache)
