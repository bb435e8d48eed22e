"""Commands that measure how right perfbot is; each runs as ``python -m evidence.NAME``."""
