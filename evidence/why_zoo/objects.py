"""Programs whose objects became dearer: attributes, methods that Python calls by itself, classes."""

from __future__ import annotations

from evidence.why_zoo.case import changed

OBJECTS = (
    changed("property", SHAPES, "        self.height = height\n        self.area = width * height\n", COMPUTED, "Shape.area"),
    changed("getattr", PROXY, "        self.value = real.value\n", "\n    def __getattr__(self, name):\n        return getattr(self.real, name)\n", "Proxy.__getattr__"),
    changed("validation", POINTS, "    y: int\n", VALIDATED, "Point.__post_init__", "Point.__init__", "__init__", "__create_fn__.<locals>.__init__"),
    changed("override", INHERITED, "class Handler(Base):\n    pass\n", OVERRIDDEN, "Handler.handle"),
    changed("slots", SLOTS, '    __slots__ = ("x", "y", "z")\n\n', "", "points", "Point.__init__"),
    changed("context", SETUP, "        return self\n", "        self.names = {str(number) for number in range(2)}\n        return self\n", "Setup.__enter__"),
    changed("subclass", SUBCLASSED, "    pass\n", "    def __getitem__(self, key):\n        return super().__getitem__(key)\n", "Table.__getitem__"),
    changed("hash", EQUAL, "hash(self.number)", "hash((type(self).__name__, self.number))", "Item.__hash__"),
)  # fmt: skip
