"""The built web pages: files under their names, and one page for every other address."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from warroom.kernel.errors import NotFoundError
from warroom.kernel.http import PUBLIC, Router, language_of
from warroom.kernel.i18n import text
from warroom.kernel.settings import NodeSettings

router = Router("pages", prefix="")


def folder(node: NodeSettings) -> Path:
    """Where the built pages lie."""
    return Path(node.static_dir) if node.static_dir else Path(__file__).parent / "static"


@router.get("/{address:path}", action=PUBLIC, include_in_schema=False)
async def page(request: Request, address: str) -> Response:
    """A built file if there is one of that name, else the page that draws the address.

    Raises:
        NotFoundError: The address belongs to an interface, not to a page.
    """
    if address.startswith(("api/", "ws", "metrics")):
        raise NotFoundError
    root: Path = request.app.state.pages
    try:
        file = (root / address).resolve()
        is_built = bool(address) and file.is_relative_to(root) and file.is_file()
    except (OSError, ValueError) as error:  # a zero in it, or a name that no disk holds
        raise NotFoundError from error
    if is_built:
        lasting = address.startswith("assets/")
        age = "public, max-age=31536000, immutable" if lasting else "no-cache"
        return FileResponse(file, headers={"cache-control": age})
    index = root / "index.html"
    if not index.is_file():
        message = text(language_of(request), "app.pages_not_built")
        return HTMLResponse(f"<!doctype html><meta charset=utf-8><p>{message}</p>", 503)
    return FileResponse(index, headers={"cache-control": "no-cache"})
