#!/usr/bin/env bash
# Make .venv and install Fullcanvas into it: setup.sh [EXTRA,EXTRA...]
# Does nothing when that was done before with the same pyproject.toml.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
source scripts/common.sh

extras=${1:-}
venv=.venv
stamp=$venv/.installed-${extras//,/-}

find_python() {
    local name
    for name in python3 python3.11 python3.12 python3.13; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    fail "Python 3.11 or newer is missing; install python3 and run this again"
}

make_venv() {
    local python
    python=$(find_python)
    # Debian ships Python without the part that puts pip into a new environment.
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        apt_install "$python-venv" || fail "$python cannot make virtual environments; install $python-venv"
    fi
    say "Making $venv with $("$python" --version)"
    "$python" -m venv "$venv"
}

if [[ -f $stamp && ! pyproject.toml -nt $stamp ]]; then
    exit 0
fi
[[ -x $venv/bin/python ]] || make_venv
say "Installing Fullcanvas${extras:+ with $extras}"
# Bytecode is made of what is imported, when it is: to make it of everything would take another minute.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile --editable ".${extras:+[$extras]}"
touch "$stamp"
