#!/usr/bin/env bash
# Check the types that the page's JSDoc comments declare, with the TypeScript compiler.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
source scripts/common.sh

# The dev extra brings Node.js.
PATH=$PWD/.venv/bin:$PATH
tsc=node_modules/typescript/bin/tsc

# No lock file: it would write down where this machine gets its packages. The version is exact.
if [[ ! -f $tsc || package.json -nt $tsc ]]; then
    say "Installing TypeScript"
    npm install --no-package-lock --no-audit --no-fund --silent ||
        fail "npm could not install TypeScript; is the registry of packages within reach?"
    touch $tsc
fi
node $tsc --project tsconfig.json
