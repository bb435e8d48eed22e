"""Print the JSON schema: ``python -m perfbot.config > docs/config-schema.json``."""

import sys

from perfbot.config.schema import schema_text

sys.stdout.write(schema_text())
