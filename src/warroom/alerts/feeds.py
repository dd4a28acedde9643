"""What a feed says of the alerts behind it: RSS 2.0 and Atom. Pure."""

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from warroom.alerts.errors import BadAlertError
from warroom.alerts.xml_tree import Node, read_xml

ITEMS_MOST = 300


@dataclass(frozen=True, slots=True)
class Item:
    """A link to an alert, and what changes when the alert does."""

    url: str
    mark: str


@dataclass(frozen=True, slots=True)
class Feed:
    """What a feed holds; `skipped` links lead to another host and are not followed."""

    items: tuple[Item, ...]
    skipped: int = 0


def read_feed(content: bytes, url: str) -> Feed | None:
    """The links of a feed; None if the document is an alert itself.

    Only links to the feed's own host are followed: who can write into a feed must not choose whom
    this machine asks.

    Raises:
        BadAlertError: It is neither feed nor alert.
    """
    root = read_xml(content)
    if root.name == "alert":
        return None
    if root.name == "rss":
        items = [_of_rss(one) for channel in root.all("channel") for one in channel.all("item")]
    elif root.name == "feed":
        items = [_of_atom(one) for one in root.all("entry")]
    else:
        raise BadAlertError(problem="no_feed", detail=root.name[:100])
    found = [Item(urljoin(url, one.url), one.mark) for one in items if one.url]
    host = urlsplit(url).netloc
    own = [one for one in found if urlsplit(one.url).netloc == host]
    unique = {one.url: one for one in own}
    return Feed(tuple(unique.values())[:ITEMS_MOST], len(found) - len(own))


def _of_rss(node: Node) -> Item:
    mark = " ".join((node.first("guid"), node.first("pubDate"), node.first("title")))
    return Item(node.first("link"), mark[:500])


def _of_atom(node: Node) -> Item:
    links = sorted(node.all("link"), key=_rank)
    href = links[0].attributes.get("href", "").strip() if links else ""
    return Item(href, " ".join((node.first("id"), node.first("updated")))[:500])


def _rank(link: Node) -> int:
    if link.attributes.get("type") == "application/cap+xml":
        return 0
    return 1 if link.attributes.get("rel", "alternate") == "alternate" else 2
