#!/bin/sh
# The namespace of the harness and its search attributes. Run it again at any time: what is there already stays.
#
# Reads TEMPORAL_ADDRESS (and TEMPORAL_TLS_*, as all of Temporal's tools do), and TEMPORAL_NAMESPACE, HARNESS_RETENTION and
# HARNESS_SEARCH_ATTRIBUTES of settings.env.
set -eu

temporal() {
  "${TEMPORAL_CLI_PATH:-temporal}" "$@"
}

# The port is open before the server serves.
tries=0
until temporal operator cluster health >/dev/null 2>&1; do
  tries=$((tries + 1))
  if [ "$tries" -ge 60 ]; then
    echo "the Temporal server at $TEMPORAL_ADDRESS does not answer: see its log" >&2
    exit 1
  fi
  sleep 1
done

if ! temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$HARNESS_RETENTION"
fi

# What the server knows of a new namespace follows a moment later.
tries=0
until known=$(temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE" 2>&1); do
  tries=$((tries + 1))
  if [ "$tries" -ge 30 ]; then
    echo "namespace $TEMPORAL_NAMESPACE cannot be looked into: $known" >&2
    exit 1
  fi
  sleep 1
done

missing=
for name in $HARNESS_SEARCH_ATTRIBUTES; do
  case "$known" in
    *"$name "*) ;;
    *) missing="$missing --name $name --type Keyword" ;;
  esac
done
if [ -n "$missing" ]; then
  # Names have no spaces: each word of it is a word of the command.
  # shellcheck disable=SC2086
  temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" $missing
fi
