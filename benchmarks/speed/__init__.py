"""`make bench`: how fast and how large the service is, beside its parts, its limits and others."""
