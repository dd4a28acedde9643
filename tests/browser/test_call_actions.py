"""What agents and a supervisor do with a call, by buttons and keys, with a real telephone.

Two agents and a supervisor sit in pages of their own at one running product. Everybody's voice is
a tone; who hears whom is told by the spectrum of what each of them hears. Each deed has its test;
what a supervisor hears and says in a call that is another's is proven at each build.
"""

import asyncio
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import DESK, WAIT_MS
from tests.browser.ears import Agent, Ear, seconds_of, voices_in
from tests.browser.harness import axe_violations, clipped_texts
from tests.calls.audio.sound import channels
from tests.calls.telephone import Telephone, share_with
from tests.scenarios.city import SUPERVISOR, TAKER, TRUNK_A, TRUNK_B, City, deed, running_city
from warroom.calls.audio import g711

pytestmark = pytest.mark.browser

SECOND_AGENT = "Supervisor ruang kendali, Diskominfo"
NO_AGENT = "Operator CCTV, Diskominfo"
VOICES = {"caller": 700.0, "first": 950.0, "second": 1200.0, "boss": 1450.0, "third": 1750.0}
CALLER, THIRD = "081155501", "0411123456"
SECONDS_MOST = 40
OURS = {"x-warroom": "1"}
WRITTEN = {"class": "non_emergency"}
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def room(
    chromium: str, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[City]:
    """A running product with two trunks; somebody may be called over the second."""
    del chromium
    with running_city(repository, tmp_path_factory.mktemp("room")) as city:
        yield city


@pytest.fixture(scope="module")
def cookies(room: City) -> dict[str, dict[str, str]]:
    """Everybody's sessions, made when the city was settled."""
    return room.cookies


type Sit = Callable[[str, str], Agent]


@pytest.fixture
def sit(browser: Browser, room: City, cookies: dict[str, dict[str, str]]) -> Iterator[Sit]:
    """Seats somebody at the desk of 112, ready for calls; afterwards they sign out."""
    agents: list[Agent] = []

    def take_seat(name: str, title: str) -> Agent:
        context = browser.new_context(viewport=DESK, locale="id-ID")  # type: ignore[arg-type]
        context.set_default_timeout(WAIT_MS)
        context.add_cookies(
            [
                {"name": key, "value": value, "url": room.address}
                for key, value in cookies[title].items()
            ]
        )
        agent = Agent(context.new_page(), VOICES[name])
        agents.append(agent)
        agent.page.goto(f"{room.address}/112")
        return agent

    yield take_seat
    for agent in agents:
        ask, address = agent.page.request, f"{room.address}/api/calls"
        # What a test that failed left unwritten would keep the agent from the next.
        for call in ask.get(f"{address}/queue").json()["items"]:
            if call["state"] == "wrap_up":
                ask.post(f"{address}/{call['id']}/close", data=WRITTEN, headers=OURS)
        # Whoever only closed the page would be there for the next test for a moment.
        ask.delete(f"{address}/leg", headers=OURS)
        agent.page.context.close()


@pytest.fixture
def caller(room: City) -> Iterator[Telephone]:
    """A telephone that calls 112 when told to."""
    del room
    with Telephone(VOICES["caller"], CALLER, TRUNK_A) as phone:
        yield phone


@pytest.fixture
def third(room: City) -> Iterator[Telephone]:
    """A telephone that takes what is called over the second trunk."""
    with Telephone(VOICES["third"], THIRD, TRUNK_B, room.outgoing) as phone:
        yield phone


class Phone:
    """The ear of a telephone."""

    def __init__(self, phone: Telephone) -> None:
        self._phone = phone

    def heard(self, seconds: float = 1.0) -> Any:
        """What was heard last."""
        return self._phone.heard(seconds)

    @property
    def count(self) -> int:
        """Samples until now."""
        return self._phone.frames_heard * 160


def panel(agent: Agent) -> Locator:
    return agent.page.get_by_label("Panggilan", exact=True)


def shows(agent: Agent, text: str) -> None:
    """The agent's page says this of the call."""
    expect(panel(agent).get_by_text(text, exact=True).first).to_be_visible(timeout=PATIENCE_MS)


def open_desk(agent: Agent) -> None:
    agent.page.get_by_role("button", name="Masuk meja").click()
    shows(agent, "Siap")


def hears(ear: Ear, page: Page, *names: str) -> None:
    """Exactly these voices are heard, for two seconds on end.

    Args:
        ear: Who hears.
        page: Any page of the same browser, whose clock runs while is waited.
        names: Of `VOICES`.
    """
    good, found = 0, None
    for sound in seconds_of(ear, page, SECONDS_MOST):
        found = voices_in(sound, VOICES)
        good = good + 1 if found == set(names) else 0
        if good == 2:
            return
    pytest.fail(f"heard {found}, not {set(names)}")


def take(room: City, agent: Agent, caller: Telephone) -> None:
    """The agent takes a call by its key."""
    caller.call(("127.0.0.1", room.sip))
    shows(agent, "Berdering di sini")
    agent.page.keyboard.press("F1")
    shows(agent, "Tersambung")


def over(agent: Agent, caller: Telephone) -> None:
    """The caller hangs up, and the agent says what it was."""
    caller.hang_up()
    shows(agent, "Menulis")
    # By the button: a key would be written where the agent was writing.
    panel(agent).locator('button:has(kbd:text-is("6"))').click()
    expect(panel(agent).get_by_text("Menulis", exact=True)).to_have_count(0, timeout=PATIENCE_MS)


def at_board(room: City, agent: Agent) -> Page:
    """The supervisor opens their sound at the board; nothing rings there."""
    page = agent.page
    page.goto(f"{room.address}/112/pengawas")
    page.get_by_role("button", name="Buka suara untuk mendengarkan").click()
    # In the queue's pane: among the agents others are ready as well.
    own = page.get_by_label("Antrean", exact=True)
    expect(own.get_by_text("Siap", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    return page


def way(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name)


@pytest.mark.nightly
def test_hold_silences_both_ways_and_resume_brings_them_back(
    room: City, sit: Sit, caller: Telephone, axe_source: str
) -> None:
    agent = sit("first", TAKER)
    open_desk(agent)
    take(room, agent, caller)
    hears(Phone(caller), agent.page, "first")
    hears(agent, agent.page, "caller")

    panel(agent).get_by_role("button", name="Tahan").click()
    shows(agent, "Ditahan")
    hears(Phone(caller), agent.page)
    hears(agent, agent.page)
    assert [] == axe_violations(agent.page, axe_source)
    assert [] == clipped_texts(agent.page)

    agent.page.keyboard.press("Alt+h")
    shows(agent, "Tersambung")
    hears(Phone(caller), agent.page, "first")
    hears(agent, agent.page, "caller")
    over(agent, caller)


@pytest.mark.nightly
def test_a_call_is_passed_on_to_another_agent_who_answers_it(
    room: City, sit: Sit, caller: Telephone, axe_source: str
) -> None:
    first = sit("first", TAKER)
    open_desk(first)
    take(room, first, caller)
    second = sit("second", SECOND_AGENT)
    open_desk(second)

    first.page.keyboard.press("Alt+t")
    to_whom = first.page.get_by_role("button", name=re.compile("^Ke petugas: Sitti Aminah"))
    expect(to_whom).to_be_focused()
    assert [] == axe_violations(first.page, axe_source)
    first.page.keyboard.press("Enter")
    shows(second, "Berdering di sini")
    second.page.keyboard.press("F1")
    shows(second, "Tersambung")

    expect(panel(first).get_by_text("Tersambung", exact=True)).to_have_count(0)
    hears(Phone(caller), second.page, "second")
    hears(second, second.page, "caller")
    over(second, caller)


@pytest.mark.nightly
def test_a_third_is_called_in_and_all_three_hear_each_other(
    room: City, sit: Sit, caller: Telephone, third: Telephone
) -> None:
    agent = sit("first", TAKER)
    open_desk(agent)
    take(room, agent, caller)

    panel(agent).get_by_role("button", name="Teruskan").click()
    agent.page.get_by_label("Ke nomor", exact=True).fill(THIRD)
    panel(agent).get_by_role("button", name="Ajak pihak ketiga").click()
    shows(agent, "Bertiga")
    assert 1 == third.calls_taken
    hears(agent, agent.page, "caller", "third")
    hears(Phone(caller), agent.page, "first", "third")
    hears(Phone(third), agent.page, "caller", "first")

    panel(agent).get_by_role("button", name="Lepas pihak ketiga").click()
    shows(agent, "Tersambung")
    hears(Phone(caller), agent.page, "first")
    assert third.is_over
    over(agent, caller)


@pytest.mark.nightly
def test_a_caller_stays_with_the_third_whom_the_agent_leaves_them_to(
    room: City, sit: Sit, caller: Telephone, third: Telephone
) -> None:
    agent = sit("first", TAKER)
    open_desk(agent)
    take(room, agent, caller)

    agent.page.keyboard.press("Alt+t")
    agent.page.get_by_label("Ke nomor", exact=True).fill(THIRD)
    panel(agent).get_by_role("button", name="Alihkan").click()
    shows(agent, "Siap")

    hears(Phone(caller), agent.page, "third")
    hears(Phone(third), agent.page, "caller")
    over(agent, caller)
    assert third.is_over


def test_a_supervisor_listens_unheard_whispers_to_the_agent_and_speaks_to_all(
    room: City, sit: Sit, caller: Telephone, axe_source: str
) -> None:
    agent = sit("first", TAKER)
    open_desk(agent)
    boss = sit("boss", SUPERVISOR)
    page = at_board(room, boss)
    take(room, agent, caller)

    # Nobody takes calls at trunk A of this city.
    expect(page.get_by_text("Tidak menjawab sejak").first).to_be_visible(timeout=PATIENCE_MS)
    way(page, "Dengarkan").click()
    expect(way(page, "Dengarkan")).to_have_attribute("aria-pressed", "true")
    hears(boss, page, "caller", "first")
    hears(agent, page, "caller")
    hears(Phone(caller), page, "first")
    assert [] == axe_violations(page, axe_source)
    assert [] == clipped_texts(page)

    page.keyboard.press("Alt+2")
    expect(way(page, "Bisikkan")).to_have_attribute("aria-pressed", "true")
    hears(agent, page, "caller", "boss")
    hears(Phone(caller), page, "first")

    way(page, "Ikut bicara").click()
    expect(way(page, "Ikut bicara")).to_have_attribute("aria-pressed", "true")
    hears(Phone(caller), page, "first", "boss")
    hears(agent, page, "caller", "boss")
    hears(boss, page, "caller", "first")

    page.keyboard.press("Alt+3")
    expect(way(page, "Ikut bicara")).to_have_attribute("aria-pressed", "false")
    hears(Phone(caller), page, "first")
    over(agent, caller)


def test_a_supervisor_whose_call_ended_can_listen_to_the_next(
    room: City, sit: Sit, caller: Telephone
) -> None:
    agent = sit("first", TAKER)
    open_desk(agent)
    boss = sit("boss", SUPERVISOR)
    page = at_board(room, boss)
    take(room, agent, caller)
    expect(way(page, "Dengarkan")).to_be_visible()
    page.keyboard.press("Alt+1")
    hears(boss, page, "caller", "first")
    over(agent, caller)

    take(room, agent, caller)
    way(page, "Dengarkan").click()
    hears(boss, page, "caller", "first")
    over(agent, caller)


@pytest.mark.nightly
def test_who_gave_up_is_called_back_from_the_list(room: City, sit: Sit, third: Telephone) -> None:
    with ExitStack() as stack:
        given_up = stack.enter_context(Telephone(VOICES["caller"], THIRD, TRUNK_A))
        agent = sit("first", TAKER)
        given_up.call(("127.0.0.1", room.sip))
        expect(panel(agent).get_by_text(THIRD)).to_be_visible(timeout=PATIENCE_MS)
        given_up.give_up()
        expect(panel(agent).get_by_role("button", name="Telepon balik")).to_be_visible(
            timeout=PATIENCE_MS
        )
    open_desk(agent)

    agent.page.keyboard.press("Alt+b")
    shows(agent, "Tersambung")
    assert 1 == third.calls_taken
    hears(agent, agent.page, "third")
    hears(Phone(third), agent.page, "first")
    agent.page.keyboard.press("Alt+x")
    shows(agent, "Menulis")
    # By the button: a key would be written where the agent was writing.
    panel(agent).locator('button:has(kbd:text-is("6"))').click()
    expect(panel(agent).get_by_role("button", name="Telepon balik")).to_have_count(0)


@pytest.mark.nightly
def test_a_recording_is_heard_by_side_held_and_let_go_by_whoever_may(
    room: City, sit: Sit, caller: Telephone, axe_source: str
) -> None:
    agent = sit("first", TAKER)
    open_desk(agent)
    take(room, agent, caller)
    hears(Phone(caller), agent.page, "first")
    hears(agent, agent.page, "caller")
    call = agent.page.evaluate("async () => (await (await fetch('/api/calls/queue')).json()).items")
    taken = next(one["id"] for one in call if one["state"] == "answered")
    over(agent, caller)

    boss = sit("boss", SUPERVISOR)
    page = boss.page
    page.goto(f"{room.address}/112/panggilan")
    page.get_by_role("row").filter(has_text=CALLER).first.click()
    expect(page).to_have_url(re.compile(f"panggilan={taken}"))
    kept = page.get_by_label("Rekaman", exact=True)
    kept.get_by_role("button", name="Dengarkan rekaman").click()
    page.wait_for_function("() => document.querySelector('audio')?.currentTime > 0.5")
    kept.get_by_role("button", name="Petugas", exact=True).click()
    expect(kept.get_by_role("button", name="Petugas", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    file = page.request.get(f"{room.address}/api/calls/{taken}/recording").body()
    assert [{"caller"}, {"first"}] == [voices_of(channel) for channel in channels(file)]
    assert [] == axe_violations(page, axe_source)
    assert [] == clipped_texts(page)

    kept.get_by_role("button", name="Tahan rekaman").click()
    page.get_by_label("Alasan", exact=True).fill("diminta penyidik")
    page.get_by_label("Nomor perkara", exact=True).fill("LP/112/2026")
    kept.get_by_role("button", name="Tahan rekaman").last.click()
    expect(kept.get_by_text("diminta penyidik")).to_be_visible()
    expect(kept.get_by_text("Ditahan", exact=True)).to_be_visible()
    assert [True] == [one["is_held"] for one in holds_of(page, taken)]
    kept.get_by_role("button", name="Lepas").click()
    kept.get_by_role("button", name="Lepas").last.click()
    expect(kept.get_by_text("Tulis alasannya", exact=False).first).to_be_visible()
    page.get_by_label("Alasan melepas", exact=True).fill("perkara selesai")
    kept.get_by_role("button", name="Lepas").last.click()
    expect(kept.get_by_text("Dilepas atau berakhir")).to_be_visible()
    assert ["perkara selesai"] == [one["release_reason"] for one in holds_of(page, taken)]
    assert [] == axe_violations(page, axe_source)

    agent.page.goto(f"{room.address}/112/panggilan?panggilan={taken}")
    expect(agent.page.get_by_text("Anda tidak berhak mendengarkan rekaman.")).to_be_visible()
    expect(agent.page.get_by_role("button", name="Tahan rekaman")).to_have_count(0)
    expect(agent.page.get_by_role("button", name="Dengarkan rekaman")).to_have_count(0)
    refused = [
        agent.page.request.get(f"{room.address}/api/calls/{taken}/{what}").status
        for what in ("recording", "holds")
    ]
    body = {"reason": "saya mau"}
    tried = agent.page.request.post(
        f"{room.address}/api/calls/{taken}/holds", data=body, headers=OURS
    )
    assert {403, 404} >= {*refused, tried.status}
    assert ["diminta penyidik"] == [one["reason"] for one in holds_of(page, taken)]


def voices_of(channel: bytes) -> set[str]:
    """Whose voices are in one channel of a recording, at any time of it."""
    heard = g711.decode(channel).astype(float)
    return {name for name, hz in VOICES.items() if share_with(heard, hz) > 0.3}


def holds_of(page: Page, call: str) -> list[dict[str, Any]]:
    """Who keeps the recording, as the server says."""
    found: dict[str, Any] = page.evaluate(
        "async (address) => (await fetch(address)).json()", f"/api/calls/{call}/holds"
    )
    items: list[dict[str, Any]] = found["items"]
    return items


@pytest.mark.nightly
def test_a_call_about_what_is_open_beside_the_form_is_folded_in_by_one_key(
    room: City, sit: Sit, caller: Telephone, axe_source: str
) -> None:
    with ThreadPoolExecutor(1) as beside:
        fire = beside.submit(asyncio.run, handed_on(room)).result()
    agent = sit("first", TAKER)
    page = agent.page
    page.goto(f"{room.address}/112?insiden={fire}")
    open_desk(agent)
    before = len(page.request.get(f"{room.address}/api/incidents").json()["items"])
    take(room, agent, caller)

    expect(page.get_by_text("Terbuka di samping")).to_be_visible()
    assert [] == axe_violations(page, axe_source)
    page.keyboard.press("F8")
    expect(panel(agent).get_by_text("Sudah digabung ke kejadian yang ada")).to_be_visible()
    joined = page.get_by_role("list", name="Kaitan").get_by_text(re.compile("^disambung"))
    expect(joined).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(joined).to_have_count(0)
    expect(page.get_by_text("Panggilan dilepas kembali")).to_be_visible()
    assert [] == page.request.get(f"{room.address}/api/incidents/{fire}").json()["call_ids"]
    page.keyboard.press("F8")
    expect(joined).to_have_count(1)
    assert [] == axe_violations(page, axe_source)
    assert [] == clipped_texts(page)
    over(agent, caller)

    shown = page.request.get(f"{room.address}/api/incidents/{fire}").json()
    assert 1 == len(shown["call_ids"])
    assert ["call_joined", "call_parted", "call_joined"] == [
        one["kind"] for one in shown["events"] if one["kind"].startswith("call_")
    ]
    assert before == len(page.request.get(f"{room.address}/api/incidents").json()["items"])


async def handed_on(room: City) -> str:
    """An incident that was handed on; its id."""
    async with await room.person(TAKER) as taker:
        incident = await taker.draft((-5.1246, 119.4189), "Lorong 5 Jalan Kandea", "fire_dense")
        await taker.do(f"/api/incidents/{incident}/send", deed())
        return incident


@pytest.mark.nightly
def test_a_call_that_rings_is_told_of_on_every_page_and_one_key_leads_to_it(
    room: City, sit: Sit, caller: Telephone, axe_source: str
) -> None:
    agent = sit("first", TAKER)
    page = agent.page
    page.goto(f"{room.address}/112")
    open_desk(agent)
    # Without a load of the page, which would end the line; and beside it one that has no line.
    page.get_by_role("link", name="Peringatan").click()
    expect(page.get_by_role("heading", name="Peringatan", level=1)).to_be_attached()
    window = page.context.new_page()
    window.goto(f"{room.address}/bantuan")
    others = [sit("second", title).page for title in (SECOND_AGENT, NO_AGENT)]
    for other in others:
        other.goto(f"{room.address}/bantuan")

    caller.call(("127.0.0.1", room.sip))

    for one in (page, window):
        told = one.get_by_role("status").filter(has_text="Panggilan menunggu")
        expect(told).to_be_visible(timeout=PATIENCE_MS)
        expect(told).to_contain_text(re.compile(r"sejak \d\d\.\d\d\.\d\d"))
        assert [] == axe_violations(one, axe_source)
        assert [] == clipped_texts(one)
    for other in others:
        expect(other.get_by_role("heading", level=1)).to_be_attached()
        assert 0 == other.get_by_text("Panggilan menunggu").count()
    page.keyboard.press("F1")
    page.wait_for_url(f"{room.address}/112")
    shows(agent, "Tersambung")
    expect(window.get_by_text("Panggilan menunggu")).to_have_count(0)
    over(agent, caller)
