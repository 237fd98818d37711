#!/usr/bin/env bash
# Sourced by .ci/run: runs of tap, and what of them is run once more. Counts into `passed` and `failed`.

# Every property of fast-check draws from this seed, in the first run of a file and in its repetition.
CHECK_SEED=${CHECK_SEED:-$((RANDOM * 32768 + RANDOM))}
export CHECK_SEED

# Files whose draws, or whose moments of kills, no seed brings back: that these pass another time says nothing, so they
# have one chance. test/infra/ci-tests.test.ts finds what draws without a seed.
ONE_CHANCE='^test/(model/|together/test-model-|e2e/(drill|kill|rolling-restart|two-generations)\.soak)'

tests() { # tests NAME COMMAND... : a tap run; its own totals count. A file that fails runs once more, alone.
  local name=$1 log again repeated totals p f status once
  shift
  echo "== $name, after $SECONDS s"
  log=$(mktemp)
  repeated=$(mktemp)
  again=$(mktemp -u)
  "$@" --save="$again" 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  totals=$(grep -aE '^# \{ total: [0-9]+' "$log" | tail -n 1)
  p=$(sed -nE 's/.*pass: ([0-9]+).*/\1/p' <<<"$totals")
  f=$(sed -nE 's/.*fail: ([0-9]+).*/\1/p' <<<"$totals")
  if [ "$status" -ne 0 ] && [ -s "$again" ]; then
    once=$(grep -E "$ONE_CHANCE" "$again")
    if [ -n "$once" ]; then
      echo "== failed, and not run again, because a repetition draws anew:"
      echo "$once"
    fi
    if grep -vE "$ONE_CHANCE" "$again" >"$repeated"; then
      echo "== failed, and run once more alone, with the same seed:"
      cat "$repeated"
      # Files that shared a process run each in their own; what hangs must not take the time of all that follows.
      if xargs timeout 600 npm test -- --jobs=1 <"$repeated"; then
        echo "== unsteady: they failed beside others and passed alone"
        if [ -z "$once" ]; then
          f=0
          status=0
        fi
      fi
    fi
  fi
  rm -f "$log" "$again" "$repeated"
  passed=$((passed + ${p:-0}))
  if [ "$status" -ne 0 ] && [ "${f:-0}" -eq 0 ]; then f=1; fi
  failed=$((failed + ${f:-0}))
}
