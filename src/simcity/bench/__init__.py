"""What the simulated cameras cost."""
