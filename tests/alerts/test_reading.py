"""Feeds of other services: read at their pace, each fault told and harming no other."""

from dataclasses import replace
from datetime import timedelta

from tests.alerts.world import ALERT, Room, later, serving
from warroom.alerts.cap import write_alert
from warroom.kernel.outbound import Outbound, OutboundSettings


async def test_a_feed_is_read_with_the_alerts_behind_it_and_asked_only_for_what_changed(
    room: Room,
) -> None:
    async with serving() as site:
        site.feed("a1")
        site.pages["/a1.xml"] = write_alert(ALERT)
        reading = room.reading(site.url("/rss"))
        await reading.step()
        assert ["a1"] == await room.names()

        await reading.step()
        assert ["/rss", "/a1.xml"] == site.paths()

        room.clock.advance(61)
        await reading.step()
        assert ["/rss", "/a1.xml", "/rss"] == site.paths()
        assert "if-none-match" in site.asked[-1][1]

        site.feed("a1", "a2")
        site.pages["/a2.xml"] = write_alert(later("a2", "Update", ALERT))
        room.clock.advance(61)
        await reading.step()
        assert ["/rss", "/a2.xml"] == site.paths()[3:]
        assert ["a2"] == await room.names()


async def test_atom_and_a_single_alert_are_read_as_well(room: Room) -> None:
    async with serving() as site:
        site.pages["/atom"] = (
            b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>x</id><updated>1</updated>'
            b'<link rel="self" href="/no"/><link type="application/cap+xml" href="/a1.xml"/>'
            b"</entry></feed>"
        )
        site.pages["/a1.xml"] = write_alert(ALERT)
        site.pages["/one"] = write_alert(replace(ALERT, identifier="b1"))
        await room.reading(site.url("/atom"), site.url("/one")).step()

        assert ["a1", "b1"] == await room.names()
        assert "/no" not in site.paths()


async def test_one_bad_alert_of_a_feed_harms_no_other_and_is_not_asked_for_again(
    room: Room,
) -> None:
    async with serving() as site:
        site.feed("bad", "a1")
        site.pages["/bad.xml"] = b"<!DOCTYPE alert><alert/>"
        site.pages["/a1.xml"] = write_alert(ALERT)
        reading = room.reading(site.url("/rss"))
        await reading.step()

        assert ["a1"] == await room.names()
        assert "doctype" == (await room.refused())[0]["problem"]
        assert (await room.source())["problem"] is None
        site.pages["/rss"] += b" "
        room.clock.advance(61)
        await reading.step()
        assert 1 == site.paths().count("/bad.xml")


async def test_one_that_cannot_be_had_is_told_and_asked_for_again(room: Room) -> None:
    async with serving() as site:
        site.feed("gone", "a1")
        site.pages["/a1.xml"] = write_alert(ALERT)
        reading = room.reading(site.url("/rss"))
        await reading.step()

        told = await room.source()
        assert ("away", "http_404") == (told["problem"], told["detail"])
        assert told["ok_at"] is None
        assert ["a1"] == await room.names()

        site.pages["/gone.xml"] = write_alert(replace(ALERT, identifier="g1"))
        room.clock.advance(61)
        await reading.step()
        assert ["a1", "g1"] == await room.names()
        assert (await room.source())["problem"] is None


async def test_a_source_that_fails_keeps_when_it_last_answered(room: Room) -> None:
    async with serving() as site:
        site.feed()
        reading = room.reading(site.url("/rss"))
        await reading.step()
        good = (await room.source())["ok_at"]
        site.statuses["/rss"] = 503
        room.clock.advance(61)
        await reading.step()

        told = await room.source()
        assert (good, "away", "http_503") == (told["ok_at"], told["problem"], told["detail"])


async def test_links_to_another_host_are_not_followed(room: Room) -> None:
    async with serving() as site, serving() as other:
        other.pages["/a1.xml"] = write_alert(ALERT)
        link = other.url("/a1.xml")
        site.pages["/rss"] = (
            f"<rss><channel><item><link>{link}</link></item></channel></rss>".encode()
        )
        await room.reading(site.url("/rss")).step()

        assert [] == other.asked
        assert "other_host" == (await room.source())["problem"]


async def test_an_address_inside_is_refused_by_the_rules_of_the_way_out(room: Room) -> None:
    async with serving() as site:
        site.pages["/one"] = write_alert(ALERT)
        reading = room.reading(site.url("/one"))
        reading.outbound = Outbound(OutboundSettings(allow_plain=True))
        await reading.step()

        assert [] == site.asked
        assert "kernel.forbidden_target" == (await room.source())["problem"]


async def test_two_processes_read_a_source_once(room: Room) -> None:
    async with serving() as site:
        site.feed()
        for _ in range(2):
            await room.reading(site.url("/rss")).step()

        assert ["/rss"] == site.paths()


async def test_an_address_that_is_no_longer_set_is_forgotten(room: Room) -> None:
    async with serving() as site:
        site.feed()
        await room.reading(site.url("/rss")).step()
        room.clock.advance(timedelta(minutes=5).total_seconds())
        await room.reading(site.url("/rss2")).step()

        assert site.url("/rss2") == (await room.source())["url"]
