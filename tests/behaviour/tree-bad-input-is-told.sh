#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What cannot be read is one clear line with the path, and nothing is run: a case must not vanish unseen.
. "$RTFX_SOURCE/tests/lib/cases.sh"
top_group
passing_case 010_ok
mkdir -p cases/020_dangling cases/030_directory/test.sh
ln -s nowhere cases/020_dangling/test.sh
passing_case 040_headers 'RESOURCES: cpus=many' 'RETRIES: 1000' 'TIMEOUT: soon' 'REPEAT: x'
for command in list info run; do
    expect_exit 2 "$RTFX" "$command"
    expect_output '^rtfx: .*/cases/020_dangling/test.sh: is a link that leads nowhere$'
    expect_output '^rtfx: .*/cases/030_directory/test.sh: is a directory, not a script$'
    expect_output '^rtfx: .*/cases/040_headers/test.sh:2: RESOURCES: "cpus=many": expected cpus=N'
    expect_output '^rtfx: .*/cases/040_headers/test.sh:3: RETRIES: "1000": expected a number from 0 to 100'
    expect_output '^rtfx: .*/cases/040_headers/test.sh:4: TIMEOUT: '
    expect_output '^rtfx: .*/cases/040_headers/test.sh:5: REPEAT: '
    [ "$(wc -l <output)" -eq 6 ] || fail "not one line each: $(cat output)"
done
[ ! -e _results ] || fail "something was run"
rm -r cases/020_dangling cases/030_directory cases/040_headers

# Rights hold for root only without its capabilities.
as_user() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
    else
        "$@"
    fi
}
passing_case 050_unreadable
chmod 0 cases/050_unreadable/test.sh
mkdir cases/060_closed
chmod 0 cases/060_closed
expect_exit 2 as_user "$RTFX" list
expect_output '^rtfx: .*/cases/050_unreadable/test.sh: cannot be read: Permission denied$'
expect_output '^rtfx: .*/cases/060_closed: cannot be read: Permission denied$'
[ "$(wc -l <output)" -eq 2 ] || fail "not one line each: $(cat output)"
chmod 755 cases/060_closed
rm -r cases/050_unreadable cases/060_closed

# 10,500 groups in each other: longer than any path may be.
mkdir deep
level=$(printf '%1500s' '' | sed 's/ /d\//g')
for i in 1 2 3 4 5 6 7; do
    mkdir -p "outer/$level"
    mv deep "outer/$level"
    mv outer deep
done
mv deep cases/070_deep
status=0
"$RTFX" list >output 2>&1 || status=$?
mv cases/070_deep .
rm -rf 070_deep
[ "$status" -eq 2 ] || fail "exit $status: $(head -c 1000 output)"
expect_output '^rtfx: .*/cases/070_deep/d/.*\.\.\..*: the path is longer than this system allows \(4096 bytes\)'
[ "$(wc -l <output)" -eq 1 ] || fail "more than one line"
[ "$(wc -c <output)" -lt 1000 ] || fail "a line of $(wc -c <output) bytes"
expect_exit 0 "$RTFX" run
