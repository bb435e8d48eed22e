"""Programs whose calls became dearer, or more."""

from __future__ import annotations

from evidence.why_zoo.case import changed

CALLS = (
    changed("decorator", TRACED + RANK, "def rank", "@traced\ndef rank", "rank", "traced.<locals>.wrapper"),
    changed("generator", NUMBERS, "def numbers():\n    return [number * 2 for number in range(400)]\n", GENERATED, "numbers"),
    changed("exception", LOOKUP, '    return KNOWN.get(number, "")\n', RAISED, "lookup"),
    changed("recursion", WALK, "    found = leaf(value)\n", "    found = leaf(value) + leaf(depth) + leaf(value + 1)\n", "walk"),
    changed("deeper recursion", WALK, "(3, (4, (5, (6, (7, None)))))", "(3, (4, (5, (6, (7, (1, (2, (3, (4, None)))))))))", "walk", "leaf"),
    changed("async", AWAITED, "range(6)", "range(12)", "fetch"),
    changed("compiled, more often", CHECKSUM, "        found ^= zlib.crc32(DATA)\n", "        found ^= zlib.crc32(DATA)\n        found ^= zlib.crc32(DATA, found)\n", "digest"),
    changed("regular expression", REGEX, '"[a-z]+=', '"(?:[a-z]|[a-z])+=', "scan"),
    changed("logging", LOGGED, "    return number * 2 + 1\n", '    LOG.debug("step %d", number)\n    return number * 2 + 1\n', "step"),
    changed("lock", LOCKED, "    COUNTS[name] = COUNTS.get(name, 0) + 1\n", "    with LOCK:\n        COUNTS[name] = COUNTS.get(name, 0) + 1\n", "bump"),
    changed("lost cache", CACHED, "@functools.lru_cache(maxsize=None)\n", "", "price"),
    changed("called back", CALLED_BACK, "    return word[-1]\n", "    return word[-1].lower().strip()\n", "key"),
    changed("closure", CLOSED, "        return number % limit\n", "        return divmod(number, limit)[1]\n", "outer.<locals>.inner"),
    changed("comprehension", SMALLER, "text[begin:begin + size] for", "text[begin:begin + size].upper().lower() for", "cut"),
)  # fmt: skip
