#!/bin/sh
# The browser tests drive an installed Chromium, at half the work where its headless shell is installed too; this
# installs both where it may, and else says what is skipped.
is_there() {
    for name in "$@"; do
        command -v "$name" >/dev/null 2>&1 && return
    done
    return 1
}
is_browser_there() { is_there chromium chromium-browser google-chrome google-chrome-stable; }
install() { timeout "$1" $as_root apt-get install -y -qq --no-install-recommends $2 >/dev/null 2>&1; }

is_browser_there && is_there chromium-headless-shell && exit 0
as_root=
[ "$(id -u)" = 0 ] || as_root="sudo -n"
if command -v apt-get >/dev/null 2>&1 && $as_root true 2>/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    if is_browser_there; then # the shell saves time, so it is not waited for long
        timeout 30 $as_root apt-get update -qq >/dev/null 2>&1 && install 90 chromium-headless-shell
        exit 0
    fi
    echo "Installing Chromium for the browser tests"
    for attempt in 1 2; do
        $as_root apt-get update -qq >/dev/null 2>&1
        install 300 "chromium chromium-headless-shell fonts-liberation" || install 300 "chromium fonts-liberation"
        is_browser_there && exit 0
    done
fi
is_browser_there || echo "Skipped: browser tests, because no Chromium is installed and installing one needs apt-get as root."
