#!/bin/sh
# Runs a command as on a machine with only the requirements of README.md: PATH has only the
# programs in the list below, and HOME is an empty folder. For example
#
#   tools/bare.sh make test
set -eu

# The requirements of README.md, and what comes with every Linux and macOS. A test that needs another
# program gets it from a package, does without, or moves to a target that says so.
programs='go node npm terraform make git
  awk basename bash cat chmod cmp comm cp cut date dd df diff dirname du echo env expr false find
  getconf grep gzip head id install join kill ln ls mkdir mkfifo mktemp mv nice od paste printf ps
  pwd readlink rm rmdir sed setsid sh sleep sort split stat stty tail tar tee test touch tr true
  tty uname uniq wc xargs'

# Keep the caches of Go and npm, so that nothing is downloaded or built twice, and their settings,
# which may name a proxy or a mirror.
GOENV=$(go env GOENV)
GOCACHE=$(go env GOCACHE)
GOMODCACHE=$(go env GOMODCACHE)
npm_config_userconfig=$(npm config get userconfig)
npm_config_cache=$(npm config get cache)
export GOENV GOCACHE GOMODCACHE npm_config_userconfig npm_config_cache

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$folder/bin" "$folder/home"
chmod 755 "$folder" # where root runs the tests, their PostgreSQL is another user's
for program in $programs; do
  IFS=:
  for directory in $PATH; do
    if [ -f "$directory/$program" ] && [ -x "$directory/$program" ]; then
      ln -s "$directory/$program" "$folder/bin/$program"
      break
    fi
  done
  unset IFS
done

# Ignore the user's settings outside HOME too.
unset XDG_CONFIG_HOME XDG_CACHE_HOME XDG_DATA_HOME XDG_STATE_HOME
PATH=$folder/bin HOME=$folder/home "$@"
