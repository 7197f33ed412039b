"""For all tests: properties have no deadline, because a busy machine is no fault of the code."""

from hypothesis import settings

settings.register_profile("calm", deadline=None)
settings.load_profile("calm")
