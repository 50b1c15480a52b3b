"""Settings of this folder's property tests."""

from hypothesis import settings

# A busy machine is no bug: the first example compiles the templates, and a deadline of 0.2 s would fail it at random.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
