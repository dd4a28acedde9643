"""Use cases of `identity`: authorise, load, decide, save, audit; one transaction each."""
