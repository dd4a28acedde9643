"""The page that a caller opens: plain HTML without scripts, all escaped, readable on any phone."""

from datetime import datetime, tzinfo
from html import escape

from warroom.incidents.follow import News
from warroom.kernel.i18n import text

_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><meta name="color-scheme" content="light dark"><style>
body{{font:17px/1.5 system-ui,sans-serif;margin:0 auto;max-width:34rem;padding:1rem}}
h1{{font-size:1.35rem;line-height:1.3;margin:.5rem 0}}h2{{font-size:1.1rem;margin:1.5rem 0 .25rem}}
ol{{padding-left:1.4rem}}li{{margin:.4rem 0}}li:last-child{{font-weight:600}}
fieldset{{border:0;padding:0;margin:.5rem 0}}fieldset label{{display:inline-flex;gap:.4rem;
align-items:center;min-height:48px;padding-right:1.2rem}}
textarea,button{{box-sizing:border-box;width:100%;font:inherit;padding:.6rem}}
input[type=radio]{{width:24px;height:24px}}button{{min-height:52px;margin-top:.75rem}}
small{{display:block;margin-top:2rem}}h1 span{{white-space:nowrap}}
</style></head><body><main>{body}</main></body></html>"""


def show(language: str, zone: tzinfo, token: str, news: News, *, is_kept: bool = False) -> str:
    """Where the incident stands, and the question how it went once it has ended."""
    number = news.number or "112"
    title = _say(language, "title", number=number)
    # A number that is read out to somebody stands in one line.
    heading = title.replace(escape(number), f"<span>{escape(number)}</span>")
    steps = "".join(
        f"<li>{_say(language, f'step_{step}' if step != 'ended' else f'end_{news.ending}')}"
        f" <span>{escape(_time(at, zone))}</span></li>"
        for step, at in news.steps
    )
    parts = [f"<h1>{heading}</h1><ol>{steps}</ol>"]
    if news.ending is None:
        parts.append(f"<p>{_say(language, 'goes_on')}</p>")
    if is_kept:
        parts.append(f'<p role="status"><strong>{_say(language, "thanks")}</strong></p>')
    elif news.ending is not None and news.may_answer:
        parts.append(_form(language, token))
    parts.append(f'<img src="/kabar/{escape(token)}/dilihat.gif" alt="" width="1" height="1">')
    until = _say(language, "until", at=_time(news.expires_at, zone))
    parts.append(f"<small>{until} {_say(language, 'call_again')}</small>")
    return _PAGE.format(language=language, title=title, body="".join(parts))


def show_nothing(language: str, key: str = "gone") -> str:
    """The same page whether a link never was, expired, or was revoked; or there were too many."""
    title = _say(language, key)
    body = f"<h1>{title}</h1><p>{_say(language, 'call_again')}</p>"
    return _PAGE.format(language=language, title=title, body=body)


def _form(language: str, token: str) -> str:
    scores = "".join(
        f'<label><input type="radio" name="score" value="{one}" required> {one}</label>'
        for one in range(1, 6)
    )
    return (
        f"<h2>{_say(language, 'how')}</h2>"
        f'<form method="post" action="/kabar/{escape(token)}?bahasa={language}">'
        f"<fieldset><legend>{_say(language, 'score')}</legend>{scores}</fieldset>"
        f'<label for="words">{_say(language, "words")}</label>'
        f'<textarea id="words" name="words" rows="4" maxlength="1000"></textarea>'
        f"<button>{_say(language, 'send')}</button></form>"
    )


def _say(language: str, key: str, **params: object) -> str:
    return escape(text(language, f"incidents.follow_{key}", **params))


def _time(at: datetime, zone: tzinfo) -> str:
    local = at.astimezone(zone)
    return f"{local:%d-%m-%Y %H.%M} {local.tzname()}"
