#!/usr/bin/env bash
# Lint, types and every test. Extra arguments go to pytest; .venv must hold the dev, train and experiments extras.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
source scripts/common.sh

say "Lint"
.venv/bin/ruff check
.venv/bin/ruff format --check

say "Types"
.venv/bin/mypy
scripts/check-page.sh

# A build tests PostgreSQL too; on a person's own machine nothing is installed, and those tests are skipped.
if [[ $EUID -eq 0 ]] && ! compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null; then
    apt_install postgresql || say "No PostgreSQL: its tests are skipped"
fi
lend_node_to_playwright
FULLCANVAS_CHROMIUM=$(scripts/chromium.sh)
export FULLCANVAS_CHROMIUM
say "Tests, in the browser $FULLCANVAS_CHROMIUM"
# Part of the tests cannot cover everything, so only a whole run is held to it.
if [[ $# -gt 0 ]]; then
    exec .venv/bin/python -m pytest --cov --cov-report=term "$@"
fi
# Those of the browser and of learning, most of the work, run beside the others: each in a job of its own, whose
# interrupts are not ignored, as those of a plain job in the background are, and with all that it starts.
apart=(browser learning)
beside=()
told=$(mktemp -d)
trap 'for job in "${beside[@]}"; do kill -- "-$job" 2>/dev/null || true; done; rm -rf "$told"' EXIT
trap 'exit 130' INT
for part in "${apart[@]}"; do
    set -m
    COVERAGE_FILE=$told/coverage.$part .venv/bin/python -m pytest --cov --cov-report= "tests/$part" >"$told/$part" 2>&1 &
    set +m
    beside+=("$!")
done
status=0
.venv/bin/python -m pytest --cov --cov-report= "${apart[@]/#/--ignore=tests/}" || status=$?
for at in "${!apart[@]}"; do
    say "The tests of ${apart[at]}, which ran beside these"
    wait "${beside[at]}" || status=$?
    cat "$told/${apart[at]}"
done
[[ $status -eq 0 ]] || exit "$status"
.venv/bin/coverage combine --quiet --append "$told"/coverage.*
.venv/bin/coverage report --fail-under=95
say "What everything else rests on is tested line by line"
.venv/bin/coverage report --fail-under=100 --include="*/annotation/*,*/canvas/*,*/simulation/*"

say "Known vulnerabilities of the packages"
.venv/bin/python scripts/audit.py
