"""Suites that others wrote, run against `joyflash serve`: `make acceptance`."""
