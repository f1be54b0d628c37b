"""Variables through which the processes under test find what the suite ordered for them."""

CHAOS_DIRECTORY = "CHAOS_DIRECTORY"
"""Where fault orders and the journal lie."""

VISIBILITY_TIMEOUT = "CHAOS_VISIBILITY_TIMEOUT_SECONDS"
"""After how long the broker gives back what a killed worker held."""
