"""The clips that cameras show: a folder that may still be filling up."""

import json
import os
from pathlib import Path

from simcity.rtsp import clip as clips
from simcity.rtsp.clip import Clip
from simcity.rtsp.ingest import VIDEO_SUFFIXES, ingest

MANIFEST = "clips.json"  # {"names": [...]}: all clips that will be there in the end
SUB_SUFFIX = "-sub"


def _own_cache() -> Path:
    """Return where clips taken from video files are kept: never beside the files themselves."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "simcity"


class Library:
    """Clips of a folder: rendered ones (`<name>.json`) or, when there are none, video files.

    Which clip a camera shows follows from its number, the manifest and the words asked for, so
    that it stays the same when more clips get ready; until its own is ready it shows another.
    """

    def __init__(self, folder: Path, cache: Path | None = None) -> None:
        self._folder = folder
        self._cache = cache or _own_cache()
        self._clips: dict[str, Clip] = {}
        self.broken: dict[str, str] = {}

    def refresh(self) -> list[str]:
        """Load what is new; return the names of new clips. What cannot be read is in `broken`."""
        if not self._folder.is_dir():
            return []
        found = {path.stem: path for path in sorted(self._folder.glob("*.json"))}
        found.pop(Path(MANIFEST).stem, None)
        untried = [name for name in found if name not in self._clips and name not in self.broken]
        for name in untried:
            try:
                self._clips[name] = clips.load(found[name])
            except (OSError, ValueError, KeyError, TypeError) as problem:
                self.broken[name] = str(problem)
        new = [name for name in untried if name in self._clips]
        if not self._clips and not self._expected():
            new += self._take_videos()
        return new

    def _take_videos(self) -> list[str]:
        paths = [p for p in sorted(self._folder.iterdir()) if p.suffix.lower() in VIDEO_SUFFIXES]
        for path in paths:
            self._clips[path.stem] = ingest(path, self._cache)
        return [path.stem for path in paths]

    def _expected(self) -> list[str]:
        manifest = self._folder / MANIFEST
        if not manifest.exists():
            return []
        return list(json.loads(manifest.read_text())["names"])

    @property
    def is_complete(self) -> bool:
        """Whether all clips of the manifest are there."""
        return set(self._expected()) <= set(self._clips)

    def names(self, *words: str) -> list[str]:
        """Return the names of main clips that contain all words, in the order cameras take them.

        A word that no clip has is passed over.
        """
        names = self._expected() or [n for n in self._clips if not n.endswith(SUB_SUFFIX)]
        for word in words:
            names = [name for name in names if word in name.split("-")] or names
        return names

    def clips_for(self, number: int, *words: str) -> tuple[Clip, Clip | None]:
        """Return main and sub clip of a camera, of those whose name contains all words.

        Raises:
            LookupError: no clip is ready.
        """
        wanted = self.names(*words)
        ready = [name for name in wanted if name in self._clips]
        ready = ready or [name for name in self.names() if name in self._clips]
        if not ready:
            raise LookupError(self._folder)
        own = wanted[number % len(wanted)]
        name = own if own in self._clips else ready[number % len(ready)]
        return self._clips[name], self._clips.get(name + SUB_SUFFIX)
