# shellcheck shell=bash
# Tells of each check in TAP, and waits for what is to become true.

checks=0 failures=0

# Passes if the command does; what it prints explains a failure.
check() { # SENTENCE COMMAND...
  local sentence=$1 said
  shift
  checks=$((checks + 1))
  if said=$("$@" 2>&1); then
    echo "ok $checks - $sentence"
  else
    failures=$((failures + 1))
    echo "not ok $checks - $sentence"
    [ -z "$said" ] || sed 's/^/# /' <<<"$said"
  fi
}

# Runs a command until it passes, for half a minute at most.
await() { # COMMAND...
  local end=$((SECONDS + 30)) said
  until said=$("$@" 2>&1); do
    if [ "$SECONDS" -ge "$end" ]; then
      printf 'not so after 30 s: %s\n%s\n' "$*" "$said"
      return 1
    fi
    sleep 0.05
  done
}

equals() { # FOUND EXPECTED
  [ "$1" = "$2" ] || { printf 'found:\n%s\nexpected:\n%s\n' "$1" "$2"; return 1; }
}

contains() { # TEXT PART
  case $1 in
    *"$2"*) ;;
    *) printf 'found:\n%s\nexpected in it:\n%s\n' "$1" "$2"; return 1 ;;
  esac
}

# Ends the test as skipped where a tool is missing.
needs() { # TOOL...
  local tool
  for tool; do
    command -v "$tool" >/dev/null && continue
    echo "1..0 # SKIP $tool is not installed"
    exit 77
  done
}

finish() {
  echo "1..$checks"
  exit $((failures > 0))
}
