"""What the demo begins with names words of several domains: all of them are there when it does."""

import subprocess
import sys


def test_every_word_that_the_sample_lends_is_known_where_the_demo_is_settled() -> None:
    script = (
        "from warroom.app import demo_city; from warroom.identity import api as identity;"
        "from warroom.kernel import actions;"
        "print(*(w for _, words, *_ in identity.SAMPLE_GRANTS"
        " for w in words if not actions.is_known(w)))"
    )
    asked = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert asked.stdout.split() == []
