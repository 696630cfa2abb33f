"""Measures the service against what it stands on."""
