"""Programs whose objects became dearer: attributes, methods that Python calls by itself, classes."""

from __future__ import annotations

from evidence.why_zoo.case import changed

SHAPES = """
class Shape:
    def __init__(self, width, height):
        self.width = width
        self.height = height
        self.area = width * height


SHAPES = [Shape(number, number + 1) for number in range(100)]


def total(shapes):
    found = 0
    for shape in shapes:
        found += shape.area
    return found


def work():
    before()
    return after(total(SHAPES))
"""

COMPUTED = """        self.height = height

    @property
    def area(self):
        return sum([self.width] * self.height) if self.height < 8 else self.width * self.height
"""

PROXY = """
class Real:
    def __init__(self):
        self.value = 3
        self.other = 4


class Proxy:
    def __init__(self, real):
        self.real = real
        self.value = real.value


PROXY = Proxy(Real())


def read(proxy):
    found = 0
    for _ in range(150):
        found += proxy.value
    return found


def work():
    before()
    return after(read(PROXY))
"""

POINTS = """
from dataclasses import dataclass


@dataclass
class Point:
    x: int
    y: int


def points():
    return [Point(number, number) for number in range(120)]


def work():
    before()
    return after(len(points()))
"""

VALIDATED = """    y: int

    def __post_init__(self):
        for name, kind in (("x", int), ("y", int)):
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise TypeError(name)
"""

INHERITED = """
class Base:
    def handle(self, number):
        return number + 1


class Handler(Base):
    pass


HANDLER = Handler()


def work():
    before()
    found = 0
    for number in range(100):
        found += HANDLER.handle(number)
    return after(found)
"""

OVERRIDDEN = """class Handler(Base):
    def handle(self, number):
        checked = [number][0]
        return super().handle(checked)
"""

SLOTS = """
class Point:
    __slots__ = ("x", "y", "z")

    def __init__(self, x):
        self.x = x
        self.y = x
        self.z = x


def points():
    return [Point(number) for number in range(200)]


def work():
    before()
    return after(len(points()))
"""

SETUP = """
class Setup:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


def guarded(number):
    with Setup():
        return number + 1


def work():
    before()
    return after(sum(guarded(number) for number in range(100)))
"""

SUBCLASSED = """
class Table(dict):
    pass


TABLE = Table({number: number for number in range(50)})


def look(table):
    found = 0
    for number in range(150):
        found += table[number % 50]
    return found


def work():
    before()
    return after(look(TABLE))
"""

EQUAL = """
class Item:
    def __init__(self, number):
        self.number = number

    def __eq__(self, other):
        return self.number == other.number

    def __hash__(self):
        return hash(self.number)


ITEMS = [Item(number) for number in range(60)]
KNOWN = set(ITEMS)


def common(items):
    return sum(item in KNOWN for item in items)


def work():
    before()
    return after(common([Item(number) for number in range(60)]))
"""

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
