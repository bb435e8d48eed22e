"""From reports that nobody has to believe to a comment and a status that people may rely on.

:mod:`perfbot.publish.believe` checks and judges again, :mod:`perfbot.publish.tell` speaks to the forge,
:mod:`perfbot.publish.answer` acts on the commands people write.
"""
