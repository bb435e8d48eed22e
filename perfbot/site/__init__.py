"""A project's pages from its history: read here, laid out by :mod:`perfbot.render.site`.

One set of relative addresses serves files and service alike::

    index.html                 overview
    charts.html                several benchmarks in one chart, from stops.js, names.js and benchmarks/NAME.js
    compare/A...B.html         two releases or commits (served: compare?from=A&to=B)
    benchmarks/NAME.html       one benchmark and metric (:attr:`perfbot.history.records.Subject.page`)
    benchmarks/NAME.csv        its values, run by run
    runs/NUMBER.html           one run, as ``perfbot run --html`` shows it
    badge.svg
"""
