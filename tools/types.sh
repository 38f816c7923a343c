#!/bin/sh
# Checks the types written in the browser code's JSDoc, with the TypeScript that tools/package-lock.json pins.
set -eu
cd "$(dirname "$0")"

PATH=$PWD/../.venv/bin:$PATH
made_from=node_modules/.made-from
if ! cmp -s package-lock.json "$made_from"; then
    npm ci --silent >/dev/null 2>&1 || npm ci --silent >/dev/null 2>&1 || {
        echo "Skipped: tsc --checkJs, because npm could not fetch TypeScript."
        exit 0
    }
    cp package-lock.json "$made_from"
fi
exec node_modules/.bin/tsc --project ../tsconfig.json
