"""What coding agents are told in a repository: a skill, and a paragraph of AGENTS.md. Pure."""

from __future__ import annotations

import re

BEGIN, END = "<!-- perfbot: begin -->", "<!-- perfbot: end -->"
SKILL_FILE = ".agents/skills/perfbot/SKILL.md"
AGENTS_FILE = "AGENTS.md"

SKILL = """\
---
name: perfbot
description: >-
  Measure whether an edit made this project faster or slower, with a stated error rate, and check claims about
  performance before stating them. Use it before and after any change that is meant to affect speed, memory or size.
---

# Measuring with perfbot

perfbot runs the benchmarks of this repository on the working tree and on a commit, side by side, and says what changed.
Single timings lie: do not time code by hand, and do not conclude anything from one run of a program.

1. See what there is: `perfbot doctor` (or the tool `list_benchmarks`). No benchmark covers your code? Try one without
   writing a suite: `perfbot bench 'parse(TEXT)' --setup 'from app import parse; TEXT = open("data.txt").read()'`.
2. Edit, then measure what you edited: `perfbot run --dirty --only 'core/parse*'` (tool `measure`). It takes seconds.
3. Before you say that something is faster, have it checked (tool `verify`):
   `perfbot verify 'core/parse* is at least 10 % faster' --dirty`. Exit code 0: true. 1: false. 3: undecided. State only
   what came back true, with its interval.
4. Something is slower and you do not see why: `perfbot why --dirty` (tool `explain`) names functions and lines.
5. Before you hand over: `perfbot verify 'nothing is slower than 2 %' --dirty --budget 5m`.

What to keep in mind:

- *inconclusive* and *undecided* mean "not known", never "unchanged". Give it more time (`--budget`) or say so.
- All tries of a session share one probability of a false alarm, and each gets less than the one before
  (`perfbot session`). Measure what you have a reason to believe in; do not try variants until one wins.
  Never begin a session anew (`--fresh`) to win one: that is for people.
- Do not change `perfbot.toml`, thresholds or benchmarks to make a result better.
"""

PARAGRAPH = f"""\
{BEGIN}
## Performance

Claims about speed or memory are measured with perfbot, never by hand. After an edit:
`perfbot run --dirty --only 'suite/benchmark*'`. Before anybody is told:
`perfbot verify 'suite/benchmark* is at least 10 % faster' --dirty` (exit 0 true, 1 false, 3 undecided). "Undecided" and
"inconclusive" mean unknown. More in `{SKILL_FILE}`; as tools: `perfbot mcp`.
{END}
"""


def with_paragraph(text: str) -> str:
    """An AGENTS.md with the paragraph, once; the one that is there already is brought up to date."""
    if BEGIN in text and END in text:
        return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}\n?", lambda _: PARAGRAPH, text, count=1, flags=re.DOTALL)
    return f"{text.rstrip()}\n\n{PARAGRAPH}".lstrip() if text.strip() else PARAGRAPH
