"""Commands and tools of any language: a process a value, side by side."""
