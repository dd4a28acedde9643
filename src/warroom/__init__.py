"""War Room: an operations centre for a city."""
