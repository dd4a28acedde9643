"""Property tests of the simulated city state claims, not times: a loaded machine breaks none."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "claims",
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=60,
)
settings.load_profile("claims")
