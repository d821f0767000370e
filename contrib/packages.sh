# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: BSD-2-Clause
# Copyright the certbund-milter authors
#
# packages.sh: what the project needs from Debian, and how to get it without a
# trace in the machine's own mail system.  Read by contrib/check and
# contrib/quickstart.

packages_build="autoconf automake make gcc libc6-dev pkg-config libmilter-dev libcsv-dev
    libxml2-dev libgmime-3.0-dev libglib2.0-dev libcurl4-openssl-dev libjson-glib-dev libsqlite3-dev
    libssl-dev libarchive-dev libopendkim-dev libc-ares-dev gpg"
packages_lab="python3"
packages_check="valgrind libc6-dbg cppcheck clang-tidy mandoc tidy libxml2-utils spin xz-utils
    systemd libseccomp2 gpg gpg-agent gpgsm clang libclang-rt-dev"
packages_e2e="python3-dkim python3-jsonschema opendkim openssl" # skipped without; a daemon, so not for quickstart

# package_installed NAME
package_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# The name of a mail system other than Postfix that is installed here, or nothing.
package_other_mta() {
    local found
    found=$(dpkg-query -W -f='${db:Status-Status} ${Package} ${Provides}\n' 2>/dev/null |
        awk '$1 == "installed" && $2 != "postfix" && /mail-transport-agent/ { print $2; exit }')
    if [ -z "$found" ] && [ -e /usr/sbin/sendmail ] && ! package_installed postfix; then
        found=/usr/sbin/sendmail
    fi
    echo "$found"
}

# apt_get ARGUMENT...: without questions, and without any daemon being started.
# A subshell, so that the policy file goes away however this ends.
apt_get() (
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        trap 'rm -f $policy' EXIT
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod 755 $policy
    fi
    DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
        -o Dpkg::Use-Pty=0 "$@" >"$packages_log" 2>&1 </dev/null && exit 0
    echo "apt-get $* failed:" >&2
    tail -n 20 "$packages_log" >&2
    exit 1
)

# packages_need NAME...: install what is missing.  Not root: say what that is.
packages_need() {
    local name missing=()
    if ! command -v dpkg-query >/dev/null; then
        echo "No dpkg on this machine; these Debian packages, or the like, must be there: $*"
        return 0
    fi
    for name in "$@"; do
        package_installed "$name" || missing+=("$name")
    done
    # pkgconf does pkg-config's work where it is installed instead.
    if command -v pkg-config >/dev/null; then
        missing=("${missing[@]/#%pkg-config/}")
    fi
    read -r -a missing <<<"${missing[*]}"
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        echo "Not installed, and only root can do it: apt-get install ${missing[*]}" >&2
        return 1
    fi
    echo "Installing ${missing[*]}"
    packages_log=$(mktemp)
    apt_get update && apt_get install "${missing[@]}"
    name=$?
    rm -f "$packages_log"
    return $name
}

# postfix_need DIRECTORY: a Postfix for the lab.  Where no mail system is
# installed, the package with "No configuration": it makes no main.cf and nothing
# ever starts it.  Where another one is, Postfix would replace it: it is unpacked
# below DIRECTORY instead, and CERTBUND_POSTFIX says so to the lab.
postfix_need() {
    local other
    command -v dpkg-query >/dev/null || return 0
    package_installed postfix && return 0
    other=$(package_other_mta)
    if [ "$(id -u)" != 0 ]; then
        echo "Postfix is not installed; the end-to-end tests need it, and root" >&2
        return 0
    fi
    if [ -z "$other" ]; then
        echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
        packages_need postfix
        return
    fi
    echo "Unpacking Postfix into a temporary directory; $other stays this machine's mail system"
    postfix_unpack "$1"
}

postfix_unpack() {
    local names file
    mkdir -p "$1/deb" "$1/root"
    packages_log=$1/apt.log
    apt_get update || return 1
    # Postfix itself and what it needs that is not installed.
    names=$(apt-get install -s --no-install-recommends postfix 2>/dev/null |
        awk '$1 == "Inst" { print $2 }')
    # shellcheck disable=SC2086 # one word a package
    (cd "$1/deb" && apt_get -o APT::Sandbox::User=root download $names) || return 1
    for file in "$1"/deb/*.deb; do
        dpkg -x "$file" "$1/root" || return 1
    done
    export CERTBUND_POSTFIX=$1/root
}

# source_copy SOURCE TARGET: the project's files without what a build in the
# source tree may have left, so that building never writes into that tree.
source_copy() {
    mkdir -p "$2"
    if git -C "$1" rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        (cd "$1" && git ls-files -z --cached --others --exclude-standard |
            while IFS= read -r -d '' file; do
                [ ! -e "$file" ] || printf '%s\0' "$file"
            done | tar -c --null -T - -f -) | tar -x -C "$2" -f -
    else
        tar -c -C "$1" --exclude=./.git --exclude='*.o' --exclude='*.a' \
            --exclude=./config.status --exclude=./Makefile -f - . | tar -x -C "$2" -f -
    fi
}
