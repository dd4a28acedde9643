"""`python -m warroom.app`: the command line."""

import sys

from warroom.app.cli import main

sys.exit(main())
