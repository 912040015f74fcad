#!/usr/bin/env bash
# Tells everything that this machine lacks, in one go.
set -u
missing=0

# need COMMAND OLDEST FOUND HOW: complains when FOUND is empty or older than OLDEST.
need() {
  if [ -z "$3" ]; then
    echo "Plinth needs $1 $2 or newer, and found none. $4" >&2
    missing=1
  elif [ "$(printf '%s\n%s\n' "$2" "$3" | sort -V | head -n 1)" != "$2" ]; then
    echo "Plinth needs $1 $2 or newer, and found $3. $4" >&2
    missing=1
  fi
}

version() { "$@" 2>/dev/null | grep -oE '[0-9]+\.[0-9]+(\.[0-9]+)?' | head -n 1; }

need Go 1.26.7 "$(version go version)" "See https://go.dev/doc/install"
need Node.js 20.9 "$(version node --version)" "See https://nodejs.org"
need npm 9 "$(version npm --version)" "It comes with Node.js."
need Terraform 1.11 "$(version terraform version)" "See https://developer.hashicorp.com/terraform/install"
exit "$missing"
