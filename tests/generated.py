"""How Hypothesis makes up examples here: the same ones everywhere, and no slow machine is a failure."""

from hypothesis import HealthCheck, settings

REPEATABLE = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
