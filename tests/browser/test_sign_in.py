"""Signing in with a second step and by a passkey, in a real Chromium with its own authenticator.

Under `localhost`: at an address of numbers browsers make no passkeys.
"""

import re
from collections.abc import Callable
from datetime import timedelta

import pyotp
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import NewPage
from tests.browser.demo import Demo
from tests.browser.harness import axe_violations, clipped_texts
from tests.identity.provider import SUB, Idp, running_provider
from warroom.kernel.clock import SystemClock

pytestmark = pytest.mark.browser

PASSWORD = "lima ekor ikan terbang"
INSIDE = re.compile(r"/(peta|akun|bantuan)")
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}

type Sound = Callable[[Page], None]


@pytest.fixture
def sound(axe_source: str) -> Sound:
    def check(page: Page) -> None:
        assert [] == axe_violations(page, axe_source)
        assert [] == clipped_texts(page)

    return check


def enter(page: Page, demo: Demo, role: str) -> str:
    """Comes in by the role's one-time link; gives the address of the site by name."""
    link = next(link for title, link in demo.links.items() if title.startswith(role))
    page.goto(link.replace("127.0.0.1", "localhost"))
    page.wait_for_url(INSIDE)
    return demo.address.replace("127.0.0.1", "localhost")


def set_password(page: Page, site: str) -> None:
    page.goto(f"{site}/akun")
    page.get_by_label("Kata sandi baru").fill(PASSWORD)
    page.get_by_role("button", name="Ganti kata sandi").click()
    expect(page.get_by_text("Kata sandi diganti")).to_be_visible()


def begin_sign_in(page: Page, site: str, login: str) -> None:
    page.goto(f"{site}/masuk")
    page.locator("input[name=username]").fill(login)
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")


def test_factors_are_enrolled_and_sign_in_by_each_of_them(
    new_page: NewPage, demo: Demo, sound: Sound
) -> None:
    page = new_page()
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    site = enter(page, demo, "Petugas lalu lintas")
    set_password(page, site)

    page.get_by_role("button", name="Pasang aplikasi kode").click()
    totp = pyotp.TOTP(page.locator("form code").inner_text().replace(" ", ""))
    sound(page)
    page.get_by_label("Kode enam angka").fill(totp.now())
    page.get_by_role("button", name="Aktifkan").click()
    codes = page.locator("ol code")
    expect(codes).to_have_count(10)
    recovery = codes.first.inner_text()
    sound(page)
    page.get_by_role("button", name="Sudah saya simpan").click()
    page.get_by_role("button", name="Tambah kunci sandi").click()
    expect(page.get_by_role("button", name="Ganti nama")).to_be_visible()
    sound(page)

    page.context.clear_cookies()
    begin_sign_in(page, site, "dishub")
    expect(page.locator("input[name=code]")).to_be_focused()
    sound(page)
    page.locator("input[name=code]").fill(totp.at(SystemClock().now() + timedelta(seconds=30)))
    page.wait_for_url(INSIDE)

    page.context.clear_cookies()
    begin_sign_in(page, site, "dishub")
    page.get_by_role("button", name="Pakai kode pemulihan").click()
    page.locator("input[name=recovery]").fill(recovery)
    page.keyboard.press("Enter")
    page.wait_for_url(INSIDE)

    page.context.clear_cookies()
    page.goto(f"{site}/masuk")
    page.get_by_role("button", name="Masuk dengan kunci sandi").click()
    page.wait_for_url(INSIDE)
    page.goto(f"{site}/akun")
    expect(page.get_by_text("kunci sandi, 127.0.0.1")).to_be_visible()


def test_the_page_of_an_ended_session_asks_to_sign_in(new_page: NewPage, demo: Demo) -> None:
    one, two = new_page(), new_page()
    site = enter(one, demo, "Kepala bidang")
    set_password(one, site)
    begin_sign_in(two, site, "dinkes")
    two.wait_for_url(INSIDE)
    two.goto(f"{site}/bantuan")
    expect(two.get_by_role("heading", level=1)).to_be_visible()
    one.goto(f"{site}/akun")

    one.get_by_role("button", name="Akhiri semua yang lain").click()

    expect(two).to_have_url(re.compile("/masuk"))


def test_a_workstation_is_enrolled_and_shows_itself(
    new_page: NewPage, demo: Demo, sound: Sound
) -> None:
    admin, desk = new_page(), new_page()
    site = enter(admin, demo, "Admin lembaga")
    admin.goto(f"{site}/admin/komputer?baru=1")
    admin.get_by_label("Nama").fill("Meja 7")
    admin.keyboard.press("Control+Enter")
    code = admin.locator(".code code").inner_text()
    sound(admin)

    desk.goto(f"{site}/komputer")
    sound(desk)
    desk.get_by_label("Kode komputer").fill(code)
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("Komputer ruang kendali ini: Meja 7")).to_be_visible()

    desk.goto(f"{site}/masuk")
    expect(desk.get_by_text("Komputer ruang kendali ini: Meja 7")).to_be_visible()
    sound(desk)
    assert "warroom_seat" in {cookie["name"] for cookie in desk.context.cookies()}


def at_the_provider(page: Page, idp: Idp) -> None:
    """Lets whoever goes to the provider be known there; its own page asks another host for a font.

    The form is sent to the provider itself, which answers as it does for its page.
    """
    form = (
        f"<form method=post><input name=sub value='{SUB}'></form>"
        "<script>document.forms[0].submit()</script>"
    )

    def show(route: Route) -> None:
        if route.request.method == "GET":
            route.fulfill(body=form, content_type="text/html")
        else:
            route.continue_()

    page.route(f"{idp.address}/oauth2/authorize**", show)


CALL = """async ([method, path, body]) => {
  const answer = await fetch(path, { method, headers: { "X-Warroom": "1",
    "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
  return { status: answer.status, body: await answer.json() };
}"""


def test_the_own_second_step_is_asked_for_after_a_provider(
    new_page: NewPage, demo: Demo, sound: Sound
) -> None:
    admin, page = new_page(), new_page()
    site = enter(admin, demo, "Administrator")
    enter(page, demo, "Camat Mariso")
    agencies = admin.evaluate(CALL, ["GET", "/api/agencies", None])["body"]["items"]
    mariso = next(one["id"] for one in agencies if one["short"] == "Kecamatan Mariso")
    with running_provider({}) as idp:
        body = {
            "slug": "uji",
            "name": "SSO Uji",
            "issuer": idp.address,
            "client_id": "warroom",
            "agencies": [mariso],
        }
        made = admin.evaluate(CALL, ["POST", "/api/providers", body])
        assert made["status"] == 201, made
        at_the_provider(page, idp)
        page.goto(f"{site}/akun")
        page.get_by_role("button", name="Tautkan akun SSO Uji").click()
        expect(page.get_by_role("button", name="Lepaskan")).to_be_visible()
        page.get_by_role("button", name="Pasang aplikasi kode").click()
        totp = pyotp.TOTP(page.locator("form code").inner_text().replace(" ", ""))
        page.get_by_label("Kode enam angka").fill(totp.now())
        page.get_by_role("button", name="Aktifkan").click()
        page.get_by_role("button", name="Sudah saya simpan").click()

        page.context.clear_cookies()
        page.goto(f"{site}/masuk")
        page.get_by_role("button", name="Masuk lewat SSO Uji").click()
        expect(page.locator("input[name=code]")).to_be_focused()
        sound(page)
        page.locator("input[name=code]").fill(totp.at(SystemClock().now() + timedelta(seconds=30)))
        page.wait_for_url(INSIDE)

        account = page.evaluate(CALL, ["GET", "/api/account", None])["body"]
        assert account["method"] == "oidc:uji+totp"
