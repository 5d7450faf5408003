#!/usr/bin/env bash
# Check the types that the page's JSDoc comments declare, with the TypeScript compiler.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
source scripts/common.sh

if ! { command -v node && command -v npm; } >/dev/null; then
    apt_install nodejs npm || fail "Node.js is missing for the type check of the page; install nodejs and npm"
fi
# No lock file: it would write down where this machine gets its packages. The version is exact.
if [[ ! -x node_modules/.bin/tsc || package.json -nt node_modules/.bin/tsc ]]; then
    npm install --no-package-lock --no-audit --no-fund --silent
    touch node_modules/.bin/tsc
fi
node_modules/.bin/tsc --project tsconfig.json
