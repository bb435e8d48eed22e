"""Print the JSON schema: ``python -m perfbot.report > docs/report.schema.json``."""

import json
import sys

from perfbot.report.document import schema

sys.stdout.write(json.dumps(schema(), indent=2) + "\n")
