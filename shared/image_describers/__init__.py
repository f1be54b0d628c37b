"""Saying in words what a picture shows."""
