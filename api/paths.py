"""Where things stand."""

BASE_PATH = "/api/v1"
