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
# The browser's tests wait more than they work, so they run beside the others: in a job of its own, whose interrupts
# are not ignored, as those of a plain job in the background are, and with all that it starts.
apart=$(mktemp -d)
set -m
COVERAGE_FILE=$apart/coverage .venv/bin/python -m pytest --cov --cov-report= tests/browser >"$apart/told" 2>&1 &
beside=$!
set +m
trap 'kill -- "-$beside" 2>/dev/null || true; rm -rf "$apart"' EXIT
trap 'exit 130' INT
status=0
.venv/bin/python -m pytest --cov --cov-report= --ignore=tests/browser || status=$?
say "The tests in the browser, which ran beside these"
wait "$beside" || status=$?
cat "$apart/told"
[[ $status -eq 0 ]] || exit "$status"
.venv/bin/coverage combine --quiet --append "$apart/coverage"
.venv/bin/coverage report --fail-under=95
say "What everything else rests on is tested line by line"
.venv/bin/coverage report --fail-under=100 --include="*/annotation/*,*/canvas/*,*/simulation/*"

say "Known vulnerabilities of the packages"
.venv/bin/python scripts/audit.py
