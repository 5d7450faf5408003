#!/usr/bin/env bash
# Print the path of a Chromium that the browser tests can drive, installing one where none is found.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
source scripts/common.sh

# Print the first of these programs that starts.
first_that_starts() {
    local name
    for name in "$@"; do
        if "$name" --version >/dev/null 2>&1; then
            command -v "$name"
            return
        fi
    done
    return 1
}

installed() {
    first_that_starts ${FULLCANVAS_CHROMIUM:+"$FULLCANVAS_CHROMIUM"} chromium chromium-browser google-chrome
}

playwrights_own() {
    first_that_starts "$(
        .venv/bin/python -c 'from playwright.sync_api import sync_playwright as start
with start() as playwright: print(playwright.chromium.executable_path)'
    )"
}

installed && exit
lend_node_to_playwright
playwrights_own && exit
apt_install chromium && installed && exit
say "Installing Chromium with Playwright"
.venv/bin/python -m playwright install chromium >&2 && playwrights_own && exit
fail "no Chromium for the browser tests; install one (chromium) or name it in FULLCANVAS_CHROMIUM"
