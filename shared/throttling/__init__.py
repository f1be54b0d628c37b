"""Living within the limits of a service that many processes call: rates, concurrency and patience."""
