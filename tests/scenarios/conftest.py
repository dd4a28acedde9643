"""One product for all scenarios of a run; each brings its own callers, crews and incidents."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.city import City, running_city


@pytest.fixture(scope="session")
def city(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    with running_city(repository, tmp_path_factory.mktemp("city")) as running:
        yield running
