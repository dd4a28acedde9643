"""What strangers may know of the city before they sign in: its name, its languages, its logo."""

from typing import Annotated

from fastapi import Path as InPath
from starlette.requests import Request
from starlette.responses import Response

from warroom.identity.api import CitySettings
from warroom.kernel import profile
from warroom.kernel.errors import NotFoundError
from warroom.kernel.http import PUBLIC, Ctx, Router, json_response, tagged_response
from warroom.kernel.i18n import catalogue

router = Router("city")

_MAX_AGE_S = 300
_LOGO_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""An SVG opened by its own address runs nothing."""


@router.get("", action=PUBLIC)
async def get_city(ctx: Ctx) -> Response:
    """Name of the city, its languages (the first is for who chose none), and whether it has a logo.

    `own_texts`: languages in which the profile has texts of its own, to be asked for.
    """
    city = profile.current()
    return json_response(
        {
            "name": ctx.services[CitySettings].name,
            "languages": [
                {"code": code, "name": catalogue(code).get("language.own_name", code)}
                for code in city.languages
            ],
            "own_texts": [code for code in city.languages if city.texts(code)],
            "has_logo": city.logo is not None,
        }
    )


@router.get("/texts/{language}", action=PUBLIC)
async def get_texts(
    request: Request, language: Annotated[str, InPath(pattern="^[a-z]{2,3}$")]
) -> Response:
    """Texts of the profile in a language by key; what is not there is said as the product says it.

    Raises:
        NotFoundError: The city does not speak it, or has no texts of its own in it.
    """
    city = profile.current()
    texts = city.texts(language)
    if language not in city.languages or not texts:
        raise NotFoundError
    content = bytes(json_response(texts).body)
    return tagged_response(request, content, "application/json", _MAX_AGE_S)


@router.get("/logo", action=PUBLIC)
async def get_logo(request: Request) -> Response:
    """The logo of the city, SVG or PNG.

    Raises:
        NotFoundError: The profile has none.
    """
    logo = profile.current().logo
    if logo is None:
        raise NotFoundError
    answer = tagged_response(request, *logo, _MAX_AGE_S)
    answer.headers["content-security-policy"] = _LOGO_POLICY
    return answer
