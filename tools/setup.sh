#!/bin/sh
# Makes .venv from a lock file: `tools/setup.sh` what the helpdesk runs on, `tools/setup.sh dev` what its checks need too.
set -eu
cd "$(dirname "$0")/.."

lock=requirements${1:+-$1}.lock
python=${PYTHON:-python3}

# pip may fail on a bad line; a second and a third try is cheap.
patiently() {
    for pause in 3 10; do
        "$@" && return
        echo "That failed; trying again in $pause s." >&2
        sleep "$pause"
    done
    "$@"
}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    echo "The helpdesk needs Python 3.11 or newer as '$python' (found: $("$python" --version 2>&1 || echo none))." >&2
    echo "Another one is taken with: make PYTHON=/path/to/python3.12" >&2
    exit 1
}

# The stamp names everything the environment is made of, so an unchanged one costs a tenth of a second.
key=$({ cat "$lock" pyproject.toml tools/setup.sh; pwd; "$python" --version; } | cksum | cut -d' ' -f1)
stamp=.venv/.made-from-$lock-$key
[ -e "$stamp" ] && exit

# A folder that was moved or copied holds the scripts of another place; an upgraded Python leaves dead links.
if ! grep -qsF "$PWD/.venv/" .venv/bin/pip || ! .venv/bin/python -c '' 2>/dev/null; then
    echo "Making .venv"
    rm -rf .venv
    "$python" -m venv .venv
fi
pip="$PWD/.venv/bin/python -m pip install -qq --disable-pip-version-check --no-input --no-compile"
echo "Installing $lock into .venv (about a minute)"
patiently $pip --require-hashes -r "$lock"
# Python keeps what it compiles at first use, unless told not to: then every start would pay for all of it.
[ -z "${PYTHONDONTWRITEBYTECODE:-}" ] || .venv/bin/python -m compileall -qq -j 0 .venv/lib || true
patiently $pip --no-deps --no-build-isolation -e .
rm -f .venv/.made-from-"$lock"-*
touch "$stamp"
