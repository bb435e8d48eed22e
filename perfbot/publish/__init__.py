"""From reports that nobody has to believe to a comment and a status that people may rely on.

:mod:`perfbot.publish.verify` checks and judges again, :mod:`perfbot.publish.publisher` speaks to the forge,
:mod:`perfbot.publish.comment_commands` acts on the commands people write.
"""
