"""From a report to what people read: comment, terminal, page, and pyperf's JSON.

``view`` decides what is worth saying and in which order, once for all of them; ``escape`` is the one filter for
everything that a merge request controls; templates only lay out.
"""
