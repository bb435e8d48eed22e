"""Servers: requests to both sides in turn."""
