#!/bin/sh
# The image is both a program (docker run perfbot run) and a CI job's image, whose runner starts a shell in it.
case "${1:-}" in
    sh | bash | /*) exec "$@" ;;
    *) exec perfbot "$@" ;;
esac
