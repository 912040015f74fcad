#!/bin/sh
# Prints in one line everything that this machine lacks.
set -u
export CHECKPOINT_DISABLE=1 # otherwise terraform version would ask HashiCorp for a newer one
lacking='' last=''

# lacks THING WHERE: adds THING to the line.
lacks() {
  lacking=$lacking${lacking:+, }$last
  last="$1 ($2)"
}

# version COMMAND...: prints the first version in the output, or nothing.
version() { "$@" 2> /dev/null | sed -n 's/^[^0-9]*\([0-9]\{1,\}\(\.[0-9]\{1,\}\)\{1,\}\).*/\1/p' | sed 1q; }

# need THING OLDEST FOUND WHERE
need() {
  if [ -z "$3" ]; then
    lacks "$1 $2 or newer" "none found; $4"
  elif awk -v oldest="$2" -v found="$3" 'BEGIN {
    split(oldest, o, "."); split(found, f, ".")
    for (i = 1; i <= 3; i++) if (f[i] + 0 != o[i] + 0) exit !(f[i] + 0 < o[i] + 0)
    exit 1
  }'; then
    lacks "$1 $2 or newer" "found $3; $4"
  fi
}

# The newest version that a go.mod requires.
need Go 1.26.7 "$(version go version)" https://go.dev/doc/install
# Any Node.js with such an npm will do: everything else runs on the one in package-lock.json.
need "Node.js with npm" 9 "$(version npm --version)" https://nodejs.org
need Terraform 1.11 "$(version terraform version)" https://developer.hashicorp.com/terraform/install
command -v make > /dev/null || lacks "GNU make" https://www.gnu.org/software/make/
command -v git > /dev/null || lacks git https://git-scm.com/downloads
[ -n "$last" ] || exit 0
echo "Plinth needs $lacking${lacking:+ and }$last." >&2
exit 1
