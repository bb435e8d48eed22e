"""What runs inside a measured environment: standard library only, Python 3.8 and later.

Started by file name (``boot.py``), never imported from perfbot: the environment under test has no perfbot, and when
perfbot measures itself the name belongs to the side. ``boot`` loads this folder as the package ``_perfbot_worker``.
"""
