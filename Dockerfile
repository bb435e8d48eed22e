# perfbot with git, as a user of its own. Any image with Debian's apt and Python 3.11 or newer will do as a base.
#   docker build -t perfbot .
#   docker run --rm -v "$PWD:/work" perfbot run        (":ro" works as well; --read-only wants --tmpfs /tmp:exec)
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
    && install -d -o perfbot -g perfbot /work \
    && install -d -m 1777 /var/lib/perfbot \
    && git config --system --add safe.directory '*'
COPY --from=build /opt/perfbot /opt/perfbot
COPY --chmod=755 docs/examples/entrypoint.sh /usr/local/bin/perfbot-entrypoint
# Whoever the container runs as, and whoever owns the checkout: HOME and the cache are writable by all.
ENV PATH=/opt/perfbot/bin:$PATH PYTHONUNBUFFERED=1 HOME=/var/lib/perfbot PERFBOT_CACHE=/var/lib/perfbot/cache
USER 10001:10001
WORKDIR /work
VOLUME /var/lib/perfbot
EXPOSE 8765
# Asks perfbot serve; the other verbs end before it matters.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python3", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8765/readyz', timeout=4)"]
ENTRYPOINT ["perfbot-entrypoint"]
CMD ["--help"]
