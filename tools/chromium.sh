#!/bin/sh
# The browser tests drive an installed Chromium; this installs one where it may, and else says what is skipped.
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done

as_root=
[ "$(id -u)" = 0 ] || as_root="sudo -n"
if command -v apt-get >/dev/null 2>&1 && $as_root true 2>/dev/null; then
    echo "Installing Chromium for the browser tests"
    export DEBIAN_FRONTEND=noninteractive
    for attempt in 1 2; do
        $as_root apt-get update -qq >/dev/null 2>&1
        $as_root apt-get install -y -qq --no-install-recommends chromium fonts-liberation >/dev/null 2>&1
        command -v chromium >/dev/null 2>&1 && exit 0
    done
fi
echo "Skipped: browser tests, because no Chromium is installed and installing one needs apt-get as root."
