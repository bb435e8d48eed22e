"""What the build files of other languages say about a suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfbot.discover.tool_suites import tool_suites

JMH = "import org.openjdk.jmh.annotations.*;\nclass A { @Benchmark int x() { return 1; } }\n"
SHADE = "<plugin><artifactId>maven-shade-plugin</artifactId>{}</plugin>"
POM = (
    "<project><parent><artifactId>above</artifactId><version>9</version></parent><artifactId>own</artifactId>"
    "<version>1.2</version><dependencies><dependency><artifactId>jmh-core</artifactId><version>1.37</version>"
    "</dependency></dependencies><build>{}<plugins>{}</plugins></build></project>"
)


@pytest.mark.parametrize(
    ("pom", "jar"),
    [
        (POM.format("", SHADE.format("")), "own-1.2"),
        (POM.format("<finalName>benchmarks</finalName>", SHADE.format("")), "benchmarks"),
        (POM.format("<finalName>app</finalName>", SHADE.format("<finalName>bench</finalName>")), "bench"),
        (POM.format("<finalName>${odd}</finalName>", SHADE.format("")), ""),
        (POM.format("", SHADE.format("")).replace("1.2", "${revision}"), ""),
        (POM.format("", ""), ""),
        ("<project><properties><uberjar.name>uber</uberjar.name></properties></project>", "uber"),
    ],
)
def test_the_jar_that_maven_makes(tmp_path: Path, pom: str, jar: str) -> None:
    (tmp_path / "pom.xml").write_text(pom)
    source = tmp_path / "src/main/java/A.java"
    source.parent.mkdir(parents=True)
    source.write_text(JMH)
    found = [suite.command.split(".jar")[0] for suite, _ in tool_suites([source], tmp_path)]
    assert found == ([f"java -jar target/{jar}"] if jar else [])
