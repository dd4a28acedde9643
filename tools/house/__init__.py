"""Rules of the house that no ready-made linter knows; `tools/house_lint.py` runs them.

Each module holds rules of one kind. A rule takes the `Tree` and yields the `Breach`es it finds.
"""
