"""Measurements of the whole service and of its parts. Never part of the tests."""
