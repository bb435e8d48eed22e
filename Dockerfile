# perfbot with git, as a user of its own. Any image with Debian's apt and Python 3.11 or newer will do as a base.
#   docker build -t perfbot .
#   docker run --rm -v "$PWD:/work" perfbot run
#   docker run -p 8765:8765 -v perfbot:/var/lib/perfbot -e PERFBOT_GITLAB_SECRET -e PERFBOT_GITLAB_TOKEN perfbot serve --host 0.0.0.0
ARG BASE_IMAGE=python:3.12.8-slim-bookworm

FROM ${BASE_IMAGE} AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY locks/serve.lock locks/
COPY perfbot perfbot
COPY templates templates
COPY docs/examples docs/examples
RUN python3 -m venv /opt/perfbot \
    && /opt/perfbot/bin/pip install --no-cache-dir --require-hashes --requirement locks/serve.lock \
    && /opt/perfbot/bin/pip install --no-cache-dir --no-deps .

FROM ${BASE_IMAGE}
ARG EXTRA_PACKAGES=""
# EXTRA_PACKAGES=valgrind counts instructions as well. Versions are the base image's distribution's.
# hadolint ignore=DL3008,SC2086
RUN apt-get update \
    && apt-get install -y --no-install-recommends git ca-certificates $EXTRA_PACKAGES \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 perfbot \
    && install -d -o perfbot -g perfbot /work /var/lib/perfbot
COPY --from=build /opt/perfbot /opt/perfbot
ENV PATH=/opt/perfbot/bin:$PATH PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /work
VOLUME /var/lib/perfbot
EXPOSE 8765
# Asks perfbot serve; the other verbs end before it matters.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python3", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8765/readyz', timeout=4)"]
ENTRYPOINT ["perfbot"]
CMD ["--help"]
